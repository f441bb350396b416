"""What NPCs decided in the record, against what ours can decide from the same state."""

import dataclasses
import functools

import jax
import numpy as np

from metammo_jax.config import Config
from metammo_jax.lib import flood
from metammo_jax.rules import npc as rules
from metammo_jax.tables import MEANDER_ORDER, PASSABLE, REACH, STEP_OFFSET
from metammo_jax.vocab import Kind
from metammo_jax.world import World
from tests.parity import trace as recorded
from tests.parity.batches import in_chunks
from tests.parity.fields import Field, field
from tests.parity.search import NO_STEP, Search, distances
from tests.parity.trace import Trace

SAMPLES = 160
"""Decisions drawn from each state; a step of chance 1/7 is missed once in 5e10."""

CHUNK = 16
"""Worlds decided on at once."""

SEARCH = 10
"""Steps, Manhattan, up to which the original's soldiers search a way; farther away they drift. Not
taken from our tables, where a wrong number must be seen."""

CYCLE = 1024
"""The original draws so many starts of wandering at once and uses them over and over."""


@dataclasses.dataclass
class Decided:
    """What ours decides from each state, over many draws.

    Attributes:
      chance: (T, N, 6) float, share of the draws with each direction; the last is no step.
      hit: (T, N) int32, row of the player to hit, -1 for none.
      target: (T, N) int32, row of the player each is after.
      rally: (T, N, 2) int32, where soldiers are still ordered to.
    """

    chance: np.ndarray
    hit: np.ndarray
    target: np.ndarray
    rally: np.ndarray


@functools.cache
def _decider(cfg: Config):
    """Returns the compiled function that lets the NPCs of a batch of worlds decide many times."""

    def one(key, world):
        def draw(key):
            after, direction, hit = rules.decide(key, world, cfg)
            return direction, hit, after.npc.target, after.npc.rally

        direction, hit, target, rally = jax.vmap(draw)(jax.random.split(key, SAMPLES))
        chance = jax.nn.one_hot(direction % 6, 6).mean(0)  # -1 becomes 5
        return chance, hit[0], target[0], rally[0]

    return jax.jit(jax.vmap(one))


def decide(key: jax.Array, worlds: World, cfg: Config) -> Decided:
    """Lets the NPCs of every world decide many times; worlds have a leading axis."""
    keys = jax.random.split(key, len(worlds.tick))
    return Decided(*in_chunks(_decider(cfg), CHUNK, keys, worlds))


def fields(trace: Trace, worlds: World, decided: Decided, cfg: Config) -> list[Field]:
    """Returns the comparison of all recorded decisions with ours.

    Args:
      trace: the record.
      worlds: the recorded states, one for each transition.
      decided: what ours decides from them.
      cfg: sizes.
    """
    orders, npcs = recorded.orders_of(trace, cfg), slice(cfg.players, None)
    alive = worlds.body.present[:, npcs]
    hit, step = orders["target"][:, npcs], orders["direction"][:, npcs]
    possible = np.take_along_axis(decided.chance, (step % 6)[..., None], 2)[..., 0] > 0
    ours = np.where(possible, step, _nth_direction(decided.chance.argmax(-1)))
    why = causes(trace, worlds, decided, step, alive & ~possible, cfg)
    random, known = by_chance(trace, worlds, decided, cfg)
    steps = random_steps("wander", trace, worlds, decided, cfg)
    given = by_cycle(trace, steps)
    return [
        field("npc: hits", decided.hit, hit, alive),
        field("npc: style", worlds.npc.style, orders["style"][:, npcs], alive & (hit >= 0)),
        field("npc: steps", ours, step, alive, **why),
        field(
            "npc: steps by chance",
            decided.chance.max(-1) < 1,
            *by_chance(trace, worlds, decided, cfg),
        ),
        Field("npc: the record's dice", given, steps.step, np.stack([steps.tick, steps.npc], 1)),
    ]


def _nth_direction(index: np.ndarray) -> np.ndarray:
    return np.where(index == 5, NO_STEP, index)


def modes(worlds: World, decided: Decided, cfg: Config) -> tuple[np.ndarray, np.ndarray]:
    """Returns (T, N) what moves each NPC ("path", "drift", "wander", "") and (T, N, 2) whereto."""
    alive = worlds.body.present[:, cfg.players :]
    pos, target = worlds.body.pos[:, cfg.players :], decided.target
    soldier = worlds.npc.kind == Kind.SOLDIER
    tick = np.arange(len(pos))[:, None]
    goal = np.where((target >= 0)[..., None], worlds.body.pos[tick, target], decided.rally)
    has_goal = (target >= 0) | (soldier & (goal >= 0).all(-1))
    way = np.abs(goal - pos)
    mortal = worlds.body.immortal_until[tick, target] == 0
    in_reach = (target >= 0) & (way.max(-1) <= REACH) & mortal
    far = soldier & ~in_reach & (way.sum(-1) > SEARCH)
    mode = np.where(has_goal, np.where(far, "drift", "path"), "wander")
    return np.where(alive, mode, ""), goal


def by_chance(
    trace: Trace, worlds: World, decided: Decided, cfg: Config
) -> tuple[np.ndarray, np.ndarray]:
    """Returns (T, N) bool whether a step must be random, and of which NPCs that is known.

    Whoever searches a way is sure of it; whoever wanders or drifts is not, if it is free to step
    to more than one side.
    """
    mode, _ = modes(worlds, decided, cfg)
    pos = worlds.body.pos[:, cfg.players :]
    around = pos[:, :, None] + STEP_OFFSET[MEANDER_ORDER]
    free = PASSABLE[trace.data["first_materials"]][around[..., 0], around[..., 1]].sum(-1)
    random = np.isin(mode, ["wander", "drift"])
    return random, (mode == "path") | (random & (free > 1))


def causes(
    trace: Trace,
    worlds: World,
    decided: Decided,
    step: np.ndarray,
    differs: np.ndarray,
    cfg: Config,
) -> dict[str, np.ndarray]:
    """Returns why recorded steps are none that ours takes.

    All are about ways: the original's search, made again with what it remembers, must give the
    recorded step, and the true distances must show what is said.
    """
    names = "an_equally_short_way", "a_way_beyond_our_window", "the_original's_search_errs"
    out = {name: np.zeros(step.shape, bool) for name in names}
    mode, goal = modes(worlds, decided, cfg)
    expected = _original_steps(trace, worlds, mode, goal, cfg)
    passable = PASSABLE[trace.data["first_materials"]]
    for t, n in np.argwhere(differs & (mode == "path") & (expected == step)):
        here, there = worlds.body.pos[t, cfg.players + n], goal[t, n]
        ours = _nth_direction(decided.chance[t, n].argmax())
        after = [_left(passable, here, there, d) for d in (ours, step[t, n])]
        if after[0] == after[1] < np.inf:
            out["an_equally_short_way"][t, n] = True
        elif after[0] > after[1]:
            out["a_way_beyond_our_window"][t, n] = _leaves_window(passable, here, there)
        elif after[0] < after[1]:
            out["the_original's_search_errs"][t, n] = True
    return out


def _original_steps(
    trace: Trace, worlds: World, mode: np.ndarray, goal: np.ndarray, cfg: Config
) -> np.ndarray:
    """Returns (T, N) the steps that the original's search gives, -2 where it did not search."""
    steps = np.full(mode.shape, -2)
    search = Search(PASSABLE[worlds.terrain.material[0]])
    for path in trace.data.get("paths", ()):  # known before the trace begins
        start, end, step = path.reshape(3, 2).tolist()
        search.kept[tuple(start), tuple(end)] = tuple(step)
    for t, n in np.argwhere(mode == "path"):
        place = worlds.body.pos[t, cfg.players + n]
        steps[t, n] = search.direction(_tuple(place), _tuple(goal[t, n]))
    return steps


def _left(passable: np.ndarray, here: np.ndarray, goal: np.ndarray, direction: int) -> float:
    """Returns the steps left to the goal after a step, infinite where no way leads there."""
    offset = STEP_OFFSET[direction] if direction != NO_STEP else np.zeros(2, int)
    steps = distances(passable, _tuple(goal), reach=120)
    return steps.get(_tuple(here + offset), np.inf)


def _leaves_window(passable: np.ndarray, here: np.ndarray, goal: np.ndarray) -> bool:
    """Is there a shorter way (or the only one) that leaves the window of 15 x 15 tiles?"""
    inside = np.zeros_like(passable)
    low = np.maximum(here - flood.RADIUS, 0)
    high = here + flood.RADIUS + 1
    inside[low[0] : high[0], low[1] : high[1]] = True
    everywhere = distances(passable, _tuple(goal), reach=120).get(_tuple(here), np.inf)
    within = distances(passable & inside, _tuple(goal), reach=120).get(_tuple(here), np.inf)
    return everywhere < within


def _tuple(place: np.ndarray) -> tuple[int, int]:
    return int(place[0]), int(place[1])


@dataclasses.dataclass
class Steps:
    """Steps of NPCs that are random.

    Attributes:
      tick, npc: (n,) who and when.
      step: (n,) recorded directions.
      chance: (n, 4) of each direction in ours.
      free: (n, 4) bool, where they could step, by `tables.MEANDER_ORDER`.
    """

    tick: np.ndarray
    npc: np.ndarray
    step: np.ndarray
    chance: np.ndarray
    free: np.ndarray


def random_steps(mode: str, trace: Trace, worlds: World, decided: Decided, cfg: Config) -> Steps:
    """Returns all steps of NPCs that "wander" or "drift", in the order of their decisions."""
    modes_, _ = modes(worlds, decided, cfg)
    tick, npc = np.nonzero(modes_ == mode)
    around = worlds.body.pos[tick, cfg.players + npc][:, None] + STEP_OFFSET[MEANDER_ORDER]
    passable = PASSABLE[trace.data["first_materials"]]
    return Steps(
        tick=tick,
        npc=npc,
        step=recorded.orders_of(trace, cfg)["direction"][tick, cfg.players + npc],
        chance=decided.chance[tick, npc, :4],
        free=passable[around[..., 0], around[..., 1]],
    )


def cycle(trace: Trace) -> np.ndarray:
    """Returns (1024,) the starts of wandering that the original draws before anything else."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(trace.meta["seed"])))
    return generator.integers(0, 4, size=CYCLE)


def by_cycle(trace: Trace, wandering: Steps) -> np.ndarray:
    """Returns (n,) the directions of wanderers that the original's cycle gives, exactly."""
    used = int(trace.data.get("direction_index", 0))
    start = cycle(trace)[(used + 1 + np.arange(len(wandering.tick))) % CYCLE]
    first = first_free(wandering.free, start)
    return np.where(wandering.free.any(1), MEANDER_ORDER[first], 0)


def first_free(free: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Returns (n,) the first free one of four directions from each start on, round."""
    order = (start[:, None] + np.arange(4)) % 4
    return (start + np.take_along_axis(free, order, 1).argmax(1)) % 4
