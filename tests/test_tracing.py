"""What is traced: a program of bounded size, every phase once, and nothing again.

Compilation takes time by the number of equations. Where a change is worth more of them, or has
saved some, put the numbers that the failing test prints into `EQUATIONS` and say why in the commit.
"""

import collections

import jax
import numpy as np
import pytest

import metammo_jax as mm
from agents.learners import state as states
from agents.learners import update as updating
from agents.parallel import meshes
from agents.runs import training_run
from metammo_jax import tick
from tests.agents.fake import FakeEnv
from tests.agents.several import FAKE

EQUATIONS = {
    "tiny": {"step": 5551, "reset": 4232},
    "tiny_full": {"step": 9879, "reset": 5422},
}
"""Equations of `Env.step` and `Env.reset`, with those of all inner programs."""

TOLERANCE = 0.2
"""Share by which a number may differ from the one that is kept."""


def equations(jaxpr) -> int:
    """Returns how many equations a program has, with those of the programs inside.

    Each of these counts once, however often it is called: so often is it traced and lowered.
    """
    programs, waiting = {}, [jaxpr]
    while waiting:
        program = waiting.pop()
        if id(program) not in programs:
            programs[id(program)] = program
            waiting += [inner for equation in program.eqns for inner in _inner(equation)]
    return sum(len(program.eqns) for program in programs.values())


def _inner(equation):
    for value in equation.params.values():
        for part in value if isinstance(value, (tuple, list)) else [value]:
            part = getattr(part, "jaxpr", part)
            if hasattr(part, "eqns"):
                yield part


def traced(env) -> dict[str, int]:
    """Returns the equations of step and reset of an environment."""
    key = jax.random.key(0)
    _, world = jax.eval_shape(env.reset, key)
    return {
        "step": equations(jax.make_jaxpr(env.step)(key, world, env.noop()).jaxpr),
        "reset": equations(jax.make_jaxpr(env.reset)(key).jaxpr),
    }


def test_equations_are_counted_through_every_inner_program():
    def program(x):
        y = jax.lax.cond(x > 0, lambda x: x + 1, lambda x: x * 2 - 1, x)  # 1 + 1 + 2, and > is 1
        y = jax.lax.while_loop(lambda y: y < 9, lambda y: y * y, y)  # 1 + 1 + 1
        negative = jax.jit(lambda y: -y)
        return negative(negative(y))  # 2 + 1

    found = equations(jax.make_jaxpr(program)(1.0).jaxpr)
    assert found in (11, 12), "converting the condition to an index may be an equation"


@pytest.mark.parametrize("config", ["tiny", "tiny_full"])
def test_no_program_grows_unnoticed(config, all_games, played_full):
    env = all_games if config == "tiny" else played_full.env
    found, kept = traced(env), EQUATIONS[config]
    jumps = [name for name in kept if abs(found[name] - kept[name]) > TOLERANCE * kept[name]]
    assert not jumps, f'the numbers are now "{config}": {found}, they were {kept}'


def test_every_phase_is_traced_once(played_full, monkeypatch):
    calls = collections.Counter()

    def counted(phase):
        def run(*args):
            calls[phase.id] += 1
            return phase.run(*args)

        return phase._replace(run=run)

    monkeypatch.setattr(tick, "PHASES", tuple(map(counted, tick.PHASES)))
    env, key = played_full.env, jax.random.key(0)
    _, world = jax.eval_shape(env.reset, key)
    jax.make_jaxpr(lambda *args: env.step(*args))(key, world, env.noop())
    assert set(calls.values()) == {1} and len(calls) == len(tick.PHASES)


@pytest.mark.parametrize("config", ["tiny", "tiny_full"])
def test_a_loop_of_steps_traces_one_step(config, all_games, played_full):
    """What a step returns is of the very type that it takes, so the next one runs the same."""
    batch = mm.vectorize(all_games if config == "tiny" else played_full.env, 2)
    key = jax.random.key(0)
    first, state = jax.eval_shape(batch.reset, key)
    action = jax.eval_shape(batch.sample, key, first)
    second, after, *_ = jax.eval_shape(batch.step, key, state, action)

    def types(tree):
        return jax.tree.map(lambda leaf: (leaf.shape, leaf.dtype, leaf.weak_type), tree)

    assert types(state) == types(after) and types(first) == types(second)


class Counting(FakeEnv):
    """Counts how often Python runs through its functions."""

    calls = collections.Counter()

    def reset(self, *args):
        self.calls["reset"] += 1
        return super().reset(*args)

    def step(self, *args):
        self.calls["step"] += 1
        return super().step(*args)


def test_training_traces_the_world_once():
    """A step, and a reset: that of the beginning is the one that follows an episode's end."""
    mesh, (batch, policy) = meshes.make_mesh(FAKE), training_run.assemble(FAKE, Counting())
    state = jax.eval_shape(lambda: states.init_state(batch, policy, FAKE, mesh))
    assert Counting.calls == {"reset": 1}
    updating.make_update(batch, policy, FAKE, mesh).trace(state, np.float32(1e-3))
    assert Counting.calls == {"reset": 1, "step": 1}
