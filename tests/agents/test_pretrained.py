"""Agents to take along: what was written is read, plays alike, and fits this version."""

import dataclasses
import json
import pickle

import jax
import numpy as np
import pytest

import metammo_jax as mm
from agents import evaluate, load, tournament
from agents.config import TrainConfig
from agents.evaluation.sides import untrained
from agents.pretrained import agent as agents
from agents.pretrained import export, names
from agents.runs import folder, training_run

CFG = TrainConfig(game="sandwich", width=16, total_steps=5000, learning_rate=1e-3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that is as new: its folder, its parameters."""
    cfg = dataclasses.replace(CFG, run_dir=str(tmp_path_factory.mktemp("runs") / "new"))
    env = mm.make("sandwich", config="tiny")
    path = folder.create(cfg, env.cfg)
    params = untrained(training_run.make_policy(cfg, env.cfg), env).params
    training_run.checkpoint.save(
        path / "checkpoints", 3, params, {"key": jax.random.key(0)}, {"updates": 3}
    )
    lines = [{"update": update, "steps": 100 * update} for update in (1, 2, 3)]
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path, params


@pytest.fixture(scope="module")
def file(run, tmp_path_factory):
    """The run's agent as a file."""
    out = str(tmp_path_factory.mktemp("agents") / "new.npz")
    cfg = export.ExportConfig(out=out, rating="never rated")
    return export.export(run[0], cfg)


def test_what_was_written_is_read(run, file):
    found = load(file)
    assert found.name == "new" and found.policy.legal
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6), found.params, run[1]
    )
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(found.params))
    card = {name: found.card[name] for name in ("games", "config", "steps", "seed", "rating")}
    assert card == {
        "games": ["sandwich"],
        "config": "tiny",
        "steps": 300,
        "seed": 0,
        "rating": "never rated",
    }
    assert found.card["command"] == (
        "metammo-jax train --game sandwich --total-steps 5000 --learning-rate 0.001 --width 16"
    )
    assert found.cfg.run_dir == "" and found.cfg.width == 16
    assert "rating: never rated" in str(found)


def test_a_file_is_small_and_holds_no_code(file):
    assert file.stat().st_size < 1e5
    with np.load(file, allow_pickle=False) as stored:
        kinds = {stored[name].dtype for name in stored.files}
    assert kinds == {np.dtype(np.float16), np.dtype(np.uint8)}


def test_commands_take_an_agent_where_they_take_a_run(file, monkeypatch):
    def played(env, first, second, **options):
        return first, second, options

    monkeypatch.setattr(evaluate, "compare", played)
    cfg = evaluate.EvaluateConfig(against=str(file))
    [(first, second, _)] = evaluate.evaluate(str(file), cfg)
    jax.tree.map(np.testing.assert_array_equal, first.params, second.params)
    monkeypatch.setattr(tournament, "tournament", lambda env, sides, *options: sides)
    [(one, other)] = tournament.play([str(file), "random"])
    assert one.name == str(file) and other.policy is None
    with pytest.raises(ValueError, match="one set of parameters"):
        tournament.play([f"{file}@3"])


class Boom:
    """Something whose unpickling would be noticed."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


def test_files_that_are_no_agents(run, file, tmp_path):
    with pytest.raises(ValueError, match="'nobody' is no agent; there are "):
        load("nobody")
    cut = tmp_path / "cut.npz"
    cut.write_bytes(file.read_bytes()[:2000])
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, card=np.array([Boom()], dtype=object))
    raw = tmp_path / "raw.npz"
    raw.write_bytes(pickle.dumps(Boom()))
    other = tmp_path / "other.npz"
    np.savez(other, weights=np.zeros(3))
    for path in (cut, pickled, raw, other):
        with pytest.raises(ValueError, match="is damaged, or no agent"):
            load(path)
    card, params = agents.read_file(file)
    agents.write_file(tmp_path / "old.npz", {**card, "train": {**card["train"], "gone": 1}}, params)
    with pytest.raises(ValueError, match="another version of the package"):
        load(tmp_path / "old.npz")
    wide = {**card, "train": {**card["train"], "width": 32}}
    agents.write_file(tmp_path / "wide.npz", wide, params)
    with pytest.raises(ValueError, match=r"network: .* has shape \(.*\), \(.*\) is needed"):
        load(tmp_path / "wide.npz")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the first argument must be"),
        (["RUN", "--out", "a.bin"], "out='a.bin' must end in"),
        (["nowhere"], "nowhere"),
        (["RUN", "--update", "7"], "7"),
    ],
)
def test_exports_that_cannot_be(words, said, run, refused):
    words = [str(run[0]) if word == "RUN" else word for word in words]
    assert said in refused(export.main, words)


@pytest.mark.parametrize("name", names())
def test_agents_of_the_package_fit_this_version(name):
    found = load(name)
    assert (agents.FOLDER / f"{name}.npz").stat().st_size < 1e6
    assert found.card["rating"] and found.card["steps"] > 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found.params))
