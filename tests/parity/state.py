"""Recorded states as worlds of ours, all ticks of a trace at once."""

import jax
import numpy as np

from metammo_jax.config import Config
from metammo_jax.env import Env
from metammo_jax.games.fitted import Fitted
from metammo_jax.games.knobs import Chance, Fixed, OneOver, Same
from metammo_jax.lib import bits
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import NEVER, NOBODY, Kind
from metammo_jax.world import Body, Npc, Params, Task, Terrain, Verdict, World
from tests.parity import belongings, standin
from tests.parity import trace as recorded
from tests.parity.fields import Field
from tests.parity.trace import Trace
from tests.worlds import by_player

SETTING_NAMES = {
    "center": "MAP_CENTER",
    "water_level": "TERRAIN_WATER",
    "foilage_level": "TERRAIN_FOILAGE",
    "all_grass": "TERRAIN_RESET_TO_GRASS",
    "scatter": "TERRAIN_SCATTER_EXTRA_RESOURCES",
    "fog_speed": "DEATH_FOG_SPEED",
    "fog_final_size": "DEATH_FOG_FINAL_SIZE",
    "depletion": "RESOURCE_DEPLETION_RATE",
    "starvation": "RESOURCE_STARVATION_RATE",
    "dehydration": "RESOURCE_DEHYDRATION_RATE",
    "resilient_fraction": "RESOURCE_RESILIENT_POPULATION",
    "resilience": "RESOURCE_DAMAGE_REDUCTION",
    "regrowth": "RESOURCE_FOILAGE_RESPAWN",
    "health_increment": "PLAYER_HEALTH_INCREMENT",
    "immunity": "COMBAT_SPAWN_IMMUNITY",
    "share_tiles": "ALLOW_MOVE_INTO_OCCUPIED_TILE",
    "npc_population": "NPC_N",
    "neutral_danger": "NPC_SPAWN_NEUTRAL",
    "aggressive_danger": "NPC_SPAWN_AGGRESSIVE",
}
"""The original's setting of each of our `Params`; the others are the game's own."""

OF_EVERYBODY = dict(
    health="health",
    damage="damage",
    attacker="attacker_id",
    time_alive="time_alive",
    combat_tick="latest_combat_tick",
    gold="gold",
)
"""The record's name of each field of `Body` that NPCs have too."""

OF_PLAYERS = dict(
    food="food",
    water="water",
    freeze="freeze",
    message="message",
    exploration="exploration",
    kills="player_kills",
    damage_dealt="damage_inflicted",
    damage_taken="damage_received",
    item_level="item_level",
)
"""The same of the fields that players alone have."""


def world_at(trace: Trace, t: int, cfg: Config, env: Env) -> World:
    """Returns the recorded state t as a world."""
    return jax.tree.map(lambda leaf: leaf[t], worlds(trace, cfg, env))


def worlds(trace: Trace, cfg: Config, env: Env) -> World:
    """Returns all recorded states as one world with a leading axis of T + 1 ticks, in numpy."""
    return worlds_of(trace, cfg, *settled(trace, cfg, env))


def settled(trace: Trace, cfg: Config, env: Env) -> tuple[Params, Task]:
    """Returns what stays the same in an episode: settings, and what the tasks ask for."""
    params = params_of(trace, cfg, env)
    if trace.game == "multi_task":
        return params, standin.assigned(trace, params, cfg, env)
    asked = env.table.assign(jax.random.key(0), params, cfg)
    return params, jax.tree.map(np.asarray, asked)


def worlds_of(trace: Trace, cfg: Config, params: Params, asked: Task) -> World:
    """Returns all recorded states of an episode of which it is known what stays the same."""
    states = len(trace) + 1
    task = _task(trace, asked, cfg)
    return World(
        tick=trace.data["tick"].astype(np.int32),
        params=jax.tree.map(lambda leaf: np.broadcast_to(leaf, (states, *leaf.shape)), params),
        terrain=_terrain(trace, cfg),
        body=_body(trace, cfg),
        skill=belongings.skills(trace, cfg) if cfg.skills else None,
        bag=by_player(belongings.bags(trace, cfg)) if cfg.slots else None,
        npc=_npc(trace, cfg),
        task=task,
        tally=belongings.tallies(trace, cfg, task.watch),
        verdict=_verdict(trace, cfg),
    )


def groups(trace: Trace, cfg: Config) -> np.ndarray:
    """Returns (P,) int32, the number of the task that each player has."""
    group = np.zeros(cfg.players, np.int32)
    for number, task in enumerate(trace.meta["tasks"]):
        group[np.array(task["assignee"]) - 1] = number
    return group


def _terrain(trace: Trace, cfg: Config) -> Terrain:
    states = len(trace) + 1
    base = trace.data["first_materials"].astype(np.int8)
    depleted = recorded.materials(trace) != base
    board = np.asarray(bits.pack(PASSABLE[base]))
    seizer = np.full(states, NOBODY, np.int32)
    seized_at = np.zeros(states, np.int32)
    for t in range(states):
        for _, _, player, tick in trace.rows("seizes", t):
            seizer[t], seized_at[t] = player - 1, tick
    return Terrain(
        material=np.broadcast_to(base, (states, *base.shape)),
        ready_at=np.where(depleted, recorded.DEPLETED_FOR_GOOD, 0).astype(np.int16),
        passable=np.broadcast_to(board, (states, *board.shape)),
        fog=_fog(trace, cfg),
        seizer=seizer,
        seized_at=seized_at,
    )


def _fog(trace: Trace, cfg: Config) -> np.ndarray:
    """Returns (T + 1, H // 2) float32, the fog on each ring.

    The recorded middle row shows it on every ring but those inside the square that stays free,
    where nobody feels it; there it goes on as on the last ring outside.
    """
    rings = cfg.map_size // 2
    fog = trace.data["fog_center_row"][:, :rings].astype(np.float32)
    free = trace.settings["DEATH_FOG_FINAL_SIZE"]
    if trace.settings["DEATH_FOG_ONSET"] is not None:
        outside = rings - free - 1
        fog[:, outside + 1 :] = fog[:, [outside]] - np.arange(1, free + 1)
    return fog


def _body(trace: Trace, cfg: Config) -> Body:
    seen, players = recorded.bodies(trace, cfg), cfg.players
    present = seen["present"]
    died = np.zeros_like(present)
    died[1:, :players] = trace.data["outcomes"][:, :, 2] > 0
    never = (seen["make_mortal_tick"] < 0) & (seen["immortal"] > 0)
    until = np.where(never, NEVER, np.maximum(seen["make_mortal_tick"], 0))
    id_of_row = np.where(np.arange(cfg.entities) < players, np.arange(cfg.entities) + 1, 0)
    return Body(
        id=np.where(present, seen["id"], id_of_row),
        present=present,
        died=died,
        pos=_last_known(_places(trace, seen), present),
        immortal_until=np.where(seen["immortal"] > 0, until, 0)[:, :players].astype(np.int32),
        recon=seen["recon"][:, :players] > 0,
        resilient=seen["resilient"][:, :players] > 0,
        spawn_pos=_last_known(np.stack([seen["spawn_row"], seen["spawn_col"]], -1), present)[
            :, :players
        ],
        **{ours: seen[name] for ours, name in OF_EVERYBODY.items()},
        **{ours: seen[name][:, :players] for ours, name in OF_PLAYERS.items()},
    )


def _places(trace: Trace, seen: dict) -> np.ndarray:
    """Returns (T + 1, E, 2) places; in the first state also of players that died before it."""
    pos = np.stack([seen["row"], seen["col"]], -1)
    for player, row, col in trace.data.get("last_seen", ()):
        pos[0, player - 1] = row, col
    return pos


def _last_known(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Returns the values (T, E, ...) with those of the absent replaced by their last ones.

    Nobody who dies moves in that tick, so the place of a body is its last recorded one.
    """
    tick = np.where(present, np.arange(len(present))[:, None], 0)
    last = np.maximum.accumulate(tick, axis=0)
    return values[last, np.arange(values.shape[1])]


def _npc(trace: Trace, cfg: Config) -> Npc:
    seen, states, npcs = recorded.bodies(trace, cfg), len(trace) + 1, slice(cfg.players, None)
    kind = seen["npc_type"][:, npcs]
    if trace.game == "sandwich":
        kind = np.where(seen["present"][:, npcs], Kind.SOLDIER, 0)
    queue = np.zeros((states, cfg.npcs), np.int32)
    for t, waiting in enumerate(recorded.queues(trace)):
        queue[t, : len(waiting)] = waiting
    wave_tick, wave = recorded.waves(trace)
    return Npc(
        kind=kind.astype(np.int32),
        style=np.maximum(seen["style"][:, npcs], 0),
        target=seen["target"][:, npcs] - 1,  # players alone are targets, 0 is nobody
        ring=recorded.ring_of(seen["spawn_danger_x1e4"][:, npcs], trace.settings["MAP_CENTER"]),
        rally=np.stack([seen["rally_row"], seen["rally_col"]], -1)[:, npcs],
        level=seen["level"][:, npcs],
        gear=seen["offense"][:, npcs],
        item_level=seen["equipment_level"][:, npcs],
        armor=belongings.item_of(seen["drop_armor"][:, npcs]),
        tool=belongings.item_of(seen["drop_tool"][:, npcs]),
        queue=queue,
        queued=np.array([len(waiting) for waiting in recorded.queues(trace)], np.int32),
        spawned=recorded.spawned(trace).astype(np.int32),
        wave_tick=wave_tick.astype(np.int32),
        wave=wave.astype(np.int32),
    )


def params_of(trace: Trace, cfg: Config, env: Env) -> Params:
    """Returns the settings of the recorded episode.

    What the original keeps in its settings and tasks is taken from there; the rest is what our
    declaration of the game says.
    """
    settings, tasks = trace.settings, trace.meta["tasks"]
    game = [game.name for game in env.games].index(trace.game)
    drawn = env.table.draw(jax.random.key(0), game, env.table.first_difficulty(), cfg)
    drawn = jax.tree.map(np.asarray, drawn)
    group = groups(trace, cfg)
    given = {ours: settings[name] for ours, name in SETTING_NAMES.items()}
    onset = settings["DEATH_FOG_ONSET"]
    systems = trace.meta["systems"]
    given |= dict(
        enabled=np.array(systems, bool),
        fog_onset_tick=NEVER if onset is None else onset,
        group=group,
        leader=np.array([min(tasks[number]["assignee"]) - 1 for number in group]),
        difficulty=difficulty(trace),
        team_game=tasks[0]["reward_to"] == "team",
    )
    cast = {name: np.asarray(value, getattr(drawn, name).dtype) for name, value in given.items()}
    return drawn.replace(**cast)


def difficulty(trace: Trace) -> int:
    """Returns the value of the game's adaptive difficulty that was played."""
    kwargs = trace.meta["tasks"][0]["kwargs"]
    if trace.game == "king_of_the_hill":
        return kwargs["num_ticks"]
    if trace.game == "radio_raid":
        return kwargs["num_agent"]
    if trace.game == "race_to_the_center":
        return trace.settings["MAP_CENTER"]
    if trace.game == "sandwich":  # as many inside the circle as outside, in eight places
        return int(trace.data.get("difficulty", recorded.spawned(trace)[0] // 16))
    return 0


def _task(trace: Trace, asked: Task, cfg: Config) -> Task:
    """Returns the tasks: what they ask for by our declaration, how far they are by the record."""
    group, states = groups(trace, cfg), len(trace) + 1
    progress = trace.data["progress"][:, group].astype(np.float32)
    memory = recorded.task_memory(trace)[:, group]
    embedding = np.array([task["embedding"] for task in trace.meta["tasks"]], np.float32)[group]

    def every(leaf):
        return np.broadcast_to(leaf, (states, *leaf.shape))

    return Task(
        predicate=every(asked.predicate),
        args=every(asked.args),
        subject=every(asked.subject),
        watch=None if asked.watch is None else every(asked.watch),
        embedding=every(embedding if cfg.original_embeddings else asked.embedding),
        progress=progress,
        max_progress=memory[..., 0],
        gains=memory[..., 1].astype(np.int32),
        losses=memory[..., 2].astype(np.int32),
        completed_at=np.where(memory[..., 3] < 0, NEVER, memory[..., 3]).astype(np.int32),
        goal=every(asked.goal),
        kind=every(asked.kind),
        hold=every(asked.hold),
        held=every(asked.held),  # 0: none of these games has a task to be held
    )


def _verdict(trace: Trace, cfg: Config) -> Verdict:
    states = len(trace) + 1
    game = np.concatenate([[[0, 0, 0]], trace.data["game"]])
    winners = np.zeros((states, cfg.players), bool)
    if "winners" in trace.data:
        winners[1:] = trace.data["winners"]
    return Verdict(
        winners=winners, score=game[:, 1].astype(np.float32), over=game[:, 2].astype(bool)
    )


def setting_fields(trace: Trace, cfg: Config, env: Env) -> list[Field]:
    """Returns whether our declaration of the game can draw each setting of the episode."""
    params = params_of(trace, cfg, env)
    out = []
    if trace.meta.get("overrides"):
        return out
    for name in SETTING_NAMES:
        value = float(getattr(params, name))
        draw = env.table.numbers.draws[name][int(params.game)]
        allowed = np.array([_can_draw(draw, value)])
        out.append(Field("settings", np.ones_like(allowed), allowed, np.zeros((1, 1), int)))
    return out


def _can_draw(draw: Fitted, value: float) -> bool:
    """Returns whether a setting can have this value, in single precision."""
    if draw.kind in (Chance, Same):
        return True
    if draw.kind is Fixed:
        return np.isclose(draw.low, value, rtol=1e-6)
    if draw.kind is OneOver:
        value = draw.factor / value
    return draw.low - 1e-3 <= value <= draw.high + 1e-3
