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
    goes_on, body = (_later(function, usual) for function in (goes_on, body))
    return _while(_closed(goes_on, state), _closed(body, state), state)


def _later(function: Callable, iterations: int) -> Callable:
    """Returns a function of the iteration and the state, which counts from `iterations` on."""
    return lambda iteration, state: function(iteration + iterations, state)


def _while(goes_on: "Closed", body: "Closed", state):
    @jax.custom_batching.custom_vmap
    def loop(constants, state):
        of_condition, of_body = constants

        def turn(carry):
            return carry[0] + 1, body.call(of_body, *carry)

        def condition(carry):
            return goes_on.call(of_condition, *carry)

        return jax.lax.while_loop(condition, turn, (jnp.int32(0), state))[1]

    @loop.def_vmap
    def batched(size, is_batched, constants, state):
        (of_condition, of_body), of_state = is_batched
        state = jax.tree.map(
            lambda leaf, own: leaf if own else jnp.broadcast_to(leaf, (size, *leaf.shape)),
            state,
            of_state,
        )
        conditions = goes_on.over_batch(size, constants[0], of_condition)
        bodies = body.over_batch(size, constants[1], of_body)
        any_goes_on = Closed(lambda *given: conditions.call(*given).any(), conditions.constants)
        after = _while(any_goes_on, bodies, state)
        return after, jax.tree.map(lambda _: True, after)

    return loop((goes_on.constants, body.constants), state)


class Closed:
    """A function of an iteration and a state, apart from the arrays that it has closed over.

    Attributes:
      call: (constants, iteration, state) -> result.
      constants: list of arrays.
    """

    def __init__(self, call: Callable, constants: list[jax.Array]):
        self.call, self.constants = call, constants

    def over_batch(self, size: int, constants: list[jax.Array], is_batched: list[bool]) -> "Closed":
        """Returns the function over a batch of states and of those constants that are batched."""
        axes = [0 if batched else None for batched in is_batched]
        return Closed(jax.vmap(self.call, (axes, None, 0), axis_size=size), constants)


def _closed(function: Callable, state) -> Closed:
    traced, shape = jax.make_jaxpr(function, return_shape=True)(jnp.int32(0), state)
    structure = jax.tree.structure(shape)

    def call(constants, iteration, state):
        run = core.jaxpr_as_fun(core.ClosedJaxpr(traced.jaxpr, constants))
        return jax.tree.unflatten(structure, run(iteration, *jax.tree.leaves(state)))

    return Closed(call, traced.consts)
