"""Laws of single states and of what a tick may change."""

import dataclasses
from types import SimpleNamespace

import numpy as np

from metammo_jax.tables import BASE_HEALTH, DEPLETED, PASSABLE, RESOURCE_BASE, STEP_OFFSET
from metammo_jax.vector import endings
from metammo_jax.vocab import Direction, Tile
from tests.laws.lab import Lab, Turn, leaves_of, turned
from tests.laws.plans import Plan, turns
from tests.worlds import by_player


def everything_stays_in_bounds(lab: Lab, plan: Plan) -> None:
    """Health, food and water in 0..100, and whatever else has bounds."""
    for turn in turns(lab, plan):
        body, task, cfg = turn.after.body, turn.after.task, lab.cfg
        bounds = dict(
            health=BASE_HEALTH,
            food=RESOURCE_BASE,
            water=RESOURCE_BASE,
            message=cfg.tokens,
            pos=cfg.map_size - 1,
            exploration=cfg.playable_side // 2,
        )
        for name, most in bounds.items():
            value = getattr(body, name)
            assert (value >= 0).all() and (value <= most).all(), name
        for name in ("damage", "freeze", "time_alive", "kills", "damage_dealt", "damage_taken"):
            assert (getattr(body, name) >= 0).all(), name
        np.testing.assert_array_equal(body.present, body.health > 0)
        assert (task.progress >= 0).all() and (task.progress <= 1).all()
        assert (task.max_progress >= task.progress).all()
        assert (turn.after.tally.count >= turn.before.tally.count).all()
        assert (turn.after.tick == turn.before.tick + 1).all()


def reals_are_numbers_and_types_stay(lab: Lab, plan: Plan) -> None:
    """No NaN, no infinity; every leaf keeps its shape and dtype."""
    for turn in turns(lab, plan):
        outcome = turn.after, turn.reward, lab.observe(turn.after)
        for path, leaf in leaves_of(outcome).items():
            if np.issubdtype(leaf.dtype, np.floating):
                assert np.isfinite(leaf).all(), path
        for one, other in ((turn.before, turn.after), (turn.obs, outcome[2])):
            types = [
                {path: (leaf.shape, leaf.dtype) for path, leaf in leaves_of(tree).items()}
                for tree in (one, other)
            ]
            assert types[0] == types[1]


def the_dead_are_inert(lab: Lab, plan: Plan) -> None:
    """What the dead are stays, or is cleared; their masks admit nothing; they earn nothing."""
    players = lab.cfg.players
    for turn in turns(lab, plan):
        dead = ~turn.before.body.present & ~turn.after.body.present
        for field in dataclasses.fields(turn.before.body):
            old, new = (getattr(world.body, field.name) for world in (turn.before, turn.after))
            rows = dead[:, : old.shape[1]]
            assert ((new == old) | (new == 0))[rows].all(), field.name
        dead = dead[:, :players]
        parts = (
            (turned(world.tally), world.skill, by_player(world.bag))
            for world in (turn.before, turn.after)
        )
        for part in zip(*parts, strict=True):
            one, other = map(leaves_of, part)
            for path, leaf in one.items():
                assert (other[path] == leaf)[dead].all(), path
        assert not turn.reward[dead].any()
        assert not turn.terminated[dead].any() and not turn.truncated[dead].any()
        gone, masks = ~turn.before.body.present[:, :players], turn.obs.masks
        assert not masks.speak[gone].any() and not masks.style[gone].any()
        assert not masks.move[gone][:, : Direction.STAY].any()
        assert not masks.target[gone][:, :-1].any()
        if lab.cfg.slots:
            for head in ("use", "destroy", "give", "give_to", "sell", "buy", "gold_to"):
                assert not getattr(masks, head)[gone][:, :-1].any(), head


def ids_are_unique_and_never_used_again(lab: Lab, plan: Plan) -> None:
    """Players keep row + 1; NPCs get -1, -2, ... in the order in which they come."""
    players = lab.cfg.players
    for turn in turns(lab, plan):
        for one in range(len(turn.reward)):
            before, after = (
                world.body.id[one][world.body.present[one]] for world in (turn.before, turn.after)
            )
            assert len(set(after.tolist())) == len(after) and (after != 0).all()
            mortals = np.flatnonzero(turn.after.body.present[one, :players]) + 1
            np.testing.assert_array_equal(np.sort(after[after > 0]), mortals)
            new = np.setdiff1d(after, before)
            first, last = turn.before.npc.spawned[one], turn.after.npc.spawned[one]
            expected = -np.arange(first + 1, last + 1)
            np.testing.assert_array_equal(np.sort(new[new < 0]), np.sort(expected))


def stays(turn: Turn) -> np.ndarray:
    """Returns (WIDTH, E) bool, who was there before and after, and was not revived."""
    before, after = turn.before.body, turn.after.body
    revived = np.zeros_like(before.present)
    revived[:, : turn.terminated.shape[1]] = turn.terminated
    return before.present & after.present & (before.id == after.id) & ~revived


def nobody_moves_more_than_a_tile(lab: Lab, plan: Plan) -> None:
    """Whoever moves takes the step that was ordered, onto a tile one can stand on."""
    for turn in turns(lab, plan):
        way = turn.after.body.pos - turn.before.body.pos
        moved = stays(turn) & way.any(-1)
        direction = turn.orders.direction[moved]
        assert np.isin(direction, range(Direction.STAY)).all()
        np.testing.assert_array_equal(way[moved], STEP_OFFSET[direction])
        one, entity = np.nonzero(moved)
        row, col = turn.after.body.pos[one, entity].T
        assert PASSABLE[turn.after.terrain.material[one, row, col]].all()
        frozen = turn.before.body.freeze > 1  # one thaws before it moves
        assert not moved[:, : lab.cfg.players][frozen].any()


def who_enters_a_tile_has_it_alone(lab: Lab, plan: Plan) -> None:
    """Where tiles cannot be shared, a player that moved stands alone, but for NPCs that came."""
    players = lab.cfg.players
    for turn in turns(lab, plan):
        pos, there = turn.after.body.pos, stays(turn)
        died = turn.before.body.present & ~turn.after.body.present
        moved = there & (pos != turn.before.body.pos).any(-1)
        in_the_way = (there | died) & ~(moved & (np.arange(lab.cfg.entities) >= players))
        same = (pos[:, :players, None] == pos[:, None]).all(-1) & in_the_way[:, None]
        others = same.sum(-1) - 1  # not counting oneself
        entered = moved[:, :players] & ~turn.before.params.share_tiles[:, None]
        assert not others[entered].any()


def what_is_decided_stays_decided(lab: Lab, plan: Plan) -> None:
    """The map, settings, winners, score and completed tasks do not change any more."""
    for turn in turns(lab, plan):
        before, after = turn.before, turn.after
        np.testing.assert_array_equal(after.terrain.material, before.terrain.material)
        assert leaves_of(after.params).keys() == leaves_of(before.params).keys()
        for path, leaf in leaves_of(after.params).items():
            np.testing.assert_array_equal(leaf, leaves_of(before.params)[path], path)
        won = before.verdict.winners.any(-1)
        np.testing.assert_array_equal(after.verdict.winners[won], before.verdict.winners[won])
        np.testing.assert_array_equal(after.verdict.score[won], before.verdict.score[won])
        assert after.verdict.over[before.verdict.over].all()
        grows = DEPLETED[after.terrain.material] != after.terrain.material
        if not lab.cfg.slots:
            grows = np.isin(after.terrain.material, [Tile.FOILAGE, Tile.HERB])
        assert not (after.terrain.ready_at != 0)[~grows].any()  # nothing else is harvested


def each_episode_ends_with_one_of_two(lab: Lab, plan: Plan) -> None:
    """In a batch, who lived is terminated or truncated once its game is over; never both."""
    for turn in turns(lab, plan):
        yet = turn.decided.tick * 0 + lab.cfg.horizon - 1  # the same tick, as the last one
        late = turn.decided.replace(tick=yet)
        last = lab.play(turn.keys, late, turn.orders)
        now = turn.after, turn.reward, turn.terminated, turn.truncated
        for after, _, died, cut in (now, last):
            verdict, was_alive = after.verdict, turn.before.body.present[:, : lab.cfg.players]
            lives = after.body.present[:, : lab.cfg.players] & ~after.body.recon
            decided = verdict.winners.any(-1) | (lives.sum(-1) <= after.params.min_alive)
            time_up = (after.tick >= lab.cfg.horizon) & ~decided
            info = SimpleNamespace(over=verdict.over, time_up=lab.is_time_up(after))
            terminated, truncated = map(np.asarray, endings(was_alive, died, cut, info))
            ended = terminated.astype(int) + truncated
            np.testing.assert_array_equal(ended, was_alive & (died | verdict.over[:, None]))
            np.testing.assert_array_equal(truncated, was_alive & ~died & time_up[:, None])


LAWS = (
    each_episode_ends_with_one_of_two,
    everything_stays_in_bounds,
    reals_are_numbers_and_types_stay,
    the_dead_are_inert,
    ids_are_unique_and_never_used_again,
    nobody_moves_more_than_a_tile,
    who_enters_a_tile_has_it_alone,
    what_is_decided_stays_decided,
)
