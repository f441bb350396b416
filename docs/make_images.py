"""Makes the pictures of the README: `python docs/make_images.py`."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

import metammo_jax as mm
from metammo_jax.agents import load
from metammo_jax.vocab import Tile

FOLDER = Path(__file__).parent / "images"
TICK = 40
TILE_SIDE = 380
"""Pixels a side of a game in the overview."""


def film() -> None:
    """One trained agent in four games at once."""
    agent = load("generalist-tiny")
    games = ("king_of_the_hill", "team_battle", "protect_the_king", "sandwich")
    films = [scenes(agent, game, key) for key, game in enumerate(games)]
    height = max(frame.height for film in films for frame in film)
    frames = []
    for tick in range(TICKS):
        frame = Image.new("RGB", (sum(film[0].width for film in films) + 6 * 3, height), "white")
        left = 0
        for film in films:
            frame.paste(film[min(tick, len(film) - 1)], (left, 0))
            left += film[0].width + 6
        frames.append(frame)
    sample = Image.new("RGB", (frames[0].width, 3 * height))
    for place in range(3):
        sample.paste(frames[place * (TICKS - 1) // 2], (0, place * height))
    palette = sample.quantize(96)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    frames[0].save(
        FOLDER / "generalist.gif", save_all=True, append_images=frames[1:], duration=125, loop=0
    )


TICKS = 56
"""Ticks of the film."""

WIDTH = 200
"""Pixels of a game in the film."""


def scenes(agent, game: str, key: int) -> list[Image.Image]:
    """Returns the pictures of an episode, one a tick."""
    env = agent.make(game)
    agent.player.restart()
    replay = mm.record(env, jax.random.key(key), agent.player, ticks=TICKS)
    scale = round(WIDTH / (int(replay[0].params.center) + 2))
    pictures = [
        Image.fromarray(mm.render(world, env.cfg, scale=scale, title=game)) for world in replay
    ]
    height = round(pictures[0].height * WIDTH / pictures[0].width)
    return [one.convert("RGB").resize((WIDTH, height)) for one in pictures]


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


def new_games() -> None:
    """One moment of each of our own games, at `tiny`, played by their scripts."""
    cells = []
    for config, names in (("tiny", mm.games.NEW_GAMES), ("tiny_full", mm.games.TRADE_GAMES)):
        env = mm.make(list(names), config=config)
        for game, world in zip(env.games, scripted_worlds(env), strict=True):
            scale = max(2, CELL // (int(world.params.center) + 1))
            picture = Image.fromarray(mm.render(world, env.cfg, scale=scale, title=game.name))
            height = round(picture.height * CELL / picture.width)
            cells.append(np.asarray(picture.convert("RGB").resize((CELL, height))))
    height = max(cell.shape[0] for cell in cells)
    cells = [np.pad(cell, ((0, height - cell.shape[0]), (4, 4), (0, 0))) for cell in cells]
    rows = [np.concatenate(cells[i : i + 5], axis=1) for i in range(0, len(cells), 5)]
    Image.fromarray(np.concatenate(rows)).save(FOLDER / "new_games.png", optimize=True)


CELL, MOMENT = 260, 26
"""Pixels a side of one of our own games, and the tick that is shown."""


def scripted_worlds(env) -> list:
    """Returns a world of each game of an environment, after some ticks of scripted play."""
    from benchmarks.scripted import Code, actions  # of a checkout, not of the package

    codes = jnp.full(env.cfg.players, Code.SCRIPTED, jnp.int32)

    @jax.jit
    @jax.vmap
    def play(key, game):
        reset_key, key = jax.random.split(key)

        def tick(carry, key):
            act_key, step_key = jax.random.split(key)
            return env.step(step_key, carry[1], actions(env, act_key, *carry, codes))[:2], None

        keys = jax.random.split(key, MOMENT)
        return jax.lax.scan(tick, env.reset(reset_key, game), keys)[0][1]

    count = len(env.games)
    worlds = jax.device_get(play(jax.random.split(jax.random.key(1), count), jnp.arange(count)))
    return [jax.tree.map(lambda leaf, i=i: leaf[i], worlds) for i in range(count)]


def moments() -> None:
    """Four moments of one episode of sandwich."""
    env = mm.make(mm.games.sandwich(inner_npcs=8, all_grass=False, fog_speed=1 / 8))
    replay = mm.record(env, jax.random.key(5), ticks=48)
    picture = mm.strip(replay[::16], scale=4, title="sandwich")
    Image.fromarray(picture).save(FOLDER / "sandwich.png", optimize=True)


def own_map() -> None:
    """A game on a map of one's own."""
    # Random players eat and drink little.
    game = mm.games.team_battle(depletion=0, fog_onset_tick=40)
    env = mm.make(game, maps=fortress()[None])
    world = mm.record(env, jax.random.key(3), ticks=80)[-1]
    picture = mm.render(world, scale=4, title="team_battle")
    Image.fromarray(picture).save(FOLDER / "own_map.png", optimize=True)


def fortress() -> np.ndarray:
    """Returns (160, 160) int8: the map of docs/worlds.md."""
    off = np.arange(160) - 80
    row, col = np.meshgrid(off, off, indexing="ij")
    ring = np.maximum(abs(row), abs(col))
    tiles = np.full(ring.shape, Tile.GRASS, np.int8)
    tiles[(ring > 24) & (ring <= 30)] = Tile.WATER
    tiles[ring == 16] = Tile.STONE
    tiles[(row + col) % 12 == 0] = Tile.FOILAGE
    tiles[np.hypot(abs(row) - 44, abs(col) - 44) < 9] = Tile.WATER
    tiles[(ring > 10) & (np.minimum(abs(row), abs(col)) <= 3)] = Tile.GRASS
    return tiles


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    film()
    overview()
    new_games()
    moments()
    own_map()
