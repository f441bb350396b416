"""Tensors share the memory of arrays, both ways."""

import jax
import jax.numpy as jnp
import pytest

import metammo_jax as mm

torch = pytest.importorskip("torch")

from metammo_jax.adapters.pytorch import TorchEnv, from_torch, to_torch  # noqa: E402


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.int32, jnp.bool_])
def test_arrays_are_handed_over_without_a_copy(dtype):
    array = jnp.arange(4096).reshape(64, 64).astype(dtype)
    tensor = to_torch(array)
    assert tensor.data_ptr() == array.unsafe_buffer_pointer()
    assert tensor.tolist() == array.tolist()
    back = from_torch(tensor)
    assert back.unsafe_buffer_pointer() == tensor.data_ptr() and back.dtype == dtype
    assert from_torch(torch.arange(5)).dtype == jnp.int32


@pytest.mark.slow
def test_a_step_copies_nothing(monkeypatch):
    env = TorchEnv(mm.make("race_to_the_center", config="tiny"), 2, "move")
    obs, info = env.reset(seed=0)
    assert obs.shape == (32, env.num_observations) and obs.dtype == torch.float32
    given, step = [], env._batch.step

    def spy(actions):
        given.append(actions)
        given.append(step(actions))
        return given[-1]

    monkeypatch.setattr(env._batch, "step", spy)
    actions = torch.multinomial(info["action_mask"].float(), 1)[:, 0].to(torch.int32)
    obs, reward, terminated, truncated, info = env.step(actions)
    assert given[0].unsafe_buffer_pointer() == actions.data_ptr()
    assert obs.data_ptr() == given[1].view.unsafe_buffer_pointer()
    assert reward.data_ptr() == given[1].reward.unsafe_buffer_pointer()
    assert info["action_mask"].shape == (32, 5) and terminated.dtype == torch.bool
    with pytest.raises(ValueError, match="shape"):
        env.step(actions[:5])
    assert jax.tree.leaves(given[1].view)[0].shape == tuple(obs.shape)
