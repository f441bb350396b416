"""An environment as Gymnasium's `VectorEnv`: every player of every world is one of its slots.

envs = VectorEnv(mm.make("race_to_the_center", config="tiny"), num_worlds=16, actions="move")
obs, infos = envs.reset(seed=0)  # (256, F)
obs, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())

Needs Gymnasium: `pip install "metammo-jax[gymnasium]"`.
"""

from typing import Any, ClassVar

import numpy as np

from metammo_jax.adapters.batch import Batch, Slots
from metammo_jax.adapters.core import Core

try:
    import gymnasium
    from gymnasium.vector import AutoresetMode
    from gymnasium.vector import VectorEnv as _Base
    from gymnasium.vector.utils import batch_space
except ImportError as error:
    raise ImportError(
        "metammo_jax.adapters.gymnasium needs the package gymnasium, 1.1 or newer: "
        'pip install "metammo-jax[gymnasium]"'
    ) from error


class VectorEnv(_Base):
    """B worlds of P players as B * P slots, with automatic reset of worlds in the same step.

    A player that dies is terminated; its slot stays until its world is reset, with observations
    and rewards of 0 and nothing to choose: `infos["alive"]` says whose steps count. When a world
    is reset the slots of its dead are terminated again, so that recurrent states are reset too.

    infos: "alive" (N,) and "action_mask" (N, A) bool, for the next step; "winner" (N,) bool; and
    where an episode ended "final_obs" (N,) of arrays (F,), "episode_return" (N,) float32 and
    "episode_length" (N,) int32, of those whom "_final_obs", "_episode_return" and
    "_episode_length" (N,) bool say. Gymnasium's `RecordEpisodeStatistics` works too, but counts the
    time of a dead player as an episode of its own.

    Attributes:
      core: the world with flat views.
      num_envs: N = B * P.
      single_observation_space: `Box` (F,).
      single_action_space: `Discrete`, or `MultiDiscrete` (H,) with all heads.
    """

    metadata: ClassVar[dict[str, Any]] = {"autoreset_mode": AutoresetMode.SAME_STEP}

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
        self.num_envs = self._batch.num_slots
        shape = (self.core.layout.size,)
        self.single_observation_space = gymnasium.spaces.Box(-1.0, 1.0, shape, np.float32)
        sizes = list(self.core.heads.values())
        if self.core.is_discrete:
            self.single_action_space = gymnasium.spaces.Discrete(sizes[0])
        else:
            self.single_action_space = gymnasium.spaces.MultiDiscrete(sizes)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins an episode in every world.

        Args:
          seed: 0..2**63 - 1; None goes on with the random numbers of before.
          options: not used.

        Returns:
          observations (N, F) float32, and infos.
        """
        view, mask = self._batch.reset(seed)
        alive = np.ones(self.num_envs, bool)
        return np.array(view), {"alive": alive, "action_mask": np.array(mask)}

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Plays a tick in every world.

        Args:
          actions: (N,) integers, or (N, H) with all heads; those of the dead are ignored.

        Returns:
          observations (N, F) float32, of the new episode where one began; rewards (N,) float32,
          terminations and truncations (N,) bool, and infos.

        Raises:
          ValueError: there was no `reset` before, or the actions have another shape or dtype.
        """
        slots = self._batch.step(np.asarray(actions))
        step_result = (slots.view, slots.reward, slots.terminated, slots.truncated)
        view, reward, terminated, truncated = map(
            np.array, step_result
        )  # copies: wrappers write to them
        return view, reward, terminated, truncated, self._infos(slots)

    def _infos(self, slots: Slots) -> dict[str, Any]:
        ended = np.asarray(slots.ended)
        infos: dict[str, Any] = {
            "alive": np.array(slots.alive),
            "action_mask": np.array(slots.mask),
            "winner": np.array(slots.winner),
        }
        if ended.any():
            over = np.asarray(slots.terminated | slots.truncated)
            views = np.asarray(self._batch.final_view(slots))
            final = np.full(self.num_envs, None, object)
            for slot in np.flatnonzero(over):
                final[slot] = views[slot]
            infos |= {"final_obs": final, "_final_obs": over}
            statistics = {"episode_return": slots.returns, "episode_length": slots.length}
            for name, values in statistics.items():
                infos |= {name: np.where(ended, np.asarray(values), 0), f"_{name}": ended}
        return infos
