"""Events between consecutive worlds: attacks, deaths, seizures, wins, harvests, purchases.

Tables have one row for each, in the order of ticks; column 0 is the tick after which a world
shows it.
"""

import jax
import numpy as np
from numpy.typing import ArrayLike

from metammo_jax.rules.fog import HARM_ABOVE
from metammo_jax.vocab import NEVER, Event
from metammo_jax.world import World

TABLES = ("attacks", "deaths", "seizures", "wins", "tiles", "counted")
"""Columns after the tick: attacks (from, on, points of damage, style); deaths (row, killer's row
or -1, cause); seizures (row); wins (row); tiles (number of the tile, 1 if it is harvested now, 0 if
it is itself again); counted (row, `vocab.Event`, how many more)."""

STRUCK, FOG, HUNGER, LEADER = 0, 1, 2, 3
"""Causes of deaths."""

COUNTED = (Event.LEVEL_UP, Event.BUY_ITEM, Event.LIST_ITEM, Event.HARVEST_ITEM, Event.LOOT_ITEM,
           Event.CONSUME_ITEM)  # fmt: skip
"""Events that the page shows by their counts."""


def events_between(before: World | None, worlds: World, actions, cfg) -> dict[str, np.ndarray]:
    """Returns the events from each world to the next, as columns.

    Args:
      before: the one world before the first of `worlds`, with a leading axis of 1; None at reset.
      worlds: a chunk of consecutive worlds, in numpy arrays.
      actions: of the whole replay; row i leads from world i to world i + 1.
      cfg: sizes.

    Returns:
      for each of `TABLES` (M, k) int32.
    """
    if before is not None:
        worlds = jax.tree.map(lambda *pair: np.concatenate(pair), before, worlds)
    old = jax.tree.map(lambda leaf: leaf[:-1], worlds)
    new = jax.tree.map(lambda leaf: leaf[1:], worlds)
    attacks = _attacks(old, new, actions, cfg)
    return dict(
        attacks=attacks,
        deaths=_deaths(old, new, attacks, cfg),
        seizures=_seizures(old, new),
        wins=_where(new.tick, new.verdict.winners & ~old.verdict.winners),
        tiles=_tiles(old, new),
        counted=_counted(old, new),
    )


def _where(tick: ArrayLike, happened: ArrayLike, *columns: ArrayLike) -> np.ndarray:
    """Returns (M, 2 + columns) int32: tick, row, and values, where a mask (F, n) is set."""
    at = np.nonzero(np.asarray(happened))
    values = [np.asarray(tick)[at[0]], at[1], *(np.asarray(column)[at] for column in columns)]
    return np.stack(values, axis=1).astype(np.int32)


def _attacks(old: World, new: World, actions, cfg) -> np.ndarray:
    """Returns (M, 5): tick, from, on, damage, style; ordered by tick.

    All attacks of players; of those of NPCs the last on each that was hurt.
    """
    players = cfg.players
    made = np.diff(np.stack([old.tally.hits, new.tally.hits]), axis=0)[0]  # (F, P, 3)
    target = actions.target[old.tick]
    damage = new.body.damage_dealt - old.body.damage_dealt
    tick, source, on, points, style = _where(
        new.tick, made.any(-1), target, damage, made.argmax(-1)
    ).T
    of_players = np.stack([tick, source, on, points, style], axis=1)
    both = np.concatenate([of_players, _attacks_of_npcs(old, new, players)])
    return both[np.argsort(both[:, 0], kind="stable")].astype(np.int32)


def _attacks_of_npcs(old: World, new: World, players: int) -> np.ndarray:
    """Returns (M, 5), as `_attacks`.

    An attacker is remembered for longer than a tick, and fog hurts too: by an NPC was hit who lost
    points in this tick in which both fought.
    """
    frame, on = np.nonzero((new.body.damage > 0) & (new.body.attacker < 0))
    source = _row_of(new.body.attacker[frame, on], old, frame, players)
    tick = new.tick[frame]
    fought = (source >= 0) & (new.body.combat_tick[frame, on] == tick)
    fought &= _fought_at(old, new, frame, source) == tick
    frame, on, source, tick = frame[fought], on[fought], source[fought], tick[fought]
    if not len(frame):
        return np.zeros((0, 5), np.int32)
    style = new.npc.style[frame, source - players]
    return np.stack([tick, source, on, new.body.damage[frame, on], style], axis=1)


def _fought_at(old: World, new: World, frame: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Returns the last tick in which entities fought; of rows used again, the tick at hand."""
    same = old.body.id[frame, row] == new.body.id[frame, row]
    return np.where(same, new.body.combat_tick[frame, row], new.tick[frame])


def _deaths(old: World, new: World, attacks: np.ndarray, cfg) -> np.ndarray:
    """Returns (M, 4): tick, row, row of the killer or -1, cause."""
    players = cfg.players
    replaced = old.body.present & (old.body.id != new.body.id)  # by a new NPC, in the same tick
    tick, row = _where(new.tick, new.body.died | replaced).T
    frame = tick - new.tick[0] if len(tick) else tick
    killer = _killers(old, new, attacks, frame, row, players)
    is_player = row < players
    clipped = np.where(is_player, row, 0)
    depth = _fog_at(old, frame, clipped, cfg)
    leader = new.params.leader[frame, clipped]
    fell = new.params.leader_bound[frame] & new.body.died[frame, leader] & (leader != clipped)
    hit = new.body.damage[frame, row] > 0
    cause = np.where(hit & (depth > HARM_ABOVE), FOG, HUNGER)
    cause = np.where(fell & ~hit, LEADER, cause)
    cause = np.where((killer >= 0) | ~is_player, STRUCK, cause)
    return np.stack([tick, row, killer, cause], axis=1).astype(np.int32)


def _killers(
    old: World, new: World, attacks: np.ndarray, frame: np.ndarray, row: np.ndarray, players: int
) -> np.ndarray:
    """Returns (M,) rows of those who killed entities `row` in world `frame`; -1 if nobody did.

    The last attacker is remembered; but not where a new NPC has taken the row in the same tick:
    there it is the player that struck it and has killed somebody.
    """
    by = _row_of(new.body.attacker[frame, row], old, frame, players)
    taken = new.body.present[frame, row] & (row >= players)
    kills = new.body.kills - old.body.kills
    strikers: dict[tuple[int, int], list[int]] = {}
    for tick, source, on in attacks[:, :3].tolist():
        strikers.setdefault((tick - int(new.tick[0]), on), []).append(source)
    found = np.full(len(row), -1)
    for index, at in enumerate(zip(frame.tolist(), row.tolist(), strict=True)):
        struck = strikers.get(at, [])
        if taken[index]:
            struck = [one for one in struck if one < players and kills[at[0], one]]
            found[index] = struck[0] if struck else -1
        elif by[index] in struck:
            found[index] = by[index]
    return found


def _row_of(entity: ArrayLike, world: World, frame: np.ndarray, players: int) -> np.ndarray:
    """Returns rows of entities by their ids, of NPCs as they are in worlds `frame`; -1 if none."""
    entity = np.asarray(entity)
    match = np.asarray(world.body.id)[frame] == entity[:, None]
    npc = np.where(match.any(1), match.argmax(1), -1)
    return np.where(entity > 0, entity - 1, np.where(npc >= players, npc, -1))


def _fog_at(world: World, frame: np.ndarray, row: np.ndarray, cfg) -> np.ndarray:
    """Returns the fog where players stood; -1 where there is none."""
    pos = world.body.pos[frame, row]
    ring = np.minimum(pos, cfg.map_size - 1 - pos).min(-1, initial=cfg.map_size)
    depth = world.terrain.fog[frame, np.clip(ring, 0, world.terrain.fog.shape[1] - 1)]
    safe = np.abs(pos - cfg.middle).max(-1, initial=0) <= world.params.fog_final_size[frame]
    none = world.params.fog_onset_tick[frame] >= NEVER
    late = world.tick[frame] >= world.params.fog_onset_tick[frame]
    return np.where(safe | none | ~late, -1.0, depth)


def _seizures(old: World, new: World) -> np.ndarray:
    """Returns (M, 2): tick, row of the player."""
    seized = (new.terrain.seizer >= 0) & (new.terrain.seizer != old.terrain.seizer)
    return np.stack([new.tick[seized], new.terrain.seizer[seized]], axis=1).astype(np.int32)


def _tiles(old: World, new: World) -> np.ndarray:
    """Returns (M, 3): tick, number of the tile, is it harvested now."""
    was, now = _harvested(old), _harvested(new)
    tick, tile, state = _where(new.tick, was != now, now).T
    return np.stack([tick, tile, state], axis=1)


def _harvested(world: World) -> np.ndarray:
    ready = world.terrain.ready_at.reshape(len(world.tick), -1)
    return np.asarray(world.tick)[:, None] < np.asarray(ready)


def _counted(old: World, new: World) -> np.ndarray:
    """Returns (M, 4): tick, row, event, how many more; of the full game."""
    tables = [np.zeros((0, 4), np.int32)]
    for event in COUNTED:
        if event < new.tally.count.shape[1]:
            more = new.tally.count[:, event] - old.tally.count[:, event]
            tick, row, much = _where(new.tick, more > 0, more).T
            tables.append(np.stack([tick, row, np.full_like(row, event), much], axis=1))
    rows = np.concatenate(tables)
    return rows[np.argsort(rows[:, 0], kind="stable")]
