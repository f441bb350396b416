"""Checkpoints: arrays of a training run by orbax, whole or not at all.

A checkpoint is a folder named after its update. Orbax writes it beside its place and renames it
when it is complete. It holds "policy", the parameters, "trainer", all other arrays, and
"counters", numbers of the host with a digest of the arrays. This is the only module that knows
orbax.
"""

import hashlib
import logging
import shutil
from pathlib import Path

import jax
import numpy as np
from flax import serialization

DIGEST = "sha256"


def save(folder: Path, update: int, policy, trainer, counters: dict) -> Path:
    """Saves a checkpoint.

    Args:
      folder: of all checkpoints of the run.
      update: updates done so far, names the checkpoint.
      policy: pytree of parameters.
      trainer: pytree of all else.
      counters: name to int or float.

    Returns:
      the checkpoint's folder.
    """
    path = (Path(folder) / f"{update:08d}").absolute()
    parts = {"policy": _dicts(_keyless(policy)), "trainer": _dicts(_keyless(trainer))}
    digests = {f"{DIGEST}_{name}": _digest(part) for name, part in parts.items()}
    orbax = _orbax()
    if path.exists():
        shutil.rmtree(path)
    orbax.save_checkpointables(path, {**parts, "counters": {**counters, **digests}})
    return path


def load_policy(path: Path, template):
    """Returns the parameters of a checkpoint, with the structure of the template."""
    return _load(path, {"policy": template})[0]["policy"]


def load(path: Path, policy, trainer) -> tuple:
    """Returns parameters, all else, and the counters of a checkpoint.

    Args:
      path: the checkpoint's folder.
      policy: pytree of arrays or of their shapes, what the checkpoint must hold.
      trainer: likewise.

    Raises:
      ValueError: it is no checkpoint, is damaged, or holds arrays of other shapes.
    """
    parts, counters = _load(path, {"policy": policy, "trainer": trainer})
    return parts["policy"], parts["trainer"], counters


def latest(folder: Path) -> Path:
    """Returns the newest checkpoint of a run.

    Raises:
      ValueError: there is none.
    """
    found = _all(folder)
    if not found:
        raise ValueError(f"{folder} holds no complete checkpoint; it must hold at least one")
    return found[-1]


def prune(folder: Path, keep: int) -> None:
    """Deletes all but the newest `keep` checkpoints; none if `keep` is 0."""
    for path in _all(folder)[:-keep] if keep else []:
        shutil.rmtree(path)


def _all(folder):
    folder = Path(folder)
    names = [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return sorted(names, key=lambda path: int(path.name))


def _load(path, templates):
    path = Path(path).absolute()
    shapes = {name: _dicts(jax.eval_shape(_keyless, tree)) for name, tree in templates.items()}
    abstract = jax.tree.map(_on_device, shapes)
    try:
        parts = _orbax().load_checkpointables(path, {**abstract, "counters": None})
    except Exception as error:  # orbax and tensorstore raise many kinds
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
        raise ValueError(
            f"{path} is damaged, or is no checkpoint of this config "
            f"({type(error).__name__}: {reason})"
        ) from error
    counters = dict(parts.pop("counters"))
    digests = {name: counters.pop(f"{DIGEST}_{name}", None) for name in ("policy", "trainer")}
    for name, part in parts.items():
        if _digest(part) != digests[name]:
            raise ValueError(f"{path} is damaged: its {name} must have digest {digests[name]}")
    return {name: _restored(templates[name], parts[name]) for name in templates}, counters


def _keyless(tree):
    """The tree with the data of keys in place of keys."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if _is_key(leaf) else leaf, tree)


def _dicts(tree):
    """The tree as nested dicts."""
    return serialization.to_state_dict(tree)


def _restored(template, plain):
    data = serialization.from_state_dict(template, plain)
    return jax.tree.map(
        lambda old, new: jax.random.wrap_key_data(new) if _is_key(old) else new, template, data
    )


def _is_key(leaf):
    return jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _on_device(leaf):
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)


def _digest(plain):
    found = hashlib.new(DIGEST)
    for path, leaf in jax.tree_util.tree_leaves_with_path(plain):
        array = np.asarray(leaf)
        found.update(f"{jax.tree_util.keystr(path)} {array.dtype} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _orbax():
    from orbax.checkpoint import v1

    logging.getLogger("absl").setLevel(logging.ERROR)  # orbax logs each step of a save
    return v1
