"""The original as Meta MMO plays it: its configuration, games, and a few simple policies.

Runs where the package `nmmo` 2.1.2 is installed (Python 3.10, see docs/parity-setup.md); nothing
of it is needed to read what it recorded.
"""

import nmmo
import nmmo.core.config as nc
import numpy as np
from nmmo import minigames
from nmmo.core import game_api
from nmmo.entity.entity import EntityState
from nmmo.task import base_predicates
from nmmo.task.task_spec import TaskSpec, make_task_from_spec

from tests.parity.orders import NOOP, noop_action

PLAYERS = 128
TEAMS = {team: list(range(8 * team + 1, 8 * team + 9)) for team in range(16)}


# Games


def _between(rng, low, high):
    """Returns an integer from low to high - 1."""
    return int(rng.integers(low, high))


def _set(config, **settings):
    for name, value in settings.items():
        config.set_for_episode(name, value)


def fog_world(base, name):
    """Returns survive, team_battle or protect_the_king: the three share one random world."""

    def set_config(self):
        config, rng = self.config, self._np_random
        config.reset()
        _set(
            config,
            MAP_RESET_FROM_FRACTAL=True,
            TERRAIN_WATER=0.1,
            TERRAIN_FOILAGE=0.9,
            TERRAIN_SCATTER_EXTRA_RESOURCES=True,
            DEATH_FOG_FINAL_SIZE=4,
            DEATH_FOG_ONSET=_between(rng, 32, 256),
            DEATH_FOG_SPEED=1 / _between(rng, 7, 12),
            NPC_N=_between(rng, 64, 256),
        )

    return type(name, (base,), {"_set_config": set_config})


class KingOfTheHill(minigames.KingoftheHill):
    """Meta MMO's numbers of the game."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.map_size = 60

    def _set_config(self):
        super()._set_config()
        _set(
            self.config,
            RESOURCE_DEPLETION_RATE=3,
            RESOURCE_RESILIENT_POPULATION=1,
            DEATH_FOG_ONSET=_between(self._np_random, 1, 128),
            DEATH_FOG_SPEED=1 / _between(self._np_random, 8, 20),
        )


class Sandwich(minigames.Sandwich):
    """Meta MMO's numbers of the game."""

    def _set_config(self):
        self._grass_map = bool(self._np_random.random() < 0.2)
        super()._set_config()
        _set(self.config, DEATH_FOG_SPEED=1 / _between(self._np_random, 8, 17))


class MultiTask(game_api.DefaultGame):
    """Everybody draws one task of a small stand-in for the curriculum."""

    EVENTS = (
        "EAT_FOOD", "DRINK_WATER", "SCORE_HIT", "PLAYER_KILL", "HARVEST_ITEM", "EQUIP_ITEM",
        "CONSUME_ITEM", "LEVEL_UP", "EARN_GOLD", "LIST_ITEM", "BUY_ITEM",
    )  # fmt: skip

    def _set_config(self):
        self.config.reset()
        _set(self.config, NPC_N=_between(self._np_random, 64, 256))

    def _define_tasks(self):
        specs = [
            TaskSpec(
                eval_fn=base_predicates.CountEvent, eval_fn_kwargs={"event": event, "N": count}
            )
            for event in self.EVENTS
            for count in (1, 3, 9)
        ]
        chosen = self._np_random.choice(len(specs), size=self.config.PLAYER_N)
        return make_task_from_spec(self.config.POSSIBLE_AGENTS, [specs[i] for i in chosen])


GAMES = {
    "survive": fog_world(game_api.DefaultGame, "Survive"),
    "team_battle": fog_world(game_api.TeamBattle, "TeamBattle"),
    "protect_the_king": fog_world(game_api.ProtectTheKing, "ProtectTheKing"),
    "race_to_the_center": minigames.RacetoCenter,
    "king_of_the_hill": KingOfTheHill,
    "sandwich": Sandwich,
    "comm_together": minigames.CommTogether,
    "radio_raid": minigames.RadioRaid,
    "multi_task": MultiTask,
}

DIALS = {
    "race_to_the_center": "_map_size",
    "king_of_the_hill": "_seize_duration",
    "sandwich": "_inner_npc_num",
    "radio_raid": "_goal_num_npc",
}
"""Where the games that grow harder keep how hard they are."""


class Mini(nc.Medium, nc.Terrain, nc.Resource, nc.Combat, nc.NPC, nc.Communication):
    """Meta MMO's mini configuration."""


class Full(Mini, nc.Progression, nc.Item, nc.Equipment, nc.Profession, nc.Exchange):
    """Meta MMO's full configuration."""


def make_env(game, size, maps_dir, num_maps, difficulty=None, overrides=None):
    """Returns the original's environment with one of Meta MMO's games.

    Args:
      game: name in GAMES.
      size: "mini" or "full".
      maps_dir: folder where its map files are, or are made.
      num_maps: maps to choose from.
      difficulty: value of the game's adaptive difficulty; its first if None.
      overrides: settings that the episode shall have whatever the game draws.
    """
    config = {"mini": Mini, "full": Full}[size]()
    for name, value in _settings(game, maps_dir, num_maps).items():
        config.set(name, value)
    env = nmmo.Env(config)
    played = env.game_packs[0]
    if difficulty is not None:
        setattr(played, DIALS[game], difficulty)
    draw = played._set_config

    def draw_and_override():
        draw()
        _set(config, **(overrides or {}))

    played._set_config = draw_and_override
    return env


def _settings(game, maps_dir, num_maps):
    """Returns the settings of Meta MMO, by the original's names."""
    return dict(
        PROVIDE_ACTION_TARGETS=True,
        PROVIDE_NOOP_ACTION_TARGET=True,
        PROVIDE_DEATH_FOG_OBS=True,
        TASK_EMBED_DIM=16,
        MAP_FORCE_GENERATION=False,
        PLAYER_N=PLAYERS,
        HORIZON=1024,
        MAP_N=num_maps,
        TEAMS=TEAMS,
        PATH_CWD=maps_dir,
        PATH_MAPS="maps",
        MAP_CENTER=128,
        RESOURCE_RESILIENT_POPULATION=0,
        COMBAT_SPAWN_IMMUNITY=20,
        NPC_LEVEL_MULTIPLIER=0.5,
        GAME_PACKS=[(GAMES[game], 1)],
    )


# Policies: what drives an episode. They see only observations.

WITH_NOOP = ("Target", "InventoryItem", "MarketItem")
ENTITY = EntityState.State.attr_name_to_col
WATER, FOILAGE = 1, 4
MIDDLE = (80, 80)


def random_valid(rng, obs):
    """Uniform over every mask."""
    return {
        head: {
            arg: int(rng.choice(np.flatnonzero(mask))) if mask.any() else 0
            for arg, mask in args.items()
        }
        for head, args in obs["ActionTargets"].items()
    }


def random_any(rng, obs):
    """Uniform over all that can be said, masks or no masks."""
    return {
        head: {arg: int(rng.integers(len(mask))) for arg, mask in args.items()}
        for head, args in obs["ActionTargets"].items()
    }


def random_move(rng, obs):
    """Uniform over valid moves, and nothing else."""
    action = noop_action(obs["ActionTargets"])
    moves = np.flatnonzero(obs["ActionTargets"]["Move"]["Direction"])
    action["Move"]["Direction"] = int(rng.choice(moves)) if len(moves) else NOOP["Direction"]
    return action


def _goal(me, tiles, errand):
    """Returns where a forager wants to go: water, then food, then its errand."""
    here = me[[ENTITY["row"], ENTITY["col"]]]
    for need, material in (("water", WATER), ("food", FOILAGE)):
        found = tiles[tiles[:, 2] == material][:, :2]
        if me[ENTITY[need]] < 55 and len(found):
            return found[np.abs(found - here).sum(1).argmin()] - here
    return None if errand is None else np.array(errand) - here


def _take(rng, masks, action, head, probability, *args):
    """Takes a head's action with a probability, uniformly over what its masks allow."""
    if head not in masks or rng.random() >= probability:
        return
    for arg in args:
        mask = masks[head][arg]
        options = np.flatnonzero(mask[: NOOP[arg]] if arg in WITH_NOOP else mask)
        if len(options) == 0:
            action[head] = {name: NOOP[name] for name in masks[head]}
            return
        action[head][arg] = int(rng.choice(options))


def forager(rng, obs, errand=None, temper=0.25):
    """Stays alive long enough to use every game system: eats, drinks, fights, loots, trades.

    Where neither hunger nor thirst calls, it walks at random, or to the errand (row, column); it
    attacks what it can reach with the probability of its temper.
    """
    masks, action = obs["ActionTargets"], noop_action(obs["ActionTargets"])
    me = obs["Entity"][obs["Entity"][:, ENTITY["id"]] == obs["AgentId"]]
    if len(me) == 0:
        return action
    way = _goal(me[0], obs["Tile"], errand)
    moves = masks["Move"]["Direction"][:4].astype(float)
    if way is not None:
        toward = np.array([way[0] < 0, way[0] > 0, way[1] > 0, way[1] < 0], float)
        moves = moves * (0.1 + 4 * toward)
    if moves.sum() > 0 and rng.random() < 0.9:
        action["Move"]["Direction"] = int(rng.choice(4, p=moves / moves.sum()))
    for head, probability, *args in (
        ("Attack", temper, "Style", "Target"),
        ("Use", 0.5, "InventoryItem"),
        ("Sell", 0.15, "InventoryItem", "Price"),
        ("Buy", 0.3, "MarketItem"),
        ("Give", 0.03, "InventoryItem", "Target"),
        ("GiveGold", 0.03, "Price", "Target"),
        ("Destroy", 0.02, "InventoryItem"),
        ("Comm", 0.5, "Token"),
    ):
        _take(rng, masks, action, head, probability, *args)
    if "Sell" in action and rng.random() < 0.7:
        action["Sell"]["Price"] = int(rng.integers(0, 3))  # cheap enough to be bought
    return action


def rusher(rng, obs):
    """A forager on its way to the middle of the map: seizes the hill, wins the race."""
    return forager(rng, obs, errand=MIDDLE)


def fighter(rng, obs):
    """A rusher that rarely lets an attack pass: NPCs in the middle, levels, loot."""
    return forager(rng, obs, errand=MIDDLE, temper=0.9)


def dweller(rng, obs):
    """A forager that never attacks and lives long."""
    return forager(rng, obs, temper=0.0)


POLICIES = {
    policy.__name__: policy
    for policy in (random_valid, random_any, random_move, forager, rusher, fighter, dweller)
}
