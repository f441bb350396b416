"""Makes the pictures of the README: `python docs/make_images.py`."""

from pathlib import Path

import jax
import numpy as np
from PIL import Image

import metammo_jax as mm

FOLDER = Path(__file__).parent / "images"
TICK = 40
TILE_SIDE = 380
"""Pixels a side of a game in the overview."""


def film() -> None:
    """One episode of king_of_the_hill under random actions."""
    env = mm.make("king_of_the_hill")
    worlds = mm.record(env, jax.random.key(7), ticks=72)
    mm.animate(worlds, FOLDER / "king_of_the_hill.gif", fps=8, scale=5, title="king_of_the_hill")


def overview() -> None:
    """One moment of each game, side by side."""
    env = mm.make(list(mm.games.GAMES))
    cells = []
    for seed, game in enumerate(env.games):
        world = mm.record(env, jax.random.key(seed), ticks=TICK, game=game.name)[-1]
        side = int(world.params.center) + 1
        scale = max(2, TILE_SIDE // side)
        picture = Image.fromarray(mm.render(world, env.cfg, scale=scale, title=game.name))
        height = round(picture.height * TILE_SIDE / picture.width)
        cells.append(np.asarray(picture.resize((TILE_SIDE, height))))
    height = max(cell.shape[0] for cell in cells)
    cells = [np.pad(cell, ((0, height - cell.shape[0]), (6, 6), (0, 0))) for cell in cells]
    rows = [np.concatenate(cells[i : i + 4], axis=1) for i in (0, 4)]
    Image.fromarray(np.concatenate(rows)).save(FOLDER / "games.png", optimize=True)


def moments() -> None:
    """Four moments of one episode of sandwich."""
    env = mm.make(mm.games.sandwich(inner_npcs=8, all_grass=False, fog_speed=1 / 8))
    worlds = mm.record(env, jax.random.key(5), ticks=48)
    picture = mm.strip(worlds[::16], scale=4, title="sandwich")
    Image.fromarray(picture).save(FOLDER / "sandwich.png", optimize=True)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    film()
    overview()
    moments()
