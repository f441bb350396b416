"""All sizes that `Config` admits are played."""

import dataclasses
import re

import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import metammo_jax as mm
from metammo_jax.config import FULL_SYSTEMS, MINI_SYSTEMS, Config

KEY = jax.random.key(0)


@st.composite
def configs(draw) -> Config:
    """Returns small configs, of the mini and of the full game."""
    playable = 2 * draw(st.integers(4, 8))
    vision = draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))
    number = {name: st.integers(1, 4) for name in ("inventory", "market_rows", "prices", "tokens")}
    number |= {name: st.integers(1, 3) for name in ("clusters", "patches", "npc_level_max")}
    return Config(
        team_sizes=tuple(sizes),
        npcs=draw(st.integers(0, 3)),
        playable_side=playable,
        map_size=playable + 2 * vision + 2 + 2 * draw(st.integers(0, 1)),
        vision=vision,
        horizon=draw(st.integers(1, 4)),
        maps=draw(st.integers(1, 2)),
        visible_rows=draw(st.integers(1, 4)),
        task_embedding=draw(st.integers(1, 3)),
        systems=draw(st.sampled_from([FULL_SYSTEMS, MINI_SYSTEMS])),
        **{name: draw(numbers) for name, numbers in number.items()},
    )


def games_of(cfg: Config) -> list[str]:
    """Returns the names of the games that a config can play: of the others it says why not."""
    playable = []
    for name in mm.registry.games(cfg):
        try:
            mm.make(name, config=cfg)
            playable.append(name)
        except ValueError as error:
            assert re.search("must be|must divide|needs|no room|merges", str(error))
    return playable


def play(cfg: Config, games: list[str] | None = None, ticks: int = 3) -> None:
    env = mm.make(games or games_of(cfg), config=cfg)
    step, sample = jax.jit(env.step), jax.jit(env.sample)
    obs, world = jax.jit(env.reset)(KEY)
    for tick in range(ticks):
        key = jax.random.fold_in(KEY, tick)
        action = sample(key, obs)
        assert env.action_space.contains(action)
        obs, world, reward, *_ = step(key, world, action)
        assert env.observation_space.contains(obs) and np.isfinite(reward).all()
        assert world.tick == tick + 1


def only(**changes) -> Config:
    """Returns a config of the full game in which all that may be is 1, but for the changes."""
    one = dict.fromkeys(("players", "teams", "npcs", "inventory", "market_rows", "prices"), 1)
    one |= dict.fromkeys(("tokens", "clusters", "patches", "visible_rows", "maps", "vision"), 1)
    sizes = dict(map_size=12, playable_side=8, horizon=4, systems=FULL_SYSTEMS, task_embedding=1)
    return Config(**(one | sizes | changes))


@pytest.mark.parametrize(
    ("game", "changes"),
    [
        ("race_to_the_center", {}),
        pytest.param("survive", dict(npcs=0, players=2), marks=pytest.mark.slow),
    ],
)
def test_the_smallest_worlds_are_played(game, changes):
    play(only(**changes), [game])


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(configs())
def test_all_sizes_are_traced(cfg):
    batch = mm.vectorize(mm.make(games_of(cfg), config=cfg), 2)
    obs, state = jax.eval_shape(batch.reset, KEY)
    jax.eval_shape(batch.step, KEY, state, jax.eval_shape(batch.sample, KEY, obs))


@pytest.mark.slow
@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(configs())
def test_all_sizes_are_played(cfg):
    play(cfg)


def test_alone_one_plays_for_tasks_and_survive_says_that_it_needs_two():
    alone = dict(players=1, teams=1, npcs=4)
    with pytest.raises(ValueError, match="survive needs 2 players or more"):
        mm.make("survive", config="tiny", **alone)
    games = [
        dataclasses.replace(
            mm.games.multi_task(embeddings=None),
            name=f"until {tick}",
            goals=(mm.games.Goal(mm.games.predicates.tick_ge, (tick,)),),
        )
        for tick in (1, 99)
    ]
    env = mm.make([*games, "race_to_the_center"], config="tiny", **alone)
    reset, step = jax.jit(env.reset), jax.jit(env.step)
    for game, won_after in ((0, 2), (1, None), (2, None)):
        _, world = reset(KEY, game)
        for tick in (1, 2, 3):
            _, world, *_, info = step(jax.random.key(tick), world, env.noop())
            won = won_after is not None and tick >= won_after
            assert bool(info.over) == bool(info.winners[0]) == won, (game, tick)
