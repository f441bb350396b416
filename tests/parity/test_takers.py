"""Who gets what by chance: what is read from traces, and that wrong orders are seen."""

import dataclasses
import types

import jax
import numpy as np
import pytest

from metammo_jax.tables import EVENT_CODE
from metammo_jax.vocab import Event, Item
from tests.parity import drops, frequencies, opening, takers
from tests.parity.frequencies import OURS, RECORD, SUSPICIOUS
from tests.parity.planting import loaded, planted, played
from tests.parity.takers import Contest, Spoils

TRADE, LOOT = "multi_task-market", "team_battle-loot"
ORDER, BEST_FIRST, FIRST_HALF, BEST_KEPT = range(4)


def spoils(choose, count=150, things=6, room=6):
    """Returns what becomes of bags of a few things, all of different levels."""
    rng, out = np.random.default_rng(3), []
    for _ in range(count):
        level = rng.permutation(things)
        order = np.asarray(choose(rng, level))
        out.append(Spoils(level, np.zeros(things, bool), order[:room].tolist(), True))
    return out


def p_of_loot(choose, **kwargs):
    return np.array([one.p_value() for one in takers._of_loot(RECORD, spoils(choose, **kwargs))])


def at_random(rng, level):
    return rng.permutation(len(level))


@pytest.mark.parametrize(
    "name, choose, seen",
    [
        ("in order", lambda rng, level: np.arange(len(level)), [ORDER]),
        ("backwards", lambda rng, level: np.arange(len(level))[::-1], [ORDER]),
        ("best first", lambda rng, level: np.argsort(-level), [BEST_FIRST]),
        ("worst first", lambda rng, level: np.argsort(level), [BEST_FIRST]),
    ],
)
def test_loot_that_does_not_come_by_chance_is_seen(name, choose, seen):
    p = p_of_loot(choose)
    assert np.flatnonzero(p < SUSPICIOUS).tolist() == seen
    counted = takers._of_loot(RECORD, spoils(choose))[BEST_FIRST].observed[0]
    assert {"best first": counted == 150, "worst first": counted == 0}.get(name, True)
    assert (p_of_loot(at_random) > 0.001).all()


@pytest.mark.parametrize(
    "choose, seen",
    [
        (lambda rng, level: np.argsort(-level)[:2][rng.permutation(2)], BEST_KEPT),
        (lambda rng, level: rng.permutation(2), FIRST_HALF),
        (lambda rng, level: 4 + rng.permutation(2), FIRST_HALF),
    ],
    ids=["the best", "the first", "the last"],
)
def test_loot_that_is_not_kept_by_chance_is_seen(choose, seen):
    """The order in which it comes is by chance here."""
    p = p_of_loot(choose, room=2)
    assert p[seen] < SUSPICIOUS and p[ORDER] > 0.001
    assert (p_of_loot(at_random, room=2) > 0.001).all()
    lost_otherwise = [dataclasses.replace(one, rest_is_lost=False) for one in spoils(choose)]
    assert takers._of_loot(RECORD, lost_otherwise)[seen].p_value() == 1


def test_loot_by_chance_looks_like_it():
    """Bags of different sizes: the variances are right, so rare counts are as rare as they say."""
    rng, found = np.random.default_rng(5), []
    for _ in range(250):
        some = []
        for things in rng.integers(2, 9, 30):
            order = rng.permutation(things)[: max(things // 2, 2)].tolist()
            level = rng.integers(1, 4, things)
            some.append(Spoils(level, rng.random(things) < 0.2, order, True))
        found.append([one.p_value() for one in takers._of_loot(RECORD, some)])
    rare = (np.array(found) < 0.1).mean(0)
    assert (rare > 0.03).all() and (rare < 0.14).all(), rare


def test_who_buys_first_is_seen_if_it_is_not_by_chance():
    rng = np.random.default_rng(4)
    found = [Contest(0, np.sort(rng.choice(128, n, False)), 0) for n in rng.integers(2, 9, 200)]
    by_chance = [one.rivals[rng.integers(len(one.rivals))] for one in found]
    assert takers._of_purchases(OURS, found, by_chance).p_value() > 0.001
    for wrong in (0, -1):
        buyers = [one.rivals[wrong] for one in found]
        assert takers._of_purchases(OURS, found, buyers).p_value() < SUSPICIOUS


def with_log(trace, log):
    return types.SimpleNamespace(
        trace=dataclasses.replace(trace, data=dict(trace.data, events=log))
    )


def test_loot_is_read_from_the_log():
    """One has room for one of two things: the top that the killed had put on comes first."""
    trace = loaded(LOOT)
    (one,) = takers.spoils_in_record(types.SimpleNamespace(trace=trace))
    assert one.taken == [0] and one.level.tolist() == [1, 1] and one.rest_is_lost
    assert one.stacks.tolist() == [False, True]
    (t, killer), log = drops.killers(trace)[0], trace.data["events"].copy()
    looted = np.flatnonzero(log[:, 3] == EVENT_CODE[Event.LOOT_ITEM])[-1]
    log[looted + 1] = log[looted]  # another takes the same from the killer
    log[looted + 1, 1] = 9
    assert takers.spoils_in_record(with_log(trace, log))[0].taken == [0]
    log[log[:, 3] == EVENT_CODE[Event.LOOT_ITEM], 8] = 3  # a thing of another
    altered = with_log(trace, log)
    assert takers.spoils_in_record(altered)[0].taken == []
    log[log[:, 3] == EVENT_CODE[Event.FIRE_AMMO], 3] = EVENT_CODE[Event.DESTROY_ITEM]
    (victim,) = drops.victims(trace, t, killer)
    log[log[:, 3] == EVENT_CODE[Event.DESTROY_ITEM], 1] = victim + 1
    assert not takers.spoils_in_record(altered)[0].rest_is_lost


def test_several_things_of_one_come_in_the_order_of_the_log():
    """Two of a sort, 29 and 90 by their ids, and 173, of which 90 comes first."""
    case = types.SimpleNamespace(trace=loaded(TRADE))
    (one,) = [one for one in takers.spoils_in_record(case) if len(one.taken) > 1]
    assert one.taken == [1, 0, 2]
    log = case.trace.data["events"].copy()
    code, player = log[:, 3], log[:, 1]
    loot = code == EVENT_CODE[Event.LOOT_ITEM]
    (killer,) = [row for row in np.unique(player[loot]) if (loot & (player == row)).sum() == 3]
    looted = np.flatnonzero(loot & (player == killer))
    log[looted, 8] = log[looted[::-1], 8]
    turned = takers.spoils_in_record(with_log(case.trace, log))
    assert [2, 0, 1] in [other.taken for other in turned]


@pytest.mark.slow
def test_loot_is_read_from_our_bags():
    """Three things come over, two of a sort: of these nobody knows which is which."""
    _, case = played(TRADE)
    t, killer, victim = next(takers._kills(case))
    new = np.flatnonzero(case.after.world.bag.arrived[t, killer] == case.before.tick[t] + 1)
    sort = [case.after.world.bag.item[t, killer, slot] for slot in new]
    assert len(new) == 3 and len(set(sort)) == 2
    first, *_ = takers.spoils_in_ours(case)
    assert first.taken == [0] and len(first.level) == 1 and first.rest_is_lost
    twins = [slot for slot, item in zip(new, sort, strict=True) if sort.count(item) > 1]
    alone = planted(case, "after.world.bag.item", (t, killer, twins[0]), Item.RATION)
    assert len(takers.spoils_in_ours(alone)[0].level) == 1
    twin = twins[0]
    had = np.flatnonzero(
        case.before.bag.item[t, victim] == case.after.world.bag.item[t, killer, twin]
    )[1]
    changed = planted(case, "after.world.bag.level", (t, killer, twin), 2)
    changed = planted(changed, "before.bag.level", (t, victim, had), 2)
    first, *_ = takers.spoils_in_ours(changed)
    item, level = (getattr(changed.before.bag, name)[t, victim] for name in ("item", "level"))
    bag = changed.after.world.bag
    assert len(first.taken) == 3
    for slot, one in zip(new, first.taken, strict=True):
        assert bag.item[t, killer, slot] == item[one] and bag.level[t, killer, slot] == level[one]
    free = np.flatnonzero(bag.item[t, killer] == 0)[0]
    more = planted(changed, "after.world.bag.item", (t, killer, free), Item.RATION)
    more = planted(more, "after.world.bag.arrived", (t, killer, free), case.before.tick[t] + 1)
    assert len(takers.spoils_in_ours(more)) == len(takers.spoils_in_ours(case)) - 1


@pytest.mark.slow
def test_only_those_who_could_buy_are_rivals():
    _, case = played(TRADE)
    found = takers.contests(case)
    assert len(found) > 2
    one = found[0]
    assert one.buyer in one.rivals
    for row in one.rivals:
        poor = planted(case, "before.body.gold", (one.tick, row), -200)
        left = [other for other in takers.contests(poor) if other.tick == one.tick]
        mine = [other for other in left if other.buyer == one.buyer]
        assert all(row not in other.rivals for other in mine)
        assert len(mine) == (row != one.buyer and len(one.rivals) > 2)


@pytest.mark.slow
def test_a_rival_that_may_have_room_or_not_leaves_the_contest_undecided():
    _, case = played(TRADE)
    one = max(takers.contests(case), key=lambda one: len(one.rivals))
    assert len(one.rivals) > 2
    full = np.array(case.before.bag.item)
    full[one.tick, [row for row in one.rivals if row != one.buyer][0]] = Item.HAT
    bag = dataclasses.replace(case.before.bag, item=full)
    unsure = dataclasses.replace(case, before=dataclasses.replace(case.before, bag=bag))
    left = [(other.tick, other.buyer) for other in takers.contests(unsure)]
    assert (one.tick, one.buyer) not in left


@pytest.mark.slow
def test_our_buyers_turns_are_random_in_every_tick():
    _, case = played(TRADE)
    keys = jax.random.split(jax.random.key(0), len(case.trace))
    turns = np.asarray(takers._turns(case.cfg)(keys, case.before))
    first = turns.argsort(-1)
    assert len(np.unique(first[:, 0])) > 1 and (np.sort(first, -1) == np.arange(128)).all()


# New NPCs and players


def test_outfits_that_depend_on_each_other_are_seen():
    rng, count = np.random.default_rng(6), 2000
    armor, tool, style = (rng.integers(0, n, count) for n in (3, 5, 3))
    nothing = np.zeros(count, int)

    def p(armor, tool, style):
        some = types.SimpleNamespace(
            armor=armor + Item.HAT, tool=tool + Item.ROD, style=style, gear=nothing
        )
        found = frequencies._equipment(None, RECORD, some)
        return [one.p_value() for one in found if one.name == "outfits of new NPCs"]

    assert p(armor, tool, style)[0] > 0.001
    assert p(armor, tool, armor)[0] < SUSPICIOUS and p(tool % 3, tool, style)[0] < SUSPICIOUS


def ring_draw(rng, ring, size):
    """Returns a place on a ring as the original draws it: a place along it, then a side."""
    along, side = rng.integers(ring, size - ring), rng.random()
    end = ring if side < 0.25 or 0.5 <= side < 0.75 else size - 1 - ring
    return (end, along) if side < 0.5 else (along, end)


def test_who_comes_back_on_its_ring_stands_anywhere_on_it():
    rng, size, low = np.random.default_rng(7), 16, 40
    ground = rng.random((size, size)) < 0.7
    ground[:8, :8] &= rng.random((8, 8)) < 0.5
    away = np.minimum(np.arange(size), size - 1 - np.arange(size))
    ring = np.minimum(away[:, None], away)
    calls = [[int(rng.integers(1, 7))] for _ in range(400)]
    pos = []
    for (called,) in calls:
        place = ring_draw(rng, called, size)
        while not ground[place]:
            place = tuple(rng.integers(0, size, 2))
        pos.append(place)
    pos = np.array(pos)

    def p(pos):
        some = types.SimpleNamespace(
            tick=np.arange(len(pos)), pos=pos + low, ring=ring[tuple(pos.T)]
        )
        return frequencies._place_on_ring(RECORD, some, calls, ground, ring, low).p_value()

    assert p(pos) > 0.001
    assert p(np.array([(called, called) for (called,) in calls])) < SUSPICIOUS
    assert p(np.minimum(pos, size - 1 - pos)) < SUSPICIOUS


def test_corners_of_a_ring_are_twice_as_likely_as_its_other_tiles():
    """Of the ring there is ground in a corner, and on one tile of another quarter."""
    size, low = 16, 40
    away = np.minimum(np.arange(size), size - 1 - np.arange(size))
    ring = np.minimum(away[:, None], away)
    ground = ring > 3
    ground[2, 2] = ground[2, 9] = True
    some = types.SimpleNamespace(
        tick=np.arange(2), pos=np.array([[2, 2], [2, 9]]) + low, ring=np.array([2, 2])
    )
    found = frequencies._place_on_ring(RECORD, some, [[2], [2]], ground, ring, low)
    anywhere = (1 - 3 / 48) / ground.sum()
    corner, other = 2 / 48 + anywhere, 1 / 48 + anywhere
    share = np.array([corner, other, 0, 0]) / (corner + other)
    assert found.observed.tolist() == [1, 1, 0, 0]
    np.testing.assert_allclose(found.expected, 2 * share)


def test_players_that_start_in_order_are_seen():
    rng = np.random.default_rng(8)
    pos = rng.integers(0, 100, (128, 2))

    def p(pos):
        return [one.p_value() for one in opening._spread_of(RECORD, "players", pos, 50)]

    assert min(p(pos)) > 0.001
    north, west = (p(pos[pos[:, axis].argsort(kind="stable")]) for axis in (0, 1))
    assert north[0] < SUSPICIOUS < north[1] and west[1] < SUSPICIOUS < west[0]
