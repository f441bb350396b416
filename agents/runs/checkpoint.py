"""Checkpoints: arrays of a training run, saved atomically by Orbax.

A checkpoint is a folder named after its update, and a JSON list of its files and arrays next to it.
Orbax writes a temporary folder and renames it when it is complete; the list is written last, so
that a folder without one is incomplete. The folder holds "policy", the parameters, "trainer", all
other arrays, and "counters", numbers of the host. This is the only module that imports Orbax.

Orbax's `CheckpointManager` is not used: a checkpoint whose files are truncated or changed must be
refused with a clear error, for which the list with their digests is needed in any case.
"""

import hashlib
import json
import logging
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import serialization

from ..parallel import processes
from .folder import write_atomically

FOLDER = "checkpoints"
"""Name of the folder, in that of a run, that holds its checkpoints."""

SET_ASIDE = "-set-aside"
"""Ending of the names of checkpoints that `set_aside` has renamed."""


def save(folder: Path, update: int, policy, trainer, counters: dict) -> Path:
    """Saves a checkpoint; with several processes all of them must call it.

    Args:
      folder: of all checkpoints of the run.
      update: number of updates so far, the name of the checkpoint.
      policy: pytree of parameters.
      trainer: pytree of all other arrays.
      counters: name to int or float.

    Returns:
      the checkpoint's folder.
    """
    path = (Path(folder) / f"{update:08d}").absolute()
    parts = {"policy": _dicts(to_plain_arrays(policy)), "trainer": _dicts(to_plain_arrays(trainer))}
    if processes.is_first_process():
        _delete(path)
    processes.wait_for_all("saving")
    _orbax().save_checkpointables(str(path), {**parts, "counters": counters})
    if processes.is_first_process():
        arrays = {name: _arrays(part) for name, part in parts.items()}
        write_atomically(
            _list_of(path), json.dumps({"files": _files(path), "arrays": arrays}, indent=1)
        )
    processes.wait_for_all("saved")
    return path


def require_orbax() -> None:
    """Raises ImportError if Orbax is not installed, before training starts."""
    _orbax()


def load_policy(path: Path, template):
    """Returns the parameters of a checkpoint, with the structure of the template.

    Raises:
      ValueError: as `load`.
    """
    return _load(path, {"policy": template})[0]["policy"]


def load(path: Path, policy, trainer) -> tuple:
    """Returns parameters, other arrays, and counters of a checkpoint.

    Args:
      path: the checkpoint's folder.
      policy: pytree of arrays or of their shapes, which the checkpoint must have; arrays are loaded
        with their shardings.
      trainer: likewise.

    Raises:
      ValueError: it is no checkpoint, is damaged, or holds arrays of other shapes.
    """
    parts, counters = _load(path, {"policy": policy, "trainer": trainer})
    return parts["policy"], parts["trainer"], counters


def latest_checkpoint(folder: Path) -> Path:
    """Returns the newest checkpoint of a run.

    Raises:
      ValueError: there is none.
    """
    found = _all(folder)
    if not found:
        raise ValueError(f"{folder} holds no complete checkpoint; it must hold at least one")
    return found[-1]


def find_checkpoint(folder: Path, update: int | None) -> Path:
    """Returns the checkpoint of an update, the newest if it is None.

    Raises:
      ValueError: there is none.
    """
    if update is None:
        return latest_checkpoint(folder)
    found = {int(path.name): path for path in _all(folder)}
    if update not in found:
        raise ValueError(
            f"{folder} holds no checkpoint of update {update}; it has those of "
            f"{', '.join(map(str, found)) or 'none'}"
        )
    return found[update]


def split(path: str | Path) -> tuple[Path, int | None]:
    """Returns the run of a path, and the update if the path is one of the run's checkpoints."""
    path = Path(path)
    if path.parent.name == FOLDER and path.name.isdigit():
        return path.parent.parent, int(path.name)
    return path, None


def set_aside(folder: Path, update: int) -> None:
    """Renames checkpoints of later updates, so that they no longer count as the newest."""
    for path in _all(folder):
        if int(path.name) > update:
            _delete(path.with_name(path.name + SET_ASIDE))
            _list_of(path).rename(_list_of(path.with_name(path.name + SET_ASIDE)))
            path.rename(path.with_name(path.name + SET_ASIDE))


def prune(folder: Path, keep: int) -> None:
    """Deletes all but the newest `keep` checkpoints; none if `keep` is 0."""
    for path in _all(folder)[:-keep] if keep else []:
        _delete(path)


def _all(folder):
    folder = Path(folder)
    found = [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    complete = [path for path in found if _list_of(path).is_file()]
    return sorted(complete, key=lambda path: int(path.name))


def _delete(path):
    _list_of(path).unlink(missing_ok=True)
    if path.exists():
        shutil.rmtree(path)


def _list_of(path):
    return path.with_name(path.name + ".json")


def _load(path, templates):
    path = Path(path).absolute()
    shapes = {
        name: _dicts(jax.eval_shape(to_plain_arrays, tree)) for name, tree in templates.items()
    }
    _check(path, shapes)
    abstract = {
        name: jax.tree.map(_in_place, shapes[name], _dicts(tree))
        for name, tree in templates.items()
    }
    try:
        parts = _orbax().load_checkpointables(str(path), {**abstract, "counters": None})
    except Exception as error:  # orbax and tensorstore raise many kinds
        raise ValueError(f"{path} cannot be read ({type(error).__name__}: {error})") from error
    counters = dict(parts.pop("counters"))
    return {name: _restored(templates[name], parts[name]) for name in templates}, counters


def _check(path, shapes):
    """Raises ValueError unless all files are unchanged and hold arrays of the wanted shapes."""
    try:
        saved = json.loads(_list_of(path).read_text())
        files = dict(saved["files"])
        arrays = {part: dict(saved["arrays"][part]) for part in shapes}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no checkpoint: its list {_list_of(path)} is missing or damaged; "
            f"{_alternative(path)}"
        ) from error
    if name := _changed_file(path, files):
        raise ValueError(f"{path} is damaged: {name} must be as it was saved; {_alternative(path)}")
    for part, wanted in shapes.items():
        wanted = _arrays(wanted)
        for name in sorted(wanted.keys() | arrays[part].keys()):
            if wanted.get(name) != arrays[part].get(name):
                raise ValueError(
                    f"{path} is of another config: {part}{name} is {arrays[part].get(name)}, "
                    f"it must be {wanted.get(name)}"
                )


def _changed_file(path, files):
    """Returns the first file that differs from a checkpoint's list; None if there is none."""
    found = _files(path)
    names = sorted(files.keys() | found.keys())
    return next((name for name in names if files.get(name) != found.get(name)), None)


def _alternative(damaged):
    """Returns a sentence about the newest intact checkpoint beside a damaged one."""
    for path in reversed(_all(damaged.parent)):
        if path != damaged and _is_intact(path):
            return f"the newest intact checkpoint is {path}, which --resume takes"
    return "no other checkpoint of this run is intact"


def _is_intact(path):
    try:
        return _changed_file(path, json.loads(_list_of(path).read_text())["files"]) is None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _files(path):
    """Returns the SHA-256 of each file of a checkpoint, by its relative path."""
    return {
        str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(path.rglob("*"))
        if file.is_file()
    }


def _arrays(tree):
    """Returns dtype and shape of each array, by its path in the tree."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {
        jax.tree_util.keystr(place): f"{leaf.dtype}{list(leaf.shape)}" for place, leaf in leaves
    }


def to_plain_arrays(tree):
    """Returns the tree with key data for keys, and one zero for arrays without elements.

    Orbax cannot save arrays without elements, such as the inventories of the mini game.
    """

    def plain(leaf):
        if _is_key(leaf):
            return jax.random.key_data(leaf)
        return leaf if leaf.size else np.zeros(1, leaf.dtype)

    return jax.tree.map(plain, tree)


def _dicts(tree):
    """Returns the tree as nested dicts."""
    return serialization.to_state_dict(tree)


def _restored(template, plain):
    data = serialization.from_state_dict(template, plain)

    def restore(old, new):
        if _is_key(old):
            return jax.random.wrap_key_data(new)
        return new if old.size else jnp.zeros(old.shape, old.dtype, device=_sharding(old))

    return jax.tree.map(restore, template, data)


def _is_key(leaf):
    return jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _in_place(saved, wanted):
    return jax.ShapeDtypeStruct(saved.shape, saved.dtype, sharding=_sharding(wanted))


def _sharding(leaf):
    default = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return getattr(leaf, "sharding", None) or default


def _orbax():
    from orbax.checkpoint import v1

    logging.getLogger("absl").setLevel(logging.ERROR)  # orbax logs each step of a save
    return v1
