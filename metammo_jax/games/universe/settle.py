"""What follows from other choices of a drawn game, and what does not matter in it.

The draw makes of random rows what they imply, so that most can be played; a code names a game only
if its choices are those. All functions read rows of choices of numpy and of JAX alike.
"""

import numpy as np

from metammo_jax.games.universe.axes import columns, library, look_up, option, rows_of
from metammo_jax.games.universe.capacity import CRAFTS
from metammo_jax.games.universe.kinds import KINDS, NUMBER
from metammo_jax.vocab import System

ALONE = option("teams", "alone")
ON_EDGE, TOGETHER, CIRCLE, RECONS, CALLERS = range(5)
SURVIVOR, LAST_TEAM, TASK, HILL = range(4)
NATIVES, SOLDIERS, WAVES = 1, 2, 3
AND, OR = 1, 2


def _flags(holds) -> np.ndarray:
    return np.array([bool(holds(kind)) for kind in KINDS])


FLAGS: dict[str, np.ndarray] = {
    "combat": _flags(lambda kind: System.COMBAT in kind.needs),
    "resource": _flags(lambda kind: System.RESOURCE in kind.needs),
    "npcs": _flags(lambda kind: System.NPC in kind.needs),
    "skills": _flags(lambda kind: kind.needs & CRAFTS[1]),
    "items": _flags(lambda kind: kind.needs & (CRAFTS[2] - CRAFTS[1])),
    "team": _flags(lambda kind: kind.needs_team),
    "last": _flags(lambda kind: kind.is_last),
    "join": _flags(lambda kind: kind.can_join),
    "only_and": _flags(lambda kind: kind.only_and),
    "amount": _flags(lambda kind: kind.amounts),
    "seize": _flags(lambda kind: any(kind.places)),
    "new": _flags(lambda kind: kind.is_new),
}
"""For each property of goals, which kinds have it, (K,) bool."""


def has_property(chosen: dict, flag: str):
    """Returns (...) bool: does either part of the goal have a property of `FLAGS`."""
    second = (chosen["join"] > 0) & look_up(FLAGS[flag], chosen["second"])
    return look_up(FLAGS[flag], chosen["goal"]) | second


def asks_for_kind(chosen: dict, kind: str):
    """Returns (...) bool: is either part of the goal of this kind."""
    second = (chosen["join"] > 0) & (chosen["second"] == NUMBER[kind])
    return (chosen["goal"] == NUMBER[kind]) | second


def amount_of(chosen: dict, kind: str):
    """Returns (...) int32, the level of the part of this kind, 0 if there is none."""
    number, where = NUMBER[kind], library(chosen["goal"]).where
    second = where(chosen["second"] == number, chosen["second_amount"], 0)
    return where(chosen["goal"] == number, chosen["amount"], second)


def is_mortal(chosen: dict):
    """Returns (...) bool: can players die."""
    return (chosen["combat"] > 0) | (chosen["fog_onset_tick"] > 0) | (chosen["resource"] > 0)


_HUNGER = ("depletion", "starvation", "dehydration", "resilient_fraction", "regrowth")

FREE = frozenset(
    {
        "amount", "second", "second_amount", "fog_speed", "fog_final_size", "npc_population",
        "neutral_danger", "aggressive_danger", "difficulty", "immunity", "revival_freeze",
        "leader_bound", "min_alive", "earliest_win", "resilience", *_HUNGER,
    }
)  # fmt: skip
"""Axes that do not matter in some games, and are at their first option there."""


def settled(rows):
    """Returns rows in which choices that follow from others are made so.

    What is asked for switches systems on, those who play alone start alone, and the like.
    """
    where = library(rows).where
    chosen = _ordered(columns(rows))
    is_last = has_property(chosen, "last")
    grouped = has_property(chosen, "team") & (chosen["teams"] == ALONE)
    chosen["teams"] = where(grouped, 1, chosen["teams"])
    is_alone = chosen["teams"] == ALONE
    last = where(is_alone, SURVIVOR, LAST_TEAM)
    seizes, gathers = has_property(chosen, "seize"), asks_for_kind(chosen, "gather")
    is_last |= (chosen["referee"] <= LAST_TEAM) & ~gathers
    chosen["referee"] = where(gathers & (chosen["referee"] <= LAST_TEAM), TASK, chosen["referee"])
    chosen["referee"] = where(is_last, last, chosen["referee"])
    chosen["referee"] = where((chosen["referee"] == HILL) & ~seizes, TASK, chosen["referee"])
    falls = where(gathers, 0, chosen["leader_bound"])
    chosen["leader_bound"] = where(asks_for_kind(chosen, "king"), 1, falls)
    chosen["spawn"] = _start(chosen, is_alone, is_last)
    chosen |= _systems(chosen, is_alone)
    on_circle = (chosen["spawn"] == CIRCLE) & (chosen["ground"] == 0)
    chosen["ground"] = where(on_circle, 1, chosen["ground"])
    grows = (chosen["ground"] == 0) | (chosen["scatter"] > 0) | (chosen["resource"] == 0)
    chosen["scatter"] = where(grows, chosen["scatter"], 1)
    chosen["mark_center"] = where(asks_for_kind(chosen, "center"), 1, chosen["mark_center"])
    chosen["fog_onset_tick"] = where(asks_for_kind(chosen, "quadrant"), 0, chosen["fog_onset_tick"])
    stays = is_last | asks_for_kind(chosen, "prey") | ~is_mortal(chosen)
    stays |= chosen["leader_bound"] > 0
    back = where(stays, 0, chosen["revival"])
    chosen["revival"] = where(gathers & is_mortal(chosen) & (back == 0), 2, back)
    frozen = (chosen["revival"] > 0) & (chosen["revival_freeze"] == 0)
    chosen["revival_freeze"] = where(frozen, 1, chosen["revival_freeze"])
    hurts = is_last | asks_for_kind(chosen, "kill") | asks_for_kind(chosen, "prey")
    heals = hurts & (chosen["health_increment"] > 1)
    chosen["health_increment"] = where(heals, 1, chosen["health_increment"])
    short = (chosen["npcs"] == SOLDIERS) & (chosen["difficulty"] == 0)
    chosen["difficulty"] = where(short, 1, chosen["difficulty"])
    return rows_of(chosen)


def _systems(chosen: dict, is_alone) -> dict:
    """Returns the choices of NPCs and systems, which are on where something needs them."""
    where = library(is_alone).where
    npcs = where(has_property(chosen, "npcs") & (chosen["npcs"] == 0), NATIVES, chosen["npcs"])
    npcs = where(is_alone & (npcs == SOLDIERS), NATIVES, npcs)
    fights = has_property(chosen, "combat") | (npcs > 0)
    resource = where(has_property(chosen, "resource"), 1, chosen["resource"])
    speaks = (chosen["spawn"] == RECONS) | (chosen["spawn"] == CALLERS)
    crafts = where(has_property(chosen, "skills") & (chosen["crafts"] == 0), 1, chosen["crafts"])
    return {
        "npcs": npcs,
        "combat": where(fights, 1, chosen["combat"]),
        "resource": resource,
        "words": where(speaks, 1, chosen["words"]),
        "crafts": where(has_property(chosen, "items"), 2, crafts),
    }


def _ordered(chosen: dict) -> dict:
    """Returns choices whose joined goals are two that can be, the earlier of the list first."""
    where = library(chosen["goal"]).where
    goal, second, join = chosen["goal"], chosen["second"], chosen["join"]
    able = look_up(FLAGS["join"], goal) & look_up(FLAGS["join"], second) & (goal != second)
    join = where(able, join, 0)
    join = where((join > 0) & has_property(chosen | {"join": join}, "only_and"), AND, join)
    swap = (join > 0) & (goal > second)
    amounts = chosen["amount"], chosen["second_amount"]
    return chosen | {
        "join": join,
        "goal": where(swap, second, goal),
        "second": where(swap, goal, second),
        "amount": where(swap, amounts[1], amounts[0]),
        "second_amount": where(swap, amounts[0], amounts[1]),
    }


def _start(chosen: dict, is_alone, is_last):
    """Returns (...) int32, where players start so that it goes with the goal."""
    where, spawn = library(is_alone).where, chosen["spawn"]
    gathers = asks_for_kind(chosen, "gather")
    mortal = is_last | asks_for_kind(chosen, "prey") | (chosen["leader_bound"] > 0)
    spawn = where((spawn == RECONS) & gathers, CALLERS, spawn)
    spawn = where((spawn == CALLERS) & ~gathers, RECONS, spawn)
    spawn = where((spawn >= RECONS) & mortal, TOGETHER, spawn)
    return where(is_alone | (gathers & (spawn != CALLERS)), ON_EDGE, spawn)


def canonical(rows):
    """Returns rows in which what does not matter is the first option, so that a game has one code.

    Where there is no fog its speed does not matter, and the like.
    """
    chosen = columns(rows)
    where = library(rows).where
    joined = chosen["join"] > 0
    is_last = chosen["referee"] <= LAST_TEAM
    is_team = chosen["teams"] != ALONE
    fog, hunger = chosen["fog_onset_tick"] > 0, chosen["resource"] > 0
    natives = chosen["npcs"] == NATIVES
    matters = {
        "amount": look_up(FLAGS["amount"], chosen["goal"]),
        "second": joined,
        "second_amount": joined & look_up(FLAGS["amount"], chosen["second"]),
        "fog_speed": fog,
        "fog_final_size": fog,
        "npc_population": natives,
        "neutral_danger": natives | (chosen["npcs"] == WAVES),
        "aggressive_danger": natives | (chosen["npcs"] == WAVES),
        "difficulty": chosen["npcs"] == SOLDIERS,
        "immunity": chosen["combat"] > 0,
        "revival_freeze": chosen["revival"] > 0,
        "leader_bound": is_team,
        "min_alive": ~is_last,
        "earliest_win": is_last,
        **dict.fromkeys(_HUNGER, hunger),
        "resilience": hunger & (chosen["resilient_fraction"] > 0),
    }
    return rows_of(chosen | {name: where(matters[name], chosen[name], 0) for name in FREE})
