"""Equal calls give one environment, whose programs are compiled once and freed with it."""

import contextlib
import copy
import dataclasses
import gc
import pickle
import weakref

import jax
import pytest

import metammo_jax as mm
from metammo_jax.games import spawn
from metammo_jax.lib import instance_cache

SMALL = mm.Config(
    players=4, teams=2, npcs=0, map_size=24, playable_side=8, vision=2, horizon=16, maps=1,
    visible_rows=4, tokens=3,
)  # fmt: skip
KEY = jax.random.key(0)
TRACES = []


def counted(key, params, cfg):
    """Places players, and notes each time that Python runs through it."""
    TRACES.append(cfg)
    return spawn.individuals_on_edge(key, params, cfg)


def counted_referee(world, cfg):
    TRACES.append(cfg)
    return mm.games.survive().referee(world, cfg)


def make(**changes):
    game = dataclasses.replace(mm.games.survive(), spawn=counted, referee=counted_referee)
    return mm.make(game, config=SMALL, **changes)


@contextlib.contextmanager
def compilations():
    """Yields a list to which each compilation of a program adds its name."""
    found, notes = [], [True]

    def note(event, duration, **details):
        if notes and "backend_compile" in event:
            found.append(details.get("fun_name", event))

    jax.monitoring.register_event_duration_secs_listener(note)
    yield found
    notes.clear()  # older versions of jax have no public way to take a listener off


def play(env, steps: bool):
    """Resets an environment and a batch of it and steps them, or traces that, as a cell does."""
    obs, world = jax.jit(env.reset)(KEY)
    batch = mm.vectorize(env, 2)
    obs, state = jax.jit(batch.reset)(KEY)
    for one, begun in ((env, world), (batch, state)):
        step, given = jax.jit(one.step), (KEY, begun, one.noop())
        jax.block_until_ready(step(*given)) if steps else step.trace(*given)
    return batch


STEPS = [False, pytest.param(True, marks=pytest.mark.slow)]


@pytest.mark.parametrize("steps", STEPS)
def test_what_is_made_again_is_not_compiled_again(steps):
    env = make(horizon=10 + steps)
    with compilations() as first:
        batch = play(env, steps)
    once, again = len(TRACES), make(horizon=10 + steps)
    assert once >= 2 and len(first) >= 2 + 2 * steps
    with compilations() as more:
        assert again == env and play(again, steps) == batch
    assert more == [] and len(TRACES) == once
    other = make(horizon=8)
    assert other != env
    jax.eval_shape(other.reset, KEY)
    assert len(TRACES) > once


@pytest.mark.parametrize("steps", STEPS)
def test_an_environment_that_nobody_holds_is_freed(steps):
    env = make(horizon=20 + steps)
    batch = play(env, steps)
    if steps:
        mm.record(env, KEY, ticks=1)
    held = [weakref.ref(thing) for thing in (env, env.table, batch)]
    if jax.__version_info__ >= (0, 8):  # before, jax keeps what a loop closes over
        held.append(weakref.ref(env.pool))
    del env, batch
    gc.collect()
    assert all(ref() is None for ref in held)


def test_copies_are_environments_of_their_own():
    env = mm.make("survive", config="tiny")
    batch, shaped = mm.vectorize(env, 2), mm.PaperReward(env)
    assert env.step is env.step and batch.reset is batch.reset and shaped.step is shaped.step
    for thing in (env, batch, shaped):
        for twin in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
            assert twin.step.__self__ is twin and twin.reset.__self__ is twin


def test_batches_hash_and_compare():
    env = mm.make("survive", config="tiny")
    batch = mm.vectorize(env, 64)
    assert mm.vectorize(env, 64) is batch and hash(mm.VectorEnv(env, 64)) == hash(batch)
    assert mm.VectorEnv(env, 64) == batch != mm.vectorize(env, 64, reset_block=2)
    assert mm.vectorize(mm.PaperReward(env), 64) != batch != mm.vectorize(env, 65)


def test_what_does_not_hash_is_not_shared():
    thing = [1]
    assert instance_cache.intern(thing) is thing
    with pytest.raises(TypeError):
        hash(thing)
