"""Pictures show what is in the world, and only that."""

import sys
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from metammo_jax.draw import figures, palette
from metammo_jax.draw.palette import FROST, team_colour
from metammo_jax.draw.picture import animate, render, strip
from metammo_jax.vocab import NEVER, Kind, Tile
from tests import worlds

SCALE = 10
MIDDLE = 24
FIRST = 24 - 17
"""First row and column shown of a `tiny` world whose whole playable square is in use."""


def at(row: int, col: int, first: int = FIRST) -> tuple[int, int]:
    """Returns the pixel in the middle of a tile."""
    return (row - first) * SCALE + SCALE // 2, (col - first) * SCALE + SCALE // 2


def tile(picture, row: int, col: int) -> np.ndarray:
    """Returns the pixels of a tile."""
    top, left = (row - FIRST) * SCALE, (col - FIRST) * SCALE
    return picture[top : top + SCALE, left : left + SCALE].astype(int)


def spread_out(cfg, teams: int = 4, **changes):
    """Returns a world in which player i stands at (10, 8 + 2 i)."""
    world = worlds.blank(cfg, teams, tick=50, **changes)
    return worlds.place(world, {row: (10, 8 + 2 * row) for row in range(cfg.players)})


def give(world, **fields):
    """Returns the world with fields of the bodies set: name={row: value}."""
    changed = {}
    for name, values in fields.items():
        array = np.array(getattr(world.body, name))
        for row, value in values.items():
            array[row] = value
        changed[name] = jnp.asarray(array)
    return world.replace(body=world.body.replace(**changed))


def map_part(picture):
    return picture[: 35 * SCALE]


def test_size_follows_scale_and_the_square_in_use(tiny):
    whole = render(worlds.blank(tiny), tiny, scale=3, crop=False)
    assert whole.dtype == np.uint8 and whole.shape[1:] == (48 * 3, 3)
    cropped = render(worlds.blank(tiny), tiny, scale=3)
    assert cropped.shape[1] == (32 + 1 + 2) * 3
    small = render(worlds.blank(tiny, center=16), tiny, scale=3)
    assert small.shape[1] == (16 + 1 + 2) * 3
    assert 320 <= render(worlds.blank(tiny, center=16)).shape[1] <= 640


def test_players_wear_the_colour_of_their_team(tiny):
    world = spread_out(tiny)
    picture = render(world, tiny, SCALE)
    for row in range(tiny.players):
        assert tuple(picture[at(10, 8 + 2 * row)]) == team_colour(row // 4)
    alone = render(spread_out(tiny, teams=0), tiny, SCALE)
    reds = [tuple(alone[at(10, 8 + 2 * row)].astype(int)) for row in range(tiny.players)]
    assert all(red > green > blue for red, green, blue in reds)  # one family: gold to orange
    assert len(set(reds)) == tiny.players


def test_teams_differ_by_colour_and_mark(tiny):
    looks = [(team_colour(team), palette.team_mark(team)) for team in range(24)]
    assert len(set(looks)) == 24
    colours = np.array(palette.TEAMS)
    apart = np.abs(colours[:, None] - colours[None]).sum(-1)
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 60
    plain, dot, bar = (
        np.asarray(figures.figure("disc", team_colour(0), palette.INK, 20, mark)).astype(int)
        for mark in range(3)
    )
    assert (plain[10, 10] == (*team_colour(0), 255)).all()
    for marked, spot in ((dot, (10, 10)), (bar, (10, 5))):
        assert (marked[spot][:3] == palette.INK).all() and not (marked == plain).all()
    assert (dot[10, 5] == plain[10, 5]).all()


def deficient(rgb) -> np.ndarray:
    """Returns colours (n, 3) as those without the red cones (protanopes) see them.

    Source: Vienot, Brettel and Mollon, 1999.
    """
    linear = (np.asarray(rgb) / 255) ** 2.2
    matrix = [[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0], [0.0040, -0.0040, 1.0]]
    return 255 * np.clip(linear @ np.transpose(matrix), 0, 1) ** (1 / 2.2)


def test_the_colour_blind_can_tell_teams_apart():
    seen = deficient(palette.TEAMS)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert apart[~np.eye(len(seen), dtype=bool)].min() > 25


def test_the_dead_are_not_shown(tiny):
    world = spread_out(tiny)
    gone = worlds.kill(world, 5)
    empty = worlds.kill(world, *range(tiny.players))
    shown = [tile(render(each, tiny, SCALE), 10, 18) for each in (world, gone, empty)]
    with_five, without, ground = shown
    assert not (with_five == ground).all()
    assert (without == ground).all()


def test_those_on_one_tile_are_fanned_out(tiny):
    world = worlds.blank(tiny, teams=4)  # everybody on the middle tile
    picture = map_part(render(world, tiny, SCALE))
    seen = {tuple(pixel) for pixel in picture.reshape(-1, 3)}
    assert {team_colour(team) for team in range(4)} <= seen


def test_health_shows_as_a_bar_only_of_the_hurt(tiny):
    def below(health):
        picture = render(give(spread_out(tiny), health={0: health}), tiny, SCALE)
        return np.hstack([tile(picture, 11, 7), tile(picture, 11, 8)])

    well, half, low = below(100), below(50), below(10)

    def bright(part):  # the bar's coloured part: strong, unlike the muted ground
        return ((part.max(-1) - part.min(-1)) > 150).sum()

    assert bright(well) == 0
    assert bright(half) > bright(low) > 0


def test_kinds_of_npcs_differ(tiny):
    pictures = []
    for kind in Kind:
        world = worlds.add_npc(spread_out(tiny), tiny, (20, 20), kind=kind)
        pictures.append(tile(render(world, tiny, SCALE), 20, 20))
    bare = tile(render(spread_out(tiny), tiny, SCALE), 20, 20)
    everything = [*pictures, bare]
    for i, one in enumerate(everything):
        assert all((one != other).any() for other in everything[:i])


def test_leaders_recons_and_the_frozen_are_marked(tiny):
    plain = render(spread_out(tiny), tiny, SCALE)
    kings = render(spread_out(tiny, leader_bound=True), tiny, SCALE)
    for row in range(tiny.players):
        changed = (tile(plain, 9, 8 + 2 * row) != tile(kings, 9, 8 + 2 * row)).any()
        assert changed == (row % 4 == 0)
    recon = render(give(spread_out(tiny), recon={1: True}), tiny, SCALE)
    assert (tile(recon, 10, 10) != tile(plain, 10, 10)).any()
    frozen = render(give(spread_out(tiny), freeze={1: 5}), tiny, SCALE)
    assert (np.abs(tile(frozen, 10, 10) - FROST).sum(-1) < 60).any()
    assert not (np.abs(tile(plain, 10, 10) - FROST).sum(-1) < 60).any()


def test_materials_and_their_depletion_differ(tiny):
    world = spread_out(tiny)
    seen = []
    for material in (Tile.WATER, Tile.GRASS, Tile.FOILAGE, Tile.STONE):
        painted = worlds.paint(world, (30, 30), material)
        seen.append(tuple(render(painted, tiny, SCALE)[at(30, 30)]))
    painted = worlds.paint(world, (30, 30), Tile.FOILAGE)
    ready = painted.terrain.ready_at.at[30, 30].set(51)
    harvested = painted.replace(terrain=painted.terrain.replace(ready_at=ready))
    seen.append(tuple(render(harvested, tiny, SCALE)[at(30, 30)]))
    assert len(set(seen)) == 5
    regrown = harvested.replace(tick=jnp.int32(51))
    assert tuple(render(regrown, tiny, SCALE)[at(30, 30)]) == seen[2]


def fogged(cfg, onset: int):
    """Returns a world with fog on the eight outer rings of the playable square."""
    world = spread_out(cfg, fog_onset_tick=onset, fog_final_size=3)
    fog = 16 - jnp.arange(cfg.map_size // 2)
    return world.replace(terrain=world.terrain.replace(fog=fog.astype(jnp.float32)))


def test_fog_is_a_violet_veil_where_it_hurts(tiny):
    clear, dense = render(fogged(tiny, NEVER), tiny, SCALE), render(fogged(tiny, 30), tiny, SCALE)
    before, after = clear[at(12, 30)].astype(int), dense[at(12, 30)].astype(int)
    assert before[1] > before[2] and after[2] > after[1]  # from green to violet
    assert (clear[at(23, 25)] == dense[at(23, 25)]).all()  # far from the fog
    announced = dense[at(17, 24)].astype(int) - clear[at(17, 24)]
    assert 0 > announced[1] > after[1] - before[1]  # a hint of where it will be
    waiting = render(fogged(tiny, 60), tiny, SCALE)
    assert (waiting[at(12, 30)] == clear[at(12, 30)]).all()  # does not hurt yet


def test_what_the_fog_leaves_free_is_outlined(tiny):
    clear, dense = render(fogged(tiny, NEVER), tiny, SCALE), render(fogged(tiny, 60), tiny, SCALE)
    differs = (map_part(clear) != map_part(dense)).any(-1)
    rows, cols = np.nonzero(differs)
    edge = (MIDDLE - 3 - FIRST) * SCALE, (MIDDLE + 4 - FIRST) * SCALE
    assert (rows.min(), rows.max()) == edge and (cols.min(), cols.max()) == edge


def test_the_hill_wears_the_colour_of_who_holds_it(tiny):
    target = jnp.array([30, 30])
    bare, free = spread_out(tiny), spread_out(tiny, seize_target=target)
    held = free.replace(terrain=free.terrain.replace(seizer=jnp.int32(5)))
    pictures = [map_part(render(world, tiny, SCALE)) for world in (bare, free, held)]
    assert (pictures[0] != pictures[1]).any()
    changed = pictures[2][(pictures[1] != pictures[2]).any(-1)]
    assert {tuple(pixel) for pixel in changed} == {team_colour(1)}
    marked = map_part(render(spread_out(tiny, mark_center=True), tiny, SCALE))
    assert (pictures[0] != marked).any()


def test_a_line_goes_from_who_struck_to_who_was_hurt(tiny):
    world = worlds.place(spread_out(tiny), {0: (20, 20), 1: (20, 24)})
    still = render(world, tiny, SCALE)
    hurt = give(world, damage={1: 10}, attacker={1: 1}, combat_tick={1: 49})
    assert (render(hurt, tiny, SCALE)[at(20, 22)] != still[at(20, 22)]).any()
    long_ago = give(hurt, combat_tick={1: 40})
    assert (render(long_ago, tiny, SCALE)[at(20, 22)] == still[at(20, 22)]).all()


def test_caption_tells_title_tick_and_verdict(tiny):
    world = spread_out(tiny)
    height = 35 * SCALE

    def caption(world, **options):
        return render(world, tiny, SCALE, **options)[height:]

    plain = caption(world)
    assert (caption(world, title="survive") != plain).any()
    assert (caption(world.replace(tick=jnp.int32(51))) != plain).any()
    assert (caption(worlds.kill(world, 3)) != plain).any()
    won = world.replace(verdict=world.verdict.replace(winners=jnp.arange(16) < 4))
    assert (caption(won) != plain).any() and caption(won).shape == plain.shape
    lost = world.replace(verdict=world.verdict.replace(over=jnp.array(True)))
    assert (caption(lost) != plain).any()


def test_bad_worlds_and_scales_are_named(tiny):
    world = worlds.blank(tiny)
    batch = jax.tree.map(lambda x: jnp.stack([x, x]), world)
    with pytest.raises(ValueError, match=r"batch of 2 worlds.*jax\.tree\.map\(lambda x: x\[0\]"):
        render(batch)
    with pytest.raises(ValueError, match="ndarray"):
        render(np.zeros(3))
    with pytest.raises(ValueError, match="48 tiles.*map_size=50"):
        render(world, types.SimpleNamespace(map_size=50))
    for scale in (0, -1, 2.5, True, 65):
        with pytest.raises(ValueError, match="scale"):
            render(world, tiny, scale)


def test_without_pillow_the_error_says_how_to_get_it(tiny, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"pip install 'metammo-jax\[viz\]'"):
        render(worlds.blank(tiny), tiny)


def test_animation_holds_every_frame(tiny, tmp_path):
    frames = [spread_out(tiny).replace(tick=jnp.int32(tick)) for tick in (1, 2, 3)]
    path = animate(frames, tmp_path / "new" / "episode.gif", fps=10, scale=3)
    with Image.open(path) as image:
        assert image.n_frames == 3 and image.info["duration"] == 100
        shown = np.asarray(image.convert("RGB")).astype(int)
    assert np.abs(shown - render(frames[0], scale=3)).mean() < 4
    assert animate([render(frames[0], scale=2)] * 2, str(path)).exists()


def test_animation_refuses_what_it_cannot_write(tiny, tmp_path):
    frame = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match=r"must end in \.gif"):
        animate([frame], tmp_path / "episode.mp4")
    for fps in (0, -1, 51):
        with pytest.raises(ValueError, match="fps"):
            animate([frame], tmp_path / "a.gif", fps=fps)
    with pytest.raises(ValueError, match="empty"):
        animate([], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="sizes"):
        animate([frame, np.zeros((5, 4, 3), np.uint8)], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="float64"):
        animate([np.zeros((4, 4, 3))], tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_strip_lays_frames_side_by_side():
    frames = [np.full((6, 4, 3), shade, np.uint8) for shade in (10, 20, 30)]
    row = strip(frames, gap=2)
    assert row.shape == (6, 3 * 4 + 2 * 2, 3)
    assert row[0, [0, 6, 12], 0].tolist() == [10, 20, 30] and row[0, 4, 0] == 255
    grid = strip(frames, gap=2, columns=2)
    assert grid.shape == (6 * 2 + 2, 4 * 2 + 2, 3) and grid[8, 0, 0] == 30
    for bad in ({"columns": 0}, {"gap": -1}):
        with pytest.raises(ValueError):
            strip(frames, **bad)


def test_every_game_can_be_drawn(played, tiny):
    for game in played.env.games:
        _, world = played.start(game.name)
        assert render(world, tiny, scale=4, title=game.name).std() > 10
