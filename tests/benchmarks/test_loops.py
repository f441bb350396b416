"""Iterations of while loops are counted right, in a loop whose number is known."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks import loops
from metammo_jax.lib import loops as library


def test_each_world_turns_as_often_as_it_needs():
    found = []

    def halve(n):
        return library.while_any(lambda _, n: n > 1, lambda _, n: n // 2, n)

    with loops.counted(lambda name, turns: found.append((name, np.array(turns)))):
        result = jax.jit(jax.vmap(halve))(jnp.array([1, 2, 16, 7]))
    jax.block_until_ready(result)
    assert result.tolist() == [1, 1, 1, 1]
    assert [turns.tolist() for _, turns in found] == [[0, 1, 4, 2]]
    assert halve(jnp.int32(8)) == 1
    assert len(found) == 1  # outside the context nothing is recorded


def test_the_slowest_of_the_first_worlds_decides():
    turns = loops.Turns((2, 4))
    turns.record("walk", np.array([1, 0, 5, 2]))
    turns.record("walk", np.array([3, 4, 0, 0]))
    turns.record("walk", np.array([9, 9]))  # of another batch
    two, four = turns.rows(ticks=2)
    assert (two["worlds"], two["turns_per_tick"], two["turns_per_call_most"]) == (2, 2.5, 4)
    assert (four["worlds"], four["turns_per_tick"], four["turns_per_call_most"]) == (4, 4.5, 5)
    assert two["calls_per_tick"] == 1


@pytest.mark.slow
def test_loops_of_a_game_are_named(tmp_path):
    file = tmp_path / "loops.jsonl"
    options = ["--config", "tiny", "--worlds", "2", "4", "--ticks", "4", "--json", str(file)]
    assert loops.main(options) == 0
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert {row["worlds"] for row in rows} == {2, 4}
    assert any("movement" in row["loop"] for row in rows)


@pytest.mark.parametrize("options", [["--worlds", "0"], ["--ticks", "0"], ["--games", "chess"]])
def test_bad_options_say_so(options, capsys):
    assert loops.main(options) == 2
    assert "must be" in capsys.readouterr().err or "chess" in options
