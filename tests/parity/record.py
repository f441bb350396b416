"""Records an episode of the original as a trace: `python -m tests.parity.record --out FILE`.

A trace holds, tick by tick, the whole state, what players and NPCs decided, and what came of
it; docs/parity-setup.md says how to install the original, and what the arrays are.
"""

import argparse
import json
import os
import tempfile

import nmmo
import numpy as np
from nmmo.core.action import Attack, Direction, Move, Style, Target
from nmmo.core.tile import TileState
from nmmo.entity.entity import EntityState
from nmmo.lib import astar
from nmmo.systems.item import ItemState

from tests.parity.original import DIALS, GAMES, POLICIES, make_env

ENTITY = EntityState.State.attr_name_to_col
ITEM = ItemState.State.attr_name_to_col
HEADS = [("Attack", "Style"), ("Attack", "Target"), ("Buy", "MarketItem"), ("Comm", "Token"),
         ("Destroy", "InventoryItem"), ("Give", "InventoryItem"), ("Give", "Target"),
         ("GiveGold", "Price"), ("GiveGold", "Target"), ("Move", "Direction"),
         ("Sell", "InventoryItem"), ("Sell", "Price"), ("Use", "InventoryItem")]  # fmt: skip
STYLES = {"Melee": 0, "Range": 1, "Mage": 2}
DIRECTIONS = {"North": 0, "South": 1, "East": 2, "West": 3, "Stay": 4}
PLAYER_EXTRA = ["id", "exploration", "damage_received", "damage_inflicted", "player_kills",
                "immortal", "make_mortal_tick", "recon", "resilient", "spawn_row", "spawn_col",
                "attacker"]  # fmt: skip
NPC_EXTRA = ["id", "style", "target", "attacker", "spawn_row", "spawn_col", "level",
             "equipment_level", "offense", "defense", "drop_armor", "drop_tool",
             "spawn_danger_x1e4", "rally_row", "rally_col"]  # fmt: skip
WIDTHS = {
    "entities": (len(ENTITY), np.int16),
    "items": (len(ITEM), np.int16),
    "players": (len(PLAYER_EXTRA),),
    "npcs": (len(NPC_EXTRA),),
    "listings": (4,),
    "seizes": (4,),
}
"""Columns, and dtype if it is not int32, of a state's tables."""
WAVE_STEP = 0.1
"""By how much the danger of radio_raid's waves rises."""


class Ragged:
    """Rows of a varying number a tick, kept as one array and the offsets of each tick."""

    def __init__(self, width, dtype=np.int32):
        self.rows, self.ends, self.empty = [], [0], np.zeros((0, width), dtype)

    def add(self, rows):
        """Adds the rows of the next tick."""
        rows = np.asarray(rows, self.empty.dtype).reshape(-1, self.empty.shape[1])
        self.rows.append(rows)
        self.ends.append(self.ends[-1] + len(rows))

    def arrays(self, name):
        """Returns the arrays `name` and `name`_ends."""
        return {name: np.concatenate([*self.rows, self.empty]), name + "_ends": np.array(self.ends)}


def ent_id(entity):
    """Returns an entity's id, 0 for none."""
    return 0 if entity is None else entity.ent_id


def player_extra(player):
    """Returns what an entity row leaves out of a player."""
    history = player.history
    return [
        player.ent_id,
        history.exploration,
        history.damage_received,
        history.damage_inflicted,
        history.player_kills,
        player.immortal,
        player._make_mortal_tick or -1,
        player.is_recon,
        player.resources.resilient,
        *player.spawn_pos,
        ent_id(player.attacker),
    ]


def npc_extra(npc):
    """Returns what an entity row leaves out of an NPC."""
    equipment = npc.equipment
    drops = [drop.item.ITEM_TYPE_ID for drop in npc.droptable.drops] if npc.droptable else []
    armor = next((drop for drop in drops if drop in (2, 3, 4)), 0)
    tool = next((drop for drop in drops if drop in (8, 9, 10, 11, 12)), 0)
    style = getattr(npc.skills, "style", None)
    rally = getattr(npc, "rally_point", None) or (-1, -1)
    danger = -1 if npc.spawn_danger is None else round(1e4 * npc.spawn_danger)
    return [
        npc.ent_id, STYLES[style.__name__] if style else -1, ent_id(npc.target),
        ent_id(npc.attacker), *npc.spawn_pos, npc.attack_level,
        equipment.level if equipment else 0, equipment.melee_attack if equipment else 0,
        equipment.melee_defense if equipment else 0, armor, tool, danger, *rally,
    ]  # fmt: skip


def npc_intent(npc_id, intent):
    """Returns what an NPC decided: its id, direction, style, target."""
    move, attack = intent.get(Move), intent.get(Attack)
    direction = move[Direction] if move else None
    return [
        npc_id,
        DIRECTIONS[direction.__name__] if direction else -1,
        STYLES[attack[Style].__name__] if attack else -1,
        ent_id(attack[Target]) if attack else 0,
    ]


def task_memory(task):
    """Returns the most progress, ticks of gain and of loss, and the tick of completion or -1."""
    info = task.progress_info
    completed = -1 if info["completed_tick"] is None else info["completed_tick"]
    counts = info["positive_reward_count"], info["negative_reward_count"]
    return [info["max_progress"], *counts, completed]


class Start:
    """What the first recorded state needs beside itself, when it is not that of the reset."""

    def __init__(self, env, base, last_seen):
        realm, game = env.realm, env.game
        self.paths = dict(realm.map.pathfinding_cache)
        self.used_paths = {}
        self.arrays = {
            "live_materials": live_materials(env),
            "first_materials": base,
            "direction_index": np.array(env._np_random._dir_idx),
            "queue": np.array([round(1e4 * d) for d in realm.npcs.spawn_dangers], np.int32),
            "log": realm.event_log.get_data().astype(np.int32),
            "last_seen": np.array([(i, *pos) for i, pos in last_seen.items()], np.int32),
        }
        if hasattr(game, "inner_npc_num"):
            self.arrays["difficulty"] = np.array(game.inner_npc_num)

    def watch_paths(self, env):
        """Notes which of the paths known at the start are used later."""
        search = astar.aStar

        def watched(realm_map, start, goal, cutoff=astar.CUTOFF):
            if (start, goal) in self.paths:
                self.used_paths[start, goal] = self.paths[start, goal]
            return search(realm_map, start, goal, cutoff)

        astar.aStar = watched

    def result(self):
        """Returns the arrays."""
        paths = [(*start, *goal, *step) for (start, goal), step in self.used_paths.items()]
        return {**self.arrays, "paths": np.array(paths, np.int16).reshape(-1, 6)}


def live_materials(env):
    """Returns the map as it is (agents are shown a copy made at reset)."""
    tiles = TileState.Query.get_map(env.realm.datastore, env.config.MAP_SIZE)
    return tiles[:, :, 2].copy()


def tables(env):
    """Returns the rows of a state's tables: everybody, belongings, the market, seized tiles."""
    realm = env.realm
    listings = realm.exchange._item_listings.items()
    return {
        "entities": EntityState.Query.table(realm.datastore),
        "items": ItemState.Query.table(realm.datastore),
        "players": [player_extra(player) for player in realm.players.values()],
        "npcs": [npc_extra(npc) for npc in realm.npcs.values()],
        "listings": [(i, x.seller.ent_id, x.price, x.tick) for i, x in listings],
        "seizes": [(*pos, *last) for pos, last in realm.seize_status.items()],
    }


def numbers(env):
    """Returns what else a state is, of the same shape in every tick."""
    realm, game = env.realm, env.game
    return {
        "fog_center_row": realm.fog_map[realm.fog_map.shape[0] // 2].astype(np.float32),
        "progress": [task.progress for task in env.tasks],
        "task_memory": [task_memory(task) for task in env.tasks],
        "tick": realm.tick,
        "spawned": -1 - realm.npcs.next_id,
        "wave_tick": getattr(game, "_last_wave_tick", 0),
        "wave": round(getattr(game, "_npc_danger", 0) / WAVE_STEP),
    }


class Recorder:
    """Takes down the states and transitions of an episode."""

    def __init__(self, env, start, obs_agents, obs_every):
        self.env, self.realm = env, env.realm
        self.obs_agents, self.obs_every = obs_agents, obs_every
        self.ragged = {name: Ragged(*kind) for name, kind in WIDTHS.items()}
        self.ragged |= {"tiles": Ragged(3), "intents": Ragged(4), "events": Ragged(9)}
        self.lists = {name: [] for name in (
            "actions", "outcomes", "fog_center_row", "progress", "game", "winners", "tick",
            "spawned", "wave_tick", "wave", "task_memory",
        )}  # fmt: skip
        self.obs, self.materials = {}, live_materials(env)
        self.start = start
        self.start.watch_paths(env)
        self._watch_npcs()

    def _watch_npcs(self):
        decide = type(self.realm.npcs).actions.__get__(self.realm.npcs)

        def watched():
            intents = decide()
            self.ragged["intents"].add([npc_intent(i, a) for i, a in intents.items()])
            return intents

        self.realm.npcs.actions = watched

    def state(self, obs):
        """Takes down the state as it stands, and what a few agents see of it."""
        realm, lists = self.realm, self.lists
        for name, rows in tables(self.env).items():
            self.ragged[name].add(rows)
        now = live_materials(self.env)
        changed = np.argwhere(now != self.materials)
        self.ragged["tiles"].add([(r, c, now[r, c]) for r, c in changed])
        self.materials = now
        for name, value in numbers(self.env).items():
            lists[name].append(value)
        if realm.tick % self.obs_every == 0 or not lists["actions"]:
            self._observations(obs)

    def _observations(self, obs):
        """Takes down what the chosen agents see, also those that died just now."""
        for agent in self.obs_agents:
            if agent not in obs:
                continue
            flat = dict(obs[agent])
            for head, args in flat.pop("ActionTargets").items():
                for arg, mask in args.items():
                    flat[f"ActionTargets.{head}.{arg}"] = mask
            for key, value in flat.items():
                self.obs[f"obs/{self.realm.tick}/{agent}/{key}"] = np.array(value)

    def step(self, actions):
        """Plays a tick and takes down what was done and what came of it."""
        env, players = self.env, self.env.config.PLAYER_N
        row = np.full((players, len(HEADS)), -1, np.int16)
        for agent, action in actions.items():
            for column, (head, arg) in enumerate(HEADS):
                if head in action:
                    row[agent - 1, column] = action[head][arg]
        self.lists["actions"].append(row)
        obs, rewards, terminated, truncated, _ = env.step(actions)
        outcome = np.zeros((players, 4), np.float32)
        for agent in obs:
            outcome[agent - 1] = (1, rewards[agent], terminated[agent], truncated[agent])
        self.lists["outcomes"].append(outcome)
        self.ragged["events"].add(env.realm.event_log.get_data(tick=-1))
        game, won = env.game, np.zeros(players, bool)
        won[np.array(game.winners or [], int) - 1] = True
        self.lists["winners"].append(won)
        self.lists["game"].append([len(game.winners or []), game.winning_score, game.is_over])
        return obs

    def arrays(self):
        """Returns all arrays of the trace."""
        out = {name: np.array(values) for name, values in self.lists.items()}
        for name in ("progress", "task_memory"):
            out[name] = out[name].astype(np.float32)
        for name, ragged in self.ragged.items():
            out.update(ragged.arrays(name))
        return {**out, **self.start.result(), **self.obs}


def plain(value):
    """Returns a value as JSON knows it; what it does not know becomes words."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def describe(env, args):
    """Returns game, settings, tasks and the names of all columns."""
    config = env.config
    settings = {
        key: plain(getattr(config, key)) for key in config.original if not key.startswith("PATH")
    }
    tasks = [
        {
            "predicate": task.spec_name or task.name,
            "kwargs": plain(task.kwargs),
            "assignee": sorted(plain(task.assignee)),
            "reward_to": task.reward_to,
            "embedding": plain(task.embedding.tolist()),
        }
        for task in env.tasks
    ]
    names = ("game", "config", "policy", "seed", "overrides")
    return {
        "nmmo": nmmo.__version__,
        **{name: getattr(args, name) for name in names},
        "settings": settings,
        "tasks": tasks,
        "border": config.MAP_BORDER,
        "entity_columns": list(ENTITY),
        "item_columns": list(ITEM),
        "player_columns": PLAYER_EXTRA,
        "npc_columns": NPC_EXTRA,
        "action_heads": [".".join(head) for head in HEADS],
        "systems": config.system_states,
    }


def split_setting(text):
    """Returns name and value of "NAME=VALUE"."""
    name, _, value = text.partition("=")
    return name, value


def record(args):
    """Plays an episode and writes the wanted ticks of it."""
    maps_dir = os.path.join(args.maps, "")
    os.makedirs(maps_dir, exist_ok=True)
    args.overrides = {name: json.loads(value) for name, value in map(split_setting, args.set)}
    given = args.difficulty, args.overrides
    env = make_env(args.game, args.config, maps_dir, args.num_maps, *given)
    rng, policy = np.random.default_rng(args.seed), POLICIES[args.policy]
    obs, _ = env.reset(seed=args.seed)
    meta, base, recorder, last_seen = describe(env, args), live_materials(env), None, {}
    for tick in range(args.start + args.ticks):
        last_seen.update({i: player.pos for i, player in env.realm.players.items()})
        if tick == args.start:
            agents, start = range(1, 129, args.obs_agents), Start(env, base, last_seen)
            recorder = Recorder(env, start, agents, args.obs_every)
            recorder.state(obs)
        if not env.agents or env.game.is_over:
            break
        actions = {agent: policy(rng, obs[agent]) for agent in env.agents}
        obs = (recorder or env).step(actions)
        if recorder:
            recorder.state(obs)
        else:
            obs = obs[0]
    if recorder is None or not recorder.lists["actions"]:
        raise SystemExit(f"the episode ended at tick {env.realm.tick}, before --start")
    np.savez_compressed(args.out, meta=json.dumps(meta), **recorder.arrays())
    print(
        f"{args.out}: {args.game} {args.config} {args.policy} seed {args.seed}: ticks "
        f"{args.start} to {env.realm.tick}, {env.realm.num_players} players alive, "
        f"{os.path.getsize(args.out) >> 10} KiB"
    )


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--game", choices=GAMES, required=True)
    parser.add_argument("--config", choices=("mini", "full"), default="mini")
    parser.add_argument("--policy", choices=POLICIES, default="forager")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="tick of the first recorded state")
    parser.add_argument("--ticks", type=int, default=128, help="transitions to record")
    parser.add_argument("--difficulty", type=int, help=f"for {', '.join(DIALS)}")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the original that the episode shall have, its value as JSON",
    )
    parser.add_argument("--obs-every", type=int, default=16, help="ticks between observations")
    parser.add_argument("--obs-agents", type=int, default=16, help="every so manieth agent's")
    parser.add_argument("--num-maps", type=int, default=8)
    parser.add_argument("--maps", default=os.path.join(tempfile.gettempdir(), "nmmo-maps"))
    parser.add_argument("--out", required=True)
    record(parser.parse_args())


if __name__ == "__main__":
    main()
