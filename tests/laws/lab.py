"""Random worlds of all games, and what it takes to play them: compiled once per config.

Every compiled function plays `WIDTH` worlds at once. Beside the games as they are declared there
is a wild version of each, whose numbers are drawn from wide ranges at each reset. In the full
game those are played that leave no system out, and some from which systems are taken.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import tick
from metammo_jax.action import Action, Orders
from metammo_jax.config import FULL_SYSTEMS, Config, preset
from metammo_jax.games import FULL_GAMES, GAMES, Between, Chance, Minigame, Same, lifecycle, survive
from metammo_jax.games.numbers import least_center
from metammo_jax.observe import Observation
from metammo_jax.registry import make
from metammo_jax.vocab import Event, System
from metammo_jax.world import Tally, World

WIDTH = 8
"""Worlds that are played at once."""

CONFIGS = {
    "tiny": preset("tiny", horizon=24),
    "odd": preset(
        "tiny", team_sizes=(6, 1, 3, 2), npcs=10, map_size=30, playable_side=20, vision=4,
        visible_rows=9, horizon=20, maps=3, tokens=5,
    ),
    "lopsided": preset("tiny", team_sizes=(1, 2, 3, 4, 5, 1), horizon=24),
    "wide": preset(
        "tiny", players=40, teams=8, npcs=24, map_size=64, playable_side=48, vision=3, horizon=40,
        maps=2,
    ),
}  # fmt: skip
"""Sizes for which the laws are tried."""

FULL_CONFIGS = {
    "tiny_full": preset("tiny_full", horizon=24),
    "odd_full": preset(
        "tiny_full", players=12, npcs=10, map_size=30, playable_side=20, vision=4, visible_rows=9,
        horizon=20, maps=3, tokens=5, inventory=8, market_rows=9, prices=7, clusters=5, patches=9,
    ),
}  # fmt: skip
"""Sizes of the full game."""

PARTS = (
    {System.PROGRESSION},
    {System.EXCHANGE},
    {System.EQUIPMENT, System.PROFESSION},
    {System.ITEM, System.EQUIPMENT, System.PROFESSION, System.EXCHANGE},
)
"""Systems that are left out of the full game."""


def wild(game: Minigame, cfg: Config) -> Minigame:
    """Returns a game with every number drawn from a wide range."""
    numbers = dict(
        fog_onset_tick=(0, cfg.horizon),
        fog_speed=Between(0.01, 3.0),
        fog_final_size=(0, cfg.playable_side // 4),
        depletion=(0, 60),
        starvation=(0, 40),
        dehydration=(0, 40),
        resilient_fraction=Between(0, 1),
        resilience=Between(0, 1),
        regrowth=Between(0, 1),
        health_increment=(0, 15),
        immunity=(0, 6),
        npc_population=(0, cfg.npcs),
        neutral_danger=Between(0, 0.6),
        aggressive_danger=Between(0, 1),
        revival=(0, 2),
        revival_freeze=(0, 5),
        min_alive=(0, 2),
        earliest_win=(0, 6),
        seize_target=(0, 5),
        water_level=Between(0, 0.4),
        foilage_level=Between(0.6, 1),
        **{name: Chance(0.4) for name in ("share_tiles", "scatter", "mark_center", "leader_bound")},
        all_grass=Chance(0.1),
    )
    if not isinstance(game.knob("center"), Same):
        numbers["center"] = (max(8, least_center(game, cfg)), cfg.playable_side)
    return dataclasses.replace(game.with_numbers(**numbers), name=f"wild {game.name}")


def games_of(cfg: Config) -> list[Minigame]:
    """Returns the games of a config: as they are declared, wild, and with systems left out."""
    games = [factory() for factory in (GAMES | (FULL_GAMES if cfg.slots else {})).values()]
    if not cfg.slots:
        return [*games, *(wild(game, cfg) for game in games)]
    games = [game for game in games if game.systems is None]
    parts = [
        dataclasses.replace(wild(survive(), cfg), name=f"part {i}", systems=FULL_SYSTEMS - out)
        for i, out in enumerate(PARTS)
    ]
    return [*games, *parts, *(wild(game, cfg) for game in games)]


@dataclasses.dataclass(frozen=True)
class Turn:
    """One tick of `WIDTH` worlds, in numpy; every leaf has a leading axis of worlds.

    Attributes:
      keys: (WIDTH,) keys of the tick.
      obs: what players saw.
      before: the worlds.
      decided: the worlds once NPCs have made up their minds.
      action: what players did.
      priority: (WIDTH, E), who acted first.
      orders: what everybody did.
      after: the worlds a tick later.
      reward, terminated, truncated: (WIDTH, P).
    """

    keys: jax.Array
    obs: Observation
    before: World
    decided: World
    action: Action
    priority: np.ndarray
    orders: Orders
    after: World
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray


class Lab:
    """All games at one config, compiled.

    Attributes:
      cfg: sizes.
      env: the games.
    """

    def __init__(self, cfg: Config):
        self.cfg = cfg
        self.env = make(games_of(cfg), config=cfg)
        self._reset = jax.jit(jax.vmap(self.env.reset, in_axes=(0, 0, None)))
        self._observe = jax.jit(jax.vmap(self.env.observe))
        self._orders = jax.jit(
            jax.vmap(lambda *args: tick.give_orders(*args[:3], cfg, args[3]))  # with a priority
        )
        self._play = jax.jit(jax.vmap(self.env.play))
        self._is_time_up = jax.jit(jax.vmap(lambda world: lifecycle.is_time_up(world, cfg)))
        self._sample = jax.jit(jax.vmap(self.env.sample))
        self._step = jax.jit(self.env.step)

    def begin(self, seed: int, games: np.ndarray, difficulty: int) -> tuple[Observation, World]:
        """Returns observations and worlds of new episodes of the games (WIDTH,) by index."""
        difficulties = jnp.full(len(self.env.games), difficulty, jnp.int32)
        return _numpy(self._reset(keys_of(seed), jnp.asarray(games, jnp.int32), difficulties))

    def idle(self) -> Action:
        """Returns actions with which nobody does anything."""
        return repeated(_numpy(self.env.noop()))

    def observe(self, world: World) -> Observation:
        """Returns what players see of each world."""
        return _numpy(self._observe(world))

    def sample(self, keys, obs: Observation) -> Action:
        """Returns actions drawn by the environment itself."""
        return _numpy(self._sample(keys, obs))

    def give_orders(self, keys, world: World, action: Action, priority) -> tuple[World, Orders]:
        """Returns worlds whose NPCs have decided, and everybody's orders."""
        return _numpy(self._orders(keys, world, action, priority))

    def play(self, keys, world: World, orders: Orders):
        """Returns worlds a tick later, reward, terminated and truncated."""
        return _numpy(self._play(keys, world, orders))

    def is_time_up(self, world: World) -> np.ndarray:
        """Returns (WIDTH,) bool, in which worlds the horizon alone has ended the game."""
        return np.asarray(self._is_time_up(world))

    def step_alone(self, key, world: World, action: Action, priority):
        """Returns what `Env.step` gives for a single world, without a leading axis."""
        return _numpy(self._step(key, world, action, priority))

    def turn(self, seed: int, obs: Observation, world: World, action: Action, priority) -> Turn:
        """Plays a tick."""
        keys = keys_of(seed)
        decided, orders = self.give_orders(keys, world, action, priority)
        after, *outcome = self.play(keys, decided, orders)
        return Turn(keys, obs, world, decided, action, priority, orders, after, *outcome)


@functools.cache
def lab(name: str) -> Lab:
    """Returns the laboratory of a config by its name, the same one for all tests."""
    return Lab((CONFIGS | FULL_CONFIGS)[name])


def keys_of(seed: int) -> jax.Array:
    """Returns (WIDTH,) keys."""
    return jax.random.split(jax.random.key(seed), WIDTH)


def world_of(tree, index: int):
    """Returns one of several worlds (or actions, orders ...)."""
    return jax.tree.map(lambda leaf: leaf[index], tree)


def side_by_side(trees):
    """Returns single worlds (or actions, orders ...) joined along a new leading axis."""
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)


def repeated(tree, times: int = WIDTH):
    """Returns a single world (or action, orders ...) several times."""
    return jax.tree.map(lambda leaf: np.broadcast_to(leaf, (times, *np.shape(leaf))), tree)


def leaves_of(tree) -> dict[str, np.ndarray]:
    """Returns the leaves of a tree by their paths."""
    found = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in found}


def gained(before: World, after: World, event: Event) -> np.ndarray:
    """Returns (WIDTH, P) int, how often an event has happened in between."""
    return after.tally.count[..., event, :] - before.tally.count[..., event, :]


def turned(tally: Tally) -> Tally:
    """Returns counts with players first, which in the state come last; or back again."""
    return tally.replace(
        count=np.swapaxes(tally.count, -1, -2),
        seen=tuple(np.swapaxes(seen, -1, -2) for seen in tally.seen),
    )


def differing(one, other) -> list[str]:
    """Returns the paths of the leaves that are not the same bit for bit."""
    others = leaves_of(other)
    return [path for path, leaf in leaves_of(one).items() if not np.array_equal(leaf, others[path])]


def _numpy(tree):
    return jax.tree.map(np.asarray, tree)
