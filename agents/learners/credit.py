"""Team credit: the value of an agent's team after the agent's death.

By the paper's rule an agent's return ends when it dies, so an agent gains nothing by dying for its
team. With `TrainConfig.team_credit` the return of an agent that dies continues with the mean value
of its living teammates after the tick.

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
    """Returns the mean value of living teammates after an agent's death, (L, B, P) float32, else 0.

    It is added to the bootstrap value of `losses.gae`.

    Args:
      value: (L, B, P) float32, of the states in which agents acted.
      alive: (L, B, P) bool, who acted.
      last_value: (B, P) float32, of the state after the last tick.
      last_alive: (B, P) bool, who lives then.
      group: (L, B, P) int, players of equal number are teammates.
      done: (L, B) bool, the game ended with the tick: the value is 0.
    """
    values = jnp.concatenate([value[1:], last_value[None]])
    living = jnp.concatenate([alive[1:], last_alive[None]])
    mate = group[..., :, None] == group[..., None, :]
    mate = (mate & living[..., None, :]).astype(jnp.float32)
    mean = (mate * values[..., None, :]).sum(-1) / jnp.maximum(mate.sum(-1), 1.0)
    return jnp.where(alive & ~living & ~done[..., None], mean, 0.0)
