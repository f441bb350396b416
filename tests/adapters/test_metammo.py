"""The team wrapper's additions, against values worked out by hand."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.adapters import metammo, nmmo
from metammo_jax.adapters.nmmo import Entity
from metammo_jax.vocab import System
from tests import worlds

MIDDLE = 24
CENTER = 112
"""The player's own tile among the 225 it sees."""


@pytest.fixture(params=[False, True], ids=["ours", "original"])
def cfg(request, tiny):
    return dataclasses.replace(tiny, original_observations=request.param)


def augmented(world, cfg):
    return metammo.augment(nmmo.observe(world, cfg), world, cfg)


def scattered(cfg, **changes):
    """Returns teams of four: player 0 in the middle, all others out of its sight."""
    world = worlds.blank(cfg, teams=4, **changes)
    return worlds.place(world, {i: (9, 9) for i in range(1, cfg.players)})


def kinds(out, player=0):
    rows = np.asarray(out["Entity"])[player]
    return {int(row[0]): int(row[Entity.NPC_TYPE]) for row in rows if row[0]}


def stands_at(out, offset, player=0):
    place = CENTER + offset[0] * 15 + offset[1]
    return int(np.asarray(out["Tile"])[player, place, 5])


def test_entities_and_tiles_tell_friend_from_foe(cfg):
    world = worlds.place(scattered(cfg), {1: (24, 25), 4: (24, 26), 5: (24, 26)})
    world = worlds.add_npc(world, cfg, (24, 27), kind=2)
    out = augmented(world, cfg)
    npc = 4 if cfg.original_observations else 2
    assert kinds(out) == {1: 6, 2: 6, 5: 4, 6: 4, -1: npc}
    assert [stands_at(out, (0, c)) for c in (0, 1, 2, 3, 4)] == [6, 6, 4, npc, 0]
    assert out["Tile"].dtype == out["Entity"].dtype == jnp.int16
    assert out["Tile"].shape == (cfg.players, 225, 7)


def test_the_last_written_code_stays_on_a_tile(cfg):
    world = worlds.place(scattered(cfg), {1: (24, 25), 4: (24, 25)})
    world = worlds.add_npc(world, cfg, (24, 24), kind=3)
    out = augmented(world, cfg)
    assert stands_at(out, (0, 1)) == 4  # an enemy hides a teammate
    assert stands_at(out, (0, 0)) == (4 if cfg.original_observations else 6)


def test_leaders_are_to_protect_and_to_destroy(cfg):
    world = worlds.place(scattered(cfg, leader_bound=True), {1: (24, 25), 4: (24, 26), 5: (24, 27)})
    out = augmented(world, cfg)
    assert kinds(out) == {1: 7, 2: 6, 5: 5, 6: 4}
    assert kinds(out, player=1) == {1: 7, 2: 6, 5: 5, 6: 4}
    assert [stands_at(out, (0, c)) for c in (0, 1, 2, 3)] == [7, 6, 5, 4]
    assert out["can_see_target"][0] and not out["can_see_target"][9]


def test_alone_everybody_else_is_an_enemy(tiny):
    world = worlds.place(worlds.blank(tiny), {i: (9, 9) for i in range(2, tiny.players)})
    out = augmented(world, tiny)
    assert kinds(out) == {1: 6, 2: 4}
    assert int(out["ActionTargets"]["Attack"]["Target"][0, 1]) == 1


def test_distance_to_the_middle_of_the_map(tiny):
    out = augmented(scattered(tiny), tiny)
    tiles = np.asarray(out["Tile"])
    assert tiles[0, CENTER, 4] == 0 and tiles[0, CENTER - 16, 4] == 0  # two by two tiles
    assert tiles[0, CENTER - 2, 4] == 1 and tiles[0, CENTER + 1, 4] == 1
    assert tiles[1, CENTER, 4] == MIDDLE - 1 - 9
    dead = augmented(worlds.kill(scattered(tiny), 0), tiny)
    assert np.asarray(dead["Tile"])[0, 0].tolist() == [0, 0, 0, 0, MIDDLE - 1, 0, 0]


@pytest.mark.parametrize("seizer, expected", [(-1, 1), (2, 2), (4, 3)])
def test_the_marked_tile_tells_who_seized_it(tiny, seizer, expected):
    world = scattered(tiny, seize_target=jnp.array([MIDDLE, MIDDLE]))
    world = world.replace(terrain=world.terrain.replace(seizer=jnp.int32(seizer)))
    tiles = np.asarray(augmented(world, tiny)["Tile"])
    assert tiles[0, CENTER, 6] == expected and tiles[0, :, 6].sum() == expected
    assert not tiles[1, :, 6].any()  # out of its sight
    assert np.asarray(augmented(world, tiny)["can_see_target"])[:2].tolist() == [True, False]
    assert not np.asarray(augmented(scattered(tiny), tiny)["Tile"])[..., 6].any()


def test_the_goal_of_a_race_is_never_seized(tiny):
    tiles = np.asarray(augmented(scattered(tiny, mark_center=True), tiny)["Tile"])
    assert tiles[0, CENTER, 6] == tiles[0, :, 6].sum() == 1


def test_task_tells_team_systems_and_embedding(tiny):
    enabled = jnp.arange(10) % 3 == 0
    world = scattered(tiny, enabled=enabled)
    world = world.replace(task=world.task.replace(embedding=world.task.embedding.at[2, 5].set(7)))
    task = np.asarray(augmented(world, tiny)["Task"])
    assert task.shape == (tiny.players, 27) and task.dtype == np.float16
    assert task[0, :11].tolist() == [1, *(np.arange(10) % 3 == 0)]
    assert task[2, 11 + 5] == 7 and task[:, 11:].sum() == 7
    assert augmented(worlds.blank(tiny), tiny)["Task"][0, 0] == 0


def test_teammates_are_no_targets(tiny):
    world = worlds.place(scattered(tiny), {1: (24, 25), 4: (24, 26)})
    before = nmmo.observe(world, tiny)
    target = np.asarray(augmented(world, tiny)["ActionTargets"]["Attack"]["Target"])
    ids = np.asarray(before["Entity"])[0, :, Entity.ID]
    assert ids[np.flatnonzero(target[0, :-1])].tolist() == [5] and target[0, -1] == 0
    assert ids[np.flatnonzero(before["ActionTargets"]["Attack"]["Target"][0, :-1])].tolist() == [
        2,
        5,
    ]
    alone = worlds.place(world, {4: (9, 9)})
    target = np.asarray(augmented(alone, tiny)["ActionTargets"]["Attack"]["Target"])
    assert not target[0, :-1].any() and target[0, -1] == 1


def test_without_combat_there_is_no_attack_to_mask(tiny):
    bare = dataclasses.replace(tiny, systems=frozenset({System.TERRAIN}), npcs=0)
    assert "Attack" not in augmented(worlds.blank(bare, teams=4), bare)["ActionTargets"]


def test_the_scripted_word(tiny):
    world = worlds.place(scattered(tiny, leader_bound=True), {i: (24, 25) for i in range(4, 9)})
    for slot in range(3):
        world = worlds.add_npc(world, tiny, (24, 20), kind=1, slot=slot)
    body = world.body
    body = body.replace(health=body.health.at[0].set(67).at[1].set(100))
    world = worlds.kill(world.replace(body=body), 3)
    token = np.asarray(metammo.scripted_token(augmented(world, tiny), world, tiny))
    # Player 0: health 67 // 34 + 1, up to 4 NPCs, up to 8 enemies, a leader in sight; plus 1.
    assert token[0] == 2 + (1 << 2) + (2 << 4) + (1 << 5) + 1
    # Player 1 sees those at (9, 9): itself, a teammate, the teams of 9 to 15 with a leader.
    assert token[1] == 3 + (0 << 2) + (2 << 4) + (1 << 5) + 1
    assert token[3] == -1
    assert token.max() <= tiny.tokens
