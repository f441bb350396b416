import jax
import jax.numpy as jnp
import numpy as np
import pytest

from agents.runs import checkpoint

POLICY = {"weights": jnp.arange(300.0).reshape(30, 10), "bias": jnp.zeros(10)}
TRAINER = {
    "key": jax.random.key(7),
    "stage": (jnp.arange(50, dtype=jnp.int16), jnp.array([True, False])),
    "nothing": (),
    "bag": jnp.zeros((16, 0), jnp.int32),
}
COUNTS = {"updates": 3, "steps": 2**40, "seconds": 1.5}


@pytest.fixture
def saved(tmp_path):
    return checkpoint.save(tmp_path / "checkpoints", 3, POLICY, TRAINER, COUNTS)


def test_a_saved_state_is_read_back(saved):
    policy, trainer, counts = checkpoint.load(saved, POLICY, TRAINER)
    jax.tree.map(np.testing.assert_array_equal, policy, POLICY)
    assert jax.random.key_data(trainer["key"]).tolist() == [0, 7]
    assert trainer["stage"][0].dtype == jnp.int16 and trainer["stage"][1].tolist() == [True, False]
    assert trainer["bag"].shape == (16, 0) and trainer["bag"].dtype == jnp.int32
    assert counts == COUNTS
    jax.tree.map(np.testing.assert_array_equal, checkpoint.load_policy(saved, POLICY), POLICY)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({**POLICY, "bias": jnp.zeros(11)}, r"is float32\[10\], it must be float32\[11\]"),
        ({**POLICY, "bias": jnp.zeros(10, int)}, r"is float32\[10\], it must be int32\[10\]"),
        ({"weights": POLICY["weights"]}, r"policy\['bias'\] is float32\[10\], it must be None"),
    ],
)
def test_arrays_of_another_config_are_refused(saved, policy, words):
    with pytest.raises(ValueError, match=f"00000003 is of another config: .*{words}"):
        checkpoint.load(saved, policy, TRAINER)


def test_damage_is_found_wherever_it_is(saved):
    """Every file is cut, changed, or gone."""
    files = [path for path in saved.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        whole = path.read_bytes()
        half = len(whole) // 2
        changed = whole[:half] + bytes([whole[half] ^ 85]) + whole[half + 1 :] if whole else b"x"
        for spoiled in {changed, whole[:half] if whole else None, None}:
            path.unlink() if spoiled is None else path.write_bytes(spoiled)
            with pytest.raises(ValueError, match="damaged") as error:
                checkpoint.load_policy(saved, POLICY)
            assert str(saved) in str(error.value) and path.name in str(error.value)
            assert "no other checkpoint of this run is intact" in str(error.value)
            path.write_bytes(whole)
    checkpoint.load_policy(saved, POLICY)


def test_a_damaged_list_is_named(saved):
    listing = saved.with_name("00000003.json")
    text = listing.read_text()
    for spoiled in (text[:-30], "{}", "[]"):
        listing.write_text(spoiled)
        with pytest.raises(ValueError, match="00000003.json is missing or damaged"):
            checkpoint.load_policy(saved, POLICY)


def test_latest_and_prune(saved, tmp_path):
    folder = tmp_path / "checkpoints"
    checkpoint.save(folder, 12, POLICY, TRAINER, COUNTS)
    (folder / "00000099.orbax-checkpoint-tmp-1").mkdir()
    (folder / "00000098").mkdir()  # orbax was done, the list was not
    assert checkpoint.latest_checkpoint(folder).name == "00000012"
    checkpoint.prune(folder, 0)
    assert saved.exists()
    checkpoint.prune(folder, 1)
    assert not saved.exists() and not saved.with_name("00000003.json").exists()
    assert checkpoint.latest_checkpoint(folder).name == "00000012"
    with pytest.raises(ValueError, match="no complete checkpoint"):
        checkpoint.latest_checkpoint(tmp_path / "empty")
