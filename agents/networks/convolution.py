"""A 3 x 3 convolution with fast gradients on CPUs.

XLA's gradients take a slow path on CPUs inside of loops, as in an update: the gradient of the
kernel takes a hundred times as long as the convolution itself.
"""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

SIDE = 3
"""Rows and columns of the kernel."""


class Conv(nn.Module):
    """A 3 x 3 convolution with PyTorch's default initialization.

    Attributes:
      channels: channels returned.
      padding: "SAME" or "VALID".
    """

    channels: int
    padding: str

    @nn.compact
    def __call__(self, image: jax.Array) -> jax.Array:
        """Returns the convolution of images (N, side, side, channels)."""
        inputs = image.shape[-1]
        bound = 1.0 / np.sqrt(SIDE * SIDE * inputs)

        def uniform(key, shape, dtype=jnp.float32):
            return jax.random.uniform(key, shape, dtype, -bound, bound)

        kernel = self.param("kernel", uniform, (SIDE, SIDE, inputs, self.channels))
        bias = self.param("bias", uniform, (self.channels,))
        convolved: Any = convolve(image, kernel, self.padding)  # a custom_vjp has no type
        return convolved + bias[None, None, None]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(image: jax.Array, kernel: jax.Array, padding: str) -> jax.Array:
    """Returns the convolution of images (N, H, W, I) with a kernel (3, 3, I, O).

    Args:
      image: float32.
      kernel: float32.
      padding: "SAME" or "VALID".

    Returns:
      (N, H, W, O) float32, or (N, H - 2, W - 2, O) for "VALID".
    """
    return _plain(padding, image, kernel)


def _plain(padding, image, kernel):
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(image, kernel, (1, 1), padding, dimension_numbers=layout)


def _forward(image, kernel, padding):
    return _plain(padding, image, kernel), (image, kernel)


def _backward(padding, saved, gradient):
    return jax.lax.platform_dependent(
        *saved,
        gradient,
        cpu=functools.partial(_gradients_on_cpu, padding),
        default=functools.partial(_gradients, padding),
    )


def _gradients(padding, image, kernel, gradient):
    return jax.vjp(functools.partial(_plain, padding), image, kernel)[1](gradient)


def _gradients_on_cpu(padding, image, kernel, gradient):
    """Returns the gradients of the image and of the kernel.

    The first is a convolution with the flipped kernel, the second one matrix product for each
    position in the kernel.
    """
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    by_image = _plain("SAME" if padding == "SAME" else [(2, 2), (2, 2)], gradient, turned)
    if padding == "SAME":
        image = jnp.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = gradient.shape[1:3]
    places = [
        jnp.einsum("nyxi,nyxo->io", image[:, row : row + height, col : col + width], gradient)
        for row in range(SIDE)
        for col in range(SIDE)
    ]
    return by_image, jnp.stack(places).reshape(kernel.shape)


convolve.defvjp(_forward, _backward)
