"""Records statistics of whole episodes of the original: `python -m tests.parity.record_episodes`.

Writes one JSON object a line, as `tests.parity.episodes` reads them. Each episode has an
environment of its own: the original's event log does not start anew at a reset, and repeats the
last tick of the episode before until the new one is longer. docs/parity-setup.md says how to
install the original.
"""

import argparse
import collections
import json
import os
import tempfile

import numpy as np
from nmmo.entity.entity import EntityState

from tests.parity.original import GAMES, PLAYERS, POLICIES, make_env
from tests.parity.record import live_materials, plain

ENTITY = EntityState.State.attr_name_to_col
LAST_TICK = 1023
LOOKS = {0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512, 640, 768,
         896, LAST_TICK}  # fmt: skip
SKILLS = ("melee", "range", "mage", "fishing", "herbalism", "prospecting", "carving", "alchemy")
PARAMS = (
    "DEATH_FOG_ONSET", "DEATH_FOG_SPEED", "DEATH_FOG_FINAL_SIZE", "NPC_N",
    "PLAYER_HEALTH_INCREMENT", "COMBAT_SPAWN_IMMUNITY", "RESOURCE_DEPLETION_RATE",
    "ALLOW_MOVE_INTO_OCCUPIED_TILE", "TERRAIN_RESET_TO_GRASS",
)  # fmt: skip
PLAYER_KILL = 12


def mean(values):
    """Returns the mean, 0 of nothing."""
    return float(np.mean(values)) if len(values) else 0.0


def look(env, events):
    """Returns what there is to see of a state."""
    rows = EntityState.Query.table(env.realm.datastore)
    players, npcs = rows[rows[:, ENTITY["id"]] > 0], rows[rows[:, ENTITY["id"]] < 0]
    middle = env.config.MAP_SIZE // 2
    place = players[:, [ENTITY["row"], ENTITY["col"]]].astype(int)
    kinds = npcs[:, ENTITY["npc_type"]]
    own = {name: mean(players[:, ENTITY[name]]) for name in ("health", "food", "water", "gold")}
    return {
        "tick": env.realm.tick,
        "alive": len(players),
        **own,
        "dist": mean(np.abs(place - middle).max(-1)) if len(place) else 0.0,
        "npcs": len(npcs),
        "npc_health": mean(npcs[:, ENTITY["health"]]),
        "npc_types": [int((kinds == kind).sum()) for kind in (1, 2, 3)],
        "skills": [mean(players[:, ENTITY[f"{skill}_level"]]) for skill in SKILLS],
        "events": dict(events),
    }


def count(env, events):
    """Adds the events of the last tick."""
    for row in env.realm.event_log.get_data(tick=-1):
        events[str(int(row[3]))] += 1
        if row[3] == PLAYER_KILL:
            events["kill_player" if row[8] > 0 else "kill_npc"] += 1


def materials(env):
    """Returns the tiles of each material inside the playable square, its border included."""
    border = env.config.MAP_BORDER
    side = env.config.MAP_CENTER + 1
    inside = live_materials(env)[border : border + side, border : border + side]
    return np.bincount(inside.reshape(-1).astype(int), minlength=16).tolist()


def episode(game, size, policy, seed, maps, num_maps):
    """Plays an episode under one of the policies and returns its statistics."""
    env = make_env(game, size, maps, num_maps)
    rng, choose = np.random.default_rng(seed), POLICIES[policy]

    def act(obs, _):
        return {agent: choose(rng, obs[agent]) for agent in env.agents}

    return {"game": game, "cfg": size, "policy": policy, "seed": seed, **play(env, seed, act)}


def play(env, seed, act):
    """Plays an episode and returns its statistics.

    Args:
      env: an environment of its own.
      seed: of the episode.
      act: called with the observations and the ids of who died in the tick before; returns the
        actions.
    """
    obs, _ = env.reset(seed=seed)
    events, deaths, died = collections.Counter(), {}, []
    out = {
        "map_center": env.config.MAP_CENTER,
        "map_border": env.config.MAP_BORDER,
        "params": {name: plain(getattr(env.config, name)) for name in PARAMS},
        "materials": materials(env),
        "series": [look(env, events)],
    }
    while env.agents and not env.game.is_over and env.realm.tick < LAST_TICK:
        obs, _, terminated, *_ = env.step(act(obs, died))
        count(env, events)
        died = [agent for agent, dies in terminated.items() if dies]
        for agent in died:
            deaths.setdefault(agent, env.realm.tick)
        if env.realm.tick in LOOKS:
            out["series"].append(look(env, events))
    if out["series"][-1]["tick"] != env.realm.tick:
        out["series"].append(look(env, events))
    ticks, winners = env.realm.tick, env.game.winners or []
    return {
        **out,
        "ticks": ticks,
        "winners": len(winners),
        "lifespan": [deaths.get(player, ticks) for player in range(1, PLAYERS + 1)],
        "score": float(env.game.winning_score or 0),
        "max_progress": [float(task.progress_info["max_progress"]) for task in env.tasks],
    }


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--games", nargs="+", choices=GAMES, default=list(GAMES))
    parser.add_argument("--config", choices=("mini", "full"), default="mini")
    parser.add_argument(
        "--policies", nargs="+", choices=POLICIES, default=["random_valid", "random_move"]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(2000, 2008)))
    parser.add_argument("--num-maps", type=int, default=16)
    parser.add_argument("--maps", default=os.path.join(tempfile.gettempdir(), "nmmo-maps-16"))
    parser.add_argument("--out", required=True, help="file to add the lines to")
    args = parser.parse_args()
    os.makedirs(args.maps, exist_ok=True)
    given = args.config, os.path.join(args.maps, ""), args.num_maps
    for game in args.games:
        for policy in args.policies:
            for seed in args.seeds:
                size, maps, num_maps = given
                found = episode(game, size, policy, seed, maps, num_maps)
                with open(args.out, "a") as file:
                    file.write(json.dumps(found) + "\n")
                print(f"{game} {size} {policy} seed {seed}: {found['ticks']} ticks", flush=True)


if __name__ == "__main__":
    main()
