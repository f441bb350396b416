"""Drawing of players and NPCs, their health, and attacks."""

import colorsys
import functools

import numpy as np

from metammo_jax.draw.palette import (
    FROST,
    GOLD,
    INK,
    NPC_LOOK,
    STRIKE,
    player_colours,
    player_marks,
)
from metammo_jax.draw.view import View, pillow_modules
from metammo_jax.world import World

SHAPES = {
    "square": ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)),
    "diamond": ((0.5, 0.05), (0.95, 0.5), (0.5, 0.95), (0.05, 0.5)),
    "triangle": ((0.5, 0.05), (0.97, 0.9), (0.03, 0.9)),
    "shield": ((0.1, 0.12), (0.9, 0.12), (0.9, 0.5), (0.5, 0.97), (0.1, 0.5)),
    "crown": ((0.0, 0.1), (0.25, 0.5), (0.5, 0.0), (0.75, 0.5), (1.0, 0.1), (0.9, 1), (0.1, 1)),
}
"""Corners (x, y) of each shape in a unit square."""

SMOOTH = 6
"""Times larger that figures are drawn before they are shrunk, for smooth edges."""


def draw_strikes(pillow, image, world: World, view: View) -> None:
    """Draws a line from each attacker to its target in the last tick."""
    body, spots = world.body, _spots(world, view)
    alive = body.present & (body.health > 0)
    row_of = {int(body.id[row]): row for row in np.flatnonzero(alive)}
    struck = alive & (body.damage > 0) & (body.combat_tick == world.tick - 1)
    draw = pillow.ImageDraw.Draw(image)
    for row in np.flatnonzero(struck):
        source = row_of.get(int(body.attacker[row]))
        if source is not None and body.attacker[row] != 0:
            line = (*spots[source], *spots[row])
            draw.line(line, STRIKE, max(1, view.scale // 4))


def draw_figures(pillow, image, world: World, view: View) -> None:
    """Draws living NPCs and players, health bars and crowns."""
    body, spots = world.body, _spots(world, view)
    players, size = len(world.params.group), round(0.95 * view.scale) + 4
    alive = np.flatnonzero(body.present & (body.health > 0))
    order = alive[np.lexsort((spots[alive, 1], alive < players))]
    for row, look in zip(order, _looks(world, order), strict=True):
        _paste(image, figure(*look[:3], size, look[3]), *spots[row])
    draw = pillow.ImageDraw.Draw(image)
    for row in order:
        if body.health[row] < 100 and view.scale >= 4:
            _draw_bar(draw, spots[row, 0], spots[row, 1] + 0.55 * size, size, int(body.health[row]))
    leads = world.params.leader_bound & (world.params.leader == np.arange(players))
    for row in order[order < players]:
        if leads[row]:
            crown = figure("crown", GOLD, INK, max(5, round(0.8 * size)))
            _paste(image, crown, spots[row, 0], spots[row, 1] - 0.6 * size)


def _looks(world: World, rows: np.ndarray) -> list[tuple]:
    """Returns shape, colour, rim and mark of the figure of each row."""
    body, colours, looks = world.body, player_colours(world), []
    marks = player_marks(world)
    for row in rows:
        if row >= len(colours):
            looks.append((*NPC_LOOK.get(int(world.npc.kind[row - len(colours)]), NPC_LOOK[1]), 0))
        elif body.recon[row]:
            looks.append(("ring", colours[row], INK, 0))
        else:
            rim = FROST if body.freeze[row] > 0 else INK
            looks.append(("disc", colours[row], rim, marks[row]))
    return looks


def _paste(image, figure_image, x: float, y: float) -> None:
    """Puts a small picture around x, y, moved inward where it would leave the large one."""
    spot = (round(x - figure_image.width / 2), round(y - figure_image.height / 2))
    limit = (image.width - figure_image.width, image.height - figure_image.height)
    inside = (min(max(at, 0), most) for at, most in zip(spot, limit, strict=True))
    image.alpha_composite(figure_image, tuple(inside))


def _draw_bar(draw, x: float, y: float, width: int, health: int) -> None:
    """Draws a bar of health: green where there is much, red where there is little."""
    share, height = max(0.0, health / 100), max(1, width // 6)
    left, top = round(x - width / 2), round(y)
    colour = tuple(int(255 * c) for c in colorsys.hsv_to_rgb(share / 3, 0.9, 1.0))
    draw.rectangle((left, top, left + width - 1, top + height), INK)
    filled = max(1, round(share * (width - 1)))
    draw.rectangle((left, top, left + filled - 1, top + height - (height > 1)), colour)


def _spots(world: World, view: View) -> np.ndarray:
    """Returns (E, 2) pixels x, y of everybody; those that share a tile are fanned out."""
    body = world.body
    spots, taken = view.center(body.pos).astype(float), {}
    for row in np.flatnonzero(body.present & (body.health > 0)):
        place = tuple(body.pos[row])
        rank = taken[place] = taken.get(place, -1) + 1
        angle, radius = 2.4 * rank, 0.42 * view.scale * np.sqrt(rank)
        spots[row] += radius * np.cos(angle), radius * np.sin(angle)
    return spots


@functools.lru_cache(maxsize=1024)
def figure(shape: str, colour, rim, size: int, mark: int = 0):
    """Returns a small picture with transparent ground, drawn large and shrunk.

    Args:
      shape: "disc", "ring", or one of `SHAPES`.
      colour: red, green, blue.
      rim: the same.
      size: pixels a side.
      mark: of a disc, see `palette.team_mark`.
    """
    pillow, large = pillow_modules(), size * SMOOTH
    image = pillow.Image.new("RGBA", (large, large), (*rim, 0))
    draw, line = pillow.ImageDraw.Draw(image), max(SMOOTH, large // 9)
    box = (1, 1, large - 2, large - 2)
    if shape == "disc":
        draw.ellipse(box, (*colour, 255), (*rim, 255), line)
        draw_mark(draw, mark, large / 2, large / 2, large / 2, INK)
    elif shape == "ring":
        draw.ellipse(box, (*rim, 110), (*rim, 255), 4 * line)
        draw.ellipse(tuple(np.add(box, (line, line, -line, -line))), None, (*colour, 255), 2 * line)
    else:
        corners = [(x * (large - 1), y * (large - 1)) for x, y in SHAPES[shape]]
        draw.polygon(corners, (*colour, 255))
        draw.line([*corners, *corners[:2]], (*rim, 255), line, joint="curve")
    return image.resize((size, size), pillow.Image.Resampling.BOX)


def draw_mark(draw, mark: int, x: float, y: float, radius: float, colour) -> None:
    """Draws the mark of a team, a dot (1) or a bar (2), into a disc around x, y."""
    if mark == 1:
        half = 0.36 * radius
        draw.ellipse((x - half, y - half, x + half, y + half), colour)
    elif mark == 2:
        draw.rectangle(
            (x - 0.7 * radius, y - 0.2 * radius, x + 0.7 * radius, y + 0.2 * radius), colour
        )
