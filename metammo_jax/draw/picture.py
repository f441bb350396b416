"""Pictures of worlds, with numpy and pillow: for looking, never part of a step.

    image = render(world)                              # (height, width, 3) uint8
    replay = mm.record(env, jax.random.key(0))         # one episode
    animate(replay, "episode.gif", fps=8)
    picture = strip(replay[::16])                      # a few ticks side by side

How to read them: discs are players, coloured by team (in one family of colours where everybody
plays alone), with a bar under those that are hurt; a crown marks a leader with whom a team
falls, a ring a player that only watches, a pale rim one that is frozen. Squares are passive NPCs,
diamonds neutral, triangles aggressive ones, and dark shields soldiers. Several on one tile are
fanned out around it. A red line goes from who struck to who was hurt in the last tick. Violet is
the death fog; the dashed square is what it will leave free. A reticle marks the middle where a
game has something there, in the colour of the team that holds it.
"""

import io
import pathlib
import types

import jax
import numpy as np

from metammo_jax.draw.caption import caption
from metammo_jax.draw.figures import draw_figures, draw_strikes
from metammo_jax.draw.ground import draw_marks, ground
from metammo_jax.draw.view import View, pillow_modules
from metammo_jax.lib import checks
from metammo_jax.world import World


def render(
    world: World,
    cfg=None,
    scale: int | None = None,
    crop: bool = True,
    title: str | None = None,
) -> np.ndarray:
    """Returns a picture of one world.

    Args:
      world: one World, without a batch axis.
      cfg: its Config; the arrays' own sizes if None.
      scale: pixels a side of a tile; chosen for a picture of 320 to 640 pixels if None.
      crop: shows only the playable square of this episode, not the whole map.
      title: first words of the caption, such as the name of the game.

    Returns:
      (height, width, 3) uint8, red, green, blue.

    Raises:
      ValueError: the world is a batch of worlds, or not of `cfg`; the scale is no size.
      ImportError: pillow is not installed.
    """
    world, sizes = _check(world, cfg)
    view = _view(world, sizes, scale, crop)
    pillow = pillow_modules()
    image = pillow.Image.fromarray(ground(world, view, sizes)).convert("RGBA")
    draw_marks(pillow, image, world, view, sizes)
    draw_strikes(pillow, image, world, view)
    draw_figures(pillow, image, world, view)
    words = caption(pillow, world, view.size, title)
    return np.concatenate([np.asarray(image.convert("RGB")), words])


def animate(frames, path, fps: float = 8, **options) -> pathlib.Path:
    """Writes a moving picture (GIF).

    Args:
      frames: a `Replay`, worlds, or pictures of equal size.
      path: where to, ending in .gif.
      fps: frames a second, up to 50.
      **options: for `render`, if frames are worlds.

    Returns:
      The path.

    Raises:
      ValueError: no frames, frames of different sizes, another ending, or no such speed.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() != ".gif":
        raise ValueError(f"path={str(path)!r} must end in .gif")
    if not 0 < fps <= 50:
        raise ValueError(f"fps={fps} must lie above 0 and up to 50")
    pillow = pillow_modules()
    images = [pillow.Image.fromarray(image) for image in _pictures(frames, options)]
    sizes = sorted({image.size for image in images})
    if len(sizes) > 1:
        raise ValueError(f"frames have sizes {sizes[0]} and {sizes[-1]}; all must be equal")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_gif(pillow, images, fps))
    return path


def _gif(pillow, images: list, fps: float) -> bytes:
    """Returns the file of a moving picture, all of whose images have one palette."""
    palette = _palette(pillow, images)
    still = pillow.Image.Dither.NONE
    images = [image.quantize(palette=palette, dither=still) for image in images]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=images[1:],
        loop=0,
        disposal=1,
        duration=max(20, round(1000 / fps)),
    )
    return buffer.getvalue()


def strip(frames, gap: int = 8, columns: int | None = None, **options) -> np.ndarray:
    """Returns one picture of several frames, side by side.

    Args:
      frames: worlds, such as `replay[::16]`, or pictures.
      gap: pixels between them.
      columns: frames in a row; all of them if None.
      **options: for `render`, if frames are worlds.

    Returns:
      (height, width, 3) uint8.

    Raises:
      ValueError: no frames, a negative gap, or no column.
    """
    pictures = _pictures(frames, options)
    columns = len(pictures) if columns is None else columns
    if columns < 1 or gap < 0:
        raise ValueError(f"columns={columns} must be positive and gap={gap} not negative")
    columns = min(columns, len(pictures))
    height = max(picture.shape[0] for picture in pictures)
    width = max(picture.shape[1] for picture in pictures)
    rows = -(-len(pictures) // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    sheet = np.full(shape, 255, np.uint8)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet


def _pictures(frames, options: dict) -> list[np.ndarray]:
    pictures = [render(f, **options) if isinstance(f, World) else np.asarray(f) for f in frames]
    if not pictures:
        raise ValueError("frames is empty; at least one world or picture is needed")
    for picture in pictures:
        if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f"a frame has shape {picture.shape} and dtype {picture.dtype}; it must be a "
                "World or a (height, width, 3) uint8 picture"
            )
    return pictures


def _palette(pillow, images):
    """Returns up to 256 colours for all frames, so that what stands still does not flicker."""
    samples = images[:: max(1, len(images) // 8)]
    width, height = samples[0].size
    sheet = pillow.Image.new("RGB", (width, height * len(samples)))
    for index, image in enumerate(samples):
        sheet.paste(image, (0, index * height))
    return sheet.quantize(256)


def _check(world: World, cfg):
    """Returns the world in numpy, and what knows the map's size."""
    if not isinstance(world, World):
        raise ValueError(f"world is a {type(world).__name__}, it must be a World")
    if np.ndim(world.tick) != 0:
        raise ValueError(
            f"world is a batch of {np.shape(world.tick)[0]} worlds; take one out, for example "
            "with jax.tree.map(lambda x: x[0], world)"
        )
    world = jax.device_get(world)
    size = world.terrain.material.shape[0]
    if cfg is None:
        return world, types.SimpleNamespace(map_size=size, middle=size // 2)
    if cfg.map_size != size:
        raise ValueError(f"world has a map of {size} tiles a side, cfg.map_size={cfg.map_size}")
    return world, cfg


def _view(world: World, sizes, scale: int | None, crop: bool) -> View:
    tiles, first = sizes.map_size, 0
    if crop:
        half = int(world.params.center) // 2 + 1  # with one tile of border on each side
        tiles, first = 2 * half + 1, sizes.middle - half
    if scale is None:
        scale = max(1, min(round(640 / tiles), max(16, round(320 / tiles))))
    return View(first, tiles, checks.whole("scale", scale, 1, 64))
