"""The caption under a picture: what is played, the tick, who lives, who has won."""

import numpy as np

from metammo_jax import query
from metammo_jax.draw.figures import draw_mark, figure
from metammo_jax.draw.palette import GOLD, INK, NPC_LOOK, PAPER, team_colour, team_mark
from metammo_jax.world import World

GROUND = (32, 34, 44)
FAINT = (66, 69, 82)
HEIGHT = 30
"""Pixels of the line of words, whatever the size of its letters."""

CHIPS = 16
"""Teams up to which the caption counts each."""


def caption(pillow, world: World, width: int, title: str | None) -> np.ndarray:
    """Returns (height, width, 3) uint8: a line of words, and a line of teams in team games."""
    words = pillow.Image.fromarray(np.array(_words(pillow, world, width, title)))
    parts = [np.asarray(words)]
    teams = _teams(world)
    if 1 < len(teams) <= CHIPS:
        parts.append(np.asarray(_chips(pillow, world, teams, width)))
    return np.concatenate(parts)


def _words(pillow, world: World, width: int, title: str | None):
    """Returns the picture of the line of words, in the largest letters that fit."""
    alive = world.body.present & (world.body.health > 0)
    players = len(world.params.group)
    living = int(alive[:players].sum())
    texts = [title.replace("_", " ")] if title else []
    texts += [f"tick {int(world.tick)}", f"{living}/{players} alive"]
    kinds = query.npcs(world).kind[alive[players:]]
    counts = [(kind, int((kinds == kind).sum())) for kind in NPC_LOOK]
    counts = [(kind, count) for kind, count in counts if count]
    verdict = _verdict(world)
    for size in range(16, 6, -1):
        font = pillow.ImageFont.load_default(size)
        image = pillow.Image.new("RGB", (width, HEIGHT), GROUND)
        draw = pillow.ImageDraw.Draw(image)
        x, middle = 0.6 * size, HEIGHT // 2
        for text in texts:
            draw.text((x, middle), text, PAPER, font, anchor="lm")
            x += draw.textlength(text, font) + size
        for kind, count in counts:
            icon = figure(*NPC_LOOK[kind], size)
            image.paste(icon, (round(x), middle - size // 2), icon)
            draw.text((x + 1.2 * size, middle), str(count), PAPER, font, anchor="lm")
            x += 1.2 * size + draw.textlength(str(count), font) + 0.8 * size
        need = draw.textlength(verdict, font) if verdict else 0
        colour = GOLD if world.verdict.winners.any() else PAPER
        draw.text((width - 0.6 * size, middle), verdict, colour, font, anchor="rm")
        if x + need <= width:
            break
    return image


def _verdict(world: World) -> str:
    """Returns who has won, in words; nothing while the game goes on."""
    winners = np.flatnonzero(world.verdict.winners)
    if not len(winners):
        return "nobody won" if world.verdict.over else ""
    group = np.asarray(world.params.group)
    if world.params.team_game:
        teams = sorted(set(group[winners].tolist()))
        name = f"team {teams[0]}" if len(teams) == 1 else f"{len(teams)} teams"
    else:
        name = f"player {winners[0]}" if len(winners) == 1 else f"{len(winners)} players"
    return f"{name} won"


def _teams(world: World) -> list[int]:
    if not world.params.team_game:
        return []
    return sorted(set(np.asarray(world.params.group).tolist()))


def _chips(pillow, world: World, teams: list[int], width: int):
    """Returns a picture with the living members of each team in its colour."""
    alive = (world.body.present & (world.body.health > 0))[: len(world.params.group)]
    group, winners = np.asarray(world.params.group), world.verdict.winners
    size = min(14, max(8, width // len(teams) // 2))
    image = pillow.Image.new("RGB", (width, size + 8), GROUND)
    draw, font = pillow.ImageDraw.Draw(image), pillow.ImageFont.load_default(size)
    for index, team in enumerate(teams):
        left, right = (round(width * (index + end) / len(teams)) for end in (0, 1))
        living = int(alive[group == team].sum())
        box = (left + 2, 0, right - 3, size + 3)
        won = bool(winners[group == team].any())
        rim = GOLD if won else team_colour(team) if living else FAINT
        draw.rectangle(box, team_colour(team) if living else GROUND, rim, 1 + won)
        ink = _readable(team_colour(team)) if living else FAINT
        spot = ((left + right) / 2, (size + 4) / 2)
        draw.text(spot, str(living), ink, font, anchor="mm")
        draw_mark(draw, team_mark(team), left + 8, spot[1], 5.5, ink)
    return image


def _readable(colour) -> tuple[int, int, int]:
    """Returns the colour of letters that can be read on this one."""
    return INK if np.dot(colour, (0.3, 0.6, 0.1)) > 110 else PAPER
