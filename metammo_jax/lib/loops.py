"""`while_any`: a while loop in which the elements of a batch need not wait unchanged."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.extend import core

from metammo_jax.lib import backend


def while_any(goes_on: Callable, body: Callable, state, *, usual: int = 0):
    """Returns the state after `body`, repeated while `goes_on`, as by `jax.lax.while_loop`.

    After `goes_on` has become False, further iterations must change nothing that matters. Under
    `jax.vmap` all elements of a batch then go on until the last one is through.
    `jax.lax.while_loop` would choose between the old and the new state of each element after every
    iteration, which costs as much as to write the whole state once more.

    Args:
      goes_on: (iteration () int32, state) -> () bool.
      body: (iteration () int32, state) -> state. The iteration counts from 0 and is the same for
        all elements of a batch.
      state: pytree of arrays.
      usual: this many iterations are made without asking `goes_on`, except on CPUs. Each question
        makes the host wait for the device; on CPUs it costs nothing.
    """
    state = jax.tree.map(jnp.asarray, state)
    usual = 0 if backend.platform() == "cpu" else usual
    for iteration in range(usual):
        state = body(jnp.int32(iteration), state)
    condition, of_condition = _closed(_later(goes_on, usual), state)
    iterate, of_body = _closed(_later(body, usual), state)
    return _while(condition, iterate, (of_condition, of_body), state)


def _later(function: Callable, iterations: int) -> Callable:
    """Returns a function of the iteration and the state, which counts from `iterations` on."""
    return lambda iteration, state: function(iteration + iterations, state)


def _closed(function: Callable, state) -> tuple[Callable, list[jax.Array]]:
    """Returns a function (constants, iteration, state), and what `function` has closed over.

    Under `jax.vmap` the arrays that a function has closed over have to be arguments.
    """
    traced, shape = jax.make_jaxpr(function, return_shape=True)(jnp.int32(0), state)
    jaxpr, structure = traced.jaxpr, jax.tree.structure(shape)

    def call(constants, iteration, state):
        run = core.jaxpr_as_fun(core.ClosedJaxpr(jaxpr, constants))
        return jax.tree.unflatten(structure, run(iteration, *jax.tree.leaves(state)))

    return call, traced.consts


def _while(condition: Callable, iterate: Callable, constants, state):
    """Returns the state of a loop, of functions of `_closed` and what both have closed over."""

    @jax.custom_batching.custom_vmap
    def loop(constants, state):
        of_condition, of_body = constants

        def turn(carry):
            return carry[0] + 1, iterate(of_body, *carry)

        def goes_on(carry):
            return condition(of_condition, *carry)

        return jax.lax.while_loop(goes_on, turn, (jnp.int32(0), state))[1]

    @loop.def_vmap
    def batched(size, is_batched, constants, state):
        axes, of_state = jax.tree.map(lambda own: 0 if own else None, is_batched[0]), is_batched[1]
        state = jax.tree.map(
            lambda leaf, own: leaf if own else jnp.broadcast_to(leaf, (size, *leaf.shape)),
            state,
            of_state,
        )
        conditions = jax.vmap(condition, (axes[0], None, 0), axis_size=size)
        bodies = jax.vmap(iterate, (axes[1], None, 0), axis_size=size)
        after = _while(lambda *given: conditions(*given).any(), bodies, constants, state)
        return after, jax.tree.map(lambda _: True, after)

    return loop(constants, state)
