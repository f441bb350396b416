import dataclasses
import itertools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.distributions import Choice, Logits, entropy, log_prob, masked, sample, to_action

SIZES = dict(move=5, target=3, style=3, token=2)


@pytest.fixture
def logits():
    draws = {name: jax.random.normal(jax.random.key(i), (7, n)) for i, (name, n) in
             enumerate(SIZES.items())}  # fmt: skip
    legal = {name: jnp.ones((7, n), bool).at[:, 0].set(False) for name, n in SIZES.items()}
    return masked(Logits(**draws), Logits(**legal))


def every_choice():
    for entry in itertools.product(*[range(n) for n in SIZES.values()]):
        yield Choice(*[jnp.full(7, index, jnp.int32) for index in entry])


def test_forbidden_is_never_drawn(logits):
    for seed in range(30):
        choice = sample(jax.random.uniform(jax.random.key(seed), (7, 4)), logits)
        assert all(int(index.min()) >= 1 for index in jax.tree.leaves(choice))


def test_entropy_is_that_of_what_agents_do(logits):
    """Enumerates all choices; those that differ only in the style of no attack are one deed."""
    total, mass, seen = 0.0, 0.0, set()
    for choice in every_choice():
        entry = tuple(int(index[0]) for index in jax.tree.leaves(choice))
        if entry[1] == SIZES["target"] - 1:
            entry = (entry[0], entry[1], None, entry[3])
        if entry in seen:
            continue
        seen.add(entry)
        log_probability = np.asarray(log_prob(logits, choice), np.float64)
        total -= np.exp(log_probability) * log_probability
        mass += np.exp(log_probability)
    assert mass == pytest.approx(np.ones(7), abs=1e-5)
    deeds, words = entropy(logits)
    assert np.asarray(deeds + words) == pytest.approx(total, abs=1e-4)


def test_log_prob_of_hand_made_logits():
    quarter = jnp.log(jnp.array([[0.25, 0.75]]))
    logits = Logits(quarter, quarter, quarter, quarter)
    zero, one = jnp.zeros(1, jnp.int32), jnp.ones(1, jnp.int32)
    attack = Choice(move=zero, target=zero, style=zero, token=zero)
    nobody = Choice(move=zero, target=one, style=zero, token=zero)
    assert float(log_prob(logits, attack)[0]) == pytest.approx(4 * np.log(0.25))
    assert float(log_prob(logits, nobody)[0]) == pytest.approx(2 * np.log(0.25) + np.log(0.75))


def test_a_single_allowed_entry_costs_nothing():
    one = jnp.zeros((1, 4))
    legal = jnp.array([[False, False, False, True]])
    logits = masked(Logits(one, one, one, one), Logits(legal, legal, legal, legal))
    last = jnp.full(1, 3, jnp.int32)
    assert float(log_prob(logits, Choice(last, last, last, last))[0]) == 0.0
    assert [float(part[0]) for part in entropy(logits)] == [0.0, 0.0]


def test_to_action_turns_positions_into_rows_and_zero_into_silence():
    visible = jnp.array([[4, 9], [7, -1]], jnp.int16)
    choice = Choice(
        move=jnp.array([1, 4]), target=jnp.array([1, 2]), style=jnp.array([2, 0]),
        token=jnp.array([0, 3]),
    )  # fmt: skip
    action = to_action(choice, types.SimpleNamespace(visible=visible))
    assert action.target.tolist() == [9, -1]
    assert action.token.tolist() == [-1, 3]
    assert action.move.tolist() == [1, 4] and action.style.tolist() == [2, 0]


def test_entries_are_drawn_as_often_as_their_probability():
    """By points spread evenly over 0..1, so that nothing is left to chance."""
    head = jnp.log(jnp.array([0.5, 1e-9, 0.125, 0.375]))
    count = 4096
    heads = [jnp.broadcast_to(head, (count, 4))] * 3
    spread = (np.arange(count, dtype=np.float32) + 0.5) / count
    points = jnp.broadcast_to(spread[:, None], (count, 6))
    spelling = jnp.broadcast_to(jnp.array([0.0, 20.0, -20.0]), (count, 3))
    choice = sample(points, Logits(*heads, spelling=spelling))
    found = np.bincount(choice.target, minlength=4) / count
    assert found.tolist() == pytest.approx([0.5, 0.0, 0.125, 0.375], abs=1 / count)
    assert np.bincount(choice.token, minlength=8).tolist() == [0, 0, 2048, 2048, 0, 0, 0, 0]


def test_the_last_allowed_entry_is_the_last_that_can_be_drawn():
    """However the sum of probabilities rounds."""
    largest = jnp.full((1, 4), np.nextafter(np.float32(1), np.float32(0)))
    head = jnp.array([[0.3, 0.7, 0.9, -1e9]])
    choice = sample(largest, Logits(head, head, head, head))
    assert [int(entry[0]) for entry in jax.tree.leaves(choice)] == [2] * 4


def spelled(*logits):
    one = jnp.zeros((1, 1))
    return Logits(one, one, one, spelling=jnp.array([logits], jnp.float32))


def test_words_are_spelled_bit_by_bit():
    """All words' probabilities are products of those of their bits, and sum to 1."""
    logits, zero = spelled(0.5, -1.0, 2.0), jnp.zeros(1, jnp.int32)
    bits = 1 / (1 + np.exp(-np.array([0.5, -1.0, 2.0])))
    told = []
    for word in range(8):
        expected = np.prod([bits[i] if word >> i & 1 else 1 - bits[i] for i in range(3)])
        found = log_prob(logits, Choice(zero, zero, zero, jnp.full(1, word)))
        assert float(found[0]) == pytest.approx(np.log(expected), rel=1e-5)
        told.append(float(found[0]))
    assert np.exp(told).sum() == pytest.approx(1.0)
    words = float(entropy(logits)[1][0])
    assert words == pytest.approx(-(np.exp(told) * told).sum(), rel=1e-5)


def test_who_may_not_speak_is_silent_at_no_cost():
    legal = Logits(*[jnp.ones((1, 1), bool)] * 3, spelling=jnp.zeros((1, 3), bool))
    logits = masked(spelled(5.0, 5.0, 5.0), legal)
    choice = sample(jnp.zeros((1, 6)), logits)
    assert int(choice.token[0]) == 0 and float(log_prob(logits, choice)[0]) == 0.0
    assert float(entropy(logits)[1][0]) == 0.0
    slope = jax.grad(lambda head: entropy(logits.replace(spelling=head))[1].sum())(logits.spelling)
    assert (slope == 0).all()


def full(**changed):
    """Logits and choice of one agent in the full game; every head says 1/4, 3/4.

    It does nothing, says 0 as its price, amount and word, and what else is `changed`: by name, the
    entry chosen.
    """
    head = jnp.log(jnp.array([[0.25, 0.75]]))
    names = [field.name for field in dataclasses.fields(Logits) if field.name != "spelling"]
    details = {"price", "gold", "token", "style", "move"}
    entries = {name: 0 if name in details else 1 for name in names} | changed
    choice = {name: jnp.full(1, entry, jnp.int32) for name, entry in entries.items()}
    return Logits(**dict.fromkeys(names, head)), Choice(**choice)


LOW, HIGH = np.log(0.25), np.log(0.75)
IDLE = 2 * LOW + 7 * HIGH
"""move and token are 0; target, use, destroy, give, sell, buy, gold_to say "nothing"."""


def test_of_who_does_nothing_no_detail_counts():
    logits, choice = full()
    assert float(log_prob(logits, choice)[0]) == pytest.approx(IDLE)
    for detail in ("style", "give_to", "price", "gold"):
        entry = 1 - int(getattr(choice, detail)[0])
        other = log_prob(*full(**{detail: entry}))
        assert float(other[0]) == pytest.approx(IDLE), detail


@pytest.mark.parametrize(
    ("deed", "detail"),
    [("target", "style"), ("give", "give_to"), ("sell", "price"), ("gold_to", "gold")],
)
def test_a_detail_counts_only_with_its_deed(deed, detail):
    """Somebody attacked, something given or sold, somebody who gets gold: then it matters how."""
    done = IDLE + LOW - HIGH
    for entry, share in ((0, LOW), (1, HIGH)):
        found = log_prob(*full(**{deed: 0, detail: entry}))
        assert float(found[0]) == pytest.approx(done + share)
    others = {"style", "give_to", "price", "gold"} - {detail}
    for other in others:
        same = [float(log_prob(*full(**{deed: 0, other: entry}))[0]) for entry in (0, 1)]
        assert same[0] == same[1], f"{other} has nothing to do with {deed}"


def test_entropy_of_details_is_weighed_by_the_chance_of_their_deed():
    """Deeds: eight heads whole, style and give_to a quarter; numbers: words whole, price, gold."""
    logits, _ = full()
    one = -(0.25 * LOW + 0.75 * HIGH)
    deeds, numbers = entropy(logits)
    assert float(deeds[0]) == pytest.approx((8 + 2 * 0.25) * one)
    assert float(numbers[0]) == pytest.approx((1 + 2 * 0.25) * one)
