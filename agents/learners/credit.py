"""Credit to the dead for what their team comes to later.

By the paper's rule an agent's return ends when it dies, so that to die for one's team pays nothing.
With `TrainConfig.team_credit` the return of who dies goes on with what its living teammates expect:
the mean of their values after the tick. If the team wins in the end, they expect it more and more.

Axes: L ticks, B worlds, P players.
"""

import jax
import jax.numpy as jnp


def value_after_death(
    value: jax.Array,
    alive: jax.Array,
    last_value: jax.Array,
    last_alive: jax.Array,
    group: jax.Array,
    done: jax.Array,
) -> jax.Array:
    """Returns what goes on after an agent's death, (L, B, P) float32, 0 for all that live on.

    It is to be added to the value beyond a time limit (`losses.gae`, bootstrap).

    Args:
      value: (L, B, P) float32, of the states in which agents acted.
      alive: (L, B, P) bool, who acted.
      last_value: (B, P) float32, of the state after the last tick.
      last_alive: (B, P) bool, who lives then.
      group: (L, B, P) int, players of equal number are teammates.
      done: (L, B) bool, the game ended with the tick: nothing goes on.
    """
    values = jnp.concatenate([value[1:], last_value[None]])
    living = jnp.concatenate([alive[1:], last_alive[None]])
    mate = group[..., :, None] == group[..., None, :]
    mate = (mate & living[..., None, :]).astype(jnp.float32)
    mean = (mate * values[..., None, :]).sum(-1) / jnp.maximum(mate.sum(-1), 1.0)
    return jnp.where(alive & ~living & ~done[..., None], mean, 0.0)
