import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.config import preset
from metammo_jax.games import lifecycle
from metammo_jax.vocab import NEVER, Event, Revival
from tests import worlds

TINY = preset("tiny")
CALM = dict(spawn=games.spawn.individuals_on_edge, goals=(games.Goal(games.predicates.success),))


def ending(world, cfg):
    """The first player has won from tick 5 on, the second at tick 7."""
    first = (world.tick >= 5) & (jnp.arange(cfg.players) == 0)
    return first | ((world.tick == 7) & (jnp.arange(cfg.players) == 1))


@functools.cache
def table(name):
    game = {
        "king": games.protect_the_king(npc_population=0),
        "race": games.race_to_the_center(),
        "together": games.comm_together(),
        "raid": games.radio_raid(),
        "mine": games.Minigame(name="mine", referee=ending, score=games.referee.speed, **CALM),
    }[name]
    return games.Table((game,), None, TINY)


@functools.partial(jax.jit, static_argnames="name")
def after(world, name):
    return lifecycle.after_tick(jax.random.key(0), world, table(name), TINY)


def test_a_team_falls_with_its_leader():
    world = worlds.kill(worlds.blank(TINY, teams=4, leader_bound=True, tick=3), 4, 9)
    world = after(world, "king")
    present = np.asarray(world.body.present[:16])
    assert set(np.flatnonzero(~present)) == {4, 5, 6, 7, 9}
    assert set(np.flatnonzero(world.body.died)) == {4, 5, 6, 7, 9}
    assert (world.body.health[4:8] == 0).all()
    culled = world.tally.count[Event.AGENT_CULLED]
    assert set(np.flatnonzero(culled)) == {5, 6, 7}  # the others were counted when they died


def test_a_leader_that_died_earlier_takes_nobody_along():
    world = worlds.kill(worlds.blank(TINY, teams=4, leader_bound=True), 4, now=False)
    assert after(world, "king").body.present[5]


def test_the_last_team_standing_after_a_fall_has_won():
    world = worlds.blank(TINY, teams=4, leader_bound=True)
    world = worlds.kill(world, 4, 8, 12)
    verdict = after(world, "king").verdict
    assert set(np.flatnonzero(verdict.winners)) == {0, 1, 2, 3}
    assert (float(verdict.score), bool(verdict.over)) == (1.0, True)


def worked(world):
    """Everybody has come half way, and number 2 has died."""
    half = jnp.full(TINY.players, 0.5)
    task = world.task.replace(progress=half, max_progress=half)
    return worlds.kill(world.replace(task=task), 2)


def test_in_the_race_the_dead_come_back_and_begin_anew():
    world = worlds.blank(TINY, center=10, revival=Revival.EDGE, revival_freeze=10, tick=6)
    world = after(worked(world), "race")
    body, task = world.body, world.task
    assert body.present[2] and body.died[2] and body.health[2] == 100
    assert np.abs(np.asarray(body.pos[2]) - 24).max() == 5
    assert (int(body.freeze[2]), int(body.immortal_until[2])) == (10, 16)
    assert task.progress[2] == 0 and task.max_progress[2] == 0
    assert task.max_progress[1] == 0.5
    assert not world.verdict.over


def test_tasks_of_teams_go_on_when_a_member_comes_back():
    world = worlds.blank(TINY, teams=4, revival=Revival.ANYWHERE, revival_freeze=30)
    world = after(worked(world), "together")
    assert world.body.present[2]
    assert world.task.max_progress[2] == 0.5


def test_winners_and_score_stay_once_set():
    world = after(worlds.blank(TINY, tick=4), "mine")
    assert not world.verdict.over and world.verdict.score == 0
    world = after(world.replace(tick=jnp.int32(5)), "mine")
    assert set(np.flatnonzero(world.verdict.winners)) == {0}
    assert world.verdict.score == pytest.approx((128 - 5) / 128)
    world = after(world.replace(tick=jnp.int32(7)), "mine")
    assert set(np.flatnonzero(world.verdict.winners)) == {0}
    assert world.verdict.score == pytest.approx((128 - 5) / 128)
    assert world.verdict.over


def test_nobody_wins_before_the_earliest_tick():
    world = worlds.blank(TINY, tick=6, earliest_win=7)
    assert not after(world, "mine").verdict.winners.any()
    late = after(world.replace(tick=jnp.int32(7)), "mine")
    assert late.verdict.winners[0]


def test_the_horizon_ends_a_game():
    assert not after(worlds.blank(TINY, tick=127, revival=1), "race").verdict.over
    assert after(worlds.blank(TINY, tick=128, revival=1), "race").verdict.over


def test_recons_do_not_keep_a_game_going():
    world = worlds.blank(TINY, teams=2, tick=9, center=12)
    recon = jnp.arange(16) % 8 < 2
    world = world.replace(body=world.body.replace(recon=recon))
    left = worlds.kill(world, *[row for row in range(1, 16) if not recon[row]], 2, now=False)
    assert after(left, "raid").verdict.over
    one_fights = left.replace(
        body=left.body.replace(
            present=left.body.present.at[2].set(True), health=left.body.health.at[2].set(1)
        )
    )
    assert not after(one_fights, "raid").verdict.over


def test_too_few_alive_ends_a_game():
    world = worlds.kill(worlds.blank(TINY, min_alive=3), *range(4, 16), now=False)
    assert not after(world, "mine").verdict.over
    assert after(worlds.kill(world, 3), "mine").verdict.over


def test_a_task_completed_now_is_noticed_in_the_next_tick():
    from metammo_jax.tasks.progress import evaluate

    world = worlds.blank(TINY, center=10, tick=3, revival=1)  # everybody is on the middle tile
    world = after(world, "race")
    assert not world.verdict.over
    world, reward = evaluate(world, jnp.ones(16, bool), table("race"), TINY)
    assert (reward == 1).all() and (world.task.completed_at < NEVER).all()
    world = after(world.replace(tick=jnp.int32(4)), "race")
    assert world.verdict.winners.all()
    assert world.verdict.score == pytest.approx(124 / 128)
