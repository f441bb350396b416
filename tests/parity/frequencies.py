"""Random draws of the original and of ours: do both come as often as the rules say?

Each draw is kept as counts by category beside those expected, so that the draws of many traces
add up before they are tested.
"""

import dataclasses

import numpy as np
from scipy import stats

from metammo_jax.tables import MEANDER_ORDER, NPC_SPAWN_ATTEMPTS, PASSABLE, WEAPON_DROP
from metammo_jax.vocab import Direction, Event, Item, Revival, Tile
from tests.parity import decisions, drops, newcomers
from tests.parity import trace as recorded
from tests.parity.compare import Case, growing, harvests

RECORD, OURS = "record", "ours"
SUSPICIOUS = 1e-5
"""A draw whose counts are less likely than this is taken for wrong."""

DELAYS = np.array([1, 2, 6, 16, 31, 61, 121])
"""First values of the classes of regrowth delays, in ticks."""

RINGS = 8
"""Classes of distances from the edge in which places of new NPCs are counted."""


@dataclasses.dataclass
class Draws:
    """Counts of one kind of draw on one side.

    Attributes:
      name: what is drawn.
      side: whose draws they are.
      observed: (k,) counts by category.
      expected: (k,) counts that the rules lead to expect.
      variance: () variance of the only count, if there is but one category.
    """

    name: str
    side: str
    observed: np.ndarray
    expected: np.ndarray
    variance: float = 0.0

    def p_value(self) -> float:
        """Returns how likely counts as far from the expected, or farther, are.

        Classes in which fewer than five are expected do not follow the chi-square distribution
        (Cochran, 1954): a single rare draw would look impossible. How many fall into any of them
        is judged by the exact binomial distribution instead, and the worse of the two counts.
        """
        if len(self.observed) == 1:
            if self.variance == 0:
                return 1.0
            away = max(abs(self.observed[0] - self.expected[0]) - 0.5, 0)
            return float(2 * stats.norm.sf(away / np.sqrt(self.variance)))
        used = self.expected > 0
        if (self.observed[~used] > 0).any():
            return 0.0
        common = self.expected >= ENOUGH
        return min(1.0, 2 * min(self._of_common(common), self._of_rare(used & ~common)))

    def _of_common(self, common: np.ndarray) -> float:
        """Returns how likely the shares of classes (k,) bool among themselves are."""
        if common.sum() < 2:
            return 1.0
        observed, expected = self.observed[common], self.expected[common]
        expected = expected * observed.sum() / expected.sum()
        if not expected.any():
            return 1.0
        chi = ((observed - expected) ** 2 / expected).sum()
        return float(stats.chi2.sf(chi, common.sum() - 1))

    def _of_rare(self, rare: np.ndarray) -> float:
        """Returns how likely so many draws in classes (k,) bool are."""
        if not rare.any() or not self.observed.any():
            return 1.0
        draws, share = int(self.observed.sum()), self.expected[rare].sum() / self.expected.sum()
        if share >= 1:
            return 1.0
        return float(stats.binomtest(int(self.observed[rare].sum()), draws, share).pvalue)


ENOUGH = 5
"""Draws that must be expected in a class for it to be judged by itself."""


def add_up(draws: list[Draws]) -> list[Draws]:
    """Returns the draws with those of equal name and side added."""
    out: dict[tuple[str, str], Draws] = {}
    for one in draws:
        known = out.setdefault((one.name, one.side), Draws(one.name, one.side, 0, 0))
        known.observed = known.observed + one.observed
        known.expected = known.expected + one.expected
        known.variance += one.variance
    return list(out.values())


def draws_of(case: Case, decided: decisions.Decided | None) -> list[Draws]:
    """Returns all random draws of a trace, on both sides."""
    out = _regrowth(case) + _weapons(case) + _newcomers(case) + _revivals(case)
    return out + (_steps(case, decided) if decided is not None else [])


def of_chances(name: str, side: str, happened: np.ndarray, chance) -> Draws:
    """Returns draws of yes or no, of which each has its chance."""
    chance = np.broadcast_to(chance, np.shape(happened))
    return Draws(
        name,
        side,
        np.array([np.sum(happened)]),
        np.array([np.sum(chance)]),
        float(np.sum(chance * (1 - chance))),
    )


def of_classes(name: str, side: str, which: np.ndarray, share: np.ndarray) -> Draws:
    """Returns draws of a class each, the classes having the shares (k,)."""
    observed = np.bincount(which, minlength=len(share))
    return Draws(name, side, observed, len(which) * share / max(share.sum(), 1e-12))


def _regrowth(case: Case) -> list[Draws]:
    """A depleted tile is itself again with a chance in each tick, first in that of its harvest."""
    out, (ours, there), rates = [], harvests(case), growing(case)
    base = case.before.terrain.material
    for tile in np.flatnonzero(rates):
        chance, name = float(rates[tile]), Tile(tile).name.lower()
        depleted = (base == tile) & ((case.map_before != base) | there)
        grown = (case.map_after == base)[depleted]
        new = (base == tile) & ours
        delay = case.after.world.terrain.ready_at[new] - case.before.tick[np.nonzero(new)[0]]
        share = np.diff(1 - (1 - chance) ** (DELAYS - 1.0), append=1.0)
        out += [
            of_chances(f"depleted {name} grows back", RECORD, grown, chance),
            of_classes(f"delay of {name}", OURS, np.digitize(delay, DELAYS) - 1, share),
        ]
    return out


def _weapons(case: Case) -> list[Draws]:
    """A weapon drops with a chance wherever ammunition is harvested and there is room."""
    if not case.cfg.slots:
        return []
    chances = drops.chances(case.trace, case.cfg, case.before)
    ours = case.after.world.tally.count[:, Event.HARVEST_ITEM]
    ours = ours - case.before.tally.count[:, Event.HARVEST_ITEM]
    counted, _ = recorded.events(case.trace, case.cfg)
    more = ours - counted[..., Event.HARVEST_ITEM] + chances.dropped
    out = []
    for weapon in (Item.WAND, Item.SPEAR, Item.BOW):
        here = (chances.level > 0) & (chances.weapon == weapon)
        for side, dropped in ((RECORD, chances.dropped), (OURS, more > 0)):
            name = f"a {weapon.name.lower()} drops"
            out.append(of_chances(name, side, dropped[here], WEAPON_DROP))
    return out


def _steps(case: Case, decided: decisions.Decided) -> list[Draws]:
    """Wandering: uniform starts. Drifting: by weight, and the record against our chances."""
    args = case.trace, case.before, decided, case.cfg
    wander = decisions.random_steps("wander", *args)
    drift = decisions.random_steps("drift", *args)
    by_start = [decisions.first_free(wander.free, np.full(len(wander.tick), k)) for k in range(4)]
    share = np.zeros((len(wander.tick), 4))
    for first in by_start:
        share[np.arange(len(first)), MEANDER_ORDER[first]] += 0.25
    blocked = ~wander.free.any(1)
    share[blocked] = np.eye(4)[Direction.NORTH]
    used = np.minimum(len(wander.tick), decisions.CYCLE)
    starts = decisions.cycle(case.trace)[:used]
    samples = decisions.SAMPLES
    return [
        of_classes("starts of wandering", RECORD, starts, np.full(4, 0.25)),
        Draws("steps of wanderers", OURS, wander.chance.sum(0) * samples, share.sum(0) * samples),
        Draws(
            "steps of drifters, by our chances",
            RECORD,
            np.bincount(drift.step[drift.step >= 0], minlength=4)[:4],
            drift.chance.sum(0),
        ),
    ]


def _newcomers(case: Case) -> list[Draws]:
    out = []
    sides = (RECORD, newcomers.in_record(case)), (OURS, newcomers.in_ours(case))
    for side, some in sides:
        if len(some.tick):
            out.append(of_classes("styles of new NPCs", side, some.style, np.full(3, 1 / 3)))
            out += _equipment(case, side, some)
        if newcomers.refills(case):
            out += _refill(case, side, some)
        if case.trace.game == "radio_raid":
            out += _waves(case, side, some)
    return out


def _equipment(case: Case, side: str, some: newcomers.Newcomers) -> list[Draws]:
    """What new NPCs wear, and what they will leave, all kinds alike."""
    out = []
    for name, item, first, kinds in (
        ("armor", some.armor, Item.HAT, 3),
        ("tools", some.tool, Item.ROD, 5),
    ):
        if item.any():
            share = np.full(kinds, 1 / kinds)
            out.append(of_classes(f"{name} of new NPCs", side, item - first, share))
    if some.armor.any() and some.tool.any():
        outfit = (some.style * 3 + some.armor - Item.HAT) * 5 + some.tool - Item.ROD
        out.append(of_classes("outfits of new NPCs", side, outfit, np.full(45, 1 / 45)))
    if some.gear.any():
        share, fraction = np.diff(newcomers.FRACTIONS), newcomers.fractions(some)
        out.append(of_classes("fractions of equipment's levels", side, fraction, share))
    return out


def _refill(case: Case, side: str, some: newcomers.Newcomers) -> list[Draws]:
    """Attempts at random places succeed on ground; with a queue of one, its ring comes first."""
    settings, ticks = case.trace.settings, len(case.trace)
    ground, ring = _square(case)
    room = newcomers.open_places(case)
    calls = [_called_back(case, t) for t in range(ticks)]
    waiting = np.array([len(call) for call in calls])
    counts = some.counts(ticks)
    missing = settings["NPC_N"] - case.lives_on[:, case.cfg.players :].sum(-1)
    all_tried = (waiting == 0) & (counts < missing) & (room > 0)
    tried = np.repeat(ground.mean(), all_tried.sum() * NPC_SPAWN_ATTEMPTS)
    out = [of_chances("a place tried for an NPC is ground", side, np.zeros(len(tried)), tried)]
    out[0].observed = np.array([counts[all_tried].sum()])
    free = waiting[some.tick] == 0
    classes = ring * RINGS // (ring.max() + 1)
    share = np.bincount(classes[ground], minlength=RINGS).astype(float)
    where = np.minimum(some.ring[free] * RINGS // (ring.max() + 1), RINGS - 1)
    out.append(of_classes("distance of new NPCs from the edge", side, where, share))
    half = settings["MAP_CENTER"] // 2
    low = (settings["MAP_SIZE"] - settings["MAP_CENTER"]) // 2
    quarter = ((some.pos[free] - low) >= half) @ np.array([2, 1])
    rows, cols = np.indices(ground.shape) >= half
    share = np.bincount((2 * rows + cols)[ground], minlength=4).astype(float)
    out.append(of_classes("quarter of the map of new NPCs", side, quarter, share))
    recalled = _recall(case, side, some, calls, ground, ring)
    return [*out, recalled, _place_on_ring(side, some, calls, ground, ring, low)]


def _square(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Returns (C, C) bool, is it ground, and (C, C) int, the ring, of where NPCs may appear."""
    center = case.trace.settings["MAP_CENTER"]
    low = (case.cfg.map_size - center) // 2
    inside = case.before.terrain.material[0][low : low + center, low : low + center]
    along = np.minimum(np.arange(center), center - 1 - np.arange(center))
    return PASSABLE[inside], np.minimum(along[:, None], along)


def _called_back(case: Case, t: int) -> list[int]:
    """Returns the rings that dead NPCs call for in the refill of transition t."""
    npcs = slice(case.cfg.players, None)
    died = (case.before.body.present & ~case.lives_on)[t, npcs]
    rings = case.before.npc.ring[t][died]
    return [*recorded.queues(case.trace)[t], *(int(r) for r in rings if r > 0)]


def _recall(case, side, some, calls, ground, ring) -> Draws:
    """Of a queue of one: the first new NPC is of its ring, if the place there was ground.

    If it was not, the first comes from anywhere, by chance from the same ring.
    """
    happened, chance = [], []
    for t in np.unique(some.tick):
        if len(calls[t]) == 1:
            on_ring = ring == calls[t][0]
            works = _ring_chance(ground, calls[t][0])
            by_chance = (ground & on_ring).sum() / ground.sum()
            first = some.ring[some.tick == t][0]
            happened.append(first == calls[t][0])
            chance.append(works + (1 - works) * by_chance)
    return of_chances("a dead NPC comes back on its ring", side, np.array(happened), chance or 0.0)


def _place_on_ring(side, some, calls, ground, ring, low) -> Draws:
    """Of a queue of one that came back on its ring: the quarter of the map where it stands.

    The draw of a side and of a place along it comes upon every corner in two ways.
    """
    half, last, place = len(ground) // 2, len(ground) - 1, np.indices(ground.shape)
    in_quarter = 2 * (place[0] >= half) + (place[1] >= half)
    share, quarter = np.zeros(4), []
    for t in np.unique(some.tick):
        first = np.flatnonzero(some.tick == t)[0]
        called = calls[t][0] if len(calls[t]) == 1 else -1
        if some.ring[first] != called:
            continue
        here, works = ground & (ring == called), _ring_chance(ground, called)
        ends = np.isin(place, (called, last - called)).sum(0)
        chance = here * (ends / (4 * (last + 1 - 2 * called)) + (1 - works) / ground.sum())
        share += np.bincount(in_quarter.ravel(), chance.ravel()) / chance.sum()
        quarter.append(in_quarter[tuple(some.pos[first] - low)])
    name = "quarter of NPCs that come back on rings"
    return of_classes(name, side, np.array(quarter, int), share)


def _ring_chance(ground: np.ndarray, ring: int) -> float:
    """Returns the share of ground on a ring, corners counted twice, as the draw does."""
    last = len(ground) - 1 - ring
    span = slice(ring, last + 1)
    sides = ground[ring, span], ground[last, span], ground[span, ring], ground[span, last]
    return float(np.mean([side.mean() for side in sides]))


def _waves(case: Case, side: str, some: newcomers.Newcomers) -> list[Draws]:
    """Kinds of waves after the first: by dangers of a beta distribution."""
    settings, (_, waves) = case.trace.settings, recorded.waves(case.trace)
    out = []
    for wave in np.unique(waves[:-1][some.tick]):
        if wave == 0:
            continue
        danger = min(wave / 10, 1.0)
        dist = stats.beta(10 * danger + 0.01, 10.01 - 10 * danger)
        below = dist.cdf([settings["NPC_SPAWN_NEUTRAL"], settings["NPC_SPAWN_AGGRESSIVE"]])
        share = np.diff([0.0, *below, 1.0])
        kinds = some.kind[waves[:-1][some.tick] == wave] - 1
        out.append(of_classes("kinds of waves", side, kinds, share))
    return out


def _revivals(case: Case) -> list[Draws]:
    """The revived stand on a random side of the edge, or in a random quarter of the ground."""
    revival = int(case.before.params.revival[0])
    tick, row = np.nonzero(case.revived)
    if not len(tick):
        return []
    seen = np.stack([case.recorded_next("row"), case.recorded_next("col")], -1)
    center = case.trace.settings["MAP_CENTER"]
    low = (case.cfg.map_size - center) // 2
    out = []
    for side, pos in ((RECORD, seen[tick, row]), (OURS, case.after.world.body.pos[tick, row])):
        if revival == Revival.EDGE:
            draw = _edge_draws(low, center)
            share = np.bincount(edge_class(draw, low, center), minlength=16).astype(float)
            which = edge_class(pos, low, center)
            out.append(of_classes("edge where the revived stand", side, which, share))
        else:
            ground, _ = _square(case)
            rows, cols = np.indices(ground.shape) >= center // 2
            share = np.bincount((2 * rows + cols)[ground], minlength=4).astype(float)
            quarter = (pos - low >= center // 2) @ np.array([2, 1])
            out.append(of_classes("quarter where the revived stand", side, quarter, share))
    return out


def _edge_draws(low: int, center: int) -> np.ndarray:
    """Returns (n, 2) all equally likely draws of a place on the edge."""
    along, fixed = np.meshgrid(np.arange(low, low + center), [low, low + center])
    pos = np.stack([along.ravel(), fixed.ravel()], -1)
    return np.concatenate([pos, pos[:, ::-1]])


def edge_class(pos: np.ndarray, low: int, center: int) -> np.ndarray:
    """Returns (n,) 0..15, the side of the edge and the quarter of that side."""
    row, col = (pos - low).T
    side = np.select([row == 0, row == center, col == 0], [0, 1, 2], 3)
    along = np.where(side < 2, col, row)
    return side * 4 + along * 4 // (center + 1)
