import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents import checkpoint

POLICY = {"weights": jnp.arange(300.0).reshape(30, 10), "bias": jnp.zeros(10)}
TRAINER = {
    "key": jax.random.key(7),
    "stage": (jnp.arange(50, dtype=jnp.int16), jnp.array([True, False])),
    "nothing": (),
}
COUNTS = {"updates": 3, "steps": 2**40, "seconds": 1.5}


@pytest.fixture
def saved(tmp_path):
    return checkpoint.save(tmp_path / "checkpoints", 3, POLICY, TRAINER, COUNTS)


def test_all_comes_back(saved):
    policy, trainer, counts = checkpoint.load(saved, POLICY, TRAINER)
    jax.tree.map(np.testing.assert_array_equal, policy, POLICY)
    assert jax.random.key_data(trainer["key"]).tolist() == [0, 7]
    assert trainer["stage"][0].dtype == jnp.int16 and trainer["stage"][1].tolist() == [True, False]
    assert counts == COUNTS
    jax.tree.map(np.testing.assert_array_equal, checkpoint.load_policy(saved, POLICY), POLICY)


@pytest.mark.filterwarnings("ignore")
def test_another_shape_or_structure_is_refused(saved):
    for policy in ({**POLICY, "bias": jnp.zeros(11)}, {"weights": POLICY["weights"]}):
        with pytest.raises(ValueError, match="00000003 is damaged, or is no checkpoint of this"):
            checkpoint.load(saved, policy, TRAINER)


@pytest.mark.filterwarnings("ignore")  # orbax leaves its own tasks behind when a load fails
def test_damage_is_found_wherever_it_is(saved):
    """Every file of the parameters is cut or changed; what loads anyway must be the same."""
    found = 0
    for path in [p for p in (saved / "policy").rglob("*") if p.is_file() and p.stat().st_size]:
        whole = path.read_bytes()
        half = len(whole) // 2
        for spoiled in (whole[:half], whole[:half] + bytes([whole[half] ^ 85]) + whole[half + 1 :]):
            path.write_bytes(spoiled)
            try:
                policy, _, _ = checkpoint.load(saved, POLICY, TRAINER)
                jax.tree.map(np.testing.assert_array_equal, policy, POLICY)
            except ValueError as error:
                assert str(saved) in str(error) and "damaged" in str(error)
                found += 1
        path.write_bytes(whole)
    assert found >= 4


@pytest.mark.filterwarnings("ignore")
def test_a_changed_array_fails_its_digest(saved, monkeypatch):
    real = checkpoint._orbax()

    class Flipped:
        @staticmethod
        def load_checkpointables(path, abstract):
            parts = real.load_checkpointables(path, abstract)
            parts["policy"]["bias"] = parts["policy"]["bias"].at[0].set(1e-30)
            return parts

    monkeypatch.setattr(checkpoint, "_orbax", lambda: Flipped)
    with pytest.raises(ValueError, match="is damaged: its policy must have digest"):
        checkpoint.load_policy(saved, POLICY)


def test_latest_and_prune(saved, tmp_path):
    folder = tmp_path / "checkpoints"
    checkpoint.save(folder, 12, POLICY, TRAINER, COUNTS)
    (folder / "00000099.orbax-checkpoint-tmp-1").mkdir()
    assert checkpoint.latest(folder).name == "00000012"
    checkpoint.prune(folder, 0)
    assert saved.exists()
    checkpoint.prune(folder, 1)
    assert not saved.exists() and checkpoint.latest(folder).name == "00000012"
    with pytest.raises(ValueError, match="no complete checkpoint"):
        checkpoint.latest(tmp_path / "empty")
