"""`Env`: reset and step of one world, as functions of keys, worlds and actions."""

import functools
import hashlib

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax import action as actions
from metammo_jax import action_heads, own_maps, query, spaces, tick
from metammo_jax import maps as made_maps
from metammo_jax import observe as observing
from metammo_jax.action import Action, Lists, Orders
from metammo_jax.action_heads import Entry, Head
from metammo_jax.config import Config
from metammo_jax.games import lifecycle, opening
from metammo_jax.games.base import Minigame
from metammo_jax.games.table import Table
from metammo_jax.lib import bits, checks, instance_cache, threefry
from metammo_jax.lib.narrow import narrow
from metammo_jax.lib.node import Node
from metammo_jax.observe import Observation
from metammo_jax.tasks import progress
from metammo_jax.vocab import NOBODY
from metammo_jax.world import World

LIFECYCLE, SAMPLE, GAME, BEGIN = 300, 400, 500, 501
"""Ids of the draws of what follows a tick (revivals, new NPCs), of random actions, of the game
that a reset begins, and of its episode. With those of `tick` all differ: what is given one key
draws independently."""


@struct.dataclass
class Info(Node):
    """Info of a step: the end of the game, winners, score and progress.

    Attributes:
      over: () bool, the game has ended: somebody won, too few live, or the horizon is reached.
      time_up: () bool, of these only the horizon.
      winners: (P,) bool.
      score: () float32, what winning is worth.
      max_progress: (P,) float32, largest progress of each player's task since reset.
      game: () int32, index of the game in `Env.games`.
      difficulty: () int32, of the game.
    """

    over: jax.Array
    time_up: jax.Array
    winners: jax.Array
    score: jax.Array
    max_progress: jax.Array
    game: jax.Array
    difficulty: jax.Array


class Env:
    """Minigames of one `Config`, played one episode at a time, without automatic reset.

    Results depend on arguments alone; all methods work under jit, vmap, scan and shard_map. The
    maps are made, or read from a cache on disk, when they are first used. What `jax.jit` compiles
    of the methods is kept as long as the environment lives; `make` called again with the same
    arguments returns the same environment.

    Attributes:
      cfg: sizes.
      games: the games that a reset draws from.
      table: the games' numbers and functions.
      truncates: True, the horizon truncates those alive.
    """

    truncates = True

    def __init__(self, games: tuple[Minigame, ...], weights, cfg: Config, maps=None):
        self.cfg = cfg
        self.games = tuple(games)
        self.table = Table(self.games, weights, cfg)
        self._maps = None if maps is None else self._checked(maps)
        self._prepare()

    def _prepare(self) -> None:
        """Sets what is not pickled: jitted functions, and the pool of maps, loaded later."""
        self._pool = None
        begin = functools.partial(opening.begin, table=self.table, cfg=self.cfg)
        self._begin = jax.jit(begin)  # traced once, for all who reset
        instance_cache.bind_methods(self, "reset", "step", "play", "observe", "sample")

    def _checked(self, maps) -> np.ndarray:
        """Returns the caller's maps, checked against what all games need of them."""
        numbers = self.table.numbers
        levels = numbers.ends("water_level")[1], numbers.ends("foilage_level")[0]
        return own_maps.checked(maps, self.cfg, map(int, numbers.ends("center")), levels)

    def __getstate__(self) -> dict:
        return {name: vars(self)[name] for name in ("cfg", "games", "table", "_maps")}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self._prepare()

    def __eq__(self, other) -> bool:
        """Returns whether games, weights, config and the caller's maps are equal.

        Maps are compared in order; none in both are equal.
        """
        return type(other) is type(self) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @functools.cached_property
    def _identity(self) -> tuple:
        own = self._maps
        of_maps = None if own is None else (own.dtype, hashlib.sha256(own.tobytes()).digest())
        return self.table, of_maps

    @property
    def pool(self) -> jax.Array:
        """(maps, H, W) float16, the fractal maps; made, or read from the cache, at first use.

        The caller's maps if there are any, float16 or int8.
        """
        if self._pool is None:
            own = self._maps
            with jax.ensure_compile_time_eval():
                self._pool = jnp.asarray(made_maps.load_pool(self.cfg) if own is None else own)
        return self._pool

    @property
    def action_space(self) -> spaces.Tree:
        """Space of actions of one world."""
        return spaces.action_space(self.cfg)

    @property
    def observation_space(self) -> spaces.Tree:
        """Space of observations of one world."""
        return spaces.observation_space(self)

    @narrow
    def reset(
        self,
        key: jax.Array,
        game: jax.Array | None = None,
        difficulty: jax.Array | None = None,
        choices: jax.Array | None = None,
    ) -> tuple[Observation, World]:
        """Returns the observation and the world at the start of an episode.

        Args:
          key: () key.
          game: () int32, index into `games`; drawn by weight if None.
          difficulty: (G,) int32, of each game; the lowest of each if None.
          choices: (X,) int32, of a universe the game that is played (`games.universe`), as
            `world.params.choices` has them; drawn if None.

        Returns:
          observation and world.

        Raises:
          ValueError: `key` is not one key, there is no such game, or choices are given where no
            game is a universe.
        """
        _check_key(key, "env.reset")
        game_key, begin_key = threefry.tagged(key, [GAME, BEGIN])
        if game is None:
            game = self.table.choose(game_key)
        else:
            checks.check_game_index(game, len(self.games))
        if difficulty is None:
            difficulty = self.table.first_difficulty()
        given = () if choices is None else (self.table.checked_choices(choices),)
        world = self._begin(begin_key, game, difficulty, self.pool, *given)
        return self.observe(world), world

    @narrow
    def step(
        self,
        key: jax.Array,
        world: World,
        action: Action,
        priority: jax.Array | None = None,
    ) -> tuple[Observation, World, jax.Array, jax.Array, jax.Array, Info]:
        """Plays one tick with the actions of players.

        Args:
          key: () key.
          world: the state.
          action: of every player; rows of the dead are ignored.
          priority: (E,) integer, who acts first in this tick, the lowest; a fresh random order if
            None.

        Returns:
          observation, world; reward (P,) float32, the change of the task's progress, -1 for
          players that died; terminated (P,) bool, died in this tick (even if they came back);
          truncated (P,) bool, alive at the horizon, whether or not the game was won; info. As in
          the original, both are False for the living when the game ends before the horizon:
          `info.over` is True then. In a batch (`VectorEnv.step`) one of the two is set.

        Raises:
          ValueError: `key` is not one key; the action has a wrong shape or dtype, or the world is
            of another environment; names the leaf.

        Source: docs/rules/world.md#a-tick; nmmo `core/env.py::Env.step`.
        """
        _check_key(key, "env.step")
        actions.check(action, self.cfg)
        self._check_world(world)
        with jax.named_scope("give_orders"):
            world, orders = tick.give_orders(key, world, action, self.cfg, priority)
        world, reward, terminated, truncated = self.play(key, world, orders)
        return self.observe(world), world, reward, terminated, truncated, self._info(world)

    @narrow
    def play(
        self, key: jax.Array, world: World, orders: Orders
    ) -> tuple[World, jax.Array, jax.Array, jax.Array]:
        """Plays one tick with the orders of all entities, NPCs included; makes no observation.

        Args:
          key: () key.
          world: the state.
          orders: of all entities, and the order of their turns.

        Returns:
          world, reward, terminated, truncated, as `step` does.
        """
        cfg, table = self.cfg, self.table
        was_present = world.body.present[: cfg.players]
        world = tick.tick(key, world, orders, cfg)
        with jax.named_scope("lifecycle.after_tick"):
            world = lifecycle.after_tick(threefry.tagged(key, LIFECYCLE), world, table, cfg)
        with jax.named_scope("progress.evaluate"):
            world, reward = progress.evaluate(world, was_present, table, cfg)
        terminated = world.body.died[: cfg.players]
        truncated = (world.tick >= cfg.horizon) & query.is_alive(world)[: cfg.players]
        return world, reward, terminated, truncated

    @narrow
    def observe(self, world: World) -> Observation:
        """Returns what the players see."""
        with jax.named_scope("observe"):
            return observing.observe(world, self.cfg)

    @narrow
    def sample(self, key: jax.Array, obs: Observation) -> Action:
        """Returns an action drawn uniformly over the masks, head by head.

        Independent of what `step` draws from the same key.
        """
        _check_key(key, "env.sample")
        cfg, heads = self.cfg, action_heads.of_config(self.cfg)
        draws = threefry.uniform(threefry.tagged(key, SAMPLE), (len(heads), cfg.players))
        return Action(
            **{
                head.name: _sample_head(head, draw, obs, cfg)
                for head, draw in zip(heads, draws, strict=True)
            }
        )

    @narrow
    def noop(self) -> Action:
        """Returns the action with which nobody does anything."""
        return actions.noop(self.cfg)

    @functools.cached_property
    def _leaves(self) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
        """Shapes and dtypes of the leaves of a world, by path."""
        kind = jnp.float16 if self._maps is None else self._maps.dtype
        pool = jax.ShapeDtypeStruct((self.cfg.maps, *[self.cfg.map_size] * 2), kind)
        first = jnp.zeros(len(self.games), jnp.int32)

        def begin(key, pool):
            return self._begin(key, jnp.int32(0), first, pool)

        return _shapes(jax.eval_shape(begin, jax.random.key(0), pool))

    def _check_world(self, world: World) -> None:
        """Raises ValueError unless the world's leaves have the shapes and dtypes of this config."""
        if not isinstance(world, World):
            raise ValueError(f"world is a {type(world).__name__}, it must be a World")
        found = _shapes(world)
        for path in [*self._leaves, *found]:
            given, wanted = found.get(path), self._leaves.get(path)
            if given != wanted:
                given, wanted = (f"{x[1]}{list(x[0])}" if x else "missing" for x in (given, wanted))
                raise ValueError(
                    f"world is of another environment: world{path} is {given}, here it is {wanted}"
                )

    def _info(self, world: World) -> Info:
        return Info(
            over=world.verdict.over,
            time_up=lifecycle.is_time_up(world, self.cfg),
            winners=world.verdict.winners,
            score=world.verdict.score,
            max_progress=world.task.max_progress,
            game=world.params.game,
            difficulty=world.params.difficulty,
        )


def _check_key(key: jax.Array, call: str) -> None:
    checks.check_one_key(key, call, f"use jax.vmap({call}) or mm.vectorize(env, number of worlds)")


def _shapes(tree) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(p): (jnp.shape(x), jnp.result_type(x)) for p, x in leaves}


def _sample_head(head: Head, draw: jax.Array, obs: Observation, cfg: Config) -> jax.Array:
    """Returns (P,) int32, a field of a random action, by uniform draws (P,) in [0, 1)."""
    if head.entry is Entry.WORD:
        return jnp.where(obs.masks.speak, _draw_number(draw, cfg.tokens), NOBODY)
    if head.mask is None:
        return _draw_number(draw, cfg.prices)
    entry = _draw_allowed(draw, getattr(obs.masks, head.mask))
    return actions.decode(head, entry, Lists(obs.visible, obs.listing, cfg.slots))


def _draw_number(draw: jax.Array, most: int) -> jax.Array:
    """Returns (P,) int32 in 1..most, the number that a uniform draw in [0, 1) falls on."""
    return jnp.minimum(jnp.floor(draw * most).astype(jnp.int32) + 1, most)


def _draw_allowed(draw: jax.Array, mask: jax.Array) -> jax.Array:
    """Returns (P,) int32, the allowed entry that a uniform draw in [0, 1) falls on."""
    words = bits.pack(mask)
    allowed = bits.count(words)
    rank = jnp.floor(draw * allowed.astype(jnp.float32)).astype(jnp.int32)
    rank = jnp.minimum(rank, allowed - 1)
    return jnp.where(allowed > 0, bits.member_of_rank(words, rank), 0)
