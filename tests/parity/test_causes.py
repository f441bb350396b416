"""No cause covers more than its own cases: a wrong value beside each must be reported."""

import copy
import dataclasses

import jax
import numpy as np
import pytest

from metammo_jax.vocab import Tile
from tests.parity import check, compare, decisions, newcomers, opening
from tests.parity import trace as recorded
from tests.parity.planting import (
    decided,
    explained_by,
    played,
    survivor,
    unexplained,
    with_after,
)


@pytest.mark.parametrize("tile", [Tile.STONE, Tile.FOILAGE])
def test_extra_tiles_explain_only_grass_that_water_or_foilage_may_replace(tile):
    """Stone in the place of an extra tile is none; nor is foilage on the edge, where none goes."""
    states, case = played("survive-first")
    trace, args = case.trace, (states, check.environment(case.cfg), jax.random.key(3))
    cause = "extra water and foilage"
    material = trace.data["first_materials"].copy()
    if tile == Tile.STONE:
        _, row, col = explained_by(opening.fields(trace, *args), "start: map", cause)[5]
    else:
        row, col = case.cfg.middle - int(case.before.params.center[0]) // 2, case.cfg.middle
        assert material[row, col] == Tile.GRASS
    material[row, col] = tile
    wrong = dataclasses.replace(trace, data=dict(trace.data, first_materials=material))
    found = unexplained(opening.fields(wrong, *args))
    assert found.pop("start: map") == [[0, row, col]]
    assert set(found) <= {"start: extra tiles"}


def test_regrowth_explains_only_tiles_that_can_grow_back():
    _, case = played("king_of_the_hill-won")
    tiles = explained_by(compare.fields(case), "tiles", "regrowth")
    tick, row, col = tiles[0]
    wrong = with_after(case, "material", (tick, row, col), Tile.WATER)
    assert unexplained(compare.fields(wrong)) == {"tiles": [[tick, row, col]]}
    base = case.before.terrain.material
    untouched = (base == Tile.FOILAGE) & (case.map_before == base) & (case.map_after == base)
    eaten = compare.harvests(case)[1]
    tick, row, col = np.argwhere(untouched & ~eaten)[5]
    wrong = with_after(case, "material", (tick, row, col), Tile.SCRUB)
    assert unexplained(compare.fields(wrong)) == {"tiles": [[tick, row, col]]}
    wrong = with_after(case, "world.terrain.ready_at", (tick, row, col), 999)
    assert unexplained(compare.fields(wrong)) == {"harvested tiles": [[tick, row, col]]}


@pytest.mark.parametrize("name", ["race_to_the_center-horizon", "comm_together-revived"])
def test_only_the_revived_may_stand_elsewhere_and_only_where_the_game_revives(name):
    _, case = played(name)
    tick, row, axis = explained_by(compare.fields(case), "position", "place of the revived")[0]
    wrong = with_after(case, "world.body.pos", (tick, row, axis), 3)
    assert [tick, row, axis] in unexplained(compare.fields(wrong))["position"]
    row = survivor(case, tick)
    old = case.after.world.body.pos[tick, row, 0]
    wrong = with_after(case, "world.body.pos", (tick, row, 0), old + 1)
    assert unexplained(compare.fields(wrong))["position"] == [[tick, row, 0]]


@pytest.mark.parametrize(
    "path, name", [("world.task.progress", "task progress"), ("reward", "reward")]
)
def test_the_revived_explain_only_what_follows_from_where_they_stand(path, name):
    _, case = played("comm_together-revived")
    tick, row = explained_by(compare.fields(case), name, "place of the revived")[0]
    wrong = with_after(case, path, (tick, row), 0.4321)
    assert [tick, row] in unexplained(compare.fields(wrong))[name]
    tick, row = np.argwhere(~case.revived.any(-1))[0][0], 5
    wrong = with_after(case, path, (tick, row), 0.4321)
    assert [tick, row] in unexplained(compare.fields(wrong))[name]


def test_more_new_npcs_than_there_is_room_for_are_seen():
    _, case = played("team_battle-fight")
    tick = np.flatnonzero(newcomers.open_places(case) == 0)[0]
    players = case.cfg.players
    free = players + np.flatnonzero(~case.after.world.body.present[tick, players:])[0]
    wrong = with_after(case, "world.body.present", (tick, free), True)
    wrong = with_after(wrong, "world.body.id", (tick, free), -900)
    assert [tick] in unexplained(compare.fields(wrong))["new npcs: number"]


def test_new_npcs_that_the_rules_do_not_allow_are_seen():
    _, case = played("survive-first")
    new = newcomers.in_ours(case)
    tick, ident = int(new.tick[0]), int(new.id[0])
    row = int(np.flatnonzero(case.after.world.body.id[tick] == ident)[0])
    npc = row - case.cfg.players
    material = case.before.terrain.material[0]
    water = np.argwhere(material == Tile.WATER)[0]
    wet = with_after(case, "world.body.pos", (tick, row, 0), water[0])
    wet = with_after(wet, "world.body.pos", (tick, row, 1), water[1])
    assert "new npcs: stands on ground" in unexplained(compare.fields(wet))
    hurt = with_after(case, "world.body.health", (tick, row), 99)
    assert unexplained(compare.fields(hurt)) == {"new npcs: fresh": [[tick, ident]]}
    kind = with_after(case, "world.npc.kind", (tick, npc), 3 - (new.kind[0] > 1))
    assert unexplained(compare.fields(kind)) == {"new npcs: kind": [[tick, ident]]}
    ring = with_after(case, "world.npc.ring", (tick, npc), new.ring[0] + 1)
    assert unexplained(compare.fields(ring)) == {"new npcs: home ring": [[tick, ident]]}


def test_single_precision_explains_only_one_count_of_progress_that_stands_still():
    _, case = played("king_of_the_hill-won")
    places = explained_by(compare.fields(case), "task memory", "single precision")
    tick, row, column = places[0]
    path = f"world.task.{('gains', 'losses')[column - 1]}"
    memory = getattr(case.after.world.task, path.rsplit(".")[-1])
    wrong = with_after(case, path, (tick, row), memory[tick, row] + 1)
    assert unexplained(compare.fields(wrong)) == {"task memory": [[tick, row, column]]}
    wrong = with_after(case, "world.task.max_progress", (tick, row), 0.999)
    assert unexplained(compare.fields(wrong)) == {"task memory": [[tick, row, 0]]}


def test_a_sum_that_falls_short_explains_only_the_tick_of_completion():
    _, case = played("king_of_the_hill-late")
    cause = "a sum that falls short of one"
    places = explained_by(compare.fields(case), "task memory", cause)
    tick, row, column = places[0]
    assert column == 3
    wrong = with_after(case, "world.task.completed_at", (tick, row), 5)
    assert unexplained(compare.fields(wrong)) == {"task memory": [[tick, row, 3]]}
    wrong = with_after(case, "world.task.losses", (tick, row), 50)
    assert unexplained(compare.fields(wrong)) == {"task memory": [[tick, row, 2]]}


def npc_fields(name, case=None, ours=None):
    case = case or played(name)[1]
    return decisions.fields(case.trace, case.before, ours or decided(name), case.cfg)


def test_only_equally_short_ways_explain_another_step():
    name = "sandwich-siege"
    tick, npc = explained_by(npc_fields(name), "npc: steps", "an equally short way")[0]
    chance = decided(name).chance
    for other in range(4):  # the way back is longer, on whichever side it is
        wrong = dataclasses.replace(decided(name), chance=np.array(chance))
        wrong.chance[tick, npc] = np.eye(6)[other]
        found = unexplained(npc_fields(name, ours=wrong))
        if found:
            assert found == {"npc: steps": [[tick, npc]]}
            return
    raise AssertionError("every direction was explained")


def test_wrong_decisions_of_npcs_are_seen():
    name = "team_battle-fight"
    case = played(name)[1]
    tick, npc = np.argwhere(case.before.body.present[:, case.cfg.players :])[20]
    for change in ("hit", "chance"):
        wrong = copy.deepcopy(decided(name))
        if change == "hit":
            wrong.hit[tick, npc] += 1
        else:
            wrong.chance[tick, npc] = np.eye(6)[5]  # it stands still
        found = unexplained(npc_fields(name, ours=wrong))
        steps = ["npc: steps", "npc: steps by chance"]
        assert list(found) == {"hit": ["npc: hits"], "chance": steps}[change]
        assert all([tick, npc] in where for where in found.values())


@pytest.mark.parametrize("mode", ["path", "drift"])
def test_npcs_that_toss_a_coin_where_they_should_search_are_seen(mode):
    """And the other way round: what is random is, and what is not is not."""
    name = "sandwich-siege"
    case, ours = played(name)[1], copy.deepcopy(decided(name))
    known = decisions.by_chance(case.trace, case.before, ours, case.cfg)[1]
    modes, _ = decisions.modes(case.before, ours, case.cfg)
    tick, npc = np.argwhere((modes == mode) & known)[3]
    orders = recorded.orders_of(case.trace, case.cfg)
    step = orders["direction"][tick, case.cfg.players + npc]
    ours.chance[tick, npc] = np.eye(6)[step] * (1.0 if mode == "drift" else 0.7)
    found = unexplained(npc_fields(name, ours=ours))
    assert found == {"npc: steps by chance": [[tick, npc]]}
