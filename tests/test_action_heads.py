"""The table of action heads, against what is listed by hand elsewhere."""

import dataclasses

import numpy as np
import pytest

from agents.networks.distributions import Choice, Logits
from metammo_jax import action_heads
from metammo_jax.action import Action, Orders, noop
from metammo_jax.action_heads import HEADS
from metammo_jax.legal import Masks
from metammo_jax.vocab import System


def fields(kind) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def test_every_head_is_a_field_of_what_passes_an_action_on():
    names = [head.name for head in HEADS]
    assert names == fields(Action)
    assert sorted(names) == sorted(fields(Choice))
    assert sorted([*names, "spelling"]) == sorted(fields(Logits))
    orders = ["direction" if name == "move" else name for name in names]
    assert sorted([*orders, "turn", "buy_turn"]) == sorted(fields(Orders))
    assert sorted(head.mask for head in HEADS if head.mask) == sorted(fields(Masks))


def test_heads_go_with_their_systems(tiny, tiny_full):
    mini = ["move", "style", "target", "token"]
    assert [head.name for head in action_heads.of_config(tiny)] == mini
    assert [head.name for head in action_heads.enabled(tiny)] == mini
    trade = ["use", "destroy", "give", "give_to", "sell", "price", "buy", "gold", "gold_to"]
    assert [head.name for head in action_heads.of_config(tiny_full)] == mini + trade
    no_market = dataclasses.replace(tiny_full, systems=tiny_full.systems - {System.EXCHANGE})
    assert [head.name for head in action_heads.of_config(no_market)] == mini + trade
    assert [head.name for head in action_heads.enabled(no_market)] == mini + trade[:4]


@pytest.mark.parametrize(
    ("name", "low", "high", "size"),
    [
        ("move", 0, 4, 5), ("style", 0, 2, 3), ("target", -1, 31, 33), ("token", -1, 127, 128),
        ("use", -1, 11, 13), ("give_to", -1, 15, 33), ("price", -1, 99, 99), ("buy", -1, 191, 49),
    ],
)  # fmt: skip
def test_bounds_and_sizes_are_those_of_the_config(tiny_full, name, low, high, size):
    head = action_heads.BY_NAME[name]
    assert head.bounds(tiny_full) == (low, high)
    assert head.size(tiny_full, tiny_full.visible_rows, tiny_full.market_rows) == size


def test_nobody_does_anything_by_noop(tiny_full):
    for name, value in vars(noop(tiny_full)).items():
        expected = {"move": 4, "style": 0}.get(name, -1)
        np.testing.assert_array_equal(value, np.full(tiny_full.players, expected, np.int32))
