"""Worlds for PyTorch: tensors in, tensors out, on the device of the worlds, without copies.

env = TorchEnv(mm.make("race_to_the_center", config="tiny"), num_worlds=16, actions="move")
obs, info = env.reset(seed=0)  # (256, F) tensor
obs, reward, terminated, truncated, info = env.step(actions)

Arrays are handed over by DLPack: both sides see the same memory. Needs PyTorch.
"""

import jax

from metammo_jax.adapters.batch import Batch
from metammo_jax.adapters.core import Core

try:
    import torch  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise ImportError("metammo_jax.adapters.pytorch needs PyTorch (the package torch)") from error


def to_torch(array: jax.Array) -> torch.Tensor:
    """Returns a tensor that shares the memory of an array.

    It must not be written to: JAX takes arrays for constant.
    """
    return torch.from_dlpack(jax.block_until_ready(array))


def from_torch(tensor: torch.Tensor) -> jax.Array:
    """Returns an array that shares the memory of a contiguous tensor, which must not change after.

    Integers of 64 bits become such of 32, by a copy, unless `jax_enable_x64` is on.
    """
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.int64 and not jax.config.jax_enable_x64:  # pyright: ignore[reportAttributeAccessIssue]
        tensor = tensor.to(torch.int32)
    return jax.dlpack.from_dlpack(tensor)


class TorchEnv:
    """B worlds of P players as N = B * P slots, with automatic reset of worlds in the same step.

    As `adapters.gymnasium.VectorEnv`, with tensors: a player that dies is terminated; its slot
    stays, with zeros, until its world is reset, and is terminated again then.

    Attributes:
      core: the world with flat views.
      num_envs: N.
      heads: how many choices each head of an action has, by name.
      num_observations: F.
    """

    def __init__(
        self,
        env,
        num_worlds: int = 1,
        actions: str = "multi",
        *,
        window: bool = True,
        entities: int = 8,
        listings: int = 8,
    ):
        """Wraps worlds of an environment.

        Args:
          env: of `mm.make`, or a wrapped one.
          num_worlds: B.
          actions: "multi", all heads of `FlatLayout`; "move", a direction; "move_attack", a
            direction, from 5 on with an attack on the nearest that may be attacked.
          window: observations include the map around a player.
          entities: how many others are observed.
          listings: how many listings are observed (full game).

        Raises:
          ValueError: an option is not allowed.
        """
        self.core = Core(env, actions, window, entities, listings)
        self._batch = Batch(self.core, num_worlds)
        self.num_envs, self.heads = self._batch.num_slots, self.core.heads
        self.num_observations = self.core.layout.size

    def reset(self, seed: int | None = None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Begins an episode in every world.

        Args:
          seed: 0..2**63 - 1; None goes on with the random numbers of before.

        Returns:
          observations (N, F) float32, and info: "action_mask" (N, A) bool.
        """
        view, mask = self._batch.reset(seed)
        return to_torch(view), {"action_mask": to_torch(mask)}

    def step(self, actions: torch.Tensor):
        """Plays a tick in every world.

        Args:
          actions: (N,) integers, or (N, H) with all heads; int32 on the device of the worlds is
            not copied. They may be written to again as soon as `step` has returned.

        Returns:
          observations (N, F) float32, reward (N,) float32, terminated and truncated (N,) bool, and
          info: "alive", "winner", "ended" (N,) bool, "action_mask" (N, A) bool, and of those that
          `ended` "returns" (N,) float32 and "length" (N,) int32.

        Raises:
          ValueError: there was no `reset` before, or the actions have another shape or dtype.
        """
        slots = self._batch.step(from_torch(actions))
        names = ("alive", "winner", "ended", "returns", "length")
        info = {name: to_torch(getattr(slots, name)) for name in names}
        info["action_mask"] = to_torch(slots.mask)
        step_result = (slots.view, slots.reward, slots.terminated, slots.truncated)
        return *map(to_torch, step_result), info
