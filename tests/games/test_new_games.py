"""Our own games: how they are made, and what their spawns, referees, musters and goals do."""

import dataclasses
import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import games
from metammo_jax.games import NEW_GAMES, TRADE_GAMES, catalog, conditions, herds, referee, spawn
from metammo_jax.games.numbers import groups
from metammo_jax.tables import BASE_GOLD, RECON_FREEZE
from metammo_jax.tasks import predicates
from metammo_jax.tasks.predicates.contests import five_places
from metammo_jax.tasks.subject import subject_of
from metammo_jax.vocab import NEVER, Item, Kind, Subject
from tests import worlds

TINY, FULL = mm.preset("tiny"), mm.preset("tiny_full")
KEY = jax.random.key(0)
ALL = NEW_GAMES | TRADE_GAMES


@pytest.mark.parametrize("name", ALL)
def test_a_game_is_found_by_its_name(name):
    config = "tiny_full" if name in TRADE_GAMES else "tiny"
    game = mm.make(name, config=config).games[0]
    assert game.name == name and name in mm.registry.games(config)
    assert (Path(catalog.__file__).parent / f"{name}.py").exists()
    fixed = ALL[name](evaluation=True)
    assert dataclasses.replace(fixed, knobs=game.knobs) == game
    drawn = [knob for knob in fixed.knobs.values() if isinstance(knob, games.Adaptive)]
    assert fixed.knobs != game.knobs and not drawn, "evaluation fixes the difficulty"


def test_games_of_trade_say_what_they_need():
    for name in TRADE_GAMES:
        with pytest.raises(ValueError, match=f"{name} needs systems .* EXCHANGE"):
            mm.make(name, config="tiny")


def test_no_two_games_look_the_same_to_agents():
    table = games.Table([make() for make in (ALL).values()], None, FULL)
    seen = {}
    for game, goals in zip(table.games, np.split(table.book._embedding, _ends(table)), strict=True):
        for row in goals:
            on = tuple(sorted(FULL.systems if game.systems is None else game.systems))
            seen.setdefault((row.tobytes(), on, game.is_team_game), set()).add(game.name)
    twice = [names for names in seen.values() if len(names) > 1]
    assert twice in ([], [{"famine", "drought"}]), twice


def _ends(table):
    return np.cumsum([len(game.goals) for game in table.games])[:-1]


@pytest.mark.parametrize(
    "sides, sizes", [((1,), [16]), ((1, 3), [4, 12]), ((3, 1), [12, 4]), ((1, 1, 1), [5, 5, 6])]
)
def test_sides_share_the_players(sides, sizes):
    game = dataclasses.replace(games.hide_and_seek(), sides=sides)
    group, leader = groups(game, TINY)
    assert np.bincount(group).tolist() == sizes and (np.diff(group) >= 0).all()
    assert set(leader) == set(np.cumsum([0, *sizes[:-1]]))


@pytest.mark.parametrize(
    "game, changes, cfg, message",
    [
        ("escort", dict(team_split=1), {}, r"sides=\(2, 1\) must be empty with team_split=1"),
        ("escort", dict(sides=(0, 1)), {}, r"sides\[0\]=0"),
        ("escort", dict(sides=3), {}, "sides=3 must be shares"),
        ("escort", dict(least_npcs=-1), {}, "least_npcs=-1"),
        ("hide_and_seek", {}, dict(players=3, teams=1), "hide_and_seek needs 4 players or more"),
        ("escort", dict(sides=(1, 40)), {}, "needs a player on each of its sides"),
        ("commons", {}, dict(npcs=1), "commons needs 2 NPC rows or more, .* npcs=1"),
        ("lanterns", {}, dict(npcs=0), "lanterns needs 2 NPC rows or more"),
    ],
)
def test_games_that_cannot_be_are_refused(game, changes, cfg, message):
    with pytest.raises(ValueError, match=message):
        mm.make(dataclasses.replace(ALL[game](), **changes), config="tiny", **cfg)


def test_each_side_has_its_own_goal():
    table = games.Table([games.survive(), games.escort(), games.pilgrimage()], None, TINY)

    @jax.jit
    def goals(key, game):
        params = table.draw(key, game, table.first_difficulty(), TINY)
        return table.assign(key, params, TINY).goal

    assert goals(KEY, 1).tolist() == [1] * 10 + [2] * 6
    drawn = np.stack([goals(jax.random.key(seed), 2) for seed in range(12)])
    assert set(drawn.ravel().tolist()) == set(range(3, 11)), "everybody draws one of eight"


def place(world, pos, **body):
    """Returns the world with the players at places (P, 2), and fields of the body changed."""
    pos = world.body.pos.at[: len(pos)].set(jnp.asarray(pos, jnp.int32))
    return world.replace(body=world.body.replace(pos=pos, **body))


@functools.partial(jax.jit, static_argnums=(0, 3, 4))
def asked(name, world, args, subject=Subject.TEAM, cfg=TINY):
    numbers = jnp.zeros((cfg.players, 4)).at[:, : len(args)].set(jnp.stack(args))
    return getattr(predicates, name)(world, subject_of(world, subject), numbers, cfg)


def ask(name, world, *args, subject=Subject.TEAM, cfg=TINY):
    """Returns (P,) what a predicate says of a world."""
    values = [jnp.float32(0), *map(jnp.float32, args)][1:] or [jnp.float32(0)]
    return np.asarray(asked(name, world, tuple(values), subject, cfg))


def far(cfg=TINY):
    """Returns (P, 2), everybody in a corner, far from all places."""
    return np.full((cfg.players, 2), cfg.middle - cfg.playable_side // 2)


def with_progress(world, progress):
    return world.replace(
        task=world.task.replace(progress=jnp.full(world.task.progress.shape, jnp.float32(progress)))
    )


def test_the_team_with_most_hills_gains():
    world = worlds.blank(TINY, teams=4)
    hills = np.asarray(five_places(world.params, TINY))
    assert hills.tolist() == [[32, 32], [16, 32], [16, 16], [32, 16], [24, 24]]
    pos = far()
    pos[0], pos[1], pos[4] = hills[0], hills[1] + 2, hills[2]  # two of team 0, one of team 1
    gains = ask("hold_most_hills", place(world, pos), 10)
    assert gains.tolist() == pytest.approx([0.1] * 4 + [0] * 12)
    later = ask("hold_most_hills", with_progress(place(world, pos), 0.3), 10)
    assert later.tolist() == pytest.approx([0.4] * 4 + [0.3] * 12), "points add up"
    pos[5] = hills[1]  # contested: nobody's
    assert (ask("hold_most_hills", place(world, pos), 10) == 0).all(), "a tie gains nothing"


def test_places_are_visited_in_order():
    world = worlds.blank(TINY)
    hills, progress = np.asarray(five_places(world.params, TINY)), 0.0
    for visited, quadrant in enumerate((1, 0, 3, 2)):  # first 1, turn 3
        wrong = place(with_progress(world, progress), np.tile(hills[(quadrant + 2) % 4], (16, 1)))
        assert visited / 5 <= ask("visit_in_order", wrong, 1, 3)[0] < (visited + 1) / 5
        there = place(with_progress(world, progress), np.tile(hills[quadrant] + 1, (16, 1)))
        progress = float(ask("visit_in_order", there, 1, 3)[0])
        assert progress == pytest.approx((visited + 1) / 5)
    assert ask("visit_in_order", with_progress(world, progress), 1, 3)[0] == 1, "in the middle"


def test_quadrants_are_filled_at_once():
    world = worlds.blank(TINY, teams=4)
    pos = far()
    pos[:3] = np.asarray(five_places(world.params, TINY))[:3]
    assert ask("fill_quadrants", place(world, pos)).tolist() == [0.75] * 4 + [0] * 12
    pos[3] = [33, 15]
    assert ask("fill_quadrants", place(world, pos))[0] == 1
    dead = world.body.health.at[3].set(0)
    assert ask("fill_quadrants", place(world, pos, health=dead))[0] == 0.75


def test_the_envoy_goes_to_the_opposite_edge():
    world = worlds.blank(TINY, teams=2)
    start = jnp.full((16, 2), 24).at[0].set(jnp.array([24, 8]))
    for col, share in ((8, 0.0), (24, 16 / 31), (39, 1.0), (5, 0.0)):
        world = place(world, [(20, col)], spawn_pos=start)
        assert ask("bring_envoy_across", world) == pytest.approx(share)
    dead = world.body.health.at[0].set(0)
    assert (ask("bring_envoy_across", place(world, [(20, 39)], health=dead)) == 0).all()


def killed(world, killers):
    """Returns the world in which players {victim: killer}, by row, were killed in this tick."""
    body = world.body
    for victim, killer in killers.items():
        body = body.replace(
            died=body.died.at[victim].set(True),
            present=body.present.at[victim].set(False),
            health=body.health.at[victim].set(0),
            attacker=body.attacker.at[victim].set(killer + 1),
        )
    return world.replace(body=body)


def test_contracts_are_on_the_next_that_lives():
    world = killed(worlds.blank(TINY), {2: 1, 9: 4, 0: 15})
    gains = ask("fulfil_contracts", with_progress(world, 0.5), 4, subject=Subject.SELF)
    assert gains[[1, 4, 15, 7]].tolist() == [0.75, 0.25, 0.75, 0.5]
    gone = world.body.replace(died=jnp.zeros(32, bool), attacker=jnp.zeros(32, jnp.int32))
    again = killed(world.replace(body=gone), {3: 1})
    assert ask("fulfil_contracts", again, 4, subject=Subject.SELF)[1] == 0.25, "2 died before"


def test_a_stag_is_shared_and_a_hare_is_not():
    cfg, world = TINY, worlds.blank(TINY)
    pos = np.concatenate([far(), [[24, 24], [24, 24]]])
    pos[:3] = [[24, 27], [22, 22], [24, 28]]  # the third is out of reach
    kind = jnp.zeros(cfg.npcs, jnp.int32).at[:2].set(jnp.array([Kind.NEUTRAL, Kind.PASSIVE]))
    world = place(world, pos)
    world = world.replace(npc=world.npc.replace(kind=kind))
    stag = ask("hunt_game", killed(world, {16: 0}), 8, subject=Subject.SELF)
    assert stag[:4].tolist() == [0.5, 0.5, 0, 0]
    hare = ask("hunt_game", killed(world, {17: 1}), 8, subject=Subject.SELF)
    assert hare[:4].tolist() == [0, 0.125, 0, 0]


def test_a_fire_burns_while_a_quarter_tends_it():
    world = worlds.blank(TINY)
    for tending, burns in ((3, False), (4, True), (16, True)):
        pos = far()
        pos[:tending] = TINY.middle + 3
        here = place(world, pos, food=jnp.full(16, 7, jnp.int32))
        gains = ask("profit_from_fire", here, 10, subject=Subject.SELF)
        assert gains.tolist() == pytest.approx(
            [burns / 30] * tending + [burns / 10] * (16 - tending)
        )
        fed = conditions.feed_by_fire(KEY, here, TINY).body.food
        assert (fed == (100 if burns else 7)).all()


def test_the_market_is_cornered_with_more_than_half():
    world = worlds.blank(FULL, teams=4)

    def owning(*pieces):
        item = jnp.zeros_like(world.bag.item).at[0, : len(pieces)].set(Item.POTION)
        count = jnp.zeros_like(item).at[0, : len(pieces)].set(jnp.array(pieces))
        return world.replace(bag=world.bag.replace(item=item, quantity=count))

    def share(*pieces):
        asking = functools.partial(ask, "corner_market", cfg=FULL)
        return asking(owning(*pieces), Item.POTION, 4)[[0, 4]].tolist()

    assert share(1, 2, 0, 0, 2) == pytest.approx([0.75, 0.5])  # pieces are too few
    assert share(2, 2, 0, 0, 4) == pytest.approx([8 / 9, 8 / 9]), "half is not most"
    assert share(2, 3, 0, 0, 4) == pytest.approx([1, 8 / 10])


def won(rule, world, cfg=TINY):
    return np.flatnonzero(jax.jit(rule, static_argnums=1)(world, cfg)).tolist()


def test_referees_of_sides_and_of_the_horizon():
    early, late = worlds.blank(TINY, teams=2, tick=9), worlds.blank(TINY, teams=2, tick=128)
    done = late.task.completed_at.at[8:].set(3)
    assert won(referee.attackers_or_defenders, early) == []
    assert won(referee.attackers_or_defenders, late) == list(range(8, 16))
    assert won(referee.attackers_or_defenders, killed(early, dict.fromkeys(range(8), 9)))[0] == 8
    finished = early.replace(task=early.task.replace(completed_at=done))
    assert won(referee.attackers_or_defenders, finished) == list(range(8, 16))
    assert won(referee.completed_at_horizon, finished) == []
    late = late.replace(task=finished.task)
    assert won(referee.completed_at_horizon, late) == list(range(8, 16))
    most = early.task.replace(progress=jnp.zeros(16).at[2].set(0.5).at[1].set(0.25))
    assert won(referee.furthest_at_horizon, early.replace(task=most)) == []
    assert won(referee.furthest_at_horizon, late.replace(task=most)) == [2]
    assert won(referee.furthest_at_horizon, late.replace(task=early.task)) == []
    half = killed(late, dict.fromkeys(range(8), 9))
    assert won(referee.half_hold_out, half) == list(range(16))
    assert won(referee.half_hold_out, killed(half, {8: 9})) == []


def test_referees_of_duels_contracts_and_gold():
    world = worlds.blank(TINY, tick=9)
    decided = killed(world, {row: row ^ 1 for row in (0, 3, 4, 7, 8, 11, 12)})
    assert won(referee.duel_winners, decided) == [], "14 and 15 still fight"
    assert won(referee.duel_winners, killed(decided, {15: 14})) == [1, 2, 5, 6, 9, 10, 13, 14]
    late = decided.replace(tick=jnp.int32(128))
    assert won(referee.duel_winners, late) == [1, 2, 5, 6, 9, 10, 13]
    last = killed(world, dict.fromkeys(range(1, 16), 0))
    assert won(referee.contracts_or_last, last) == [], "nobody wins who has done nothing"
    assert won(referee.contracts_or_last, with_progress(last, 0.25)) == [0]
    assert won(referee.living_last, last) == [0]
    assert won(referee.living_last, killed(last, {0: 1})) == [], "the last died together"
    late = worlds.blank(TINY, tick=128)
    assert won(referee.living_last, killed(late, {4: 1}))[3:5] == [3, 5]
    gold = jnp.full(32, BASE_GOLD)
    assert won(referee.richest_players, place(late, [], gold=gold)) == []
    rich = place(late, [], gold=gold.at[3].set(5).at[4].set(7))
    assert won(referee.richest_players, rich) == [4]
    assert won(referee.richest_players, killed(rich, {4: 0})) == [3]


def test_a_herd_that_is_hunted_out_does_not_come_back():
    world = worlds.blank(TINY, npc_population=16)
    muster, refill = (jax.jit(f, static_argnums=2) for f in (herds.herd_muster, herds.herd_refill))
    grown = muster(KEY, world, TINY)
    count = [int(grown.body.present[16:].sum())]
    assert count[0] == 8 and set(grown.npc.kind[:8].tolist()) == {Kind.PASSIVE}
    for tick in range(60):
        grown = refill(jax.random.key(tick), grown, TINY)
        count.append(int(grown.body.present[16:].sum()))
    assert count == sorted(count) and 12 < count[-1] <= 16
    for tick in range(20):
        world = refill(jax.random.key(tick), world, TINY)
    assert not world.body.present[16:].any()


def test_lanterns_walk_and_feed_who_is_near():
    world = worlds.blank(TINY, center=24)
    refill = jax.jit(herds.lanterns_refill, static_argnums=2)
    lit = herds.lanterns_muster(KEY, world, TINY)
    start = np.asarray(lit.body.pos[16:18])
    assert abs(start.sum(0) - 2 * TINY.middle).max() <= 1, "opposite of each other"
    lit = place(lit, np.concatenate([start[:1] + [[3, 0]], start[1:] + [[0, 4]], far()[2:]]))
    hurt = lit.body.health.at[16].set(5)
    food = jnp.full(16, 50, jnp.int32)
    fed = refill(KEY, lit.replace(body=lit.body.replace(food=food, health=hurt)), TINY)
    assert fed.body.food.tolist() == [100, *[0] * 15] == fed.body.water.tolist()
    assert fed.body.health[16] == 100, "nobody can put a lantern out"
    for tick in (1, 2, 3, 4):
        moved = refill(KEY, fed.replace(tick=jnp.int32(tick)), TINY)
        steps = abs(np.asarray(moved.body.pos[16:18]) - start).sum(-1)
        assert steps.tolist() == [tick // 2] * 2


def test_who_is_caught_stays_where_it_is():
    world = worlds.blank(TINY, teams=4)
    pos = far()
    pos[0], pos[4], pos[5], pos[1:4] = (24, 24), (26, 22), (24, 27), (40, 40)
    catch = jax.jit(conditions.freeze_caught, static_argnums=2)
    found = catch(KEY, place(world, pos), TINY)
    assert np.flatnonzero(found.body.freeze == RECON_FREEZE).tolist() == [4]
    assert ask("catch_hiders", found, 0.5)[0] == pytest.approx(1 / 12 / 0.5)
    held = conditions.hold_seekers(KEY, world, TINY)
    assert held.body.freeze.tolist() == [20] * 4 + [0] * 12
    frozen = place(world, pos, freeze=held.body.freeze)
    assert (catch(KEY, frozen, TINY).body.freeze[4:] == 0).all(), "who is held catches nobody"


def test_spawns_of_our_own():
    params = worlds.params(TINY, teams=4, seize_target=jnp.array([32, 16]))

    def placed(rule, params=params):
        return jax.device_get(jax.jit(rule, static_argnums=2)(KEY, params, TINY))

    pairs = placed(spawn.pairs_on_edge).pos
    assert (pairs[::2] == pairs[1::2]).all() and len(np.unique(pairs, axis=0)) == 8
    knows = placed(spawn.teams_with_knowers)
    assert knows.recon.reshape(4, 4).sum(1).tolist() == [1] * 4
    assert (knows.pos[knows.recon] == [34, 18]).all()
    sides = worlds.params(TINY, group=jnp.array([0] * 12 + [1] * 4))
    escort = placed(spawn.envoy_and_bandits, sides).pos - TINY.middle
    assert abs(escort[0]).max() == 16 and abs(escort[0]).min() <= 1
    assert (escort[:12] == escort[0]).all() and abs(escort[12:]).max() <= 2
    hunt = placed(spawn.middle_and_edge, sides).pos - TINY.middle
    assert abs(hunt[:12]).max() <= 2 and (abs(hunt[12:]).max(1) == 16).all()
    assert abs(placed(spawn.anywhere).pos - TINY.middle).max() <= 16
    assert NEVER > 0
