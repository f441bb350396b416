"""Times the original, Neural MMO 2.1.2, for `benchmarks.reference`.

It runs by itself: it needs the package `nmmo` (Python 3.8 to 3.10) and nothing of this project.
It prints a line of JSON when it is ready, and then, for each line that it reads, plays some ticks
and prints how that went. In workload "moves" they are the first ticks of a fresh episode. The
clock runs only while the original's `step` does: drawing actions and resets are not timed, and
agents give no action but a move, which is the least work for it. In workload "valid" agents draw
every action uniformly from its mask, and play goes on from one line to the next, with a reset when
a game is over; the clock runs while `step` and `reset` do, drawing actions is not timed.

Settings are those of Meta MMO, arXiv 2406.05071, as in `metammo_jax.games.catalog`.
"""

import argparse
import json
import os
import random
import sys
import time

import nmmo
import nmmo.core.config as presets
from nmmo import minigames
from nmmo.core import game_api
from nmmo.systems import item, skill
from nmmo.task import base_predicates as predicates
from nmmo.task import task_spec

PLAYERS = 128
TEAM = 8

ORIGINAL_SETTINGS = {
    "PLAYER_N": PLAYERS,
    "TEAMS": {team: list(range(TEAM * team + 1, TEAM * team + TEAM + 1)) for team in range(16)},
    "HORIZON": 1024,
    "MAP_CENTER": 128,
    "MAP_FORCE_GENERATION": False,
    "TASK_EMBED_DIM": 16,
    "PROVIDE_ACTION_TARGETS": True,
    "PROVIDE_NOOP_ACTION_TARGET": True,
    "PROVIDE_DEATH_FOG_OBS": True,
    "RESOURCE_RESILIENT_POPULATION": 0,
    "COMBAT_SPAWN_IMMUNITY": 20,
    "NPC_LEVEL_MULTIPLIER": 0.5,
}
"""What Meta MMO changes in the original's medium preset, for all games."""


class Mini(
    presets.Medium,
    presets.Terrain,
    presets.Resource,
    presets.Combat,
    presets.NPC,
    presets.Communication,
):
    """The five systems of the mini configuration."""


class Full(
    Mini,
    presets.Progression,
    presets.Item,
    presets.Equipment,
    presets.Profession,
    presets.Exchange,
):
    """All ten systems."""


CONFIGS = {"mini": Mini, "full": Full}


class MultiTask(game_api.DefaultGame):
    """Everybody draws a task; a few kinds of them stand for the curriculum."""

    def _define_tasks(self):
        kinds = [
            task_spec.TaskSpec(predicates.CountEvent, {"event": "EAT_FOOD", "N": 9}),
            task_spec.TaskSpec(
                predicates.AttainSkill, {"skill": skill.Melee, "level": 5, "num_agent": 1}
            ),
            task_spec.TaskSpec(
                predicates.HarvestItem, {"item": item.Whetstone, "level": 1, "quantity": 5}
            ),
            task_spec.TaskSpec(predicates.EarnGold, {"amount": 20}),
            task_spec.TaskSpec(predicates.TickGE, {"num_tick": 500}),
        ]
        drawn = self._np_random.choice(len(kinds), len(self.config.POSSIBLE_AGENTS))
        chosen = [kinds[kind] for kind in drawn]
        return task_spec.make_task_from_spec(self.config.POSSIBLE_AGENTS, chosen)


def shrinking(base, draw):
    """Returns a game class whose episodes begin with the settings that `draw(randint)` gives."""

    class Drawn(base):
        def _set_config(self):
            super()._set_config()
            generator = self._np_random

            def randint(low, high):
                return int(generator.integers(low, high + 1))

            for name, value in draw(randint).items():
                self.config.set_for_episode(name, value)

    Drawn.__name__ = base.__name__
    return Drawn


def closing_in(randint):
    """Returns settings of survive, team_battle and protect_the_king: fog, few obstacles, NPCs."""
    return {
        "MAP_RESET_FROM_FRACTAL": True,
        "TERRAIN_SCATTER_EXTRA_RESOURCES": True,
        "TERRAIN_WATER": 0.1,
        "TERRAIN_FOILAGE": 0.9,
        "DEATH_FOG_ONSET": randint(32, 255),
        "DEATH_FOG_SPEED": 1 / randint(7, 11),
        "DEATH_FOG_FINAL_SIZE": 4,
        "NPC_N": randint(64, 255),
    }


def with_npcs(randint):
    """Returns settings of multi_task: the number of NPCs."""
    return {"NPC_N": randint(64, 255)}


def on_the_hill(randint):
    """Returns settings of king_of_the_hill."""
    return {
        "MAP_CENTER": 60,
        "RESOURCE_DEPLETION_RATE": 3,
        "RESOURCE_RESILIENT_POPULATION": 1,
        "DEATH_FOG_ONSET": randint(1, 127),
        "DEATH_FOG_SPEED": 1 / randint(8, 19),
    }


def between_two_fires(randint):
    """Returns settings of sandwich."""
    return {
        "TERRAIN_RESET_TO_GRASS": randint(1, 5) == 1,
        "DEATH_FOG_SPEED": 1 / randint(8, 16),
    }


GAMES = {
    "survive": shrinking(game_api.DefaultGame, closing_in),
    "team_battle": shrinking(game_api.TeamBattle, closing_in),
    "protect_the_king": shrinking(game_api.ProtectTheKing, closing_in),
    "race_to_the_center": minigames.RacetoCenter,
    "king_of_the_hill": shrinking(minigames.KingoftheHill, on_the_hill),
    "sandwich": shrinking(minigames.Sandwich, between_two_fires),
    "comm_together": minigames.CommTogether,
    "radio_raid": minigames.RadioRaid,
    "multi_task": shrinking(MultiTask, with_npcs),
}


def make(game, config, folder, maps):
    """Returns the original's environment; its maps are made in `folder` if they are not there."""
    config = CONFIGS[config]()
    for name, value in ORIGINAL_SETTINGS.items():
        config.set(name, value)
    config.set("MAP_N", maps)
    config.set("PATH_CWD", os.path.join(folder, ""))
    config.set("PATH_MAPS", "maps")
    config.set("GAME_PACKS", [(GAMES[game], 1)])
    return nmmo.Env(config)


class Moves:
    """Plays the first ticks of a fresh episode, again and again; everybody walks at random."""

    def __init__(self, env, seed):
        self.env, self.seed, self.rng = env, 1000 * seed, random.Random(seed)

    def play(self, ticks):
        """Plays.

        Returns:
          living: steps of agents alive when a tick began; slots: of all; seconds: spent in `step`;
          ended: games that were over.
        """
        self.env.reset(seed=self.seed)
        self.seed += 1
        living = played = 0
        seconds = 0.0
        for _ in range(ticks):
            alive = list(self.env.realm.players)
            if self.env.game.is_over or not alive:
                break
            move = self.rng.randrange
            actions = {agent: {"Move": {"Direction": move(4)}} for agent in alive}
            seconds += timed(self.env.step, actions)[0]
            living += len(alive)
            played += 1
        ended = int(self.env.game.is_over)
        return {"living": living, "slots": PLAYERS * played, "seconds": seconds, "ended": ended}


class Valid:
    """Plays on through episodes; everybody draws uniformly from all masks."""

    def __init__(self, env, seed):
        self.env, self.seed, self.rng = env, 1000 * seed, random.Random(seed)
        self.obs, _ = env.reset(seed=self.seed)

    def play(self, ticks):
        """Plays; returns the same as `Moves`, but that seconds are those of resets too."""
        env, living, ended, seconds = self.env, 0, 0, 0.0
        for _ in range(ticks):
            alive = [agent for agent in env.realm.players if agent in self.obs]
            actions = {agent: self.draw(self.obs[agent]["ActionTargets"]) for agent in alive}
            spent, (self.obs, *_) = timed(env.step, actions)
            seconds += spent
            living += len(alive)
            if env.game.is_over or not env.realm.players:
                ended, self.seed = ended + 1, self.seed + 1
                spent, (self.obs, _) = timed(env.reset, seed=self.seed)
                seconds += spent
        return {"living": living, "slots": PLAYERS * ticks, "seconds": seconds, "ended": ended}

    def draw(self, masks):
        """Returns an action of one agent, uniform over what each of its masks allows."""
        return {
            head: {name: self.pick(mask) for name, mask in arguments.items()}
            for head, arguments in masks.items()
        }

    def pick(self, mask):
        """Returns an allowed index, 0 if there is none."""
        (allowed,) = mask.nonzero()
        return int(allowed[self.rng.randrange(len(allowed))]) if len(allowed) else 0


WORKLOADS = {"moves": Moves, "valid": Valid}


def timed(function, *args, **options):
    """Returns seconds that a call took, and its result."""
    start = time.perf_counter()
    result = function(*args, **options)
    return time.perf_counter() - start, result


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--game", choices=GAMES, required=True)
    parser.add_argument("--config", choices=CONFIGS, default="mini")
    parser.add_argument("--ticks", type=int, default=24)
    parser.add_argument("--workload", choices=WORKLOADS, default="moves")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", required=True, help="where the maps are, or are made")
    parser.add_argument("--maps", type=int, default=4)
    parser.add_argument("--core", type=int, help="the core to run on")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    env = make(options.game, options.config, options.folder, options.maps)
    player = WORKLOADS[options.workload](env, options.seed)
    print(json.dumps({"nmmo": nmmo.__version__}), flush=True)
    for _ in sys.stdin:
        print(json.dumps(player.play(options.ticks)), flush=True)


if __name__ == "__main__":
    main()
