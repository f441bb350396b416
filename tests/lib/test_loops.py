"""`while_any` against `jax.lax.while_loop`, alone and in batches of batches."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.lib import backend, loops

STEPS, ADDED = np.array([0, 3, 1, 7, 2, 2]), np.arange(6.0)


def doubled(added, steps, loop):
    """Returns 0, doubled and added to `steps` times."""

    def body(iteration, value):
        return jnp.where(iteration < steps, 2 * value + added, value)

    return loop(lambda iteration, _: iteration < steps, body, 0.0)


def plain_loop(goes_on, body, state):
    def turn(carry):
        return carry[0] + 1, body(*carry)

    return jax.lax.while_loop(lambda carry: goes_on(*carry), turn, (0, state))[1]


@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
def test_it_does_what_a_while_loop_does(axes):
    pairs = zip((ADDED, STEPS), axes, strict=True)
    given = [values if axis == 0 else values[3] for values, axis in pairs]

    def batch(loop):
        return jax.vmap(lambda *given: doubled(*given, loop), axes)(*given)

    np.testing.assert_array_equal(batch(loops.while_any), batch(plain_loop))


def test_alone_and_in_batches_of_batches():
    expected = [float(doubled(*pair, plain_loop)) for pair in zip(ADDED, STEPS, strict=True)]
    alone = [float(doubled(*pair, loops.while_any)) for pair in zip(ADDED, STEPS, strict=True)]
    inner = jax.vmap(lambda *given: doubled(*given, loops.while_any))
    nested = jax.jit(jax.vmap(inner))(ADDED.reshape(2, 3), STEPS.reshape(2, 3))
    assert alone == expected
    assert nested.ravel().tolist() == expected


def test_a_batch_selects_nothing():
    def count(loop):
        def body(_, state):
            return state[0] - 1, state[1]

        def run(steps):
            return loop(lambda _, state: state[0] > 0, body, (steps, steps))

        return jax.jit(jax.vmap(run)).lower(STEPS).as_text().count("select")

    assert count(loops.while_any) == 0 < count(plain_loop)


@pytest.mark.parametrize("usual", [1, 2, 5])
def test_iterations_made_without_asking_are_counted(usual):
    def loop(goes_on, body, state):
        return loops.while_any(goes_on, body, state, usual=usual)

    with backend.assumed("gpu"):
        found = jax.vmap(lambda *given: doubled(*given, loop))(ADDED, STEPS)
    expected = [float(doubled(*pair, plain_loop)) for pair in zip(ADDED, STEPS, strict=True)]
    assert found.tolist() == expected
