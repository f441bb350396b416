"""Planting wrong values into what is compared, to see that the checker reports them."""

import dataclasses
import functools
import pathlib

import jax
import numpy as np

from tests.parity import check, compare, decisions
from tests.parity import state as states_of
from tests.parity import trace as recorded
from tests.parity.fields import merge

DATA = pathlib.Path(__file__).parents[1] / "data"


@functools.cache
def loaded(name):
    return recorded.load(DATA / f"{name}.npz")


@functools.cache
def played(name, draws=1):
    """Returns the recorded states of a trace and its transitions, played once for all tests.

    With other `draws` than 1 our choices by chance are others.
    """
    trace = loaded(name)
    cfg = recorded.config_of(trace)
    env = check.environment(cfg)
    states = states_of.worlds(trace, cfg, env)
    return states, compare.case_of(trace, states, env, jax.random.key(draws))


@functools.cache
def decided(name):
    _, case = played(name)
    return decisions.decide(jax.random.key(2), case.before, case.cfg)


def changed(leaf, index, value):
    """Returns a leaf with one value replaced."""
    new = np.array(leaf)
    assert np.any(new[index] != value), "nothing would change"
    new[index] = value
    return new


def levels_seen(tally, place):
    """Returns the bits of `Tally.seen` at (tick, player, event, item)."""
    tick, player, event, item = place
    return tally.seen[event][tick, item, player]


def counted(tally, place):
    """Returns the number in `Tally.count` at (tick, player, event)."""
    tick, player, event = place
    return tally.count[tick, event, player]


def planted(tree, path, index, value):
    """Returns the tree with one value of the leaf at `path` replaced.

    Of events the index is that of `counted` and `levels_seen`.
    """
    name, _, rest = path.partition(".")
    leaf = getattr(tree, name)
    if rest:
        new = planted(leaf, rest, index, value)
    elif name == "seen":
        tick, player, part, item = index
        here = changed(leaf[part], (tick, item, player), value)
        new = (*leaf[:part], here, *leaf[part + 1 :])
    elif name == "count":
        tick, player, event = index
        new = changed(leaf, (tick, event, player), value)
    else:
        new = changed(leaf, index, value)
    return dataclasses.replace(tree, **{name: new})


def with_after(case, path, index, value):
    return dataclasses.replace(case, after=planted(case.after, path, index, value))


def with_record(case, name, index, value):
    """Returns the case with one value of the recorded entities of the next state replaced."""
    seen = dict(case.seen, **{name: np.array(case.seen[name])})
    tick, row = index
    seen[name][tick + 1, case.next_row[tick, row]] = value
    return dataclasses.replace(case, seen=seen)


def unexplained(fields):
    """Returns the names of unexplained fields, and where."""
    return {
        one.name: one.where[one.unexplained].tolist()
        for one in merge(fields)
        if one.unexplained.any()
    }


def explained_by(fields, name, cause):
    """Returns where a cause explains a difference of a field."""
    fields = [one for one in fields if one.name == name]
    return np.concatenate([one.where[one.explained[cause]] for one in fields])


def survivor(case, tick):
    """Returns the row of a player that lives through a transition."""
    players = slice(0, case.cfg.players)
    return np.flatnonzero(case.stays[tick, players] & ~case.revived[tick, players])[2]
