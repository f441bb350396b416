"""The convolution: the same numbers and gradients as the library's, on CPUs too."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.networks.convolution import Conv, convolve


def examples(seed=0, channels=(5, 7)):
    keys = jax.random.split(jax.random.key(seed), 3)
    image = jax.random.normal(keys[0], (6, 9, 8, channels[0]))
    kernel = jax.random.normal(keys[1], (3, 3, *channels))
    return image, kernel, keys[2]


def reference(image, kernel, padding):
    layer = nn.Conv(kernel.shape[-1], (3, 3), padding=padding, use_bias=False)
    return layer.apply({"params": {"kernel": kernel}}, image)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_it_is_the_library_s_convolution(padding):
    image, kernel, _ = examples()
    expected = reference(image, kernel, padding)
    np.testing.assert_allclose(convolve(image, kernel, padding), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_its_gradients_are_the_library_s(padding):
    image, kernel, key = examples()
    weight = jax.random.normal(key, reference(image, kernel, padding).shape)

    def gradients(convolution):
        return jax.grad(lambda *args: (convolution(*args, padding) * weight).sum(), (0, 1))(
            image, kernel
        )

    for ours, theirs in zip(gradients(convolve), gradients(reference), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_its_gradients_are_those_of_each_image_in_a_batch_of_batches():
    image, kernel, _ = examples()
    images = jnp.stack([image, 2 * image, image + 1])

    def loss(kernel, image):
        return (convolve(image, kernel, "SAME") ** 2).sum()

    together = jax.grad(lambda kernel: jax.vmap(loss, (None, 0))(kernel, images).sum())(kernel)
    alone = sum(jax.grad(loss)(kernel, one) for one in images)
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-3)


def test_the_layer_has_a_kernel_and_a_bias_as_pytorch_draws_them():
    image, _, key = examples()
    out, variables = Conv(7, "SAME").init_with_output(key, image)
    params, bound = variables["params"], 1 / np.sqrt(9 * 5)
    assert out.shape == (6, 9, 8, 7)
    assert params["kernel"].shape == (3, 3, 5, 7) and params["bias"].shape == (7,)
    assert 0.9 * bound < np.abs(params["kernel"]).max() <= bound
    np.testing.assert_allclose(
        out,
        reference(image, params["kernel"], "SAME") + params["bias"][None, None, None],
        rtol=1e-5,
        atol=1e-5,
    )
