"""Laws of acting: numbers out of range, the dead, the order of players, batches."""

import dataclasses

import jax
import numpy as np

from metammo_jax.action import TRADE, row_bits
from metammo_jax.config import Config
from metammo_jax.effects import NEVER_READY
from metammo_jax.tables import DEPLETED, NEIGHBOURS
from metammo_jax.vocab import Direction, Event, Style, System, Tile
from tests.laws.lab import (
    WIDTH,
    Lab,
    Turn,
    differing,
    gained,
    leaves_of,
    side_by_side,
    turned,
    world_of,
)
from tests.laws.plans import Plan, last_turn, turns
from tests.laws.trading import in_range
from tests.worlds import by_player

# What makes no difference


def replayed(lab: Lab, turn: Turn, action) -> list[str]:
    """Returns the leaves that come out otherwise when players do something else."""
    decided, orders = lab.give_orders(turn.keys, turn.before, action, turn.priority)
    return differing(lab.play(turn.keys, decided, orders)[0], turn.after)


def the_dead_cannot_act(lab: Lab, plan: Plan) -> None:
    """Actions of the dead have no effect."""
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    dead = ~turn.before.body.present[:, : lab.cfg.players]
    ranges = dict(move=4, style=3, target=lab.cfg.entities, token=lab.cfg.tokens + 1)
    if lab.cfg.slots:
        ranges |= dict.fromkeys(TRADE, lab.cfg.slots) | {"buy": lab.cfg.players * lab.cfg.slots}
    heads = {
        name: np.where(dead, rng.integers(0, most, dead.shape), getattr(turn.action, name))
        for name, most in ranges.items()
    }
    assert replayed(lab, turn, turn.action.replace(**heads)) == []


def numbers_out_of_range_are_nothing(lab: Lab, plan: Plan) -> None:
    """A direction, style, target, word, slot, price ... that is none is as good as no action.

    Not to move is -1: who stays where it is (STAY) still notes how far it has come.
    """
    senseless = dataclasses.replace(plan, manners=("anything",) * WIDTH, unsettled=True)
    for turn in turns(lab, senseless):
        action = turn.action
        is_style = (action.style >= 0) & (action.style < len(Style))
        is_target = (action.target >= 0) & (action.target < lab.cfg.entities)
        is_word = (action.token >= 1) & (action.token <= lab.cfg.tokens)
        is_move = (action.move >= 0) & (action.move <= Direction.STAY)
        meant = action.replace(
            move=np.where(is_move, action.move, -1),
            style=np.where(is_style, action.style, 0),
            target=np.where(is_style & is_target, action.target, -1),
            token=np.where(is_word, action.token, -1),
            **in_range(action, lab.cfg),
        )
        assert replayed(lab, turn, meant) == []


# The order of players


def players_may_be_numbered_otherwise(lab: Lab, plan: Plan) -> None:
    """Players in other rows, who act in the same order, make the same world, in other rows.

    Nothing is drawn by row here: nobody is revived, what is eaten does not grow again, there is
    nothing to harvest that might yield a weapon, and worlds are left out in which a player kills
    a player: which of its belongings go first is drawn.
    """
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    params = turn.decided.params
    fixed = params.replace(revival=params.revival * 0, regrowth=params.regrowth * 0)
    world = without(turn.decided.replace(params=fixed), ROCK_AND_WOOD)
    row = [rng.permutation(lab.cfg.players) for _ in range(WIDTH)]  # new row of each player
    moved = [renumbered(world_of(world, i), row[i], lab) for i in range(WIDTH)]
    orders = [reordered(world_of(turn.orders, i), row[i], lab) for i in range(WIDTH)]
    expected, *values = lab.play(turn.keys, world, turn.orders)
    after, *others = lab.play(turn.keys, side_by_side(moved), side_by_side(orders))
    kills = gained(world, expected, Event.KILL_PLAYER).any(1)
    for i in np.flatnonzero(~kills | ~params.enabled[:, System.ITEM]):
        wanted = renumbered(world_of(expected, i), row[i], lab)
        assert_same_world(*map(without_regrowth, (wanted, world_of(after, i))))
        for value, other in zip(values, others, strict=True):
            np.testing.assert_allclose(other[i][row[i]], value[i], atol=1e-6)


ROCK_AND_WOOD = (Tile.ORE, Tile.TREE, Tile.CRYSTAL)


def without(world, materials):
    """Returns the worlds with all tiles of some materials harvested for good."""
    gone = np.isin(world.terrain.material, materials)
    ready_at = np.where(gone, NEVER_READY, world.terrain.ready_at).astype(np.int16)
    return world.replace(terrain=world.terrain.replace(ready_at=ready_at))


def without_regrowth(world):
    """Returns the world with all its harvested tiles growing at once: when is drawn by row."""
    ready_at = np.where(world.terrain.ready_at >= world.tick, NEVER_READY, 0).astype(np.int16)
    return world.replace(terrain=world.terrain.replace(ready_at=ready_at))


def assert_same_world(one, other) -> None:
    """Integers are equal, reals nearly: sums over players come in another order.

    A task whose progress differs in its last bit may count that as a gain or a loss.
    """
    same = (one.task.progress == other.task.progress) | (one.task.progress == 1)
    others = leaves_of(other)
    for path, leaf in leaves_of(one).items():
        if np.issubdtype(leaf.dtype, np.floating):
            np.testing.assert_allclose(others[path], leaf, atol=1e-6, err_msg=path)
        elif path in ("task.gains", "task.losses"):
            np.testing.assert_array_equal(others[path][same], leaf[same], path)
        else:
            np.testing.assert_array_equal(others[path], leaf, path)


def renumbered(world, row: np.ndarray, lab: Lab):
    """Returns a world whose player i is in row[i]."""
    players, body = lab.cfg.players, world.body
    old = np.argsort(row)
    rows = {
        name: _shuffled(getattr(body, name), old)
        for name in vars(body)
        if name not in ("id", "attacker")
    }
    attacker = np.where(body.attacker > 0, row[np.clip(body.attacker - 1, 0, players - 1)] + 1, 0)
    attacker = np.where(body.attacker < 0, body.attacker, attacker).astype(np.int32)
    params, terrain, npc = world.params, world.terrain, world.npc
    return world.replace(
        body=body.replace(attacker=_shuffled(attacker, old), **rows),
        params=params.replace(group=params.group[old], leader=_renamed(params.leader, row)[old]),
        terrain=terrain.replace(seizer=_renamed(terrain.seizer, row)),
        npc=npc.replace(target=_renamed(npc.target, row)),
        skill=_moved(world.skill, old),
        bag=by_player(_moved(by_player(world.bag), old)),
        task=_moved(world.task, old),
        tally=turned(_moved(turned(world.tally), old)),
        verdict=world.verdict.replace(winners=world.verdict.winners[old]),
    )


def reordered(orders, row: np.ndarray, lab: Lab):
    """Returns the orders for a world whose player i is in row[i]."""
    old = np.argsort(row)
    named = orders.replace(target=_renamed(orders.target, row))
    if lab.cfg.slots:
        seller, slot = np.divmod(orders.buy, lab.cfg.slots)
        named = named.replace(
            give_to=_renamed(orders.give_to, row),
            gold_to=_renamed(orders.gold_to, row),
            buy=(_renamed(seller, row) * lab.cfg.slots + slot).astype(np.int32),
        )
    moved = _moved(named, old)
    turns = {"turn": moved.turn} | ({"buy_turn": moved.buy_turn} if lab.cfg.slots else {})
    return moved.replace(
        **{name: _with_rows(turn >> row_bits(lab.cfg), lab.cfg) for name, turn in turns.items()}
    )


def _with_rows(priority: np.ndarray, cfg: Config) -> np.ndarray:
    """Returns (..., A) uint32, the turns (`action.turns`) of a priority (..., A)."""
    rows = np.arange(priority.shape[-1])
    return (priority << row_bits(cfg) | rows).astype(np.uint32)


def _moved(part, old: np.ndarray):
    """Returns a part of a world, or orders, with players taken from their old rows."""
    return jax.tree.map(lambda leaf: _shuffled(leaf, old), part)


def _shuffled(leaf, old: np.ndarray):
    """Returns the leaf with players, the first rows, taken from their old rows."""
    return np.concatenate([leaf[: len(old)][old], leaf[len(old) :]])


def _renamed(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Returns entity rows as they are when player i is in row[i]."""
    is_player = (values >= 0) & (values < len(row))
    return np.where(is_player, row[np.clip(values, 0, len(row) - 1)], values).astype(np.int32)


def without_conflict_no_order_matters(lab: Lab, plan: Plan) -> None:
    """Where tiles are shared, nobody attacks, nobody harvests a tile that another reaches, and
    nobody deals with two players at once.
    """
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    params = turn.decided.params
    world = turn.decided.replace(
        params=params.replace(share_tiles=np.ones_like(params.share_tiles))
    )
    peace = np.full_like(turn.orders.target, -1)
    orders = turn.orders.replace(target=peace)
    other = orders.replace(turn=_reordered(rng, orders.turn, lab.cfg))
    if lab.cfg.slots:
        heads = _separate_deals(orders, lab)
        orders, other = orders.replace(**heads), other.replace(**heads)
        other = other.replace(buy_turn=_reordered(rng, orders.buy_turn, lab.cfg))
    outcomes = [lab.play(turn.keys, world, given)[0] for given in (orders, other)]
    for i in range(WIDTH):
        if not _share_a_harvest(world_of(world, i), lab.cfg.players):
            assert differing(*(world_of(after, i) for after in outcomes)) == []


def _reordered(rng: np.random.Generator, turn: np.ndarray, cfg: Config) -> np.ndarray:
    """Returns turns (WIDTH, A) uint32 in another random order of the rows."""
    return _with_rows(rng.permuted(turn >> row_bits(cfg), axis=1), cfg)


def _share_a_harvest(world, players: int) -> bool:
    """Can two players harvest the same tile: the one they stand on, or fish beside them?"""
    pos = world.body.pos[:players][world.body.present[:players]]
    beside = (pos[:, None] + NEIGHBOURS).reshape(-1, 2)
    materials = (world.terrain.material[tuple(places.T)] for places in (pos, beside))
    own, fish = next(materials), next(materials) == Tile.FISH
    grows = (DEPLETED[own] != own) & (own != Tile.FISH)
    tiles = np.concatenate([pos[grows], beside[fish]])
    return len(np.unique(tiles, axis=0)) < len(tiles)


def _separate_deals(orders, lab: Lab) -> dict[str, np.ndarray]:
    """Returns orders to buy and to give for those alone who deal with nobody else's partner."""
    heads = {name: np.array(getattr(orders, name)) for name in ("buy", "give_to", "gold_to")}
    partner = dict(heads, buy=heads["buy"] // lab.cfg.slots)
    for i in range(WIDTH):
        busy = set()
        for player in range(lab.cfg.players):
            for name, others in partner.items():
                pair = {player, int(others[i, player])}
                if pair & busy:
                    heads[name][i, player] = -1
                elif others[i, player] >= 0:
                    busy |= pair
    return heads


def a_world_alone(lab: Lab, plan: Plan) -> None:
    """`Env.step` of one world gives, bit for bit, what it gets among others."""
    turn = last_turn(lab, plan)
    one = plan.seed % WIDTH
    alone = lab.step_alone(
        turn.keys[one], *(world_of(x, one) for x in (turn.before, turn.action, turn.priority))
    )
    obs = lab.observe(turn.after)
    batch = (obs, turn.after, turn.reward, turn.terminated, turn.truncated)
    assert differing(world_of(batch, one), alone[: len(batch)]) == []


LAWS = (
    the_dead_cannot_act,
    numbers_out_of_range_are_nothing,
    players_may_be_numbered_otherwise,
    without_conflict_no_order_matters,
    a_world_alone,
)
