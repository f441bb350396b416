"""Curricula: what is played next depends on what was learnt."""

import dataclasses
import functools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import struct

from agents import curriculum
from agents.config import TrainConfig
from agents.curriculum import buffer, levels, rates, scores
from agents.curriculum.learning import describe
from agents.learners import update as updating
from agents.learners.rollout import Finished
from agents.parallel.meshes import WORLD_AXIS
from metammo_jax import schedule, vectorize
from tests.agents.fake_levels import AXES, OPTIONS, FakeAtlas, LevelEnv, TwoTable

REPLAY = TrainConfig(curriculum="replay", level_buffer=4)
LEARNABILITY = dataclasses.replace(REPLAY, curriculum="learnability")


def test_resets_draw_levels_by_their_chance_and_new_games_of_a_universe():
    choices = jnp.array([[-1, -1, -1], [-1, -1, -1], [7, 7, 7], [8, 8, 8]])
    chance = jnp.array([0.1, 0.3, 0.6, 0.0])
    drawn = schedule.Levels(chance, jnp.array([0, 1, 1, 1]), choices)
    keys = jax.random.split(jax.random.key(0), 3000)
    game, found = map(np.asarray, drawn.draw(keys, FakeAtlas()))
    assert (found[game == 0] == -1).all() and (game == 0).mean() == pytest.approx(0.1, abs=0.03)
    is_known = (found == 7).all(axis=1)
    assert is_known.mean() == pytest.approx(0.6, abs=0.03) and not (found == 8).any()
    new = found[(game == 1) & ~is_known]
    counts = np.bincount(new.ravel(), minlength=OPTIONS) / new.size
    assert counts == pytest.approx(np.full(OPTIONS, 1 / OPTIONS), abs=0.05), "drawn independently"
    with pytest.raises(ValueError, match="must have choices where some game is a universe"):
        drawn.replace(choices=None).draw(keys, FakeAtlas())


def test_a_batch_resets_to_its_levels_and_says_what_was_played():
    batch = vectorize(LevelEnv(), 4)
    obs, state = jax.jit(batch.reset)(jax.random.key(0))
    action = batch.sample(jax.random.key(1), obs)
    first = np.asarray(state.world.choices)
    wanted = schedule.Levels(jnp.ones(1), jnp.array([1]), jnp.array([[3, 1, 2]]))
    state, step = state.replace(levels=wanted), jax.jit(batch.step)
    for tick in range(8):
        before = np.asarray(state.world.choices)
        _, state, *_, info = step(jax.random.key(tick), state, action)
        assert (np.asarray(info.choices) == before).all()
        expected = first if tick < 3 else [[3, 1, 2]] * 4
        assert (np.asarray(state.world.choices) == expected).all()
    assert (first != [[3, 1, 2]]).any(axis=1).all(), "another one was played before"


def test_success_rates_are_moving_averages_over_episodes():
    """Against one episode after the other, each worth the mean of its rollout."""
    rng, found = np.random.default_rng(0), rates.start_rates(3)
    slow = {weight: [[] for _ in range(3)] for weight in (rates.FAST, rates.SLOW)}
    for _ in range(6):
        episodes = rng.integers(0, [9, 30, 1])
        won = rng.integers(0, episodes + 1)
        found = rates.update_rates(found, jnp.asarray(episodes), jnp.asarray(won))
        for means in slow.values():
            for game in range(3):
                share = won[game] / max(episodes[game], 1)
                means[game] += [share] * int(episodes[game])

    def average(weight):
        """The weighted mean in which each episode counts less than the one after it."""
        each = []
        for means in slow[weight]:
            weights = (1 - weight) ** np.arange(len(means))[::-1]
            each.append(np.average(means, weights=weights) if means else 0.5)
        return np.array(each)

    fast = average(rates.FAST)
    assert np.asarray(rates.success_rate(found)) == pytest.approx(fast, abs=1e-5)
    change = abs(fast - average(rates.SLOW))
    assert np.asarray(rates.learning_progress(found)) == pytest.approx(change, abs=1e-5)
    assert change[0] > 0.001 and change[2] == 0


@pytest.mark.parametrize("name", ["progress", "learnability"])
def test_the_one_game_that_can_be_learnt_is_drawn_more_often(name):
    """Of three games one is always won, one never, and one the more often it was played."""
    cfg = TrainConfig(curriculum=name, game=("a", "b", "c"), curriculum_random=0.2)
    table = types.SimpleNamespace(weights=np.full(3, 1 / 3), atlas=None)
    rng, known, drawn = np.random.default_rng(1), rates.start_rates(3), np.zeros(3, int)
    shares_of = jax.jit(lambda known: levels.game_shares(known, cfg, table))
    learn, history = jax.jit(rates.update_rates), []
    for _ in range(60):
        shares = np.asarray(shares_of(known), np.float64)
        assert shares.sum() == pytest.approx(1) and shares.min() > 0.2 / 3 - 1e-6
        history.append(shares)
        episodes = rng.multinomial(16, shares / shares.sum())
        chance = [1.0, 0.0, min(0.1 + drawn[2] / 800, 1.0)]
        won = rng.binomial(episodes, chance)
        drawn += episodes
        known = learn(known, jnp.asarray(episodes, jnp.int32), jnp.asarray(won, jnp.int32))
    assert drawn[2] > 0.5 * drawn.sum() and drawn[:2].min() > 30
    assert np.mean(history[10:40], axis=0)[2] > 0.55, history


def _filled(size=6, held=5):
    rng = np.random.default_rng(2)
    some = buffer.empty_buffer(size, AXES)
    return some.replace(
        game=jnp.asarray(np.where(np.arange(size) < held, 1, -1), jnp.int32),
        choices=jnp.asarray(rng.integers(0, OPTIONS, (size, AXES)), jnp.int32),
        score=jnp.asarray(rng.random(size), jnp.float32),
        played=jnp.asarray(rng.integers(0, 9, size), jnp.int32),
    )


def test_levels_are_replayed_by_rank_and_staleness():
    known, cfg = _filled(), dataclasses.replace(REPLAY, level_temperature=0.7, level_staleness=0.3)
    found = np.asarray(levels.level_weights(known, jnp.int32(10), cfg))
    score, stale = np.asarray(known.score)[:5], 10 - np.asarray(known.played)[:5]
    rank = np.array([1 + sum(other > one for other in score) for one in score])
    by_rank = (1 / rank) ** (1 / 0.7)
    expected = 0.7 * by_rank / by_rank.sum() + 0.3 * stale / stale.sum()
    assert found == pytest.approx([*expected, 0], abs=1e-5)
    found = levels.level_weights(known, jnp.int32(10), LEARNABILITY)
    assert np.asarray(found) == pytest.approx([*score / score.sum(), 0], abs=1e-5)


def test_learnability_is_the_expected_p_times_1_minus_p():
    p = np.random.default_rng(0).beta(4, 2, 200_000)
    found = float(rates.learnability(jnp.float32(3), jnp.float32(1)))
    assert found == pytest.approx((p * (1 - p)).mean(), abs=2e-3)


@pytest.mark.parametrize("cfg", [REPLAY, LEARNABILITY], ids=lambda cfg: cfg.curriculum)
def test_a_buffer_keeps_the_best_levels(cfg):
    """Against a dict of levels, over rollouts whose episodes are often of the same level."""
    rng, found, slow = np.random.default_rng(3), buffer.empty_buffer(4, AXES), {}
    learn = jax.jit(buffer.update_buffer, static_argnums=4)
    for update in range(1, 12):
        done, won = (rng.random(10) < p for p in (0.7, 0.5))
        choices = rng.integers(0, 2, (10, AXES))
        score = rng.random(10).astype(np.float32)
        game = np.ones(10, int)
        rows = (done, game, choices, won, score)
        as_arrays = [jnp.asarray(x, x.dtype if x.dtype != int else jnp.int32) for x in rows]
        ended = buffer.Ended(*as_arrays)
        newest = jax.tree.map(lambda leaf: leaf[::2], ended)
        found = learn(found, ended, newest, jnp.int32(update), cfg)
        _learn_slowly(slow, rows, update, cfg)
        held = np.asarray(found.is_held)
        own = {tuple(c): i for i, c in enumerate(np.asarray(found.choices).tolist()) if held[i]}
        assert own.keys() == slow.keys() and held.sum() == len(own)
        for level, place in own.items():
            for name, value in slow[level].items():
                assert float(getattr(found, name)[place]) == pytest.approx(value, abs=1e-5), name
    assert len(slow) == 4 and len({one["added"] for one in slow.values()}) > 1


def _learn_slowly(slow, rows, update, cfg):
    """Changes a dict of levels as the buffer changes, a level at a time."""
    by_level, new = {}, {}
    for number, (done, _, choices, won, score) in enumerate(zip(*rows, strict=True)):
        level = tuple(choices.tolist())
        if done and level in slow:
            by_level.setdefault(level, []).append((won, score))
        elif done and number % 2 == 0 and level not in new:
            new[level] = dict(
                score=float(score), won=float(won), lost=1.0 - won, played=update, added=update
            )
    for level, episodes in by_level.items():
        one, fade = slow[level], (1 - buffer.MEMORY) ** len(episodes)
        wins = sum(won for won, _ in episodes)
        one["won"] = one["won"] * fade + wins
        one["lost"] = one["lost"] * fade + len(episodes) - wins
        one["score"], one["played"] = np.mean([score for _, score in episodes]), update
    slow |= new
    if cfg.curriculum == "learnability":
        for one in slow.values():
            a, b = one["won"] + 1, one["lost"] + 1
            one["score"] = a * b / ((a + b) ** 2 + (a + b))
    # of equals the one that was there first; rounding makes no difference between them
    order = sorted(slow, key=lambda level: -round(float(slow[level]["score"]), 6))
    for level in order[4:]:
        del slow[level]


@pytest.mark.parametrize("kind", ["positive", "magnitude"])
def test_an_episode_is_scored_over_all_its_rollouts(kind):
    rng, cfg = np.random.default_rng(4), dataclasses.replace(REPLAY, level_score=kind)
    advantage = rng.normal(size=(12, 3, 2)).astype(np.float32)
    alive, done = rng.random((12, 3, 2)) < 0.8, rng.random((12, 3)) < 0.3
    running, found = scores.start_running(3), []
    for part in (slice(0, 5), slice(5, 12)):
        given = advantage[part], alive[part], done[part]
        running, score = scores.score_episodes(running, *map(jnp.asarray, given), cfg)
        found.append(np.asarray(score))
    found = np.concatenate(found)
    for world in range(3):
        first = 0
        for end in np.flatnonzero(done[:, world]):
            its = slice(first, end + 1)
            values = advantage[its, world][alive[its, world]]
            values = np.maximum(values, 0) if kind == "positive" else abs(values)
            assert found[end, world] == pytest.approx(values.mean() if len(values) else 0, abs=1e-5)
            first = end + 1


def _learnt(update=10):
    known = rates.update_rates(rates.start_rates(2), jnp.array([8, 8]), jnp.array([2, 4]))
    return curriculum.Curriculum(known, jnp.int32(update), _filled())


@pytest.mark.parametrize("cfg", [REPLAY, LEARNABILITY], ids=lambda cfg: cfg.curriculum)
def test_levels_have_the_shares_that_options_say(cfg):
    learnt, key = _learnt(), jax.random.key(5)
    drawn = jax.jit(lambda: levels.levels_of(key, learnt, cfg, TwoTable))()
    chance, choices = np.asarray(drawn.chance), np.asarray(drawn.choices)
    known = np.asarray(learnt.buffer.choices)
    assert chance.sum() == pytest.approx(1, abs=1e-5)
    if cfg is REPLAY:
        shares = np.array([0.5, 0.5])
    else:
        count = sum((1 - rates.FAST) ** k for k in range(8))  # of which 2 and 4 of 8 were won
        a, b = np.array([2, 4]) / 8 * count + 1, np.array([6, 4]) / 8 * count + 1
        weight = a * b / ((a + b) * (a + b + 1))
        shares = 0.8 * weight / weight.sum() + 0.1
    again = shares[1] * 0.8 * 5 / 6  # one place is empty
    assert chance[:2] == pytest.approx([shares[0], shares[1] - again], abs=1e-5)
    assert (choices[:2] == -1).all() and (choices[2:8] == known).all()
    if cfg is LEARNABILITY:
        assert len(chance) == 8 and chance[2:].sum() == pytest.approx(again, abs=1e-5)
        return
    assert chance[2:8].sum() == pytest.approx(again / 2, abs=1e-5)
    assert chance[8:] == pytest.approx(np.full(16, again / 2 / 16), abs=1e-5)
    changed = (choices[8:, None] != known[None, :5]).sum(axis=-1)
    assert (changed.min(axis=1) <= 1).all() and (np.asarray(drawn.game)[8:] == 1).all()
    assert len({tuple(row) for row in choices[8:].tolist()}) > 4


def _rollout(worlds=8, sequences=2, ticks=6, players=2):
    """Rows, finished episodes and the stage after a rollout, of random numbers."""
    rng, at = np.random.default_rng(6), (sequences, ticks, worlds)
    done, won = rng.random(at) < 0.4, rng.random(at) < 0.5
    game = rng.integers(0, 2, at).astype(np.int32)
    choices = np.where(game[..., None] == 1, rng.integers(0, 2, (*at, AXES)), -1).astype(np.int32)
    episode = types.SimpleNamespace(game=jnp.asarray(game), won=jnp.asarray(won))
    fields = [rng.normal(size=(*at, players)).astype(np.float32), rng.random((*at, players)) < 0.8]
    return game, done, choices, episode, fields, rng.integers(0, 2, worlds).astype(np.int32)


@struct.dataclass
class Episode:
    """What is read of `EpisodeStats`."""

    game: jax.Array
    won: jax.Array


@struct.dataclass
class Step:
    """What is read of `Transition`."""

    game: jax.Array
    alive: jax.Array


@struct.dataclass
class SomeRows:
    """What is read of `Rows`."""

    step: Step
    advantage: jax.Array


def _learn(cfg, game, done, choices, episode, fields, last, running, learnt):
    """Learns from some worlds of a rollout, arrays (sequences, ticks, worlds, ...)."""
    row = updating._split_worlds
    rows = SomeRows(Step(row(game), row(fields[1])), row(fields[0]))
    finished = Finished(done, episode, choices=choices)
    drawn = levels.levels_of(jax.random.key(0), learnt, cfg, TwoTable)
    before = types.SimpleNamespace(state=types.SimpleNamespace(levels=drawn))
    world = types.SimpleNamespace(params=types.SimpleNamespace(game=last))
    state = types.SimpleNamespace(curriculum=learnt, running=running, stage=before)
    stage = types.SimpleNamespace(state=types.SimpleNamespace(world=world))
    return curriculum.learn(state, stage, rows, finished, cfg, TwoTable)


@pytest.mark.parametrize("cfg", [REPLAY, LEARNABILITY], ids=lambda cfg: cfg.curriculum)
def test_two_devices_learn_what_one_learns(cfg):
    game, done, choices, episode, fields, last = _rollout()
    episode = Episode(episode.game, episode.won)
    whole = jax.tree.map(jnp.asarray, (game, done, choices, episode, fields))
    learnt = curriculum.Curriculum(rates.start_rates(2), jnp.int32(3), buffer.empty_buffer(4, AXES))

    def learn(parts, last):
        running = scores.start_running(len(last))
        return _learn(cfg, *parts, last, running, learnt)

    @functools.partial(jax.jit, static_argnums=0)
    def on_devices(count):
        parts = jax.tree.map(
            lambda leaf: jnp.moveaxis(
                leaf.reshape(*leaf.shape[:2], count, -1, *leaf.shape[3:]), 2, 0
            ),
            whole,
        )
        return jax.vmap(learn, axis_name=WORLD_AXIS)(parts, jnp.asarray(last).reshape(count, -1))

    one, two = on_devices(1), on_devices(2)
    assert int(one[0].buffer.is_held.sum()) >= 3 and one[0].buffer.score.max() > 0
    for mine in range(2):
        for left, right in zip(jax.tree.leaves(one[0]), jax.tree.leaves(two[0]), strict=True):
            np.testing.assert_array_equal(left[0], right[mine])
    for left, right in zip(jax.tree.leaves(one[1]), jax.tree.leaves(two[1]), strict=True):
        np.testing.assert_array_equal(left.ravel(), right.ravel())
    metrics = jax.tree.map(lambda leaf: np.asarray(leaf[1]), two[2]["curriculum"])
    line = game.reshape(12, 8)
    begun = np.concatenate([line[1:], last[None]])[done.reshape(12, 8)]
    assert metrics["resets"].tolist() == np.bincount(begun, minlength=2).tolist()
    assert sum(describe(metrics, LevelEnv.games)["share"].values()) == pytest.approx(1)
