"""Past selves play some of the teams, are drawn from a pool, and teach nothing."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.config import TrainConfig
from agents.learners import pool, state, update
from agents.learners.rollout import begin_rollout, play_tick
from agents.runs import training_run
from agents.runs.training_run import assemble
from agents.train import train
from agents.training.loop import resume
from tests.agents.fake import FakeEnv

CFG = TrainConfig(past_selves=0.25, pool_size=3, pool_every=2)


@pytest.mark.parametrize(
    ("group", "share"),
    [((0, 0, 1, 1, 2, 2, 3, 3), 0.3), ((0, 0, 1), 0.9), (tuple(range(16)), 0.125)],
)
def test_whole_teams_are_dealt_out_and_one_learns(group, share):
    keys = jax.random.split(jax.random.key(0), 4000)
    groups = jnp.broadcast_to(jnp.array(group, jnp.int16), (4000, len(group)))
    past = np.asarray(jax.jit(pool.assign_teams, static_argnums=2)(keys, groups, share))
    teams = max(group) + 1
    of_team = np.stack([past[:, np.array(group) == team].mean(axis=1) for team in range(teams)])
    assert np.isin(of_team, (0, 1)).all(), "no team is split"
    counts = of_team.sum(axis=0)
    assert counts.max() < teams
    assert counts.mean() == pytest.approx(min(share * teams, teams - 1), abs=0.04)
    assert np.ptp(of_team.mean(axis=1)) < 0.05, "no team rather than another"


def test_every_place_of_the_pool_is_a_fair_sample_of_the_past():
    """Parameters that are the number of the update; twelve candidates for three places."""

    @jax.jit
    @jax.vmap
    def grow(key):
        held = pool.make_pool(CFG, jnp.float32(0))

        def step(held, key_and_number):
            key, number = key_and_number
            rival = pool.Rival(jnp.int32(0), held.params[0])
            return pool.update_pool(key, held, rival, number, 1.0, 0.5, CFG), None

        keys = jax.random.split(key, 22)
        return jax.lax.scan(step, held, (keys, jnp.arange(1.0, 23.0)))[0]

    held = grow(jax.random.split(jax.random.key(1), 3000))
    assert (held.seen == 12).all() and (held.age == 22).all()
    numbers, counts = np.unique(np.asarray(held.params), return_counts=True)
    assert numbers.tolist() == list(range(0, 24, 2)), "every second update"
    assert counts == pytest.approx(9000 / 12, rel=0.2)
    young = np.asarray(held.params[:, 0]) > 0
    assert 0.7 < young.mean() < 0.8
    since = 22 - np.asarray(held.params[:, 0])
    assert (np.asarray(held.matches[:, 0]) == since).all(), "counted since it has its place"
    assert (np.asarray(held.above[:, 0]) == since / 2).all()


def test_the_hard_ones_are_drawn_more_often():
    held = pool.make_pool(CFG, {"w": jnp.float32(0)})
    held = held.replace(
        params={"w": jnp.arange(3.0)},
        seen=jnp.int32(2),
        matches=jnp.array([98.0, 98.0, 98.0]),
        above=jnp.array([29.0, 59.0, 97.0]),
    )
    keys = jax.random.split(jax.random.key(2), 4000)
    for how, share in (("uniform", 0.5), ("hard", 0.36 / 0.45)):
        cfg = dataclasses.replace(CFG, pool_draw=how)
        rival = jax.vmap(lambda key, cfg=cfg: pool.draw_rival(key, held, cfg))(keys)
        assert (np.asarray(rival.params["w"]) == np.asarray(rival.place)).all()
        assert float((rival.place == 1).mean()) == pytest.approx(share, abs=0.03)
        assert (rival.place < 2).all(), "an empty place is not drawn"


def test_who_came_further_is_above():
    past = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 1, 1]], bool)
    winners = np.array([[0, 1, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0] * 4], bool)
    progress = [[0, 0, 0.4, 0.4], [0.5, 0, 0, 0], [0.0] * 4, [0.0] * 4, [0.5] * 4]
    info = (
        FakeEnv()
        .step(
            jax.random.key(0),
            FakeEnv().reset(jax.random.key(0))[1],
            FakeEnv().sample(jax.random.key(0), None),
        )[5]
        .replace(winners=jnp.asarray(winners), max_progress=jnp.array(progress))
    )
    done = np.array([1, 1, 1, 0, 1], bool)
    matched, above = pool.score_matches(jnp.asarray(past), info, done)
    assert matched.tolist() == [1, 1, 0, 0, 1]
    assert above.tolist() == [1, 1, 0, 0, 0.5]


@pytest.fixture(scope="module")
def stubborn(fake_cfg):
    """Batch, policy, parameters, and those of a rival that always moves in direction 2."""
    batch, policy = assemble(fake_cfg, FakeEnv())
    stage = begin_rollout(policy, batch, jax.random.key(0), 0.5)
    params = policy.init(jax.random.key(1), stage.obs)
    bias = params["params"]["heads"]["Dense_0"]["bias"]
    rival = jax.tree.map(lambda leaf: leaf, params)
    rival["params"]["heads"]["Dense_0"]["bias"] = bias.at[2].add(100.0)
    return batch, policy, params, rival, stage


def test_past_selves_choose_by_their_own_parameters_and_keep_their_memory(stubborn):
    batch, policy, params, rival, stage = stubborn
    tick = jax.jit(lambda key, stage: play_tick(policy, batch, params, key, stage, rival, 0.5))
    dealt, moves = [], []
    for key in jax.random.split(jax.random.key(3), 17):
        before, (stage, step, finished) = stage, tick(key, stage)
        its = np.asarray(before.past & before.obs.alive)
        assert (np.asarray(step.choice.move)[its] == 2).all()
        assert not step.alive[its].any() and (step.bootstrap[its] == 0).all()
        assert (step.alive == (before.obs.alive & ~before.past)).all()
        moves.append(np.asarray(step.choice.move)[np.asarray(step.alive)])
        goes_on = its & np.asarray(stage.obs.alive) & ~np.asarray(finished.done)[:, None]
        goes_on[:, :2] = False  # these come back to life at once: they may have died
        memory = np.abs(np.concatenate(jax.tree.leaves(stage.memory), axis=-1)).sum(axis=-1)
        assert (memory[goes_on] > 0).all(), "what a past self remembers is kept"
        assert not np.asarray(stage.fresh)[goes_on].any()
        done = np.asarray(finished.done)
        assert (np.asarray(stage.past == before.past).all(axis=1) | done).all()
        dealt.append(np.asarray(stage.past))
    assert (np.unique(np.concatenate(moves)) == np.arange(5)).all(), "who learns is not bound"
    assert (dealt[14] == dealt[0]).all() and (dealt[15] != dealt[0]).any(), (
        "dealt anew in episode 2"
    )
    assert np.stack(dealt).sum(axis=-1).tolist() == np.full((17, 16), 2).tolist()


def test_nothing_is_learned_from_past_selves(stubborn, fake_cfg):
    """Half of all steps count; a replay of them gives their log-probabilities back."""
    batch, policy, params, rival, _ = stubborn
    cfg = dataclasses.replace(fake_cfg, past_selves=0.5, pool_size=2, pool_every=1)
    first = state.init_state(batch, policy, cfg)
    held = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), rival)
    first = first.replace(pool=first.pool.replace(params=held))
    after, metrics = update.make_update(batch, policy, cfg)(first, np.float32(0.0))
    assert float(metrics["replay_error"]) < 1e-4
    assert float(metrics["past/matches"]) == 32 and 0.2 < float(metrics["past/won"]) < 0.8
    full = 16 * 32 * 4
    assert 0.3 * full < int(metrics["living_steps"]) < 0.5 * full
    assert int(after.pool.seen) == 2 and int(after.pool.age) == 1
    second = jax.tree.map(lambda leaf: leaf[1], after.pool.params)
    jax.tree.map(np.testing.assert_array_equal, second, after.params)
    assert float(after.pool.matches[0]) == 32 and float(after.pool.matches[1]) == 0


@pytest.mark.slow
def test_a_run_with_past_selves_goes_on_exactly(fake_cfg, tmp_path):
    def cfg(name):
        return dataclasses.replace(
            fake_cfg,
            past_selves=0.5,
            pool_size=2,
            pool_every=1,
            total_steps=4_000,
            run_dir=str(tmp_path / name),
        )

    whole = train(cfg("whole"), FakeEnv())
    train(cfg("parts"), FakeEnv(), updates=2)
    assert not resume(tmp_path / "parts", FakeEnv(), updates=1).complete
    parts = resume(tmp_path / "parts", FakeEnv())
    assert whole.complete and parts.complete and parts.steps == whole.steps
    jax.tree.map(np.testing.assert_array_equal, parts.params, whole.params)
    one, other = (
        training_run.resume(tmp_path / name, FakeEnv()).state for name in ("whole", "parts")
    )
    jax.tree.map(np.testing.assert_array_equal, one.pool, other.pool)
    assert "past/won" in whole.history[-1]


@pytest.mark.parametrize(("option", "value"), [("past_selves", 1.0), ("past_selves", -0.1),
                                               ("pool_size", 0), ("pool_every", 0),
                                               ("pool_draw", "best")])  # fmt: skip
def test_options_that_cannot_be(option, value):
    with pytest.raises(ValueError, match=f"{option}="):
        TrainConfig(**{option: value})
