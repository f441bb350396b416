"""The rules that rule games out: which rows of choices can be played.

All functions read rows of choices of numpy and of JAX alike, so that the draw inside of a compiled
reset, the codes and the messages follow one set of rules.
"""

import functools

import numpy as np

from metammo_jax.games.universe.axes import columns, library, look_up
from metammo_jax.games.universe.capacity import Capacity
from metammo_jax.games.universe.kinds import NUMBER
from metammo_jax.games.universe.settle import (
    ALONE,
    AND,
    CALLERS,
    CIRCLE,
    FLAGS,
    HILL,
    LAST_TEAM,
    ON_EDGE,
    RECONS,
    SOLDIERS,
    SURVIVOR,
    WAVES,
    amount_of,
    asks_for_kind,
    has_property,
    is_mortal,
)
from metammo_jax.vocab import System


def broken(rows, capacity: Capacity) -> dict:
    """Returns for each rule, in words, (...) bool: do the rows (..., X) break it."""
    chosen = columns(rows)
    return _system_rules(chosen, capacity) | _goal_rules(chosen) | _number_rules(chosen, capacity)


def is_playable(rows, capacity: Capacity):
    """Returns (...) bool: do rows (..., X), settled and canonical, break no rule."""
    return ~functools.reduce(lambda a, b: a | b, broken(rows, capacity).values())


def first_broken(row: np.ndarray, capacity: Capacity | None = None) -> str | None:
    """Returns the first rule, in words, that a row (X,) breaks; None if there is none.

    Without a config, of the rules that are the same at every one.
    """
    rows = row[None]
    rules = _goal_rules(columns(rows)) if capacity is None else broken(rows, capacity)
    return next((rule for rule, breaks in rules.items() if breaks[0]), None)


def _system_rules(chosen: dict, capacity: Capacity) -> dict:
    teams, spawn, on = chosen["teams"], chosen["spawn"], capacity.cfg.systems
    is_alone = teams == ALONE
    never, least = teams < 0, look_up(capacity.smallest, teams)

    def missing(name: str, *systems: System):
        return never if on.issuperset(systems) else chosen[name] > 0

    rows = 2 * look_up(capacity.scaled("difficulty"), chosen["difficulty"])
    rows = rows * look_up(capacity.count, teams)
    return {
        "the config has no teams for this layout": ~look_up(capacity.is_there, teams),
        "the config must have the RESOURCE system": missing("resource", System.RESOURCE),
        "the config must have the COMBAT system": missing("combat", System.COMBAT),
        "the config must have the COMMUNICATION system": missing("words", System.COMMUNICATION),
        "the config must have NPCs and their system": (
            never if capacity.cfg.has_npcs else chosen["npcs"] > 0
        ),
        "the config must have the systems of `crafts`": ~look_up(capacity.crafts, chosen["crafts"]),
        "NPCs need combat": (chosen["npcs"] > 0) & (chosen["combat"] == 0),
        "those who play alone start alone": is_alone & (spawn != ON_EDGE),
        "recons need teams of 4 or more": (spawn == RECONS) & (least < 4),
        "callers need teams of 2 or more": (spawn == CALLERS) & (least < 2),
        "recons and callers need words": (spawn >= RECONS) & (chosen["words"] == 0),
        "callers are there to be found: a part of the goal must be to gather": (
            (spawn == CALLERS) & ~asks_for_kind(chosen, "gather")
        ),
        "teams on a circle need open ground": ((spawn == CIRCLE) & (chosen["ground"] == 0)),
        "soldiers are sent against teams": is_alone & (chosen["npcs"] == SOLDIERS),
        "soldiers must fit into the NPC rows": (
            (chosen["npcs"] == SOLDIERS) & ((rows > capacity.cfg.npcs) | (rows == 0))
        ),
        "where there is hunger, food and water must grow": (
            (chosen["resource"] > 0) & (chosen["scatter"] == 0) & (chosen["ground"] > 0)
        ),
    }


def _goal_rules(chosen: dict) -> dict:
    return _needs_rules(chosen) | _joining_rules(chosen) | _winning_rules(chosen)


def _needs_rules(chosen: dict) -> dict:
    crafts, gathers = chosen["crafts"], asks_for_kind(chosen, "gather")
    scattered = (chosen["spawn"] == ON_EDGE) | (chosen["spawn"] == CALLERS)
    falls = chosen["leader_bound"] > 0
    return {
        "goals of combat need combat": has_property(chosen, "combat") & (chosen["combat"] == 0),
        "goals of food and water need resources": (
            has_property(chosen, "resource") & (chosen["resource"] == 0)
        ),
        "goals about NPCs need NPCs": has_property(chosen, "npcs") & (chosen["npcs"] == 0),
        "goals about skills need progression": has_property(chosen, "skills") & (crafts < 1),
        "goals about items need items": has_property(chosen, "items") & (crafts < 2),
        "goals of teams need teams": has_property(chosen, "team") & (chosen["teams"] == ALONE),
        "who gathers must start scattered": gathers & ~scattered,
        "the dead must come back, lest a team gathers by dying": (
            gathers & is_mortal(chosen) & (chosen["revival"] == 0)
        ),
        "a king's team falls with it": asks_for_kind(chosen, "king") & ~falls,
        "the middle must be free to stand on": (
            asks_for_kind(chosen, "center") & (chosen["mark_center"] == 0)
        ),
    }


def _joining_rules(chosen: dict) -> dict:
    joined = chosen["join"] > 0
    able = look_up(FLAGS["join"], chosen["goal"]) & look_up(FLAGS["join"], chosen["second"])
    ordered = chosen["goal"] < chosen["second"]
    return {
        "this goal cannot be joined with another": joined & ~able,
        "joined goals are two different ones, the earlier of the list first": joined & ~ordered,
        "`everyone` is true at the start: it is only joined by and": (
            has_property(chosen, "only_and") & (chosen["join"] != AND)
        ),
        "one tile at a time can be seized": asks_for_kind(chosen, "hill")
        & asks_for_kind(chosen, "quadrant"),
    }


def _winning_rules(chosen: dict) -> dict:
    referee, falls = chosen["referee"], chosen["leader_bound"] > 0
    is_last, is_back = referee <= LAST_TEAM, chosen["revival"] > 0
    watched = (chosen["spawn"] == RECONS) | (chosen["spawn"] == CALLERS)
    hunts = asks_for_kind(chosen, "kill") | asks_for_kind(chosen, "prey")
    return {
        "to last is decided by who is last": has_property(chosen, "last") & ~is_last,
        "last_survivor is of those who play alone, last_team of teams": (
            is_last & ((referee == SURVIVOR) != (chosen["teams"] == ALONE))
        ),
        "the referee of the hill needs a tile to be seized": (
            (referee == HILL) & ~has_property(chosen, "seize")
        ),
        "who shall be last must be able to die": is_last & ~is_mortal(chosen),
        "who shall be last must not come back": is_last & is_back,
        "who shall be last, or hunted, must not heal faster than it is hurt": (
            (is_last | hunts) & (chosen["health_increment"] > 1)
        ),
        "recons and callers are immortal: nobody can outlive or hunt them": (
            watched & (is_last | asks_for_kind(chosen, "prey") | falls)
        ),
        "prey must not come back": asks_for_kind(chosen, "prey") & is_back,
        "a king falls once": falls & is_back,
    }


def _number_rules(chosen: dict, capacity: Capacity) -> dict:
    return _amount_rules(chosen, capacity) | _time_rules(chosen, capacity)


def _amount_rules(chosen: dict, capacity: Capacity) -> dict:
    teams, where = chosen["teams"], library(chosen["teams"]).where
    center, largest = look_up(capacity.center, chosen["center"]), look_up(capacity.largest, teams)
    foes, acting = capacity.cfg.players - largest, look_up(capacity.smallest, teams)
    acting = where(chosen["spawn"] == RECONS, acting - acting // 4, acting)
    acting = where(chosen["spawn"] == CALLERS, acting - 1, acting)
    killable = where(chosen["revival"] > 0, foes, foes // 2)
    at_once = _asked_below(chosen, capacity, "hit", 2 * largest)
    for kind in ("style", "explore", "travel"):
        at_once |= _asked_below(chosen, capacity, kind, 2 * largest)
    return {
        "what all members can do at once must be asked for twice at least": at_once,
        "there must be enough NPCs to defeat": _asked_above(
            chosen, capacity, "hunt", _npcs(chosen, capacity)
        ),
        "there must be enough foes to kill, twice as many unless they come back": _asked_above(
            chosen, capacity, "kill", killable
        ),
        "the way to the middle must be long enough to explore": _asked_above(
            chosen, capacity, "explore", center // 4 * acting
        ),
        "the square must be large enough to travel": _asked_above(
            chosen, capacity, "travel", center // 2 * acting
        ),
        "to gather must be narrower than a third of the square": _asked_above(
            chosen, capacity, "gather", center // 3
        ),
    }


def _time_rules(chosen: dict, capacity: Capacity) -> dict:
    horizon, center = capacity.cfg.horizon, look_up(capacity.center, chosen["center"])
    hold, fog = 3 * horizon // 4 - center // 2, chosen["fog_onset_tick"] > 0
    final = look_up(capacity.scaled("fog_final_size"), chosen["fog_final_size"])
    earliest = look_up(capacity.scaled("earliest_win"), chosen["earliest_win"])
    return {
        "there must be time to reach the tile and hold it": (
            _asked_above(chosen, capacity, "hill", hold)
            | _asked_above(chosen, capacity, "quadrant", hold)
        ),
        "the fog must leave the tile of a quadrant free": asks_for_kind(chosen, "quadrant") & fog,
        "the fog must close in on something": fog & (final >= center // 2),
        "there must be time to win": 2 * earliest >= horizon,
    }


def _npcs(chosen: dict, capacity: Capacity):
    """Returns (...) int32, how many NPCs there are to defeat."""
    where = library(chosen["npcs"]).where
    natives = look_up(capacity.scaled("npc_population"), chosen["npc_population"])
    soldiers = look_up(capacity.scaled("difficulty"), chosen["difficulty"])
    there = where(chosen["npcs"] == SOLDIERS, soldiers, natives // 2)
    return where(chosen["npcs"] == WAVES, capacity.cfg.npcs, there)


def _asked_above(chosen: dict, capacity: Capacity, kind: str, most):
    """Returns (...) bool: does a part of the goal ask for more of a kind than can be had."""
    wanted = look_up(capacity.amounts[NUMBER[kind]], amount_of(chosen, kind))
    return asks_for_kind(chosen, kind) & (wanted > most)


def _asked_below(chosen: dict, capacity: Capacity, kind: str, least):
    """Returns (...) bool: does a part of the goal ask for less of a kind than makes a game."""
    wanted = look_up(capacity.amounts[NUMBER[kind]], amount_of(chosen, kind))
    return asks_for_kind(chosen, kind) & (wanted < least)
