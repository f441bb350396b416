"""Find the caller: in this game words decide."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import Action
from metammo_jax.games import spawn
from metammo_jax.observe import Column
from metammo_jax.vocab import NOBODY, Direction
from tests import worlds

TINY = mm.preset("tiny")
CELL = 3
"""Tiles a side of a place that a word names: 11 by 11 of them fit into the playable square."""
PER_SIDE = -(-TINY.playable_side // CELL)
LOW = (TINY.map_size - TINY.playable_side) // 2


def test_one_of_each_team_watches_from_anywhere():
    params = worlds.params(TINY, teams=4)
    draw = jax.jit(jax.vmap(lambda key: spawn.individuals_and_callers(key, params, TINY)))
    places = draw(jax.random.split(jax.random.key(0), 400))
    recon = np.asarray(places.recon).reshape(400, 4, 4)
    assert (recon.sum(axis=2) == 1).all()
    assert (recon.sum(axis=0) > 60).all(), "each is it as often: 100 of 400"
    pos = np.asarray(places.pos)[np.asarray(places.recon)] - LOW
    assert pos.min() == 0 and pos.max() == TINY.playable_side - 1
    edge = np.asarray(places.pos)[~np.asarray(places.recon)] - LOW
    assert ((edge % TINY.playable_side == 0).any(axis=1)).all()


def word_of(pos):
    """Returns the word for a place (..., 2), from 1 on."""
    cell = (pos - LOW) // CELL
    return 1 + cell[..., 0] * PER_SIDE + cell[..., 1]


def place_of(word):
    """Returns the middle (..., 2) of what a word names."""
    cell = jnp.stack([(word - 1) // PER_SIDE, (word - 1) % PER_SIDE], axis=-1)
    return LOW + cell * CELL + CELL // 2


def step_towards(key, obs, target):
    """Returns moves (P,) on the way to targets (P, 2): along the longer side, else any way."""
    players = obs.alive.shape[0]
    place = obs.entities[:players, Column.ROW : Column.COL + 1]
    away = target - place.astype(jnp.int32)
    vertical = jnp.where(away[:, 0] > 0, Direction.SOUTH, Direction.NORTH)
    horizontal = jnp.where(away[:, 1] > 0, Direction.EAST, Direction.WEST)
    longer = jnp.where(jnp.abs(away[:, 0]) >= jnp.abs(away[:, 1]), vertical, horizontal)
    lot = jax.random.uniform(key, (2, players, 5))
    free = obs.masks.move & (jnp.arange(5) != Direction.STAY)[None]
    detour = jnp.argmax(jnp.where(free, lot[0], -1.0), axis=1)
    blocked = ~jnp.take_along_axis(obs.masks.move, longer[:, None], axis=1)[:, 0]
    return jnp.where(blocked | (lot[1, :, 0] < 0.1), detour, longer)


def play(key, obs, talks):
    """Returns actions: who calls names its place; the others go there, or search if it is mute.

    To search is to walk from one of sixteen points to the next, and to whoever calls if in sight.
    """
    players = jnp.arange(TINY.players)
    table = obs.entities[: TINY.players].astype(jnp.int32)
    pos, group = table[:, Column.ROW : Column.COL + 1], table[:, Column.GROUP]
    calls = table[:, Column.FREEZE] > TINY.horizon
    caller = jnp.argmax((group[:, None] == group[None]) & calls[None], axis=1)
    heard = table[caller, Column.MESSAGE]
    in_sight = (obs.visible.astype(jnp.int32) == caller[:, None]).any(axis=1)
    point = (obs.tick // 12 + 5 * players) % 16
    search = LOW + 4 + 8 * jnp.stack([point // 4, point % 4], axis=-1)
    target = jnp.where((heard > 0)[:, None], place_of(heard), search)
    target = jnp.where(in_sight[:, None], pos[caller], target)
    nobody = jnp.full(TINY.players, NOBODY)
    return Action(
        move=step_towards(key, obs, target),
        style=jnp.zeros_like(nobody),
        target=nobody,
        token=jnp.where(calls & talks, word_of(pos), NOBODY),
    )


@pytest.mark.slow
def test_teams_that_talk_beat_those_that_search():
    """Two teams talk, two search; on grass, where the scripted walk is never stuck."""
    env = mm.make(mm.games.find_the_caller(all_grass=True), config="tiny")

    @jax.jit
    @jax.vmap
    def episode(key, talks):
        reset_key, *keys = jax.random.split(key, TINY.horizon + 1)
        obs, world = env.reset(reset_key)

        def tick(carry, key):
            obs, world, won = carry
            act_key, step_key = jax.random.split(key)
            out = env.step(step_key, world, play(act_key, obs, talks))
            won = jnp.where(won.any(), won, out[5].winners)
            return (out[0], out[1], won), None

        won = jnp.zeros(TINY.players, bool)
        (_, _, won), _ = jax.lax.scan(tick, (obs, world, won), jnp.stack(keys))
        return won[::4]

    talks = jnp.arange(TINY.players) < TINY.players // 2
    keys = jax.random.split(jax.random.key(0), 64)
    won = np.asarray(episode(keys, jnp.broadcast_to(talks, (64, TINY.players))))
    assert won[:, :2].any(axis=1).mean() > 0.9
    mute = np.asarray(episode(keys, jnp.zeros((64, TINY.players), bool)))
    assert mute[:, :2].any(axis=1).mean() < 0.7
