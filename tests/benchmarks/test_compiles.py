"""Programs are named, compiled and counted."""

import json

import jax
import jax.numpy as jnp
import pytest

from benchmarks import compiles


def count(function) -> int:
    return compiles.instructions(jax.jit(function).lower(jnp.ones((8, 8))).compile())


def test_a_longer_program_has_more_instructions():
    one = count(lambda x: x @ x)
    assert 1 <= one < count(lambda x: jnp.sort(x @ x @ x, axis=0) @ x)


def test_an_unknown_program_is_named():
    with pytest.raises(ValueError, match="program='stop' is unknown; allowed are reset, step"):
        compiles.measure("tiny", "stop")


def test_each_program_is_a_line_of_json_and_a_row(monkeypatch, tmp_path, capsys):
    def measure(config, program):
        return compiles.Compiled(config, program, 1.0, 2.0, 12_345)

    monkeypatch.setattr(compiles, "measure", measure)
    file = tmp_path / "out.json"
    arguments = ["--configs", "tiny", "mini", "--programs", "step", "--json", str(file)]
    assert compiles.main(arguments) == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["config"] for line in lines] == ["tiny", "mini"]
    assert lines[0]["instructions"] == 12_345 and "jax" in lines[0]
    assert "12,345" in capsys.readouterr().out
