"""What players do in a tick (`Action`), and what everybody does (`Orders`).

An action says what it means: a direction, the row of an entity, the word itself. -1 is
"nothing", and so is every number that means nothing. How an observation lists entities is no
business of the rules; `chosen_row` turns a chosen position of a list into a row.
"""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.config import Config
from metammo_jax.vocab import NOBODY, Direction


@struct.dataclass
class Action:
    """One action of every player; rows of dead players are ignored.

    Attributes:
      move: (P,) int32, `vocab.Direction`.
      style: (P,) int32, `vocab.Style` of the attack.
      target: (P,) int32, row of the entity to attack, -1 for nobody.
      token: (P,) int32, word to say, 1..tokens, -1 for silence.
    """

    move: jax.Array
    style: jax.Array
    target: jax.Array
    token: jax.Array


@struct.dataclass
class Orders:
    """What every entity wants to do in this tick, and in which order it gets its turn.

    Attributes:
      direction: (E,) int32, `vocab.Direction`, or -1 for no move at all.
      style: (E,) int32, `vocab.Style`.
      target: (E,) int32, row of the entity to attack, -1 for nobody.
      token: (P,) int32, word to say, -1 for silence.
      turn: (E,) uint32, all different; the lowest acts first.
    """

    direction: jax.Array
    style: jax.Array
    target: jax.Array
    token: jax.Array
    turn: jax.Array


def noop(cfg: Config) -> Action:
    """Returns the action with which no player does anything."""
    nothing = jnp.full(cfg.players, NOBODY, jnp.int32)
    return Action(
        move=jnp.full(cfg.players, Direction.STAY, jnp.int32),
        style=jnp.zeros(cfg.players, jnp.int32),
        target=nothing,
        token=nothing,
    )


def chosen_row(visible: jax.Array, position: jax.Array) -> jax.Array:
    """Returns the entity rows at the chosen positions of what each player sees.

    Args:
      visible: (P, K) integer, entity rows, -1 where the list has ended.
      position: (P,) int32; anything outside 0..K-1 chooses nobody.

    Returns:
      (P,) int32, entity rows, -1 for nobody.
    """
    size = visible.shape[-1]
    inside = (position >= 0) & (position < size)
    index = jnp.where(inside, position, 0)[..., None]
    row = jnp.take_along_axis(visible, index, axis=-1)[..., 0].astype(jnp.int32)
    return jnp.where(inside, row, NOBODY)


def check(action: Action, cfg: Config) -> None:
    """Raises ValueError unless every field has its shape and an integer dtype."""
    if not isinstance(action, Action):
        raise ValueError(f"action is a {type(action).__name__}, it must be an Action")
    for name, value in vars(action).items():
        shape, dtype = jnp.shape(value), jnp.result_type(value)
        if shape != (cfg.players,):
            raise ValueError(f"action.{name} has shape {shape}, it must be {(cfg.players,)}")
        if not jnp.issubdtype(dtype, jnp.integer):
            raise ValueError(f"action.{name} has dtype {dtype}, it must be an integer dtype")
