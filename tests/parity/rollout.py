"""Whole episodes of ours with the settings and the map of recorded ones, many side by side."""

import dataclasses
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax import query, tick
from metammo_jax.action import Action
from metammo_jax.env import Env
from metammo_jax.games import opening
from metammo_jax.observe import Observation
from metammo_jax.vocab import NEVER, Event, Kind, Tile
from metammo_jax.world import World
from tests.parity import accounts
from tests.parity.accounts import Account

LAST_TICK = accounts.TICKS[-1]
STRIDE = 16
"""Ticks played between two looks at whether all games are over."""

KINDS = ((Kind.PASSIVE,), (Kind.NEUTRAL,), (Kind.AGGRESSIVE, Kind.SOLDIER))
"""What the original shows as passive, neutral and aggressive."""


@struct.dataclass
class Played:
    """An episode that is being played.

    Attributes:
      world: as it is.
      lifespan: (P,) int32, tick of the first death, NEVER before.
      over_at: () int32, tick at which the game ended, NEVER before.
      kills_by_npcs: () int32, players that NPCs killed.
      late: (events,) int32, events of the last tick that the original logs in the next.
    """

    world: World
    lifespan: jax.Array
    over_at: jax.Array
    kills_by_npcs: jax.Array
    late: jax.Array


@dataclasses.dataclass(frozen=True)
class Start:
    """How an episode shall begin.

    Attributes:
      game: index of the game.
      pins: field of Params -> value.
      fractal: (H, W) the map.
    """

    game: int
    pins: dict
    fractal: np.ndarray


class Pinned:
    """A table of games of which the draws of settings are pinned to given values."""

    def __init__(self, table, pins: dict):
        self._table, self._pins = table, pins

    def __getattr__(self, name):
        return getattr(self._table, name)

    def draw(self, *args):
        """Returns the settings that the table draws, with those that are pinned."""
        drawn = self._table.draw(*args)
        cast = {k: jnp.asarray(v, getattr(drawn, k).dtype) for k, v in self._pins.items()}
        return drawn.replace(**cast)


def random_valid(key: jax.Array, obs: Observation, env: Env) -> Action:
    """Uniform over every mask."""
    return env.sample(key, obs)


def random_move(key: jax.Array, obs: Observation, env: Env) -> Action:
    """Uniform over valid moves, and nothing else."""
    return env.noop().replace(move=env.sample(key, obs).move)


POLICIES = {"random_valid": random_valid, "random_move": random_move}


class Rollout:
    """One policy without memory, compiled for all games of an environment."""

    def __init__(self, env: Env, policy: str, original_order: bool):
        self.env, self.original_order = env, original_order
        self.policy = POLICIES.get(policy)
        self._begin = jax.jit(jax.vmap(self._started))
        self._go_on = jax.jit(jax.vmap(self._strode))

    def begin(self, seed: int, starts: list[Start]) -> Played:
        """Begins episodes side by side."""
        keys = jax.random.split(jax.random.key(seed), len(starts))
        pins = {name: np.array([start.pins[name] for start in starts]) for name in starts[0].pins}
        games = np.array([start.game for start in starts], np.int32)
        return self._begin(keys, games, pins, np.stack([start.fractal for start in starts]))

    def play(self, seed: int, starts: list[Start]) -> list[Account]:
        """Plays episodes side by side to their ends."""
        played = self.begin(seed, starts)
        first = jax.tree.map(np.asarray, jax.vmap(self._look)(played))
        materials = [count_materials(world) for world in np.asarray(played.world.terrain.material)]
        looks = [jax.tree.map(lambda leaf: leaf[:, None], first)]
        key = jax.random.key(seed + 1)
        for stride in range(-(-LAST_TICK // STRIDE)):
            keys = jax.random.split(jax.random.fold_in(key, stride), len(starts))
            played, seen = self._go_on(keys, played)
            looks.append(jax.tree.map(np.asarray, seen))
            if (np.asarray(played.over_at) < NEVER).all():
                break
        looks = jax.tree.map(lambda *parts: np.concatenate(parts, 1), *looks)
        return [self._account(i, looks, played, materials[i]) for i in range(len(starts))]

    def _account(self, i: int, looks: dict, played: Played, materials: np.ndarray) -> Account:
        length = min(int(played.over_at[i]), LAST_TICK)
        lifespan = np.minimum(np.asarray(played.lifespan[i]), length)
        at = np.minimum(accounts.TICKS, length)
        end = {name: float(leaf[i, length]) for name, leaf in looks["end"].items()}
        return Account(
            series={name: leaf[i, at].astype(float) for name, leaf in looks["series"].items()},
            whole=accounts.whole(length, lifespan=lifespan, materials=materials, **end),
            lifespan=lifespan.astype(float),
        )

    def _started(self, key: jax.Array, game, pins: dict, fractal: jax.Array) -> Played:
        env = self.env
        table = Pinned(env.table, pins)
        difficulty = table.first_difficulty()
        world = opening.begin(key, game, difficulty, fractal[None], table=table, cfg=env.cfg)
        return Played(
            world=world,
            lifespan=jnp.full(env.cfg.players, NEVER),
            over_at=jnp.int32(NEVER),
            kills_by_npcs=jnp.int32(0),
            late=jnp.zeros(len(Event), jnp.int32),
        )

    def _strode(self, key: jax.Array, played: Played):
        def one(played, key):
            played = self._step(key, played)
            return played, self._look(played)

        return jax.lax.scan(one, played, jax.random.split(key, STRIDE))

    def _step(self, key: jax.Array, played: Played) -> Played:
        act_key, key = jax.random.split(key)
        action = self.policy(act_key, self.env.observe(played.world), self.env)
        return self._acted(key, played, action)

    def _acted(self, key: jax.Array, played: Played, action: Action) -> Played:
        """Plays a tick as `Env.step` does, and notes what the original's log says of it."""
        env, before, players = self.env, played.world, self.env.cfg.players
        order = original_order(before, env) if self.original_order else None
        decided, orders = tick.give_orders(key, before, action, env.cfg, order)
        with mock.patch.object(tick, "tick", Spy(tick.tick)) as spy:
            world, *_ = env.play(key, decided, orders)
        culled = spy.seen.body.died[:players]
        died = world.body.died[:players]
        hit_now = spy.seen.body.combat_tick[:players] == world.tick
        by_npc = culled & hit_now & (spy.seen.body.attacker[:players] < 0)
        seizes = (world.tally.count - before.tally.count)[Event.SEIZE_TILE]
        late = jnp.zeros_like(played.late).at[Event.SEIZE_TILE].set(seizes.sum())
        first = died & (played.lifespan == NEVER)
        ends = world.verdict.over & (played.over_at == NEVER)
        return Played(
            world=world,
            lifespan=jnp.where(first, world.tick, played.lifespan),
            over_at=jnp.where(ends, world.tick, played.over_at),
            kills_by_npcs=played.kills_by_npcs + by_npc.sum(),
            late=late.at[Event.AGENT_CULLED].set((died & ~culled).sum()),
        )

    def _look(self, played: Played) -> dict:
        """Returns what the recorder wrote down of a state."""
        world, cfg = played.world, self.env.cfg
        body, players = world.body, slice(0, cfg.players)
        alive, there = body.present[players], body.present[cfg.players :]
        counts = world.tally.count.sum(1)
        counts -= played.late[: counts.shape[0]]
        counts = counts.at[Event.KILL_PLAYER].add(played.kills_by_npcs)
        series = {
            "alive": alive.sum(),
            "health": _mean(body.health[players], alive),
            "food": _mean(body.food, alive),
            "water": _mean(body.water, alive),
            "distance to the middle": _mean(
                query.distance_to_middle(body.pos[players], cfg), alive
            ),
            "npcs": there.sum(),
            "health of npcs": _mean(body.health[cfg.players :], there),
        }
        for name, kinds in zip(accounts.NPC_KINDS, KINDS, strict=True):
            series[name] = sum((there & (world.npc.kind == kind)).sum() for kind in kinds)
        for event in list(Event)[: counts.shape[0]]:
            series[accounts.event_name(event)] = counts[event]
        series |= progression(world, alive)
        end = dict(
            score=world.verdict.score,
            winners=world.verdict.winners.sum(),
            max_progress=world.task.max_progress.mean(),
        )
        return {"series": series, "end": end}


class Spy:
    """Calls a function and keeps what it returned."""

    def __init__(self, function):
        self.function, self.seen = function, None

    def __call__(self, *args):
        self.seen = self.function(*args)
        return self.seen


def original_order(world: World, env: Env) -> jax.Array:
    """Returns (E,) int32, the order in which the original acts: players by id, NPCs by age."""
    players = env.cfg.players
    return jnp.concatenate([jnp.arange(players), players - world.body.id[players:]])


def progression(world: World, alive: jax.Array) -> dict:
    """Returns mean gold and levels of the living, where the game has them."""
    out = {}
    if hasattr(world.body, "gold"):
        out["gold"] = _mean(world.body.gold[: len(alive)], alive)
    if hasattr(query, "levels"):
        levels = query.levels(world)
        for column, skill in enumerate(accounts.SKILLS[: levels.shape[-1]]):
            out[f"level of {skill}"] = _mean(levels[: len(alive), column], alive)
    return out


def _mean(values: jax.Array, of: jax.Array) -> jax.Array:
    return jnp.where(of, values, 0).sum() / jnp.maximum(of.sum(), 1)


def count_materials(material: np.ndarray) -> np.ndarray:
    """Returns (16,) tiles of each material inside the playable square, its border included."""
    counts = np.bincount(material.reshape(-1), minlength=len(Tile))
    counts[Tile.VOID] = 0
    return counts
