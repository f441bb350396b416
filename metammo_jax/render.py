"""Pictures of worlds, with numpy and pillow: for looking, never part of a step.

    image = render(world)                              # (height, width, 3) uint8
    worlds = record(env, jax.random.key(0))            # one episode, tick by tick
    animate(worlds, "episode.gif", fps=8)
    picture = strip(worlds[::16])                      # a few ticks side by side

How to read them: discs are players, coloured by team (in one family of colours where everybody
plays alone), with a bar under those that are hurt; a crown marks a leader with whom a team
falls, a ring a player that only watches, a pale rim one that is frozen. Squares are passive NPCs,
diamonds neutral, triangles aggressive ones, and dark shields soldiers. Several on one tile are
fanned out around it. A red line goes from who struck to who was hurt in the last tick. Violet is
the death fog; the dashed square is what it will leave free. A reticle marks the middle where a
game has something there, in the colour of the team that holds it.
"""

import colorsys
import dataclasses
import functools
import io
import pathlib
import types

import jax
import numpy as np

from metammo_jax import query
from metammo_jax.rules.fog import HARM_ABOVE
from metammo_jax.vocab import NEVER, Kind, Tile
from metammo_jax.world import World

COLOUR = {
    Tile.VOID: (24, 26, 34), Tile.WATER: (70, 116, 160), Tile.GRASS: (122, 152, 96),
    Tile.SCRUB: (164, 148, 98), Tile.FOILAGE: (74, 116, 70), Tile.STONE: (128, 126, 130),
    Tile.SLAG: (92, 84, 84), Tile.ORE: (156, 112, 90), Tile.STUMP: (120, 98, 74),
    Tile.TREE: (44, 84, 58), Tile.FRAGMENT: (112, 122, 140), Tile.CRYSTAL: (132, 184, 206),
    Tile.WEEDS: (158, 140, 112), Tile.HERB: (186, 118, 160), Tile.OCEAN: (50, 82, 122),
    Tile.FISH: (98, 150, 176),
}  # fmt: skip
"""Red, green, blue of each material; a depleted one has the colour of what it turned into."""

TUFTED = (Tile.FOILAGE, Tile.TREE, Tile.HERB, Tile.CRYSTAL, Tile.ORE, Tile.FISH)
"""Materials drawn with a lighter middle: there is something to be had."""

FOG = (74, 34, 120)
GOLD = (255, 208, 72)
INK = (18, 18, 24)
PAPER = (236, 236, 240)
FROST = (206, 236, 255)
STRIKE = (255, 84, 64)

NPC_LOOK = {
    Kind.PASSIVE: ("square", (228, 222, 202), INK),
    Kind.NEUTRAL: ("diamond", (246, 192, 74), INK),
    Kind.AGGRESSIVE: ("triangle", (226, 52, 44), INK),
    Kind.SOLDIER: ("shield", (52, 20, 30), (255, 120, 96)),
}
"""Shape, colour and rim of each kind of NPC."""

SHAPES = {
    "square": ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)),
    "diamond": ((0.5, 0.05), (0.95, 0.5), (0.5, 0.95), (0.05, 0.5)),
    "triangle": ((0.5, 0.05), (0.97, 0.9), (0.03, 0.9)),
    "shield": ((0.1, 0.12), (0.9, 0.12), (0.9, 0.5), (0.5, 0.97), (0.1, 0.5)),
    "crown": ((0.0, 0.1), (0.25, 0.5), (0.5, 0.0), (0.75, 0.5), (1.0, 0.1), (0.9, 1), (0.1, 1)),
}
"""Corners (x, y) of each shape in a unit square."""

HAZE = 6
"""Tiles ahead of the fog over which a light veil announces it."""

SMOOTH = 6
"""Times larger that figures are drawn before they are shrunk, for smooth edges."""

CHIPS = 16
"""Teams up to which the caption counts each."""


@dataclasses.dataclass(frozen=True)
class View:
    """Which part of the map a picture shows.

    Attributes:
      first: row and column of its first tile.
      tiles: tiles a side.
      scale: pixels a side of a tile.
    """

    first: int
    tiles: int
    scale: int

    @property
    def size(self) -> int:
        """Pixels a side."""
        return self.tiles * self.scale

    def center(self, pos: np.ndarray) -> np.ndarray:
        """Returns (..., 2) float, the pixels x, y in the middle of places (..., 2)."""
        return (np.asarray(pos)[..., ::-1] - self.first + 0.5) * self.scale


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
      scale: pixels a side of a tile; chosen for a picture of about 640 pixels if None.
      crop: shows only the playable square of this episode, not the whole map.
      title: first words of the caption, such as the name of the game.

    Returns:
      (height, width, 3) uint8, red, green, blue.

    Raises:
      ValueError: the world is a batch of worlds, or not of `cfg`; the scale is no size.
      ImportError: pillow is not installed.
    """
    pillow = _pillow()
    world, sizes = _check(world, cfg)
    view = _view(world, sizes, scale, crop)
    image = pillow.Image.fromarray(_ground(world, view, sizes)).convert("RGBA")
    _draw_marks(pillow, image, world, view, sizes)
    _draw_strikes(pillow, image, world, view)
    _draw_figures(pillow, image, world, view)
    caption = _caption(pillow, world, view.size, title)
    return np.concatenate([np.asarray(image.convert("RGB")), caption])


def record(env, key: jax.Array, policy=None, ticks: int | None = None, game=None) -> list[World]:
    """Plays one episode and returns its worlds, the first as it was at reset.

    Args:
      env: an environment, without batch.
      key: () key.
      policy: (observation, key) -> Action, called once a tick outside of jit, so that it may
        remember things; uniform over the masks if None.
      ticks: most ticks to play; to the end of the game if None.
      game: name or index of one of `env.games`; drawn by weight if None.

    Returns:
      Worlds in numpy arrays, until the game is over.

    Raises:
      ValueError: no such game, or ticks is no positive number.
    """
    if ticks is not None and ticks < 1:
        raise ValueError(f"ticks={ticks} must be positive")
    policy = jax.jit(lambda obs, key: env.sample(key, obs)) if policy is None else policy
    reset_key, key = jax.random.split(key)
    obs, world = jax.jit(env.reset)(reset_key, _game_index(env, game))
    worlds, step = [jax.device_get(world)], jax.jit(env.step)
    for tick in range(env.cfg.horizon if ticks is None else ticks):
        act_key, step_key = jax.random.split(jax.random.fold_in(key, tick))
        obs, world, _, _, _, info = step(step_key, world, policy(obs, act_key))
        worlds.append(jax.device_get(world))
        if bool(info.over):
            break
    return worlds


def animate(frames, path, fps: float = 8, **options) -> pathlib.Path:
    """Writes a moving picture (GIF).

    Args:
      frames: worlds, or pictures of equal size.
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
    pillow = _pillow()
    images = [pillow.Image.fromarray(image) for image in _pictures(frames, options)]
    sizes = sorted({image.size for image in images})
    if len(sizes) > 1:
        raise ValueError(f"frames have sizes {sizes[0]} and {sizes[-1]}; all must be equal")
    palette = _palette(pillow, images)
    still = pillow.Image.Dither.NONE
    images = [image.quantize(palette=palette, dither=still) for image in images]
    buffer = io.BytesIO()
    images[0].save(
        buffer, "GIF", save_all=True, append_images=images[1:], loop=0, disposal=1,
        duration=max(20, round(1000 / fps)),
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return path


def strip(frames, gap: int = 8, columns: int | None = None, **options) -> np.ndarray:
    """Returns one picture of several frames, side by side.

    Args:
      frames: worlds, or pictures.
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


def _pillow():
    """Returns pillow's modules; they are imported only here, when a picture is asked for."""
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise ImportError(
            "pictures need pillow: python -m pip install 'metammo-jax[viz]'"
        ) from error
    return types.SimpleNamespace(Image=Image, ImageDraw=ImageDraw, ImageFont=ImageFont)


def _pictures(frames, options: dict) -> list[np.ndarray]:
    frames = list(frames)
    if not frames:
        raise ValueError("frames is empty; at least one world or picture is needed")
    pictures = [render(f, **options) if isinstance(f, World) else np.asarray(f) for f in frames]
    for picture in pictures:
        if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8:
            raise ValueError(
                f"a frame has shape {picture.shape} and dtype {picture.dtype}; it must be a "
                "World or a (height, width, 3) uint8 picture"
            )
    return pictures


def _game_index(env, game) -> int | None:
    if game is None:
        return None
    names = [each.name for each in env.games]
    if game in names:
        return names.index(game)
    if not isinstance(game, int) or isinstance(game, bool) or not 0 <= game < len(names):
        raise ValueError(f"game={game!r} is not among {', '.join(names)}")
    return game


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
        scale = min(max(round(640 / tiles), 1), 10)
    if isinstance(scale, bool) or not isinstance(scale, int) or not 1 <= scale <= 64:
        raise ValueError(f"scale={scale!r} must be an integer in 1..64")
    return View(first, tiles, scale)


def _ground(world: World, view: View, sizes) -> np.ndarray:
    """Returns (size, size, 3) uint8, the map under its fog."""
    span = np.arange(view.first, view.first + view.tiles)
    pos = np.stack(np.meshgrid(span, span, indexing="ij"), axis=-1)
    material = np.asarray(query.material_at(world, pos))
    colours = np.array([COLOUR[tile] for tile in Tile], np.float32)[material]
    grain = np.random.default_rng(0).uniform(-5, 5, (sizes.map_size,) * 2)
    solid = (material != Tile.VOID)[..., None]
    colours += solid * grain[pos[..., 0], pos[..., 1], None].astype(np.float32)
    picture = colours.repeat(view.scale, 0).repeat(view.scale, 1)
    if view.scale >= 4:
        tufted = np.isin(material, TUFTED).repeat(view.scale, 0).repeat(view.scale, 1)
        picture += 16.0 * (tufted & _tuft(view))[..., None]
        picture -= 22.0 * _shore(material, view)[..., None]
    fog = np.asarray(query.fog_at(world.terrain, world.params, pos, sizes))
    veil = _veil(fog, bool(world.tick >= world.params.fog_onset)) * solid[..., 0]
    veil = veil.repeat(view.scale, 0).repeat(view.scale, 1)[..., None]
    return np.clip(picture * (1 - veil) + np.array(FOG) * veil, 0, 255).astype(np.uint8)


def _veil(fog: np.ndarray, moving: bool) -> np.ndarray:
    """Returns how much of each tile the fog hides: deep where it hurts, light just ahead."""
    ahead = 0.24 * np.clip(1 + (fog - HARM_ABOVE) / HAZE, 0, 1) * moving
    return np.where(fog > HARM_ABOVE, 0.52 + 0.03 * np.minimum(fog, 10), ahead)


def _tuft(view: View) -> np.ndarray:
    """Returns (size, size) bool, the middle of each tile."""
    inside = np.arange(view.scale)
    margin = view.scale // 3
    middle = (inside >= margin) & (inside < view.scale - margin)
    return np.tile(middle[:, None] & middle[None], (view.tiles, view.tiles))


def _shore(material: np.ndarray, view: View) -> np.ndarray:
    """Returns (size, size) bool, the upper and left rims of what one cannot walk on."""
    blocked = np.isin(material, [Tile.WATER, Tile.STONE, Tile.OCEAN, Tile.FISH])
    large = blocked.repeat(view.scale, 0).repeat(view.scale, 1)
    rim = np.zeros_like(large)
    rim[1:] |= large[1:] & ~large[:-1]
    rim[:, 1:] |= large[:, 1:] & ~large[:, :-1]
    return rim


def _draw_marks(pillow, image, world: World, view: View, sizes) -> None:
    """Draws what the fog will leave free, and the reticle on the middle or the seize target."""
    draw, params, scale = pillow.ImageDraw.Draw(image), world.params, view.scale
    if params.fog_onset < NEVER:
        half = (int(params.fog_final_size) + 0.5) * scale
        x, y = view.center(np.full(2, sizes.middle))
        _dash(draw, (x - half, y - half, x + half, y + half), max(2, scale // 2))
    target = params.seize_target if (params.seize_target >= 0).all() else None
    if target is None and params.mark_center:
        target = np.full(2, sizes.middle)
    if target is not None:
        holder = int(world.terrain.seizer)
        colour = PAPER if holder < 0 else _colours(world)[holder]
        x, y = view.center(target)
        for rim, width in ((INK, 3), (colour, 1)):
            _reticle(draw, x, y, 1.6 * scale, rim, width * max(1, scale // 5))


def _reticle(draw, x: float, y: float, radius: float, colour, width: int) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=width)
    for dx, dy in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        near, far = 0.75 * radius, 1.4 * radius
        draw.line((x + dx * near, y + dy * near, x + dx * far, y + dy * far), colour, width)


def _dash(draw, box, length: int) -> None:
    left, top, right, bottom = box
    for start in np.arange(0, right - left, 2 * length):
        end = min(start + length, right - left)
        for fixed in (top, bottom):
            draw.line((left + start, fixed, left + end, fixed), (214, 176, 255), 1)
        for fixed in (left, right):
            draw.line((fixed, top + start, fixed, top + end), (214, 176, 255), 1)


def _draw_strikes(pillow, image, world: World, view: View) -> None:
    """Draws a line from each attacker to whom it hurt in the last tick."""
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


def _draw_figures(pillow, image, world: World, view: View) -> None:
    """Draws everybody who lives, from the top of the picture to its bottom."""
    body, spots, colours = world.body, _spots(world, view), _colours(world)
    players, size = len(world.params.group), max(3, round(1.1 * view.scale) + 2)
    alive = np.flatnonzero(body.present & (body.health > 0))
    leads = world.params.leader_bound & (world.params.leader == np.arange(players))
    is_npc = alive >= players
    for row in alive[np.lexsort((spots[alive, 1], ~is_npc))]:
        x, y = spots[row]
        if row >= players:
            shape, colour, rim = NPC_LOOK.get(world.npc.kind[row - players], NPC_LOOK[1])
            figure = _figure(shape, colour, rim, size)
        else:
            shape = "ring" if body.recon[row] else "disc"
            frozen = body.freeze[row] > 0 and not body.recon[row]
            figure = _figure(shape, colours[row], FROST if frozen else INK, size)
        image.alpha_composite(figure, _corner(image, x, y, figure))
        if body.health[row] < 100 and view.scale >= 4:
            _draw_bar(pillow, image, x, y + size / 2, size, body.health[row] / 100)
        if row < players and leads[row]:
            crown = _figure("crown", GOLD, INK, max(5, round(0.8 * size)))
            image.alpha_composite(crown, _corner(image, x, y - 0.62 * size, crown))


def _corner(image, x: float, y: float, figure) -> tuple[int, int]:
    """Returns where the upper left corner of a figure around x, y lies, inside the picture."""
    spot = (round(x - figure.width / 2), round(y - figure.height / 2))
    limit = (image.width - figure.width, image.height - figure.height)
    return tuple(min(max(at, 0), most) for at, most in zip(spot, limit, strict=True))


def _draw_bar(pillow, image, x: float, y: float, width: int, share: float) -> None:
    """Draws a bar of health: green where there is much, red where there is little."""
    left, top, height = round(x - width / 2), round(y), max(1, width // 6)
    colour = tuple(int(255 * c) for c in colorsys.hsv_to_rgb(share / 3, 0.9, 1.0))
    draw = pillow.ImageDraw.Draw(image)
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


def _colours(world: World) -> list[tuple[int, int, int]]:
    """Returns the colour of each player."""
    group = np.asarray(world.params.group)
    if world.params.team_game:
        return [_team_colour(int(team)) for team in group]
    shade = np.arange(len(group)) * 0.618 % 1
    shades = [colorsys.hsv_to_rgb(0.06 + 0.09 * s, 0.95 - 0.35 * s, 1.0) for s in shade]
    return [tuple(int(255 * c) for c in rgb) for rgb in shades]


@functools.cache
def _team_colour(team: int) -> tuple[int, int, int]:
    """Returns a colour: eight hues, each in full, then pale, then dark."""
    hue = (0.0, 0.6, 0.14, 0.83, 0.5, 0.07, 0.75, 0.34)[team % 8]
    saturation, value = ((0.85, 1.0), (0.4, 1.0), (0.9, 0.62))[team // 8 % 3]
    return tuple(int(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))


@functools.lru_cache(maxsize=1024)
def _figure(shape: str, colour, rim, size: int):
    """Returns a small picture with transparent ground, drawn large and shrunk."""
    pillow, large = _pillow(), size * SMOOTH
    image = pillow.Image.new("RGBA", (large, large), (*rim, 0))
    draw, line = pillow.ImageDraw.Draw(image), max(SMOOTH, large // 9)
    box = (1, 1, large - 2, large - 2)
    if shape == "disc":
        draw.ellipse(box, (*colour, 255), (*rim, 255), line)
    elif shape == "ring":
        draw.ellipse(box, (*rim, 110), (*rim, 255), 4 * line)
        draw.ellipse(tuple(np.add(box, (line, line, -line, -line))), None, (*colour, 255), 2 * line)
    else:
        corners = [(x * (large - 1), y * (large - 1)) for x, y in SHAPES[shape]]
        draw.polygon(corners, (*colour, 255))
        draw.line([*corners, *corners[:2]], (*rim, 255), line, joint="curve")
    return image.resize((size, size), pillow.Image.Resampling.BOX)
