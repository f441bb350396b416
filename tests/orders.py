"""Hand-made orders for tests of single phases."""

import jax.numpy as jnp
import numpy as np

from metammo_jax import action
from metammo_jax.action import TRADE, Orders
from metammo_jax.config import Config
from metammo_jax.vocab import Direction


def give(cfg: Config, moves=None, attacks=None, tokens=None, first=(), styles=None) -> Orders:
    """Returns orders.

    Args:
      cfg: sizes.
      moves: entity row -> direction; the others have none.
      attacks: entity row -> target row.
      tokens: player row -> word.
      first: rows in the order in which they act, before all others (who act in row order).
      styles: entity row -> style; melee else.
    """
    direction = np.full(cfg.entities, -1, np.int32)
    target = np.full(cfg.entities, -1, np.int32)
    style = np.zeros(cfg.entities, np.int32)
    token = np.full(cfg.players, -1, np.int32)
    for values, array in ((moves, direction), (attacks, target), (styles, style), (tokens, token)):
        for row, value in (values or {}).items():
            array[row] = value
    priority = np.full(cfg.entities, len(first))
    for place, row in enumerate(first):
        priority[row] = place
    return Orders(
        direction=jnp.asarray(direction),
        style=jnp.asarray(style),
        target=jnp.asarray(target),
        token=jnp.asarray(token),
        turn=action.turns(jnp.asarray(priority), cfg),
    )


def random(rng: np.random.Generator, cfg: Config, attack_chance: float = 0.7) -> Orders:
    """Returns random orders of everybody, in a random order of turns."""
    entities = cfg.entities
    target = rng.integers(0, entities, entities)
    attacks = rng.random(entities) < attack_chance
    return Orders(
        direction=jnp.asarray(rng.integers(-1, len(Direction), entities), jnp.int32),
        style=jnp.asarray(rng.integers(0, 3, entities), jnp.int32),
        target=jnp.asarray(np.where(attacks, target, -1), jnp.int32),
        token=jnp.asarray(rng.integers(-1, cfg.tokens + 1, cfg.players), jnp.int32),
        turn=action.turns(jnp.asarray(rng.permutation(entities)), cfg),
    )


def trade(cfg: Config, rng: np.random.Generator, **fields) -> Orders:
    """Returns orders of the full game in a random order of turns; who is not named does nothing.

    Args:
      cfg: sizes.
      rng: draws the turns.
      **fields: (P,) integers, by field of `Orders`.
    """
    nothing = np.full(cfg.players, -1, np.int32)
    given = {name: jnp.asarray(fields.get(name, nothing), jnp.int32) for name in TRADE}
    return give(cfg, first=list(rng.permutation(cfg.entities))).replace(
        buy_turn=action.turns(jnp.asarray(rng.permutation(cfg.players)), cfg), **given
    )
