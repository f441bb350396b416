"""Values by hand from docs/rules/tasks.md#predicates.

Those marked "original" were computed with nmmo 2.1.2.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.tasks import predicates
from metammo_jax.tasks.signature import signature_of
from metammo_jax.tasks.subject import subject_of
from metammo_jax.vocab import Event, Subject, Tile
from tests import worlds

TINY = preset("tiny")  # 16 players, map 48, middle (24, 24), horizon 128
SPREAD = {0: (20, 30), 1: (27, 22), 2: (31, 24), 3: (24, 33)}


def numbers(predicate, args):
    """Returns the arguments with defaults, unchecked, so that odd numbers can be tried."""
    known = list(signature_of(predicate).arguments.values())
    return [*args, *(a.default for a in known[len(args) :]), *[0.0] * (4 - len(known))]


def value(predicate, world, args=(), code=Subject.TEAM):
    """Returns (P,) values with the same arguments and subject for everybody."""
    row = numbers(predicate, args)
    full = jnp.tile(jnp.array(row, jnp.float32), (TINY.players, 1))
    task = world.task.replace(args=full, subject=jnp.full(TINY.players, code))
    world = world.replace(task=task)
    result = predicate(world, subject_of(world), full, TINY)
    assert result.shape == (TINY.players,)
    assert result.dtype == jnp.float32
    return np.asarray(result)


@pytest.fixture
def teams():
    return worlds.place(worlds.blank(TINY, teams=4, tick=30, center=20), SPREAD)


def seized(world, seizer, tick, tile=(24, 24)):
    return world.replace(
        terrain=world.terrain.replace(seizer=jnp.int32(seizer), seized_at=jnp.int32(tick)),
        params=world.params.replace(seize_target=jnp.array(tile)),
    )


def test_tick_ge_is_a_share_of_time(teams):
    assert value(predicates.tick_ge, teams, (40,))[0] == pytest.approx(0.75)  # original
    assert value(predicates.tick_ge, worlds.kill(teams, 0, 1, 2, 3), (40,))[0] == 0.75
    assert value(predicates.tick_ge, teams, (30,))[0] == 1.0


def test_stay_alive_and_all_dead_look_at_every_member(teams):
    world = worlds.kill(teams, 0, 5, 6, 7, 4)
    assert value(predicates.stay_alive, world)[[0, 4, 8]].tolist() == [0, 0, 1]
    assert value(predicates.all_dead, world)[[0, 4, 8]].tolist() == [0.25, 1, 0]
    right = value(predicates.all_dead, world, code=Subject.RIGHT_TEAM)
    assert right[[0, 4, 8]].tolist() == [0, 0.25, 1]


def test_without_health_one_does_not_live(teams):
    body = teams.body.replace(health=teams.body.health.at[2].set(0))
    assert value(predicates.stay_alive, teams.replace(body=body))[0] == 0


def test_check_agent_status_counts_the_target(teams):
    world = worlds.kill(teams, 4)
    alive = value(predicates.check_agent_status, world, (Subject.LEFT_TEAM,))
    assert alive[[0, 4]].tolist() == [0.75, 1.0]
    dead = value(predicates.check_agent_status, world, (Subject.LEFT_TEAM, 1))
    assert dead[[0, 4]].tolist() == [0.25, 0.0]


def test_protect_leader_rewards_time_while_the_leader_lives(teams):
    world = worlds.kill(teams, 4, 1)
    progress = value(predicates.protect_leader, world)
    assert progress[:4].tolist() == pytest.approx([30 / 128] * 4)
    assert progress[4:8].tolist() == [0.0] * 4


def test_occupy_tile_wants_a_living_member_on_it(teams):
    assert value(predicates.occupy_tile, teams, (27, 22))[[0, 4]].tolist() == [1, 0]
    assert value(predicates.occupy_tile, worlds.kill(teams, 1), (27, 22))[0] == 0


def test_distance_traveled_sums_over_the_living(teams):
    # from (24, 24): 6, 3, 7 and 9 tiles
    assert value(predicates.distance_traveled, teams, (50,))[0] == pytest.approx(0.5)
    assert value(predicates.distance_traveled, worlds.kill(teams, 3), (50,))[0] == pytest.approx(
        0.32
    )
    everybody = worlds.kill(teams, 0, 1, 2, 3)
    assert value(predicates.distance_traveled, everybody, (50,))[0] == 0


def test_progress_toward_center_is_that_of_the_nearest(teams):
    alone = value(predicates.progress_toward_center, teams, code=Subject.SELF)
    assert alone[:5].tolist() == pytest.approx([0.4, 0.7, 0.3, 0.1, 1.0])  # first: original
    assert value(predicates.progress_toward_center, teams)[3] == pytest.approx(0.7)
    dead = worlds.kill(teams, 1)
    assert value(predicates.progress_toward_center, dead, code=Subject.SELF)[1] == 0


@pytest.mark.parametrize(("dist", "expected"), [(7, 0.5990034), (5, 0.4630244), (11, 1.0), (-1, 0)])
def test_all_members_within_range(teams, dist, expected):
    within = value(predicates.all_members_within_range, teams, (dist,))
    assert within[0] == pytest.approx(expected, abs=1e-6)  # original
    assert within[4] == (dist >= 0)  # all on one tile


def test_only_the_living_must_be_within_range(teams):
    # without 0 and 3: rows 27 and 31, columns 22 and 24
    left = worlds.kill(teams, 0, 3)
    assert value(predicates.all_members_within_range, left, (4,))[0] == 1
    assert value(predicates.all_members_within_range, worlds.kill(left, 1, 2), (4,))[0] == 0


@pytest.mark.parametrize(
    ("predicate", "args", "expected"),
    [
        (predicates.seize_center, (10,), 0.21),
        (predicates.seize_tile, (20, 20, 10), 0.12),
        (predicates.seize_quad_center, (10, 2), 0.27),
        (predicates.seize_quad_center, (10, 4), 0.21),
    ],
)
def test_seizing_begins_with_the_approach(teams, predicate, args, expected):
    assert value(predicate, teams, args)[0] == pytest.approx(expected)  # original


def test_seizing_and_holding(teams):
    world = seized(teams, seizer=2, tick=27)
    assert value(predicates.seize_center, world, (10,))[0] == pytest.approx(0.72)  # original
    assert value(predicates.seize_tile, world, (24, 24, 10))[0] == pytest.approx(0.79)  # original
    assert value(predicates.seize_center, world, (3,))[0] == 1.0
    assert value(predicates.seize_center, world, (10,))[4] == pytest.approx(0.3)  # stands there


def test_a_dead_seizer_holds_for_its_team_until_all_are_dead(teams):
    world = worlds.kill(seized(teams, seizer=2, tick=30), 2)
    assert value(predicates.seize_center, world, (10,))[0] == pytest.approx(0.6)
    assert value(predicates.seize_center, worlds.kill(world, 0, 1, 3), (10,))[0] == 0


@pytest.mark.parametrize("ticks", range(10, 201, 10))
def test_holding_completes_exactly_on_time(teams, ticks):
    world = seized(teams, seizer=0, tick=0).replace(tick=jnp.int32(ticks))
    assert value(predicates.seize_center, world, (ticks,))[0] == 1.0
    early = world.replace(tick=jnp.int32(ticks - 1))
    assert value(predicates.seize_center, early, (ticks,))[0] < 1.0


def test_another_tile_is_not_held(teams):
    world = seized(teams, seizer=0, tick=0)
    assert value(predicates.seize_tile, world, (20, 20, 10))[0] == pytest.approx(0.12)


def counted(world, counts):
    count = world.tally.count
    for (player, event), number in counts.items():
        count = count.at[event, player].set(number)
    return world.replace(tally=world.tally.replace(count=count))


def test_defeat_entity_counts_kills_of_all_members(teams):
    world = counted(
        teams, {(0, Event.KILL_NPC): 2, (3, Event.KILL_NPC): 1, (0, Event.KILL_PLAYER): 4}
    )
    world = worlds.kill(world, 3)
    assert value(predicates.defeat_entity, world, (1, 0, 5))[[0, 4]].tolist() == pytest.approx(
        [0.6, 0]
    )
    assert value(predicates.defeat_entity, world, (0, 0, 5))[0] == pytest.approx(0.8)
    assert value(predicates.defeat_entity, world, (1, 1, 5))[0] == 0
    assert value(predicates.defeat_entity, world, (1, 0, 0))[0] == 1


def test_count_event(teams):
    world = counted(
        teams, {(0, Event.EAT_FOOD): 3, (0, Event.KILL_NPC): 2, (1, Event.KILL_PLAYER): 1}
    )
    assert value(predicates.count_event, world, (Event.EAT_FOOD, 4))[0] == 0.75
    assert value(predicates.count_event, world, (predicates.ANY_KILL, 4))[0] == 0.75
    assert value(predicates.count_event, world, (Event.DRINK_WATER, 4))[0] == 0


def test_can_see_a_living_target_within_vision(teams):
    world = worlds.place(teams, {4: (20, 38), 5: (1, 1), 6: (1, 1), 7: (1, 1)})
    assert value(predicates.can_see, world, (Subject.LEFT_TEAM,))[0] == 1  # 3 sees 4
    assert value(predicates.can_see, worlds.kill(world, 4), (Subject.LEFT_TEAM,))[0] == 0
    far = worlds.place(world, {4: (16, 41)})
    assert value(predicates.can_see, far, (Subject.LEFT_TEAM,))[0] == 0


def test_can_see_tile_sees_the_map_as_it_is(teams):
    world = worlds.paint(teams, (20, 37), Tile.FOILAGE)  # seven columns from the first player
    seen = value(predicates.can_see_tile, world, (Tile.FOILAGE,), Subject.SELF)
    assert seen.tolist() == [1, 0, 0, 1] + [0] * 12
    ready = world.terrain.ready_at.at[20, 37].set(31)
    world = world.replace(terrain=world.terrain.replace(ready_at=ready))  # harvested, tick 30
    assert not value(predicates.can_see_tile, world, (Tile.FOILAGE,), Subject.SELF).any()
    assert value(predicates.can_see_tile, world, (Tile.SCRUB,))[:5].tolist() == [1, 1, 1, 1, 0]
    frozen = preset("tiny", original_observations=True)
    args = jnp.full((16, 4), Tile.FOILAGE, jnp.float32)
    seen = predicates.can_see_tile(world, subject_of(world, Subject.SELF), args, frozen)
    assert seen.tolist() == [1, 0, 0, 1] + [0] * 12
    dead = worlds.kill(world, 0)
    assert value(predicates.can_see_tile, dead, (Tile.SCRUB,), Subject.SELF)[0] == 0


def test_defaults_and_missing_arguments():
    assert signature_of(predicates.seize_center).complete((7,)) == (7, 0.3)
    assert signature_of(predicates.tick_ge).complete(()) == ("horizon",)
    with pytest.raises(ValueError, match="needs 'num_ticks'"):
        signature_of(predicates.seize_center).complete(())
    with pytest.raises(ValueError, match="takes 1 arguments"):
        signature_of(predicates.tick_ge).complete((1, 2))


@pytest.mark.parametrize("code", [None, Subject.SELF])
def test_every_predicate_runs_under_jit(code):
    cfg = preset("tiny_full")
    args = jnp.ones((cfg.players, 4), jnp.float32)

    @jax.jit
    def all_of_them(world):
        subject = subject_of(world, code)
        return [p(world, subject, args, cfg) for p in predicates.BUILT_IN]

    world = worlds.blank(cfg, teams=4)
    world = world.replace(tally=worlds.no_tally(cfg, watches=1))
    values = all_of_them(world)
    assert all(np.isfinite(v).all() and v.shape == (16,) for v in values)
    assert all(v.dtype == jnp.float32 for v in values)
