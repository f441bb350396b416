"""The first state of an episode, against what our reset makes with the same settings."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import maps, query
from metammo_jax.config import Config, preset
from metammo_jax.env import Env
from metammo_jax.games import opening
from metammo_jax.games.spawn import Spawn
from metammo_jax.rules import terrain
from metammo_jax.tables import NPC_SPAWN_ATTEMPTS
from metammo_jax.vocab import System, Tile
from metammo_jax.world import Params, Task, World
from tests.parity import ground, newcomers
from tests.parity.fields import Field, field
from tests.parity.frequencies import OURS, RECORD, Draws, edge_class, of_classes
from tests.parity.trace import Trace

SAMPLES = 64
"""Maps of ours from which it is known how many resources to expect."""


def fields(trace: Trace, states: World, env: Env, key: jax.Array) -> list[Field]:
    """Returns the comparison of map, places and NPCs of a trace that starts with its episode.

    Args:
      trace: the record.
      states: the recorded states.
      env: all games.
      key: () key, for our own draws.
    """
    if trace.first_tick > 0:
        return []
    first = jax.tree.map(lambda leaf: leaf[0], states)
    return [
        *_map(trace, first.params, env.cfg, key),
        *_places(first, env, key),
        *_npcs(trace, first, env, key),
        *(_belongings(trace, first, env, key) if env.cfg.slots else ()),
    ]


def draws(trace: Trace, states: World, env: Env, key: jax.Array) -> list[Draws]:
    """Returns where chance put players and resources in a trace that starts with its episode."""
    if trace.first_tick > 0:
        return []
    first = jax.tree.map(lambda leaf: leaf[0], states)
    params, out = first.params, _starts(first, env, key)
    if not trace.meta["systems"][System.PROFESSION]:
        return out
    _, fractal = _nearest(trace, params, env.cfg, key)
    samples = _sampler(env.cfg)(jax.random.split(key, SAMPLES), params, jnp.asarray(fractal))
    return out + ground.draws(trace.data["first_materials"], np.asarray(samples))


def _starts(first: World, env: Env, key: jax.Array) -> list[Draws]:
    """Returns where players start on the edge, and who of them, or which teams, start where."""
    params, players = first.params, env.cfg.players
    spawn, out = _spawner(env)(key, params), []
    sides = (
        (RECORD, first.body.pos[:players], first.body.recon),
        (OURS, np.asarray(spawn.pos), np.asarray(spawn.recon)),
    )
    for side, pos, recon in sides:
        home = np.flatnonzero(~recon)
        _, leader = np.unique(params.group[home], return_index=True)
        teams = pos[home[leader]]
        if params.team_game and len(np.unique(pos[home], axis=0)) == len(teams):
            out += _spread_of(side, "teams", teams, env.cfg.middle)
            continue
        out += _spread_of(side, "players", pos, env.cfg.middle)
        center, low = int(params.center), env.cfg.middle - int(params.center) // 2
        tiles = np.array(_edge_tiles(params, env.cfg.map_size))
        share = np.bincount(edge_class(tiles, low, center), minlength=16)
        which = edge_class(pos, low, center)
        out.append(of_classes("edge where players start", side, which, share))
    return out


def _spread_of(side: str, name: str, pos: np.ndarray, middle: int) -> list[Draws]:
    """Returns how many of the first half of players or teams are among those (n, 2) on a side."""
    out, n, first = [], len(pos), len(pos) // 2
    for axis, where in enumerate(("north", "west")):
        here = pos[:, axis] < middle
        m, share = here.sum(), first / n
        variance = m * share * (1 - share) * (n - m) / max(n - 1, 1)
        counts = np.array([here[:first].sum()]), np.array([m * share])
        label = f"first {name} that start in the {where}"
        out.append(Draws(label, side, *counts, float(variance)))
    return out


@functools.cache
def _pool(count: int, flipped: bool) -> np.ndarray:
    return maps.load_pool(preset("mini", maps=count, evaluation_maps=flipped))


@functools.cache
def _builder(cfg: Config):
    return jax.jit(lambda key, params, fractal: terrain.build(key, params, fractal, cfg).material)


@functools.cache
def _sampler(cfg: Config):
    return jax.jit(jax.vmap(_builder(cfg), (0, None, None)))


class _Given(NamedTuple):
    """Stands for a table of games of which everything is known, and that brings no NPCs."""

    params: Params
    places: Spawn
    task: Task

    def draw(self, *args):
        return self.params

    def spawn(self, *args):
        return self.places

    def assign(self, *args):
        return self.task

    def muster(self, key, world, cfg):
        return world


@functools.cache
def _beginner(cfg: Config):
    def begin(key, given: _Given, pool):
        game = given.params.game
        return _owned(opening.begin(key, game, None, pool, table=given, cfg=cfg), cfg.players)

    return jax.jit(begin)


def _owned(world: World, players: int) -> jax.Array:
    """Returns (P, n), what players have and know."""
    bag, body = world.bag, world.body
    kept = [body.gold[:players, None], body.item_level[:, None], query.experience(world)]
    if bag is not None:
        kept += [bag.item.T, bag.quantity.T, bag.price.T]
    return jnp.concatenate(kept, axis=1)


@functools.cache
def _spawner(env: Env):
    return jax.jit(lambda key, params: env.table.spawn(key, params, env.cfg))


@functools.cache
def _musterer(env: Env):
    return jax.jit(lambda key, world: env.table.muster(key, world, env.cfg))


def _nearest(trace: Trace, params: Params, cfg: Config, key: jax.Array):
    """Returns the map of the pool that is most like the recorded one, and its fractal.

    The map has nothing that is placed at random on it.
    """
    settings, there = trace.settings, trace.data["first_materials"]
    pool = _pool(settings["MAP_N"], settings["TERRAIN_FLIP_SEED"])
    enabled = params.enabled & (np.arange(len(System)) != System.PROFESSION)
    bare = params.replace(scatter=np.array(False), enabled=enabled)
    plain = [np.asarray(_builder(cfg)(key, bare, jnp.asarray(fractal))) for fractal in pool]
    index = np.argmin([(material != there).sum() for material in plain])
    return plain[index], pool[index]


def _map(trace: Trace, params: Params, cfg: Config, key: jax.Array) -> list[Field]:
    """Compares the map with that of the pool which is most like it.

    Extra water and foilage are sprinkled over grass: tiles that are grass before that may be
    either, as many of each as the settings say, but for those that marks and the border undo.
    What professions harvest is put on grass and into water before that.
    """
    settings, there = trace.settings, trace.data["first_materials"]
    base, fractal = _nearest(trace, params, cfg, key)
    ours, middle = np.asarray(_builder(cfg)(key, params, jnp.asarray(fractal))), len(there) // 2
    off = np.abs(np.arange(len(there)) - middle)
    inside = np.maximum(off[:, None], off) < settings["MAP_CENTER"] // 2
    quota = (settings["MAP_CENTER"] // 6) ** 2 if settings["TERRAIN_SCATTER_EXTRA_RESOURCES"] else 0
    has_resources = bool(params.enabled[System.PROFESSION])
    placed, sprinkled = (
        [resourceful(base, side) for side in (ours, there)]
        for resourceful in (
            ground.resources,
            lambda base, side: (base == Tile.GRASS) & np.isin(side, ground.EXTRA),
        )
    )
    same = [side == base for side in (ours, there)]
    by_extra = inside & (quota > 0) & _each(same, sprinkled) & (sprinkled[0] | sprinkled[1])
    by_resources = inside & has_resources & _each(same, sprinkled, placed)
    marked = 25 if params.mark_center or params.seize_target[0] >= 0 else 0
    amounts = []
    for extra, material in zip(sprinkled, (ours, there), strict=True):
        water, both = (extra & (material == Tile.WATER)).sum(), extra.sum()
        amounts.append((water <= quota) & (2 * quota - marked <= both) & (both <= 2 * quota))
    every = np.ones((1, *there.shape), bool)
    causes = dict(extra_water_and_foilage=by_extra[None], professions_resources=by_resources[None])
    out = [
        field("start: map", ours[None], there[None], every, **causes),
        field("start: extra tiles", np.ones(2, bool), np.array(amounts), np.ones(2, bool)),
    ]
    if has_resources:
        border = (settings["MAP_SIZE"] - settings["MAP_CENTER"]) // 2
        out += ground.fields(base, [ours, there], settings | {"MAP_BORDER": border})
    return out


def _each(*kinds: list[np.ndarray]) -> np.ndarray:
    """Returns bool, where both sides are of one of the kinds."""
    return np.logical_and(*(np.any(side, axis=0) for side in zip(*kinds, strict=True)))


def _places(first: World, env: Env, key: jax.Array) -> list[Field]:
    """Compares where players start: teams on the same spots, individuals on tiles of the edge.

    Teams and players are spread over these places at random, so the places are compared in
    order, and that each team stands together.
    """
    cfg, params = env.cfg, first.params
    spawn = _spawner(env)(key, params)
    there, recon = first.body.pos[: cfg.players], first.body.recon
    ours, ours_recon = np.asarray(spawn.pos), np.asarray(spawn.recon)
    by_team = len(np.unique(there[~recon], axis=0)) == len(np.unique(params.group))
    if params.team_game and by_team:
        every = np.ones(there.shape, bool)
        together = _spots_of_teams(there, recon, params.group)
        return [
            field("start: places", _in_order(ours), _in_order(there), every),
            field(
                "start: teams",
                _spots_of_teams(ours, ours_recon, params.group),
                together,
                np.ones(len(together), bool),
            ),
        ]
    edge = _edge_tiles(params, cfg.map_size)
    allowed = np.stack([_drawn_from(edge, pos) for pos in (ours, there)])
    return [field("start: places", np.ones_like(allowed), allowed, np.ones(allowed.shape, bool))]


def _in_order(places: np.ndarray) -> np.ndarray:
    return places[np.lexsort(places.T)]


def _spots_of_teams(places: np.ndarray, recon: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Returns (teams * 2,) int: places on which each team's players stand, and its recons."""
    return np.array(
        [
            len(np.unique(places[(group == team) & (recon == watches)], axis=0))
            for team in np.unique(group)
            for watches in (False, True)
        ]
    )


def _edge_tiles(params: Params, size: int) -> list[tuple[int, int]]:
    """Returns the original's list of edge tiles: one corner twice, the opposite one never."""
    center = int(params.center)
    low = (size - center) // 2
    high, along = low + center, range(low, low + center)
    sides = (
        [(low, c) for c in along],
        [(r, high) for r in along],
        [(high, c) for c in along],
        [(r, low) for r in along],
    )
    return [tile for side in sides for tile in side]


def _drawn_from(tiles: list[tuple[int, int]], places: np.ndarray) -> np.ndarray:
    """Returns (P,) bool, is each place one of the tiles that those before it left."""
    left, out = list(tiles), []
    for place in map(tuple, places.tolist()):
        out.append(place in left)
        if out[-1]:
            left.remove(place)
    return np.array(out)


def _npcs(trace: Trace, first: World, env: Env, key: jax.Array) -> list[Field]:
    """Compares the number of NPCs, their kinds' number, and where soldiers are sent."""
    cfg = env.cfg
    npcs = slice(cfg.players, None)
    present = first.body.present
    body = first.body.replace(
        present=np.where(np.arange(len(present)) < cfg.players, present, False)
    )
    empty = first.replace(
        body=body, npc=first.npc.replace(spawned=np.zeros_like(first.npc.spawned))
    )
    ours = _musterer(env)(key, empty)
    counts = [np.array([np.asarray(world.body.present)[npcs].sum()]) for world in (ours, first)]
    refills = trace.settings["NPC_DEFAULT_REFILL_DEAD_NPCS"] and max(counts) <= NPC_SPAWN_ATTEMPTS
    one = np.ones(1, bool)
    out = [field("start: npcs", *counts, one, spawn_attempts_that_fail=np.array([bool(refills)]))]
    allowed = _equipment(trace, first, ours)
    out += [field(f"start: {name}", np.ones_like(one), one, one | ~one) for name, one in allowed]
    if trace.game == "sandwich" and (counts[0] == counts[1]).all():
        sent = [
            _in_order(np.asarray(world.npc.rally)[np.asarray(world.body.present)[npcs]])
            for world in (ours, first)
        ]
        out.append(field("start: orders", *sent, np.ones(sent[0].shape, bool)))
    return out


def _equipment(trace: Trace, first: World, ours: World) -> list[tuple[str, np.ndarray]]:
    """Returns for each rule of NPCs' equipment (n,) bool, do those of both sides obey it."""
    if trace.game in ("sandwich", "radio_raid"):
        return []
    allowed: dict[str, list[np.ndarray]] = {}
    for world in (ours, first):
        world = jax.tree.map(np.asarray, world)
        for name, obeyed in newcomers.equipment(
            newcomers.of_world(world), trace.settings, first.params.enabled
        ).items():
            allowed.setdefault(name, []).append(obeyed)
    return [(f"npcs' {name}", np.concatenate(both)) for name, both in allowed.items()]


def _belongings(trace: Trace, first: World, env: Env, key: jax.Array) -> list[Field]:
    """Compares what players of the full game have and know at first."""
    pool = jnp.asarray(_pool(trace.settings["MAP_N"], trace.settings["TERRAIN_FLIP_SEED"]))
    given = _Given(first.params, _spawner(env)(key, first.params), first.task)
    ours = np.asarray(_beginner(env.cfg)(key, given, pool))
    there = np.asarray(_owned(first, env.cfg.players))
    return [field("start: belongings", ours, there, np.ones(ours.shape, bool))]
