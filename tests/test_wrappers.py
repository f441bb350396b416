import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.vocab import Item
from metammo_jax.wrappers import PaperReward
from tests import worlds


class Scripted:
    """An environment of 4 players whose only step is given."""

    cfg = "the config"

    def __init__(self, health, reward, terminated, truncated, over=False, winners=(), score=0.0):
        self.out = health, reward, terminated, truncated
        won = jnp.zeros(4, bool).at[jnp.array(winners, int)].set(True)
        self.info = info(over, won, score)

    def step(self, key, world, action, priority=None):
        health, reward, terminated, truncated = map(jnp.array, self.out)
        return None, world_with(health), reward, terminated, truncated, self.info


def info(over, winners, score=0.0):
    over, rest = jnp.bool_(over), dict(max_progress=None, game=0, difficulty=0)
    return mm.Info(over, jnp.bool_(False), winners, score, **rest)


def world_with(health, present=(True, True, True, True)):
    body = types.SimpleNamespace(health=jnp.array(health), present=jnp.array(present))
    return types.SimpleNamespace(body=body, has_skills=False, has_items=False)


def step(env, health=(100, 100, 100, 100), present=(True,) * 4):
    out = PaperReward(env).step(None, world_with(health, present), None)
    return [np.asarray(part) for part in (*out[2:5], out[5].shaping["health"])]


NOBODY = [False] * 4


def test_health_counts_for_those_that_go_on():
    env = Scripted([90, 100, 0, 60], [0.5, 0.0, -1.0, 0.0], [False, False, True, False], NOBODY)
    reward, terminated, truncated, paid = step(env, health=(100, 80, 30, 50))
    assert paid == pytest.approx([-0.03, 0.06, 0.0, 0.03]), "the dead are paid no health"
    assert reward == pytest.approx([0.5 - 0.03, 0.06, -1.0, 0.03])
    assert terminated.tolist() == [False, False, True, False] and not truncated.any()


def test_a_revived_player_starts_from_full_health():
    died = Scripted([100, 100, 100, 100], [-1.0, 0, 0, 0], [True, False, False, False], NOBODY)
    assert step(died, health=(10, 100, 100, 100))[0] == pytest.approx([-1.0, 0, 0, 0])
    after = Scripted([100, 100, 100, 100], [0.0, 0, 0, 0], NOBODY, NOBODY)
    assert step(after)[0] == pytest.approx([0, 0, 0, 0])


def test_the_end_pays_the_score_or_the_loss_and_nothing_else():
    env = Scripted(
        [50, 0, 100, 0],
        [0.2, -1.0, 0.3, 0.0],
        [False, True, False, False],
        [True, False, True, False],
        over=True,
        winners=[0, 1],
        score=0.75,
    )
    reward, terminated, truncated, paid = step(env, present=(True, True, True, False))
    assert not paid.any()
    assert reward == pytest.approx([0.75, 0.75, -1.0, 0.0]), "a winner may die in the last tick"
    assert terminated.all() and not truncated.any()
    won = Scripted([50] * 4, [0.0] * 4, NOBODY, NOBODY, over=True, winners=[0], score=0.5)
    reward, _, _, paid = step(won)
    assert reward == pytest.approx([0.5, -1, -1, -1]) and not paid.any()


def test_gold_experience_and_what_one_wears_count_in_the_full_game(tiny_full):
    env = Scripted([100] * 4, [0.0] * 4, NOBODY, NOBODY)
    before = worlds.blank(tiny_full)
    after = worlds.put_item(before, 1, 0, Item.HAT, level=5, worn=True)
    after = after.replace(
        body=after.body.replace(gold=after.body.gold.at[2].set(7)),
        skill=after.skill.replace(exp=after.skill.exp.at[3, 5].set(30)),
    )
    players = tiny_full.players
    env.step = lambda *_: (
        None,
        after,
        jnp.zeros(players),
        jnp.zeros(players, bool),
        jnp.zeros(players, bool),
        info(False, jnp.zeros(players, bool)),
    )
    _, _, reward, _, _, shaped = PaperReward(env).step(None, before, None)
    reward = np.asarray(reward)
    expected = [0, 0.1 * 0.04 * 15 * 3 / 45, 0.1 * 0.001 * 7, 0.1 * 0.002 * 30]
    assert reward[:4] == pytest.approx(expected) and not reward[4:].any()
    paid = {name: np.flatnonzero(part).tolist() for name, part in shaped.shaping.items()}
    assert paid == {"health": [], "experience": [3], "gold": [2], "defense": [1]}
    assert sum(shaped.shaping.values()) == pytest.approx(reward)


def test_all_else_is_forwarded():
    env = PaperReward(Scripted([0] * 4, [0.0] * 4, NOBODY, NOBODY))
    assert env.cfg == "the config" and not env.truncates
    with pytest.raises(AttributeError):
        _ = env.nothing_of_the_kind


def test_it_stands_where_an_environment_does():
    env = PaperReward(mm.make("race_to_the_center", config="tiny"))
    batch = mm.vectorize(env, 2)
    obs, state = jax.eval_shape(batch.reset, jax.random.key(0))
    action = jax.eval_shape(batch.sample, jax.random.key(0), obs)
    out = jax.eval_shape(batch.step, jax.random.key(0), state, action)
    assert out[2].shape == out[3].shape == (2, 16)
    assert env.games[0].name == "race_to_the_center"
