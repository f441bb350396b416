"""Recorded episodes of the original, tick by tick, as worlds and orders of ours.

A trace (`record.py`) holds the state of every tick, what everybody did, and what came of it.
Here it becomes arrays with a leading axis of ticks: T transitions, T + 1 states. What the
original keeps in objects and the trace leaves out is worked out from the ticks before.
"""

import dataclasses
import functools
import json
import pathlib

import numpy as np

from metammo_jax.action import row_bits
from metammo_jax.config import Config, preset
from metammo_jax.tables import EVENT_CODE
from metammo_jax.vocab import Event, Style

DEPLETED_FOR_GOOD = 32767
"""`Terrain.ready_at` of recorded depleted tiles: nobody knows when they would grow back."""

SPAWN_ATTEMPTS = 25
"""Places tried for new NPCs in each tick (the original's NPC_SPAWN_ATTEMPTS)."""

PLAYER_COLUMNS = ("exploration", "damage_received", "damage_inflicted", "player_kills", "immortal",
                  "make_mortal_tick", "recon", "resilient", "spawn_row", "spawn_col")  # fmt: skip
NEEDED = ("first_materials", "entities", "players", "npcs", "tiles", "actions", "intents",
          "outcomes", "progress", "game", "events", "seizes", "fog_center_row", "tick")  # fmt: skip
COLUMNS_OF = dict(entities="entity_columns", players="player_columns", npcs="npc_columns")
NPC_COLUMNS = ("style", "target", "rally_row", "rally_col", "spawn_danger_x1e4", "level",
               "equipment_level", "offense", "defense", "drop_armor", "drop_tool")  # fmt: skip
SIZES = dict(inventory="ITEM_INVENTORY_CAPACITY", market_rows="MARKET_N_OBS",
             prices="PRICE_N_OBS", npc_level_max="NPC_LEVEL_MAX", horizon="HORIZON",
             clusters="PROGRESSION_SPAWN_CLUSTERS", patches="PROGRESSION_SPAWN_UNIFORMS",
             visible_rows="PLAYER_N_OBS")  # fmt: skip
"""The original's setting of each of our sizes, where the record has it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Trace:
    """One recorded episode.

    Attributes:
      name: the file's name without its ending.
      meta: settings, tasks, teams and column names.
      data: the recorded arrays.
    """

    name: str
    meta: dict
    data: dict

    def __len__(self):
        """Returns T, the number of transitions."""
        return len(self.data["actions"])

    @property
    def game(self) -> str:
        """The game's name."""
        return self.meta["game"]

    @property
    def settings(self) -> dict:
        """The original's settings of this episode."""
        return self.meta["settings"]

    @property
    def first_tick(self) -> int:
        """Tick of the first recorded state."""
        return int(self.data["tick"][0])

    def rows(self, table: str, t: int) -> np.ndarray:
        """Returns the rows of a ragged table that belong to state (or transition) t."""
        ends = self.data[f"{table}_ends"]
        return self.data[table][ends[t] : ends[t + 1]]

    def ticks_of(self, table: str) -> np.ndarray:
        """Returns the state (or transition) of each row of a ragged table."""
        return np.repeat(
            np.arange(len(self.data[f"{table}_ends"]) - 1), np.diff(self.data[f"{table}_ends"])
        )

    def columns(self, table: str) -> dict[str, np.ndarray]:
        """Returns a ragged table as one array for each of its named columns."""
        names = self.meta[COLUMNS_OF[table]]
        return {name: self.data[table][:, i] for i, name in enumerate(names)}


def load(path) -> Trace:
    """Reads a trace file.

    Raises:
      ValueError: the file is no trace.
    """
    path = pathlib.Path(path)
    try:
        with np.load(path) as file:
            data = {name: file[name] for name in file.files}
        meta = json.loads(str(data.pop("meta")))
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no trace: {error}") from error
    missing = [name for name in NEEDED if name not in data]
    if missing:
        raise ValueError(f"{path} is no trace: it lacks {missing[0]!r}")
    return Trace(path.stem, meta, data)


def config_of(trace: Trace) -> Config:
    """Returns our config of the trace's sizes and systems, with the original's observations."""
    given = {ours: trace.settings[name] for ours, name in SIZES.items() if name in trace.settings}
    return preset(
        trace.meta["config"], original_observations=True, original_embeddings=True, **given
    )


@functools.lru_cache(maxsize=4)
def bodies(trace: Trace, cfg: Config) -> dict[str, np.ndarray]:
    """Returns the recorded entities of every state as (T + 1, E) arrays, 0 where nobody is.

    Row i is player i + 1; NPCs follow in the order in which they were made. The names are the
    original's, of its entity rows and of what the recorder adds for players and NPCs.
    """
    states = len(trace) + 1
    entity, tick = trace.columns("entities"), trace.ticks_of("entities")
    row = _row_of(entity["id"].astype(np.int64), tick, cfg)
    out = {name: np.zeros((states, cfg.entities), np.int32) for name in entity}
    for name, values in entity.items():
        out[name][tick, row] = values
    for table, names in (("players", PLAYER_COLUMNS), ("npcs", NPC_COLUMNS)):
        columns, tick = trace.columns(table), trace.ticks_of(table)
        row = _row_of(columns["id"], tick, cfg)
        for name in names:
            out.setdefault(name, np.zeros((states, cfg.entities), np.int32))
            out[name][tick, row] = columns[name]
    out["present"] = out["id"] != 0
    return out


def _row_of(ids: np.ndarray, tick: np.ndarray, cfg: Config) -> np.ndarray:
    """Returns the entity row of each recorded id: players by id, NPCs by age within the tick."""
    row = ids - 1
    npcs = np.flatnonzero(ids < 0)
    order = npcs[np.lexsort((-ids[npcs], tick[npcs]))]
    start = np.searchsorted(tick[order], tick[order])
    row[order] = cfg.players + np.arange(len(order)) - start
    if len(row) and row.max() >= cfg.entities:
        raise ValueError(f"the trace has {row.max() + 1} entities, npcs={cfg.npcs} are too few")
    return row


def rows_by_id(present_ids: np.ndarray) -> dict[int, int]:
    """Returns the row of each id of one state, given its (E,) ids."""
    return {int(i): row for row, i in enumerate(present_ids) if i}


@functools.lru_cache(maxsize=4)
def materials(trace: Trace) -> np.ndarray:
    """Returns (T + 1, H, W) int8, the live map of every state."""
    live = trace.data.get("live_materials", trace.data["first_materials"]).astype(np.int8)
    out = np.empty((len(trace) + 1, *live.shape), np.int8)
    for t in range(len(trace) + 1):
        row, col, material = trace.rows("tiles", t).T
        live = live.copy()
        live[row, col] = material
        out[t] = live
    return out


@functools.lru_cache(maxsize=4)
def newborns(trace: Trace) -> list[np.ndarray]:
    """Returns the ids of the NPCs that appeared with each state after the first."""
    ids = [trace.rows("npcs", t)[:, 0] for t in range(len(trace) + 1)]
    return [np.setdiff1d(ids[t + 1], ids[t])[::-1] for t in range(len(trace))]


@functools.lru_cache(maxsize=4)
def spawned(trace: Trace) -> np.ndarray:
    """Returns (T + 1,) int32, how many NPCs were made up to each state."""
    if "spawned" in trace.data:
        return trace.data["spawned"]
    youngest = [-min(trace.rows("npcs", t)[:, 0], default=0) for t in range(len(trace) + 1)]
    return np.maximum.accumulate(np.array(youngest, np.int32))


def ring_of(danger_x1e4: np.ndarray, center: int) -> np.ndarray:
    """Returns the ring of a recorded danger, 0 for an NPC that no game brings back."""
    return np.where(danger_x1e4 > 0, np.rint(danger_x1e4 * center / 2e4), 0).astype(np.int32)


@functools.lru_cache(maxsize=4)
def queues(trace: Trace) -> tuple[tuple[int, ...], ...]:
    """Returns for each state the rings in which dead NPCs still wait to come back.

    An attempt takes the first of the queue whether it succeeds or not, and attempts go on until
    the population is full or 25 were made. So a full population has emptied the queue (no more
    can wait than were missing), and otherwise 25 have left it.
    """
    center, population = trace.settings["MAP_CENTER"], trace.settings["NPC_N"]
    refills = trace.settings["NPC_DEFAULT_REFILL_DEAD_NPCS"]
    danger = trace.meta["npc_columns"].index("spawn_danger_x1e4")
    queue = tuple(int(ring) for ring in ring_of(trace.data.get("queue", np.zeros(0)), center))
    out = [queue]
    for t in range(len(trace)):
        before, after = trace.rows("npcs", t), trace.rows("npcs", t + 1)
        died = before[~np.isin(before[:, 0], after[:, 0])]
        rings = ring_of(died[:, danger], center)
        queue += tuple(int(ring) for ring in rings if ring > 0) if refills else ()
        queue = () if len(after) >= population else queue[SPAWN_ATTEMPTS:]
        out.append(queue)
    return tuple(out)


@functools.lru_cache(maxsize=4)
def waves(trace: Trace) -> tuple[np.ndarray, np.ndarray]:
    """Returns (T + 1,) the tick of the last wave of NPCs, and the number of waves so far."""
    if "wave_tick" in trace.data:
        return trace.data["wave_tick"], trace.data["wave"]
    came = np.array([False] + [len(new) > 0 for new in newborns(trace)])
    tick = trace.data["tick"]
    return np.maximum.accumulate(np.where(came, tick, 0)), np.cumsum(came)


@functools.lru_cache(maxsize=4)
def task_memory(trace: Trace) -> np.ndarray:
    """Returns (T + 1, tasks, 4): most progress, ticks of gain, of loss, tick of completion or -1.

    Older traces do not have it: there a task is complete from its first full progress on, and
    the rest is not known.
    """
    if "task_memory" in trace.data:
        return trace.data["task_memory"]
    progress = trace.data["progress"]
    done = np.maximum.accumulate(progress >= 1)
    first = np.where(done.any(0), trace.data["tick"][np.argmax(done, axis=0)], -1)
    unknown = np.zeros_like(progress)
    completed = np.where(done, first, -1)
    return np.stack([np.maximum.accumulate(progress), unknown, unknown, completed], -1).astype(
        np.float32
    )


# What players counted

KILL_CODE = EVENT_CODE[Event.KILL_PLAYER]
EVENT_OF = {code: event for event, code in EVENT_CODE.items() if code != KILL_CODE}
LATE = (Event.SEIZE_TILE, Event.AGENT_CULLED)
"""Events that the original may file one tick late: what happens after the tick was counted up."""


@functools.lru_cache(maxsize=4)
def events(trace: Trace, cfg: Config) -> tuple[np.ndarray, np.ndarray]:
    """Returns what happened to players in each transition.

    The log of a tick is read before the last of its events are written: seizures, and players
    that fall with their leader, are found in the next tick's. Of the last transition they are
    not known.

    Returns:
      (T, P, events) int32, counts by `vocab.Event`, and (T, events) bool, which are known.
    """
    ticks, present = len(trace), bodies(trace, cfg)["present"]
    count = np.zeros((ticks, cfg.players, len(Event)), np.int32)
    for t in range(ticks):
        for player, event in players_events(trace.rows("events", t)):
            late = event == Event.SEIZE_TILE or (
                event == Event.AGENT_CULLED and not present[t, player]
            )
            if t - late >= 0:
                count[t - late, player, event] += 1
    known = np.ones((ticks, len(Event)), bool)
    known[-1:, list(LATE)] = False
    return count, known


def players_events(rows: np.ndarray):
    """Yields player row and `vocab.Event` of each row of the log that is about a player."""
    for row in rows:
        player, code, victim = row[1], row[3], row[8]
        if player > 0 and code == KILL_CODE:
            yield player - 1, Event.KILL_PLAYER if victim > 0 else Event.KILL_NPC
        elif player > 0:
            yield player - 1, EVENT_OF[int(code)]


@functools.lru_cache(maxsize=4)
def tallies(trace: Trace, cfg: Config) -> np.ndarray:
    """Returns (T + 1, P, events) int32, counts since reset at every state."""
    count, _ = events(trace, cfg)
    start = np.zeros((1, cfg.players, len(Event)), np.int32)
    for player, event in players_events(trace.data.get("log", ())):
        start[0, player, event] += 1
    return np.concatenate([start, start + np.cumsum(count, axis=0)])


# What everybody did


def orders_of(trace: Trace, cfg: Config) -> dict[str, np.ndarray]:
    """Returns what everybody did in each transition, as the fields of `action.Orders`.

    A player's target is a position in what it was shown: the entities of its window, in the
    original's order. Players come first, in the order in which the original listed them, then
    NPCs in the order in which they were made.

    Returns:
      direction, style, target (T, E) int32, token (T, P) int32, turn (T, E) uint32.
    """
    ticks, players, body = len(trace), cfg.players, bodies(trace, cfg)
    nothing = np.full((ticks, cfg.entities), -1, np.int32)
    out = {"direction": nothing.copy(), "style": nothing * 0, "target": nothing.copy()}
    heads = {name: i for i, name in enumerate(trace.meta["action_heads"])}
    taken = trace.data["actions"].astype(np.int32)
    out["direction"][:, :players] = np.minimum(taken[..., heads["Move.Direction"]], 4)
    style = taken[..., heads["Attack.Style"]]
    out["style"][:, :players] = np.clip(style, 0, len(Style) - 1)
    token = taken[..., heads["Comm.Token"]]
    out["token"] = np.where(token >= 0, np.minimum(token, cfg.tokens - 1) + 1, -1)
    out["turn"] = np.tile(np.arange(cfg.entities, dtype=np.uint32), (ticks, 1))
    chosen = np.where(style >= 0, taken[..., heads["Attack.Target"]], -1)
    for t in range(ticks):
        row = rows_by_id(body["id"][t])
        out["target"][t, :players] = targets(trace, t, chosen[t], row, cfg)
        _add_intents(trace, t, row, out)
        order = trace.rows("players", t)[:, 0] - 1
        absent = np.setdiff1d(np.arange(players), order)
        out["turn"][t, np.concatenate([order, absent])] = np.arange(players)
    out["turn"] = out["turn"] << row_bits(cfg) | np.arange(cfg.entities, dtype=np.uint32)
    return out


def targets(trace: Trace, t: int, chosen: np.ndarray, row: dict, cfg: Config) -> np.ndarray:
    """Returns (P,) the rows of the entities that players chose by their position (P,), -1 none."""
    entity = trace.rows("entities", t).astype(np.int32)
    ids, pos = entity[:, 0], entity[:, 2:4]
    out = np.full(len(chosen), -1, np.int32)
    where = {int(i): place for i, place in zip(ids, pos, strict=True)}
    for player in np.flatnonzero((chosen >= 0) & (chosen < cfg.visible_rows)):
        if player + 1 in where:
            seen = ids[np.abs(pos - where[player + 1]).max(1) <= cfg.vision]
            if chosen[player] < len(seen):
                out[player] = row[int(seen[chosen[player]])]
    return out


def _add_intents(trace: Trace, t: int, row: dict, out: dict) -> None:
    """Writes what the NPCs had decided into the arrays of transition t."""
    for npc, direction, style, target in trace.rows("intents", t):
        out["direction"][t, row[npc]] = direction
        out["style"][t, row[npc]] = max(style, 0)
        out["target"][t, row[npc]] = target - 1 if style >= 0 else -1  # a player, dead or alive
