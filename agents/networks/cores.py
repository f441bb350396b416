"""Recurrent cores.

The projection of the inputs is computed for all ticks at once (`project`); only what depends on the
memory is computed tick by tick (`recur`).
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

ORTHOGONAL = nn.initializers.orthogonal


class MinGru(nn.Module):
    """A minimal gated recurrent unit (Feng et al., 2024): gates that depend on the input alone.

    The memory is a running mean of candidates with a rate that depends on the input, so `recur`
    has no matrix product. The output is the ReLU of the memory plus the newest candidate.

    Attributes:
      width: units.
    """

    width: int

    def setup(self):
        """Makes the layers."""
        self.inputs = nn.Dense(2 * self.width, kernel_init=ORTHOGONAL())

    def initial(self, shape: tuple[int, ...]) -> jax.Array:
        """Returns the initial memory, zeros (*shape, width) float32."""
        return jnp.zeros((*shape, self.width))

    def project(self, inputs: jax.Array) -> jax.Array:
        """Returns the projection of inputs (..., features), (..., 2 * width)."""
        return self.inputs(inputs)

    def recur(self, memory: jax.Array, projected: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Returns the next memory and the output, each (..., width)."""
        gate, candidate = jnp.split(projected, 2, axis=-1)
        memory = memory + nn.sigmoid(gate) * (candidate - memory)
        return memory, nn.relu(memory + candidate)


class Lstm(nn.Module):
    """An LSTM of one layer, with gates in the order input, forget, cell, output.

    Attributes:
      width: units.
      two_biases: add the second, redundant bias vector that PyTorch's layer has.
    """

    width: int
    two_biases: bool = False

    def setup(self):
        """Makes the layers."""
        size = 4 * self.width
        self.inputs = nn.Dense(size, use_bias=self.two_biases, kernel_init=ORTHOGONAL())
        self.hidden = nn.Dense(size, kernel_init=ORTHOGONAL())

    def initial(self, shape: tuple[int, ...]) -> tuple[jax.Array, jax.Array]:
        """Returns the initial memory, zeros: cell and output, each (*shape, width) float32."""
        return jnp.zeros((*shape, self.width)), jnp.zeros((*shape, self.width))

    def project(self, inputs: jax.Array) -> jax.Array:
        """Returns the projection of inputs (..., features), (..., 4 * width)."""
        return self.inputs(inputs)

    def recur(self, memory, projected: jax.Array):
        """Returns the next memory and the output (..., width)."""
        cell, output = memory
        gates = projected + self.hidden(output)
        enter, forget, proposal, leave = jnp.split(gates, 4, axis=-1)
        cell = nn.sigmoid(forget) * cell + nn.sigmoid(enter) * jnp.tanh(proposal)
        output = nn.sigmoid(leave) * jnp.tanh(cell)
        return (cell, output), output
