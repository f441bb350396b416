"""Batches of worlds, with automatic reset, adaptive difficulty and episode statistics."""

import functools
import math

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import achievements, schedule, spaces
from metammo_jax.action import Action
from metammo_jax.env import Info
from metammo_jax.environment import Environment
from metammo_jax.episodes import EpisodeStats, endings, statistics
from metammo_jax.lib import checks, instance_cache, row_blocks, threefry
from metammo_jax.lib.materialize import materialize
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Maybe, Node
from metammo_jax.observe import Observation
from metammo_jax.world import World

OWN, STEP, AUTO_RESET, SAMPLE, RESET = range(5)
"""Ids of keys of worlds: the caller's own, of steps, automatic resets, random actions, and first
resets. With each, a batch splits its key before it folds the numbers of the worlds in."""

WEIGH = ("episodes", "samples")
"""What the weights of games are shares of."""

OPTIONS = ("env", "num_worlds", "reset_block", "weigh", "share_difficulty", "axis")
"""Attributes that make a batch: what is pickled and compared."""


@struct.dataclass
class BatchState(Node):
    """State of a batch: worlds, and what is carried over from episode to episode.

    Attributes:
      world: World with a leading axis B.
      difficulty: (B, G) int32, of each game in each world.
      wins: (B, G) int32, games won at that difficulty; of games whose difficulty can fall those won
        in a row, or minus those lost in a row.
      returns: (B, P) float32, rewards of this episode so far.
      owed: (B, G) float32, agent-steps that each game is owed; None where games are drawn by
        episodes.
      levels: what automatic resets draw from, the same in all worlds; None draws games by their
        weights. Whoever trains sets it between two steps, see `schedule.Levels`.
      causes: (B, P, 3) bool, causes of each player's death in this episode, see
        `achievements.update_death_causes`; None in the mini game.
    """

    world: World
    difficulty: jax.Array
    wins: jax.Array
    returns: jax.Array
    causes: jax.Array | None = None
    owed: jax.Array | None = None
    levels: schedule.Levels | None = None


@struct.dataclass
class BatchInfo(Node):
    """Info of a step of a batch.

    Attributes:
      done: (B,) bool, the game ended and the world was reset.
      final_observation: Observation before automatic resets.
      episode: statistics of the episodes that ended.
      info: `env.Info` of every world, before automatic resets.
      choices: (B, X) int32, what was drawn of each axis of the universe of games
        (`games.universe`) in the episode that went on or ended, -1 in other games; None where no
        game is a universe.
    """

    done: jax.Array
    final_observation: Observation
    episode: EpisodeStats
    info: Info
    choices: Maybe = None


class VectorEnv:
    """A batch of B worlds of one environment, with automatic reset.

    Attributes:
      env: the environment, or a wrapped one.
      num_worlds: B.
      reset_block: worlds that are reset at once: as many blocks as needed run in a step, so a
        step without ended episodes costs nothing.
      weigh: "episodes" or "samples", of what each game has its weight's share.
      share_difficulty: all worlds play a game at the same adaptive difficulty.
      axis: name of the mesh axis over which a larger batch is sharded, these worlds being one
        device's shard of it (see `shard`); None if the batch is not sharded.
    """

    def __init__(
        self,
        env: Environment,
        num_worlds: int,
        reset_block: int | None = None,
        weigh: str = "episodes",
        share_difficulty: bool = False,
        axis: str | None = None,
    ):
        if weigh not in WEIGH:
            raise ValueError(f"weigh={weigh!r} must be one of {', '.join(WEIGH)}")
        num_worlds = checks.whole("num_worlds", num_worlds, 1)
        if reset_block is None:
            reset_block = max(1, num_worlds // 64)
        reset_block = checks.whole("reset_block", reset_block, 1, num_worlds)
        self.env, self.num_worlds, self.reset_block = env, num_worlds, reset_block
        self.weigh, self.share_difficulty, self.axis = weigh, bool(share_difficulty), axis
        self._prepare()

    def _prepare(self) -> None:
        """Sets what is not pickled: jitted functions."""
        # traced once, for first and for automatic resets
        self._begin = jax.jit(functools.partial(_reset, self.env.reset))
        instance_cache.bind_methods(self, "reset", "step", "observe", "sample", "keys")

    def __eq__(self, other) -> bool:
        """Returns whether environments, numbers of worlds and options are equal."""
        return type(other) is type(self) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple:
        return tuple(self.__getstate__().values())

    def __getstate__(self) -> dict:
        return {name: vars(self)[name] for name in OPTIONS}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self._prepare()

    @property
    def cfg(self):
        """Sizes of each world."""
        return self.env.cfg

    @property
    def action_space(self) -> spaces.Tree:
        """Space of the actions of all worlds, with a leading axis B."""
        return spaces.batched(self.env.action_space, self.num_worlds)

    @property
    def observation_space(self) -> spaces.Tree:
        """Space of the observations of all worlds, with a leading axis B."""
        return spaces.batched(self.env.observation_space, self.num_worlds)

    def noop(self) -> Action:
        """Returns the action with which nobody does anything, with a leading axis B."""
        return jax.tree.map(
            lambda leaf: jnp.broadcast_to(leaf, (self.num_worlds, *leaf.shape)), self.env.noop()
        )

    def shard(self, axis: str, shards: int) -> "VectorEnv":
        """Returns the batch of one device's worlds, to be used inside `jax.shard_map`.

        Each world draws what it would draw in the whole batch, so however many devices there are,
        the worlds are the same; nothing is exchanged between devices.

        Args:
          axis: name of the mesh axis.
          shards: its size; must divide `num_worlds`.

        Raises:
          ValueError: the worlds cannot be divided equally.
        """
        if shards < 1 or self.num_worlds % shards:
            raise ValueError(f"shards={shards} must divide num_worlds={self.num_worlds}")
        block = max(1, self.reset_block // shards)
        shard = VectorEnv(
            self.env, self.num_worlds // shards, block, self.weigh, self.share_difficulty, axis
        )
        shard._begin = self._begin
        return shard

    @narrow
    def reset(self, key: jax.Array) -> tuple[Observation, BatchState]:
        """Returns observations and state at the start of an episode in every world.

        Difficulty is the lowest of each game.

        Args:
          key: () key.

        Returns:
          observation and state, with a leading axis B.
        """
        first = self.env.table.first_difficulty()
        difficulty = jnp.broadcast_to(first, (self.num_worlds, *first.shape))
        owed = None
        if self.weigh == "samples":
            owed = jnp.zeros(difficulty.shape, jnp.float32)
        obs, world = self._reset_all((self.keys(key, RESET), difficulty, owed))
        returns = jnp.zeros((self.num_worlds, self.cfg.players), jnp.float32)
        causes = None
        if achievements.has_achievements(self.cfg):
            nobody = achievements.no_deaths(self.cfg)
            causes = jnp.broadcast_to(nobody, (self.num_worlds, *nobody.shape))
        wins = jnp.zeros_like(difficulty)
        return obs, BatchState(world, difficulty, wins, returns, causes, owed)

    @narrow
    def step(self, key: jax.Array, state: BatchState, action: Action):
        """Plays one tick in every world, and resets the worlds whose game is over.

        Args:
          key: () key.
          state: as `reset` or `step` gave it, with other `levels` if wanted.
          action: with a leading axis B.

        Returns:
          observation (of the new episode where one began), state, reward (B, P) float32,
          terminated and truncated (B, P) bool as `endings` has them, and `BatchInfo`.
        """
        _check_key(key)
        was_alive = state.world.body.present[:, : self.cfg.players]
        step_keys, reset_keys = self._each(threefry.tagged(key, [STEP, AUTO_RESET]))
        final, world, reward, terminated, truncated, info = jax.vmap(self.env.step)(
            step_keys, state.world, action
        )
        done = info.over
        terminated, truncated = endings(was_alive, terminated, truncated, info)
        returns = state.returns + reward
        causes, achieved = self._achieved(state.causes, world, done)
        choices = world.params.choices
        episode = statistics(world, info, returns).replace(achieved=achieved)
        difficulty, wins = self._next_difficulty(state, info, done)
        owed = self._next_owed(state.owed, was_alive, info.game)
        start = reset_keys, difficulty, owed
        obs, world = self._reset_done(start, done, final, world, state.levels)
        state = BatchState(
            world=world,
            difficulty=difficulty,
            wins=wins,
            returns=jnp.where(done[:, None], 0.0, returns),
            causes=None if causes is None else causes & ~done[:, None, None],
            owed=owed,
            levels=state.levels,
        )
        batch_info = BatchInfo(done, final, episode, info, choices)
        return obs, state, reward, terminated, truncated, batch_info

    @narrow
    def observe(self, world: World) -> Observation:
        """Returns what the players of all worlds see."""
        return jax.vmap(self.env.observe)(world)

    @narrow
    def sample(self, key: jax.Array, obs: Observation) -> Action:
        """Returns actions drawn uniformly over the masks.

        Independent of what `step` draws from the same key.
        """
        return jax.vmap(self.env.sample)(self.keys(key, SAMPLE), obs)

    @narrow
    def keys(self, key: jax.Array, use: int = OWN) -> jax.Array:
        """Returns (B,) keys, one for each world, independent of the numbers of worlds and devices.

        Args:
          key: () key.
          use: one of `OWN` (of the caller), `STEP`, `AUTO_RESET`, `SAMPLE` and `RESET`; keys of
            different uses differ.
        """
        _check_key(key)
        return self._each(threefry.tagged(key, [use]))[0]

    def _each(self, keys: jax.Array) -> jax.Array:
        """Returns (n, B) keys of all worlds, derived from each of (n,) keys."""
        numbers = jnp.arange(self.num_worlds)
        if self.axis is not None:
            numbers += jax.lax.axis_index(self.axis) * self.num_worlds
        return jax.vmap(threefry.fold_in, in_axes=(0, None))(keys, numbers)

    def _achieved(self, causes: jax.Array | None, world: World, done: jax.Array):
        """Returns (B, P, 3) causes of death, and `Achievements` (zeros where no episode ended)."""
        if causes is None:
            return None, None
        cfg = self.cfg
        causes = jax.vmap(
            lambda causes, world: achievements.update_death_causes(causes, world, cfg)
        )(causes, world)

        def achieved():
            return jax.vmap(achievements.summarize)(world, causes)

        def nothing():
            shapes = jax.eval_shape(achieved)
            return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

        return causes, jax.lax.cond(done.any(), achieved, nothing)

    def _next_owed(self, owed: Maybe, was_alive: jax.Array, game: jax.Array) -> Maybe:
        """Returns the samples that are owed to games, by who (B, P) lived; None if none are."""
        if owed is None:
            return None
        living = was_alive.sum(axis=-1, dtype=jnp.int32)
        return schedule.update_owed(owed, self.env.table.weights, game, living)

    def _next_difficulty(self, state: BatchState, info: Info, done: jax.Array):
        before = self.env.table, state.difficulty, state.wins, info, done
        if self.share_difficulty:
            return schedule.shared_difficulty(*before, self.axis)
        return schedule.own_difficulty(*before)

    def _new_episodes(self, keys, difficulty, owed, levels=None) -> tuple[Observation, World]:
        """Returns observations and worlds of new episodes: keys (n,), difficulty, owed (n, G)."""
        if levels is not None:
            return self._begin(keys, difficulty, *levels.draw(keys, self.env.table.atlas))
        if owed is None:
            return self._begin(keys, difficulty, None)
        weights = self.env.table.weights
        game = jax.vmap(lambda key, owed: schedule.draw_owed_game(key, owed, weights))(keys, owed)
        return self._begin(keys, difficulty, game)

    def _reset_all(self, start) -> tuple[Observation, World]:
        """Returns observations and worlds of new episodes in all worlds, reset block by block."""
        worlds = self.num_worlds
        block = math.gcd(worlds, self.reset_block)
        blocks = jax.tree.map(
            lambda leaf: leaf.reshape(worlds // block, block, *leaf.shape[1:]), start
        )
        fresh = jax.lax.map(lambda one: self._new_episodes(*one), blocks)
        return jax.tree.map(lambda leaf: leaf.reshape(worlds, *leaf.shape[2:]), fresh)

    def _reset_done(
        self, start, done: jax.Array, obs: Observation, world: World, levels=None
    ) -> tuple[Observation, World]:
        """Returns observations and worlds, reset where `done` (B,) bool, block by block."""

        def begin(state, rows, real):
            its = jax.tree.map(lambda leaf: leaf[rows], start)
            fresh = self._new_episodes(*its, levels=levels)
            rows = materialize(jnp.where(real, rows, self.num_worlds))
            return jax.tree.map(lambda old, new: old.at[rows].set(new, mode="drop"), state, fresh)

        return row_blocks.apply_in_blocks(begin, (obs, world), done, self.reset_block)


def _check_key(key: jax.Array) -> None:
    checks.check_one_key(key, "a batch", "give one, from which that of every world is derived")


def _reset(reset, keys, difficulty, game, choices=None) -> tuple[Observation, World]:
    """Resets n worlds: keys (n,), difficulty (n, G), games (n,) and choices (n, X), or None."""
    given = (game, difficulty) if choices is None else (game, difficulty, choices)
    if len(keys) > 1:
        return jax.vmap(reset)(keys, *given)
    # compiled sooner than a batch of one
    alone = reset(keys[0], *jax.tree.map(lambda leaf: leaf[0], given))
    return jax.tree.map(lambda leaf: leaf[None], alone)


def vectorize(
    env: Environment,
    num_worlds: int,
    reset_block: int | None = None,
    weigh: str = "episodes",
    share_difficulty: bool = False,
) -> VectorEnv:
    """Returns a batch of worlds of an environment, with automatic reset.

    Args:
      env: an `Env`, or a wrapped one.
      num_worlds: B.
      reset_block: worlds that are reset together; None: one of every 64.
      weigh: of what each game gets the share that its weight says: of the "episodes", as in the
        original, or of the "samples", agent-steps of those alive. Episodes of some games are much
        longer than those of others.
      share_difficulty: all worlds play a game at the same adaptive difficulty, and it changes with
        what happens in all of them (`schedule.shared_difficulty`). Else, as in the original, each
        world has its own, and worlds do not depend on each other.

    Returns:
      The batch; the same one for the same arguments, while it lives.

    Raises:
      ValueError: a number is not allowed.
    """
    return instance_cache.intern(VectorEnv(env, num_worlds, reset_block, weigh, share_difficulty))
