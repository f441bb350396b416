"""The first state of an episode, against what our reset makes with the same settings."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import maps
from metammo_jax.config import preset
from metammo_jax.env import Env
from metammo_jax.rules import terrain
from metammo_jax.tables import NPC_SPAWN_ATTEMPTS
from metammo_jax.vocab import Tile
from metammo_jax.world import Params, World
from tests.parity.fields import Field, field
from tests.parity.trace import Trace


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
        *_map(trace, first.params, key),
        *_places(first, env, key),
        *_npcs(trace, first, env, key),
    ]


@functools.cache
def _pool(count: int, flipped: bool) -> np.ndarray:
    return maps.load_pool(preset("mini", maps=count, evaluation_maps=flipped))


@functools.cache
def _builder():
    cfg = preset("mini")
    return jax.jit(lambda key, params, fractal: terrain.build(key, params, fractal, cfg).material)


@functools.cache
def _spawner(env: Env):
    return jax.jit(lambda key, params: env.table.spawn(key, params, env.cfg))


@functools.cache
def _musterer(env: Env):
    return jax.jit(lambda key, world: env.table.muster(key, world, env.cfg))


def _map(trace: Trace, params: Params, key: jax.Array) -> list[Field]:
    """Compares the map with that of the pool which is most like it.

    Extra water and foilage are sprinkled over grass: tiles that are grass before that may be
    either, as many of each as the settings say, but for those that marks and the border undo.
    """
    settings, there = trace.settings, trace.data["first_materials"]
    pool = _pool(settings["MAP_N"], settings["TERRAIN_FLIP_SEED"])
    bare = params.replace(scatter=np.array(False))
    plain = [np.asarray(_builder()(key, bare, jnp.asarray(fractal))) for fractal in pool]
    index = np.argmin([(material != there).sum() for material in plain])
    ours = np.asarray(_builder()(key, params, jnp.asarray(pool[index])))
    base, middle = plain[index], len(there) // 2
    off = np.abs(np.arange(len(there)) - middle)
    inside = np.maximum(off[:, None], off) < settings["MAP_CENTER"] // 2
    quota = (settings["MAP_CENTER"] // 6) ** 2 if settings["TERRAIN_SCATTER_EXTRA_RESOURCES"] else 0
    sprinkled = (
        inside & (base == Tile.GRASS) & np.isin(there, [Tile.GRASS, Tile.WATER, Tile.FOILAGE])
    )
    sprinkled &= np.isin(ours, [Tile.GRASS, Tile.WATER, Tile.FOILAGE]) & (quota > 0)
    marked = 25 if params.mark_center or params.seize_target[0] >= 0 else 0
    amounts = []
    for material in (ours, there):
        new = material[material != base]
        water, both = (new == Tile.WATER).sum(), len(new)
        amounts.append((water <= quota) & (2 * quota - marked <= both) & (both <= 2 * quota))
    every = np.ones((1, *there.shape), bool)
    extra = dict(extra_water_and_foilage=sprinkled[None])
    return [
        field("start: map", ours[None], there[None], every, **extra),
        field("start: extra tiles", np.ones(2, bool), np.array(amounts), np.ones(2, bool)),
    ]  # fmt: skip


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
            field("start: teams", _spots_of_teams(ours, ours_recon, params.group), together,
                  np.ones(len(together), bool)),
        ]  # fmt: skip
    edge = _edge_tiles(params, cfg.map_size)
    allowed = np.stack([_drawn_from(edge, pos) for pos in (ours, there)])
    return [field("start: places", np.ones_like(allowed), allowed, np.ones(allowed.shape, bool))]


def _in_order(places: np.ndarray) -> np.ndarray:
    return places[np.lexsort(places.T)]


def _spots_of_teams(places: np.ndarray, recon: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Returns (teams * 2,) int: places on which each team's players stand, and its recons."""
    return np.array([
        len(np.unique(places[(group == team) & (recon == watches)], axis=0))
        for team in np.unique(group) for watches in (False, True)
    ])  # fmt: skip


def _edge_tiles(params: Params, size: int) -> list[tuple[int, int]]:
    """Returns the original's list of edge tiles: one corner twice, the opposite one never."""
    center = int(params.center)
    low = (size - center) // 2
    high, along = low + center, range(low, low + center)
    sides = ([(low, c) for c in along], [(r, high) for r in along],
             [(high, c) for c in along], [(r, low) for r in along])  # fmt: skip
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
    if trace.game == "sandwich" and (counts[0] == counts[1]).all():
        sent = [
            _in_order(np.asarray(world.npc.rally)[np.asarray(world.body.present)[npcs]])
            for world in (ours, first)
        ]
        out.append(field("start: orders", *sent, np.ones(sent[0].shape, bool)))
    return out
