import dataclasses
import itertools
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.networks.distributions import (
    Choice,
    Logits,
    argmax_choice,
    entropy,
    log_prob,
    mask_logits,
    sample,
    to_action,
)

SIZES = dict(move=5, target=3, style=3, token=2)


@pytest.fixture
def logits():
    draws = {
        name: jax.random.normal(jax.random.key(i), (7, n))
        for i, (name, n) in enumerate(SIZES.items())
    }
    legal = {name: jnp.ones((7, n), bool).at[:, 0].set(False) for name, n in SIZES.items()}
    return mask_logits(Logits(**draws), Logits(**legal))


def every_choice():
    for entry in itertools.product(*[range(n) for n in SIZES.values()]):
        yield Choice(*[jnp.full(7, index, jnp.int32) for index in entry])


def test_forbidden_is_never_drawn(logits):
    for seed in range(30):
        choice = sample(jax.random.uniform(jax.random.key(seed), (7, 4)), logits)
        assert all(int(index.min()) >= 1 for index in jax.tree.leaves(choice))


def test_entropy_is_that_of_what_agents_do(logits):
    """Enumerates all choices; those that differ only in the style of no attack are one action."""
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
    of_actions, words = entropy(logits)
    assert np.asarray(of_actions + words) == pytest.approx(total, abs=1e-4)


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
    logits = mask_logits(Logits(one, one, one, one), Logits(legal, legal, legal, legal))
    last = jnp.full(1, 3, jnp.int32)
    assert float(log_prob(logits, Choice(last, last, last, last))[0]) == 0.0
    assert [float(part[0]) for part in entropy(logits)] == [0.0, 0.0]


def test_to_action_turns_positions_into_rows_and_zero_into_silence():
    visible = jnp.array([[4, 9], [7, -1]], jnp.int16)
    choice = Choice(
        move=jnp.array([1, 4]),
        target=jnp.array([1, 2]),
        style=jnp.array([2, 0]),
        token=jnp.array([0, 3]),
    )
    action = to_action(
        choice, types.SimpleNamespace(visible=visible, listing=None, bag=None), tokens=3
    )
    assert action.target.tolist() == [9, -1]
    assert action.token.tolist() == [-1, 3]
    assert action.move.tolist() == [1, 4] and action.style.tolist() == [2, 0]


@pytest.mark.parametrize("entries", [4, 200], ids=["few", "many"])
def test_entries_are_drawn_as_often_as_their_probability(entries):
    """By points spread evenly over 0..1, so that nothing is left to chance."""
    shares = np.zeros(entries)
    shares[[0, -2, -1]] = 0.5, 0.125, 0.375
    count = 4096
    head = jnp.where(shares > 0, jnp.log(jnp.maximum(shares.astype(np.float32), 1e-30)), -1e9)
    heads = [jnp.broadcast_to(head, (count, entries))] * 4
    spread = (np.arange(count, dtype=np.float32) + 0.5) / count
    points = jnp.broadcast_to(spread[:, None], (count, 4))
    for chosen in jax.tree.leaves(sample(points, Logits(*heads))):
        found = np.bincount(chosen, minlength=entries) / count
        assert found == pytest.approx(shares, abs=1 / count)


@pytest.mark.parametrize("entries", [4, 200], ids=["few", "many"])
@pytest.mark.parametrize("point", [0.0, np.nextafter(np.float32(1), np.float32(0))])
def test_only_allowed_entries_are_drawn_however_sums_round(entries, point):
    heads = jax.random.normal(jax.random.key(0), (500, entries))
    allowed = jax.random.bernoulli(jax.random.key(1), 0.3, heads.shape).at[:, 1].set(True)
    head = jnp.where(allowed, heads, -1e9)
    chosen = sample(jnp.full((500, 4), point, jnp.float32), Logits(head, head, head, head))
    for entry in jax.tree.leaves(chosen):
        assert np.take_along_axis(np.asarray(allowed), np.asarray(entry)[:, None], 1).all()


def full(**changed):
    """Logits and choice of one agent in the full game; every head says 1/4, 3/4.

    It does nothing, says 0 as its price, amount and word, and what else is `changed`: by name, the
    entry chosen.
    """
    head = jnp.log(jnp.array([[0.25, 0.75]]))
    names = [field.name for field in dataclasses.fields(Choice)]
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
    ("head", "detail"),
    [("target", "style"), ("give", "give_to"), ("sell", "price"), ("gold_to", "gold")],
)
def test_a_detail_counts_only_with_its_head(head, detail):
    """Somebody attacked, something given or sold, somebody who gets gold: then it matters how."""
    done = IDLE + LOW - HIGH
    for entry, share in ((0, LOW), (1, HIGH)):
        found = log_prob(*full(**{head: 0, detail: entry}))
        assert float(found[0]) == pytest.approx(done + share)
    others = {"style", "give_to", "price", "gold"} - {detail}
    for other in others:
        same = [float(log_prob(*full(**{head: 0, other: entry}))[0]) for entry in (0, 1)]
        assert same[0] == same[1], f"{other} has nothing to do with {head}"


def test_entropy_of_details_is_weighed_by_the_chance_of_their_head():
    """Eight heads whole, style and give_to a quarter; numbers: words whole, price, gold."""
    logits, _ = full()
    one = -(0.25 * LOW + 0.75 * HIGH)
    of_actions, numbers = entropy(logits)
    assert float(of_actions[0]) == pytest.approx((8 + 2 * 0.25) * one)
    assert float(numbers[0]) == pytest.approx((1 + 2 * 0.25) * one)


BITS = jnp.array([[0.3, -1.2, 2.0]])
"""Log-odds of the bits of a word's number, the lowest first."""


def spelled(bits, legal=True):
    """Logits of an agent that can do nothing but say a word."""
    one = jnp.zeros((len(bits), 1))
    allowed = jnp.full(bits.shape, legal)
    return mask_logits(
        Logits(one, one, one, spelling=bits),
        Logits(one == 0, one == 0, one == 0, spelling=allowed),
    )


def says(word):
    zero = jnp.zeros(1, jnp.int32)
    return Choice(zero, zero, zero, token=zero + word)


def test_the_probability_of_a_spelled_word_is_that_of_its_bits():
    share = 1 / (1 + np.exp(-np.asarray(BITS[0], np.float64)))
    mass, disorder = 0.0, 0.0
    for word in range(8):
        bits = [word >> bit & 1 for bit in range(3)]
        expected = np.prod([p if bit else 1 - p for p, bit in zip(share, bits, strict=True)])
        found = float(log_prob(spelled(BITS), says(word))[0])
        assert found == pytest.approx(np.log(expected), abs=1e-6)
        mass += np.exp(found)
        disorder -= expected * np.log(expected)
    assert mass == pytest.approx(1.0, abs=1e-6)
    assert float(entropy(spelled(BITS))[1][0]) == pytest.approx(disorder, abs=1e-6)


def test_spelled_words_are_drawn_as_often_as_their_probability():
    """Of all combinations of 16 points a bit, so that nothing is left to chance."""
    spread = (np.arange(16, dtype=np.float32) + 0.5) / 16
    bits = np.stack(np.meshgrid(spread, spread, spread), axis=-1).reshape(-1, 3)
    points = jnp.concatenate([jnp.zeros((len(bits), 3)), jnp.asarray(bits)], axis=-1)
    odds = jnp.broadcast_to(jnp.log(jnp.array([1 / 3, 1.0, 3.0])), bits.shape)
    said = np.asarray(sample(points, spelled(odds)).token)
    shares = [np.mean(said >> bit & 1) for bit in range(3)]
    assert shares == pytest.approx([0.25, 0.5, 0.75])
    assert len(np.unique(said)) == 8


def test_who_may_not_speak_spells_silence_at_no_cost():
    silent = spelled(BITS, legal=False)
    assert sample(jnp.zeros((1, 6)), silent).token.tolist() == [0]
    assert argmax_choice(silent).token.tolist() == [0]
    assert float(log_prob(silent, says(0))[0]) == 0.0
    assert float(entropy(silent)[1][0]) == 0.0
    slope = jax.grad(lambda bits: entropy(spelled(bits, False))[1].sum())(BITS)
    assert np.asarray(slope).tolist() == [[0.0] * 3]


def test_the_likeliest_spelling_has_the_likelier_bits():
    assert argmax_choice(spelled(BITS)).token.tolist() == [0b101]


def test_a_number_that_no_word_has_is_silence():
    visible = types.SimpleNamespace(visible=jnp.zeros((1, 1), jnp.int16), listing=None, bag=None)
    said = [to_action(says(word), visible, tokens=5).token.tolist()[0] for word in range(8)]
    assert said == [-1, 1, 2, 3, 4, 5, -1, -1]
