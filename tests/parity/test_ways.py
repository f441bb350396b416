"""Why recorded steps of NPCs may be none of ours, in hand-made mazes; and why not."""

import jax
import numpy as np
import pytest

from metammo_jax.vocab import Direction, Kind, Tile
from tests import worlds
from tests.parity import decisions
from tests.parity.trace import Trace

BEYOND, ERRS = "a_way_beyond_our_window", "the_original's_search_errs"


def scene(cfg, floor: np.ndarray, npc: tuple[int, int], player: tuple[int, int]):
    """Returns trace, worlds and decisions of one NPC that hunts one player.

    Args:
      cfg: sizes.
      floor: (H, W) bool, where one can stand.
      npc: where the NPC is.
      player: where the player is.
    """
    world = worlds.paint(worlds.blank(cfg), ~floor, Tile.STONE)
    world = worlds.kill(world, *range(1, cfg.players))
    world = worlds.place(world, {0: player})
    world = worlds.add_npc(world, cfg, npc, kind=Kind.AGGRESSIVE)
    batch = jax.tree.map(lambda leaf: np.asarray(leaf)[None], world)
    material = np.asarray(world.terrain.material)
    trace = Trace("scene", {"seed": 1}, {"first_materials": material})
    return trace, batch, decisions.decide(jax.random.key(0), batch, cfg)


def causes(scene, cfg, step: int, ours: int | None = None) -> set[str]:
    """Returns the causes that explain a recorded step.

    Args:
      scene: trace, worlds and decisions.
      cfg: sizes.
      step: the recorded direction, -1 for none.
      ours: the direction that ours takes; what it decided if None.
    """
    trace, batch, decided = scene
    if ours is not None:
        decided.chance[0, 0] = np.eye(6)[ours]
    steps = np.full((1, cfg.npcs), decisions.NO_STEP)
    steps[0, 0] = step
    differs = np.arange(cfg.npcs)[None] == 0
    found = decisions.causes(trace, batch, decided, steps, differs, cfg)
    return {name for name, covers in found.items() if covers[0, 0]}


def corridor(cfg, length: int):
    """Returns a floor like a hairpin: the NPC and the player are at its two ends, 2 rows apart."""
    floor = np.zeros((cfg.map_size, cfg.map_size), bool)
    floor[24, 24 - length : 25] = floor[22, 24 - length : 25] = True
    floor[22:25, 24 - length] = True
    return floor, (24, 24), (22, 24)


def trap(cfg):
    """Returns a floor with a deep cup around the NPC; the player is behind its bottom."""
    floor = np.zeros((cfg.map_size, cfg.map_size), bool)
    floor[10:40, 10:40] = True
    floor[18:31, 27] = False
    floor[[18, 30], 19:28] = False
    return floor, (24, 24), (24, 30)


@pytest.fixture
def stay():
    """Returns the place of "no step" among the chances."""
    return 5


def test_a_corridor_that_leaves_our_window(tiny, stay):
    here = scene(tiny, *corridor(tiny, length=9))
    assert here[2].chance[0, 0, Direction.WEST] == 0
    assert causes(here, tiny, Direction.WEST) == {BEYOND}
    for other in (Direction.NORTH, Direction.SOUTH, Direction.EAST, decisions.NO_STEP):
        assert causes(here, tiny, other) == set()


def test_a_corridor_inside_our_window_explains_nothing(tiny, stay):
    here = scene(tiny, *corridor(tiny, length=5))
    assert here[2].chance[0, 0, Direction.WEST] == 1
    assert causes(here, tiny, Direction.WEST, ours=stay) == set()


def test_a_trap_in_which_the_original_gives_up(tiny, stay):
    here = scene(tiny, *trap(tiny))
    assert here[2].chance[0, 0, Direction.EAST] == 0
    assert causes(here, tiny, Direction.EAST) == {ERRS}
    for other in (Direction.NORTH, Direction.WEST, Direction.SOUTH, decisions.NO_STEP):
        assert causes(here, tiny, other) == set()


def test_a_step_as_good_as_the_original_s_is_no_error(tiny, stay):
    """Where the trap is open, the original finds the way, and a longer one is not explained."""
    floor, npc, player = trap(tiny)
    floor[24, 27] = True
    here = scene(tiny, floor, npc, player)
    assert here[2].chance[0, 0, Direction.EAST] == 1
    assert causes(here, tiny, Direction.WEST) == set()
    assert causes(here, tiny, Direction.EAST, ours=Direction.WEST) == set()


def test_on_open_ground_either_way_round_is_equally_short(tiny, stay):
    floor = np.ones((tiny.map_size, tiny.map_size), bool)
    floor[24, 26] = False
    here = scene(tiny, floor, (24, 25), (24, 29))
    step = decisions.Search(floor).direction((24, 25), (24, 29))
    other = {Direction.NORTH: Direction.SOUTH, Direction.SOUTH: Direction.NORTH}[step]
    assert causes(here, tiny, step, ours=other) == {"an_equally_short_way"}
    assert causes(here, tiny, other, ours=step) == set()
