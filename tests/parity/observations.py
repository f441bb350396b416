"""What players of the original were shown, against the adapter to its layout."""

import functools

import jax
import numpy as np

from metammo_jax.adapters import nmmo
from metammo_jax.config import Config
from metammo_jax.world import World
from tests.parity import belongings
from tests.parity.batches import in_chunks
from tests.parity.fields import Field
from tests.parity.trace import Trace

CHUNK = 4
"""States observed at once."""


def fields(trace: Trace, states: World, cfg: Config) -> list[Field]:
    """Returns the comparison of all recorded observations with the adapter's.

    Args:
      trace: the record.
      states: the recorded states, T + 1 of them.
      cfg: sizes.
    """
    names = [name.split("/") for name in trace.data if name.startswith("obs/")]
    index = {int(tick): t for t, tick in enumerate(trace.data["tick"])}
    ticks = sorted({int(name[1]) for name in names})
    if not ticks:
        return []
    rows = np.array([index[tick] for tick in ticks])
    looked_at = jax.tree.map(lambda leaf: leaf[rows], states)
    shown, out = _flat(in_chunks(_observer(cfg), CHUNK, looked_at)), []
    for nth, tick in enumerate(ticks):
        number = _numbers(trace, index[tick], cfg)
        for agent in sorted({int(name[2]) for name in names if int(name[1]) == tick}):
            ours = {
                key: value[nth] if key == "Market" else value[nth, agent - 1]
                for key, value in shown.items()
            }
            if "Market" in ours and not looked_at.body.present[nth, agent - 1]:
                ours["Market"] = np.zeros_like(ours["Market"])  # the dead see nothing of it
            prefix = f"obs/{tick}/{agent}/"
            there = {
                name[len(prefix) :]: value
                for name, value in trace.data.items()
                if name.startswith(prefix)
            }
            out += _compare(tick, agent, _sorted(ours), _sorted(_renumbered(there, number)))
    return out


def _numbers(trace: Trace, t: int, cfg: Config) -> np.ndarray:
    """Returns, by the recorded id of each item of state t, the adapter's number of its place."""
    if not cfg.slots:
        return np.zeros(1, np.int16)
    found = belongings.records(trace)
    here = found["state"] == t
    out = np.zeros(found["id"].max(initial=0) + 1, np.int16)
    out[found["id"][here]] = 1 + found["row"][here] * cfg.slots + found["slot"][here]
    return out


def _renumbered(observation: dict, number: np.ndarray) -> dict[str, np.ndarray]:
    """Returns a recorded observation with items numbered by their places, as ours are."""
    out = dict(observation)
    for name in ("Inventory", "Market"):
        if name in out:
            out[name] = out[name].copy()
            out[name][:, 0] = number[out[name][:, 0]]
    return out


@functools.cache
def _observer(cfg: Config):
    return jax.jit(jax.vmap(lambda world: nmmo.observe(world, cfg)))


def _flat(observation: dict) -> dict[str, np.ndarray]:
    """Returns the observation with its masks named as in a trace."""
    out = {
        name: np.asarray(value) for name, value in observation.items() if name != "ActionTargets"
    }
    for head, args in observation["ActionTargets"].items():
        for arg, mask in args.items():
            out[f"ActionTargets.{head}.{arg}"] = np.asarray(mask)
    return out


MASKS_OF = {
    "Entity": ("Attack.Target", "Give.Target", "GiveGold.Target"),
    "Communication": (),
    "Market": ("Buy.MarketItem",),
}
"""Lists whose order is not compared, and the masks that follow it. Bags are in order."""


def _sorted(observation: dict) -> dict[str, np.ndarray]:
    """Returns the observation of one agent with its rows in the order of ids, empty ones last."""
    out = dict(observation)
    for name, masks in MASKS_OF.items():
        if name not in observation:
            continue
        ids = observation[name][:, 0].astype(int)
        order = np.lexsort((ids, ids == 0))
        out[name] = observation[name][order]
        for mask in (f"ActionTargets.{mask}" for mask in masks):
            if mask in observation:
                last = observation[mask][-1:]
                out[mask] = np.concatenate([observation[mask][:-1][order], last])
    return out


def _compare(tick: int, agent: int, ours: dict, there: dict) -> list[Field]:
    """Returns a field for each block; a block that one side lacks differs in its name."""
    out = []
    for name in sorted(ours.keys() | there.keys()):
        label = "mask: " + name.split(".", 1)[1] if "." in name else "seen: " + name
        one, other = (np.asarray(side.get(name, np.nan)) for side in (ours, there))
        if one.shape != other.shape or one.dtype.kind not in "iuf":
            same = np.zeros(1, bool)
            out.append(Field(label, same, ~same, np.array([[tick, agent]])))
            continue
        where = np.argwhere(np.ones(one.shape, bool)).reshape(one.size, -1)
        place = np.broadcast_to([tick, agent], (one.size, 2))
        where = np.concatenate([place, where], axis=1)
        out.append(Field(label, one.ravel(), other.ravel(), where))
    return out
