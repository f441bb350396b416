"""A game of one's own, declared from public names only."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.config import preset
from tests import worlds

TINY = preset("tiny")


def drink_together(world, subject, args, cfg):
    """The driest living member's water, as a share of args[0] points."""
    return jnp.clip(subject.alive_min(world.body.water).astype(jnp.float32) / args[:, 0], 0, 1)


def thirst_quenched(world, cfg):
    """Whoever has 90 points of water, if it is all of a team."""
    enough = world.body.water >= 90
    dry = jnp.zeros(cfg.players, bool).at[world.params.group].max(~enough)
    return ~dry[world.params.group]


OASIS = games.Minigame(
    name="oasis",
    systems=frozenset({games.System.TERRAIN, games.System.RESOURCE}),
    team_split=1,
    spawn=games.spawn.teams_on_edge,
    goals=(games.Goal(drink_together, (90,), games.Subject.TEAM),),
    referee=thirst_quenched,
    score=games.referee.speed,
    dial="drought",
    knobs=dict(
        drought=games.Adaptive(2, 20, step=2, wins=3),
        depletion=games.Same("difficulty"),
        water_level=games.Between(0.05, 0.2),
        revival=games.Fixed(games.Revival.EDGE),
    ),
)


@pytest.fixture(scope="module")
def table():
    return games.Table([OASIS, games.survive()], [3, 1], TINY)


def test_it_is_set_up_like_any_other(table):
    params = table.draw(jax.random.key(0), 0, jnp.array([6, 0]), TINY)
    assert int(params.depletion) == int(params.difficulty) == 6
    assert 0.05 <= float(params.water_level) <= 0.2
    task = table.assign(jax.random.key(1), params, TINY)
    assert table.predicates[int(task.predicate[0])] is drink_together
    assert float(task.args[0, 0]) == 90


def test_it_is_played_and_won_like_any_other(table):
    from metammo_jax.games.lifecycle import after_tick
    from metammo_jax.tasks.progress import evaluate

    world = worlds.blank(TINY, teams=4, tick=32)
    world = world.replace(task=table.assign(jax.random.key(1), world.params, TINY))
    dry = world.body.water.at[jnp.array([5, 9, 13])].set(45)
    world = world.replace(body=world.body.replace(water=dry))
    world = jax.jit(lambda world: after_tick(jax.random.key(2), world, table, TINY))(world)
    assert set(np.flatnonzero(world.verdict.winners)) == {0, 1, 2, 3}
    assert float(world.verdict.score) == 0.75
    world, reward = evaluate(world, jnp.ones(16, bool), table, TINY)
    np.testing.assert_array_equal(reward, [1] * 4 + [0.5] * 12)


def test_its_numbers_can_be_set(table):
    game = OASIS.with_numbers(drought=7, water_level=0.5)
    params = games.Table([game], None, TINY).draw(jax.random.key(0), 0, jnp.array([0]), TINY)
    assert (int(params.depletion), float(params.water_level)) == (7, 0.5)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(name=""), "name='' must be a word"),
        (dict(spawn=None), "spawn=None is no function"),
        (dict(goals=()), "one at least"),
        (dict(goals=(drink_together,)), "must be Goals"),
        (dict(team_split=-1), "team_split=-1"),
        (dict(knobs=dict(dry=1)), "oasis has no number 'dry'"),
    ],
)
def test_a_bad_declaration_is_refused(fields, message):
    good = dict(
        name="oasis",
        spawn=games.spawn.teams_on_edge,
        goals=OASIS.goals,
        referee=thirst_quenched,
    )
    with pytest.raises(ValueError, match=message):
        games.Minigame(**{**good, **fields})
