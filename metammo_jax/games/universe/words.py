"""Drawn games in plain words."""

import re

import numpy as np

from metammo_jax.config import Config, preset
from metammo_jax.games.base import Minigame
from metammo_jax.games.universe import kinds
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.capacity import capacity_of
from metammo_jax.games.universe.game import choices_of, needs_of, row_of
from metammo_jax.games.universe.settings import scaled
from metammo_jax.vocab import System
from metammo_jax.world import World

_TEAMS = {
    "alone": "{count} players, everybody alone",
    "teams": "{count} teams of {sizes}",
    "pairs": "{count} teams of {sizes}, each of two teams of the config",
    "halves": "Two teams of {sizes}",
    "giant": "One large team against the others: {count} teams of {sizes}",
}

_SPAWN = {
    "alone_on_edge": "Everybody starts somewhere on the edge",
    "teams_on_edge": "Each team starts together on the edge",
    "circle": "The teams start on a circle around the middle",
    "recons": "Each team starts together on the edge, and a quarter of it only watches and speaks",
    "callers": "One of each team stands still at an unknown place and can only speak, the others "
    "start somewhere on the edge",
}

_REFEREE = {
    "last_survivor": "The last player alive wins",
    "last_team": "The last team alive wins, or whoever completes its task",
    "task": "Whoever completes the task first wins",
    "hill": "Whoever completes the task wins; else, at the horizon or when no other team lives, "
    "who seized the tile last",
}

_SCORE = {
    "one": "winning is worth 1",
    "speed": "winning is worth the share of the horizon that is left",
    "speed_and_survival": "winning is worth the mean of the share of the horizon that is left and "
    "the share of winners alive",
}

_NPCS = {
    "none": "No NPCs",
    "natives": "{npc_population} NPCs, the fallen are replaced",
    "soldiers": "{difficulty} NPC soldiers for each team inside the circle and as many outside",
    "waves": "Waves of NPCs, each more dangerous",
}

_GROUND = {
    "wild": "water and stone",
    "open": "little water and stone",
    "wide": "hardly any water and stone",
    "grass": "nothing but grass",
}

_ONE = re.compile(r"(?<![\d.])1 (tile|tick|player|NPC soldier|NPC|item|level)s")
"""Plurals of one."""

_REVIVAL = {1: "on the edge", 2: "anywhere"}


def describe(game: str | World | Minigame | np.ndarray, config: str | Config = "mini") -> str:
    """Returns a drawn game in plain words, one sentence a line.

    Args:
      game: a code, a world that plays a drawn game, a pinned universe, or choices (X,) int32.
      config: sizes by which its numbers are given, as in `make`; that of the world, if it is one.

    Raises:
      ValueError: the code names no game, no game was drawn, or the config is unknown.
    """
    row, cfg = row_of(game) if isinstance(game, str) else choices_of(game), preset(config)
    chosen = {axis.name: axis.options[row[index]] for index, axis in enumerate(AXES)}
    numbers = {a.name: scaled(a, a.values[row[INDEX[a.name]]], cfg) for a in AXES if a.is_setting}
    numbers["center"] = int(capacity_of(cfg).center[row[INDEX["center"]]])
    lines = [
        _teams(chosen, row, cfg, numbers),
        f"{_SPAWN[chosen['spawn']]}.",
        f"Task: {_task(chosen, cfg)}.",
        f"{_REFEREE[chosen['referee']]}; {_SCORE[chosen['score']]}.",
        f"{_NPCS[chosen['npcs']].format(**numbers)}.",
        f"Systems: {_systems(row)}.",
        *_dangers(chosen, numbers),
    ]
    return _ONE.sub(r"1 \1", "\n".join(lines))


def describe_task(choices: np.ndarray, cfg: Config) -> str:
    """Returns what a drawn game asks for, in words, given its choices (X,) int32."""
    chosen = {axis.name: axis.options[i] for axis, i in zip(AXES, choices, strict=True)}
    return _ONE.sub(r"1 \1", _task(chosen, cfg))


def _teams(chosen: dict, row: np.ndarray, cfg: Config, numbers: dict) -> str:
    groups = capacity_of(cfg).groups[row[INDEX["teams"]]]
    if groups is None:
        raise ValueError(f"this config has no teams for the layout {chosen['teams']!r}")
    known = sorted(set(groups.tolist()), reverse=True)
    sizes = " or ".join(map(str, known))
    teams = _TEAMS[chosen["teams"]].format(count=len(groups), sizes=sizes)
    side, ground = numbers["center"], _GROUND[chosen["ground"]]
    extra = ", with extra water and foilage" if numbers["scatter"] else ""
    return f"{teams}, in a square of {side} tiles: {ground}{extra}."


def _task(chosen: dict, cfg: Config) -> str:
    own = "each player by itself shall" if chosen["teams"] == "alone" else "each team shall"
    parts = [kinds.KINDS[kinds.NUMBER[chosen["goal"]]].words(chosen["amount"], cfg)]
    if chosen["join"] != "none":
        second = kinds.KINDS[kinds.NUMBER[chosen["second"]]]
        parts.append(second.words(chosen["second_amount"], cfg))
    joined = f" {chosen['join']} ".join(parts)
    return f"{own} {joined}"


def _systems(row: np.ndarray) -> str:
    on = needs_of(row)
    return ", ".join(system.name.lower() for system in System if system in on)


def _dangers(chosen: dict, numbers: dict) -> list[str]:
    """Returns what hurts, heals and brings back, a sentence each."""
    lines = []
    if chosen["fog_onset_tick"] is not None:
        lines.append(
            f"Fog from tick {numbers['fog_onset_tick']} on, {numbers['fog_speed']:.3g} tiles a "
            f"tick, leaves {numbers['fog_final_size']} tiles around the middle."
        )
    if chosen["resource"] == "on":
        lines.append(
            f"Food and water fall by {numbers['depletion']} a tick; without them a player loses "
            f"{numbers['starvation']} and {numbers['dehydration']} health."
        )
    if numbers["health_increment"]:
        lines.append(f"Everybody heals {numbers['health_increment']} health a tick.")
    if chosen["combat"] == "on" and numbers["immunity"]:
        lines.append(f"No player can be hurt by another in its first {numbers['immunity']} ticks.")
    if chosen["revival"]:
        lines.append(
            f"The dead come back {_REVIVAL[int(chosen['revival'])]}, frozen for "
            f"{numbers['revival_freeze']} ticks."
        )
    if numbers["leader_bound"]:
        lines.append("A team falls with its leader.")
    if numbers["min_alive"]:
        lines.append("The game is over when one player is left.")
    if numbers["earliest_win"]:
        lines.append(f"Nobody wins before tick {numbers['earliest_win']}.")
    if not numbers["share_tiles"]:
        lines.append("No two can stand on one tile.")
    return lines
