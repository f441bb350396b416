"""The colours of players, teams, NPCs and attacks: one source for pictures, charts and the viewer.

Teams have the eight colours of Okabe and Ito, which the colour-blind can tell apart; teams 8 to 15
have them again with a dot, the next eight with a bar.
"""

import colorsys
from typing import Any

import numpy as np

from metammo_jax.vocab import Kind
from metammo_jax.world import World

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""

GOLD: Colour = (255, 208, 72)
INK: Colour = (18, 18, 24)
PAPER: Colour = (236, 236, 240)
FROST: Colour = (206, 236, 255)

TEAMS: tuple[Colour, ...] = (
    (0, 114, 178), (213, 94, 0), (240, 228, 66), (86, 180, 233),
    (204, 121, 167), (0, 158, 115), (230, 159, 0), (242, 242, 242),
)  # fmt: skip
"""Okabe and Ito's colours, white instead of black: black has no contrast on the map."""

MARKS = 3
"""No mark, a dot, a bar."""

STRIKE, ARROW, SPELL = (255, 84, 64), (255, 224, 138), (143, 208, 255)
STYLES: tuple[Colour, ...] = (STRIKE, ARROW, SPELL)
"""Lines of attacks, by `vocab.Style`; they differ in lightness too."""

NPC_LOOK: dict[int, tuple[str, Colour, Colour]] = {
    Kind.PASSIVE: ("square", (228, 222, 202), INK),
    Kind.NEUTRAL: ("diamond", (246, 192, 74), INK),
    Kind.AGGRESSIVE: ("triangle", (226, 52, 44), INK),
    Kind.SOLDIER: ("shield", (52, 20, 30), (255, 120, 96)),
}
"""Shape, colour and rim of each kind of NPC."""


def team_colour(team: int) -> Colour:
    """Returns the colour of a team; every eighth has the same, with another mark."""
    return TEAMS[team % len(TEAMS)]


def team_mark(team: int) -> int:
    """Returns the mark of a team: 0 for none, 1 for a dot, 2 for a bar."""
    return team // len(TEAMS) % MARKS


def player_colours(world: World) -> list[Colour]:
    """Returns the colour of each player: of its team, or shades of orange where all are alone."""
    group = np.asarray(world.params.group)
    if world.params.team_game:
        return [team_colour(int(team)) for team in group]
    shade = np.arange(len(group)) * 0.618 % 1
    shades = [colorsys.hsv_to_rgb(0.06 + 0.09 * s, 0.95 - 0.35 * s, 1.0) for s in shade]
    return [(int(255 * red), int(255 * green), int(255 * blue)) for red, green, blue in shades]


def player_marks(world: World) -> list[int]:
    """Returns the mark of each player: of its team, or 0 where all are alone."""
    group = np.asarray(world.params.group)
    return [team_mark(int(team)) if world.params.team_game else 0 for team in group]


def hexadecimal(colour: Colour) -> str:
    """Returns a colour as CSS and matplotlib read it, such as "#0072b2"."""
    return "#" + "".join(f"{part:02x}" for part in colour)


def as_json(world: World) -> dict[str, Any]:
    """Returns all colours of a world for a page: players, marks, teams, NPCs, styles."""
    return dict(
        players=[hexadecimal(colour) for colour in player_colours(world)],
        marks=player_marks(world),
        teams=[hexadecimal(colour) for colour in TEAMS],
        npcs={
            int(kind): dict(shape=shape, fill=hexadecimal(fill), rim=hexadecimal(rim))
            for kind, (shape, fill, rim) in NPC_LOOK.items()
        },
        styles=[hexadecimal(colour) for colour in STYLES],
    )
