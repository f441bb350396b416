"""Laws of acting: masks, numbers out of range, the dead, the order of players, batches."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from metammo_jax.tables import REACH, STEP_OFFSET
from metammo_jax.vocab import Direction, Event, Style, System, Tile
from tests.laws.lab import (
    WIDTH,
    Lab,
    Turn,
    differing,
    leaves_of,
    repeated,
    side_by_side,
    world_of,
)
from tests.laws.plans import Plan, last_turn, turns

PLAYERS_TRIED = 2
"""Players of each plan whose every choice is tried."""


# Masks


def masks_admit_what_the_rules_execute(lab: Lab, plan: Plan) -> None:
    """Alone, an admitted action takes effect, and a masked one does not.

    Exceptions, all documented: a tile that is taken, being frozen (one thaws before acting), and
    targets that a mask spares (the immortal; fresh players for a tick longer than the rules).
    """
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    for _ in range(PLAYERS_TRIED):
        one, player = rng.integers(WIDTH), rng.integers(lab.cfg.players)
        alone = Alone(lab, turn, one, player)
        alone.try_moves()
        alone.try_targets(int(rng.integers(len(Style))))
        alone.try_speaking()


class Alone:
    """One player of one world, who acts first while all other players do nothing."""

    def __init__(self, lab: Lab, turn: Turn, one: int, player: int):
        self.lab, self.player = lab, player
        self.keys = jnp.repeat(turn.keys[one][None], WIDTH)
        self.world, self.obs = world_of(turn.before, one), world_of(turn.obs, one)
        self.masks = world_of(self.obs.masks, player)
        body = self.world.body
        self.frozen = body.freeze[player] > 1
        self.idle = self.trials([{}])
        entities = np.arange(lab.cfg.entities)
        self.others = body.present & (entities != player)

    def trials(self, choices: list[dict]):
        """Returns what becomes of the world by each choice, and who died in it."""
        first = np.arange(self.lab.cfg.entities)
        first[self.player] = -1
        parts = []
        for start in range(0, len(choices), WIDTH):
            some = choices[start : start + WIDTH]
            action = self.lab.idle()
            heads = {name: np.array(getattr(action, name)) for name in ("move", "style", "target")}
            heads["token"] = np.array(action.token)
            for i, choice in enumerate(some):
                for name, value in choice.items():
                    heads[name][i, self.player] = value
            world, orders = self.lab.give_orders(
                self.keys, repeated(self.world), action.replace(**heads), repeated(first + 1)
            )
            after, _, died, _ = self.lab.play(self.keys, world, orders)
            parts += [(world_of(after, i), died[i]) for i in range(len(some))]
        return parts

    def try_moves(self) -> None:
        """A step is taken where the mask admits it, if nobody stands there."""
        here, body = self.world.body.pos[self.player], self.world.body
        results = self.trials([{"move": move} for move in Direction])
        for move, (after, died) in zip(Direction, results, strict=True):
            goal = here + STEP_OFFSET[move]
            taken = (self.others & (body.pos == goal).all(-1)).any()
            room = self.world.params.share_tiles or not taken
            expected = self.masks.move[move] and not self.frozen and room
            if not died[self.player]:
                moved = (after.body.pos[self.player] == goal).all() and move != Direction.STAY
                assert moved == (expected and move != Direction.STAY), Direction(move).name

    def try_targets(self, style: int) -> None:
        """An entity that is listed is hit where the mask admits it."""
        seen = self.obs.visible
        listed = np.flatnonzero(seen[self.player] >= 0)
        rows = seen[self.player][listed]
        results = self.trials([{"style": style, "target": row} for row in rows])
        (idle, lost), hit = self.idle[0], (slice(None), Event.SCORE_HIT)
        before = self.world.tally.count[hit][self.player]
        admitted = self.masks.target
        assert admitted[-1] == (not admitted[:-1].any()), "attacks are forced where possible"
        for place, row, (after, died) in zip(listed, rows, results, strict=True):
            expected = admitted[place] or self.is_spared(row)
            hits = after.tally.count[hit][self.player] > before
            gone = not idle.body.present[row] or idle.body.id[row] != self.world.body.id[row]
            gone |= row < len(lost) and lost[row]
            if hits or not (died[self.player] or gone):
                assert hits == (expected and not self.frozen), f"target {row}"

    def is_spared(self, row: int) -> bool:
        """Is this a target that the mask spares, but the rules do not?"""
        world, players = self.world, self.lab.cfg.players
        if row >= players or row == self.player or not world.params.enabled[System.COMBAT]:
            return False
        body = world.body
        near = np.abs(body.pos[row] - body.pos[self.player]).max() <= REACH
        fresh = body.time_alive[row] + 1 < world.params.immunity
        last = body.time_alive[row] + 1 == world.params.immunity
        immortal = body.immortal_until[row] > 0
        return bool(body.present[self.player] and near and not fresh and (last or immortal))

    def try_speaking(self) -> None:
        """A word is heard where the mask admits it."""
        word = self.world.body.message[self.player] % self.lab.cfg.tokens + 1
        ((after, died),) = self.trials([{"token": word}])
        thaws = self.world.body.freeze[self.player] == 1 and self.world.body.present[self.player]
        thaws &= self.world.params.enabled[System.COMMUNICATION]
        if not died[self.player]:
            said = after.body.message[self.player] == word
            assert said == (self.masks.speak or thaws)


# What makes no difference


def replayed(lab: Lab, turn: Turn, action) -> list[str]:
    """Returns the leaves that come out otherwise when players do something else."""
    decided, orders = lab.give_orders(turn.keys, turn.before, action, turn.priority)
    return differing(lab.play(turn.keys, decided, orders)[0], turn.after)


def the_dead_cannot_act(lab: Lab, plan: Plan) -> None:
    """Whatever the dead are told to do, nothing comes of it."""
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    dead = ~turn.before.body.present[:, : lab.cfg.players]
    ranges = dict(move=4, style=3, target=lab.cfg.entities, token=lab.cfg.tokens + 1)
    heads = {
        name: np.where(dead, rng.integers(0, most, dead.shape), getattr(turn.action, name))
        for name, most in ranges.items()
    }
    assert replayed(lab, turn, turn.action.replace(**heads)) == []


def numbers_out_of_range_are_nothing(lab: Lab, plan: Plan) -> None:
    """A direction, style, target or word that is none is as good as no action.

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
        )
        assert replayed(lab, turn, meant) == []


# The order of players


def players_may_be_numbered_otherwise(lab: Lab, plan: Plan) -> None:
    """Players in other rows, who act in the same order, make the same world, in other rows.

    Nothing is drawn by row here: nobody is revived, and what is eaten does not grow again.
    """
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    params = turn.decided.params
    fixed = params.replace(revival=params.revival * 0, regrowth=params.regrowth * 0)
    world = turn.decided.replace(params=fixed)
    row = [rng.permutation(lab.cfg.players) for _ in range(WIDTH)]  # new row of each player
    moved = [renumbered(world_of(world, i), row[i], lab) for i in range(WIDTH)]
    orders = [reordered(world_of(turn.orders, i), row[i]) for i in range(WIDTH)]
    expected, *values = lab.play(turn.keys, world, turn.orders)
    after, *others = lab.play(turn.keys, side_by_side(moved), side_by_side(orders))
    for i in range(WIDTH):
        wanted = renumbered(world_of(expected, i), row[i], lab)
        assert_same_world(wanted, world_of(after, i))
        for value, other in zip(values, others, strict=True):
            np.testing.assert_allclose(other[i][row[i]], value[i], atol=1e-6)


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
        task=_moved(world.task, old),
        tally=_moved(world.tally, old),
        verdict=world.verdict.replace(winners=world.verdict.winners[old]),
    )


def reordered(orders, row: np.ndarray):
    """Returns the orders for a world whose player i is in row[i]."""
    old = np.argsort(row)
    named = orders.replace(target=_renamed(orders.target, row))
    return _moved(named, old)


def _moved(part, old: np.ndarray):
    """Returns a part of a world, or orders, with players taken from their old rows."""
    return type(part)(**{name: _shuffled(leaf, old) for name, leaf in vars(part).items()})


def _shuffled(leaf, old: np.ndarray):
    """Returns the leaf with players, the first rows, taken from their old rows.

    What a config leaves out is None.
    """
    if leaf is None:
        return None
    return np.concatenate([leaf[: len(old)][old], leaf[len(old) :]])


def _renamed(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Returns entity rows as they are when player i is in row[i]."""
    is_player = (values >= 0) & (values < len(row))
    return np.where(is_player, row[np.clip(values, 0, len(row) - 1)], values).astype(np.int32)


def without_conflict_no_order_matters(lab: Lab, plan: Plan) -> None:
    """Where tiles are shared, nobody attacks and nobody eats from another's tile."""
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    params = turn.decided.params
    world = turn.decided.replace(
        params=params.replace(share_tiles=np.ones_like(params.share_tiles))
    )
    peace = np.full_like(turn.orders.target, -1)
    orders = turn.orders.replace(target=peace)
    other = orders.replace(turn=rng.permuted(orders.turn, axis=1))
    outcomes = [lab.play(turn.keys, world, given)[0] for given in (orders, other)]
    for i in range(WIDTH):
        if not _share_a_meal(world_of(world, i), lab.cfg.players):
            assert differing(*(world_of(after, i) for after in outcomes)) == []


def _share_a_meal(world, players: int) -> bool:
    """Do two players stand on one tile on which something grows?"""
    pos = world.body.pos[:players][world.body.present[:players]]
    growing = np.isin(world.terrain.material[tuple(pos.T)], [Tile.FOILAGE, Tile.HERB])
    return len(np.unique(pos[growing], axis=0)) < growing.sum()


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
    masks_admit_what_the_rules_execute,
    the_dead_cannot_act,
    numbers_out_of_range_are_nothing,
    players_may_be_numbered_otherwise,
    without_conflict_no_order_matters,
    a_world_alone,
)
