"""What hypothesis draws: which games are played, for how long, and how players behave."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from metammo_jax.action import TRADE, Action
from metammo_jax.config import Config
from metammo_jax.observe import Observation
from metammo_jax.tables import BASE_HEALTH, PASSABLE, REACH, RESOURCE_BASE
from metammo_jax.vocab import Direction, Style
from metammo_jax.world import World
from tests.laws.lab import WIDTH, Lab, Turn, world_of
from tests.laws.trading import furnish, haggled, offered

FAR_OUT = np.array([-(2**31), -77, -2, -1, 0, 1, 2, 3, 4, 5, 8, 13, 40, 999, 2**31 - 1], np.int32)
"""Numbers for actions that do not care what is allowed."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """How worlds are played.

    Attributes:
      seed: of all that is not listed here.
      first_game: index of the first world's game; the others follow.
      difficulty: of games that have one.
      ticks: how many are played.
      manners: (WIDTH,) names in MANNERS, how the players of each world behave.
      unsettled: worlds begin with everybody somewhere near each other, in some condition, and in
        the full game with things to trade.
    """

    seed: int
    first_game: int
    difficulty: int
    ticks: int
    manners: tuple[str, ...]
    unsettled: bool


def valid(rng: np.random.Generator, obs: Observation, world: World, cfg: Config) -> dict:
    """Returns choices from the masks."""
    masks = obs.masks
    seat = np.argmax(rng.random(masks.target.shape) * masks.target, axis=1)
    seen = np.append(obs.visible, np.full((cfg.players, 1), -1), axis=1)
    return dict(
        move=np.argmax(rng.random(masks.move.shape) * masks.move, axis=1),
        style=rng.integers(len(Style), size=cfg.players),
        target=np.take_along_axis(seen, seat[:, None], 1)[:, 0],
        token=np.where(masks.speak, rng.integers(1, cfg.tokens + 1, cfg.players), -1),
        **offered(rng, obs, cfg),
    )


def fierce(rng: np.random.Generator, obs: Observation, world: World, cfg: Config) -> dict:
    """Returns moves toward the middle, and attacks on anybody in reach, seen or not."""
    action = valid(rng, obs, world, cfg)
    pos = world.body.pos
    far = np.abs(pos[: cfg.players, None] - pos[None]).max(-1)
    near = (far <= REACH) & world.body.present
    target = np.argmax(rng.random(near.shape) * near, axis=1)
    way = cfg.middle - pos[: cfg.players]
    row = np.where(way[:, 0] < 0, Direction.NORTH, Direction.SOUTH)
    col = np.where(way[:, 1] < 0, Direction.WEST, Direction.EAST)
    move = np.where(rng.random(cfg.players) < 0.5, row, col)
    return {**action, "move": move, "target": target}


def anything(rng: np.random.Generator, obs: Observation, world: World, cfg: Config) -> dict:
    """Returns numbers that may mean nothing."""
    heads = ("move", "style", "target", "token", *(TRADE if cfg.slots else ()))
    return {name: rng.choice(FAR_OUT, cfg.players) for name in heads}


def greedy(rng: np.random.Generator, obs: Observation, world: World, cfg: Config) -> dict:
    """Returns no attacks, which would keep players from trading, but trade that is contested."""
    action = valid(rng, obs, world, cfg)
    return {**action, "target": np.full(cfg.players, -1), **haggled(rng, world, cfg)}


MANNERS = {manner.__name__: manner for manner in (valid, fierce, anything, greedy)}


def manners(cfg: Config) -> list[str]:
    """Returns the names of the manners that a config knows, sorted."""
    return sorted(set(MANNERS) - (set() if cfg.slots else {greedy.__name__}))


def plans(lab: Lab, ticks: int = 12) -> st.SearchStrategy[Plan]:
    """Returns the strategy of plans of at most so many ticks."""
    return st.builds(
        Plan,
        seed=st.integers(0, 2**31 - 1),
        first_game=st.integers(0, len(lab.env.games) - 1),
        difficulty=st.integers(0, 60),
        ticks=st.integers(1, ticks),
        manners=st.tuples(*[st.sampled_from(manners(lab.cfg))] * WIDTH),
        unsettled=st.booleans(),
    )


def act(lab: Lab, rng: np.random.Generator, obs: Observation, world: World, manners) -> Action:
    """Returns the actions of all worlds, each in its manner."""
    each = [
        MANNERS[manner](rng, world_of(obs, i), world_of(world, i), lab.cfg)
        for i, manner in enumerate(manners)
    ]
    heads = {name: np.stack([one[name] for one in each]).astype(np.int32) for name in each[0]}
    return lab.idle().replace(**heads)


def turns(lab: Lab, plan: Plan) -> Iterator[Turn]:
    """Plays a plan, tick by tick."""
    rng = np.random.default_rng(plan.seed)
    games = (plan.first_game + np.arange(WIDTH)) % len(lab.env.games)
    obs, world = lab.begin(plan.seed, games, plan.difficulty)
    if plan.unsettled:
        world = unsettle(rng, world, lab.cfg)
        if lab.cfg.slots:
            world = furnish(rng, world, lab.cfg)
        obs = lab.observe(world)
    for tick in range(plan.ticks):
        action = act(lab, rng, obs, world, plan.manners)
        priority = rng.permuted(np.tile(np.arange(lab.cfg.entities), (WIDTH, 1)), axis=1)
        turn = lab.turn(plan.seed + tick + 1, obs, world, action, priority)
        yield turn
        world = turn.after
        obs = lab.observe(world)


def furnished(plan: Plan, *names: str, ticks: int | None = None) -> Plan:
    """Returns a plan that begins with things to trade; on request other manners, and fewer ticks.

    Args:
      plan: any.
      *names: of manners, one after another for the worlds; those of the plan if there are none.
      ticks: so many at most.
    """
    return dataclasses.replace(
        plan,
        unsettled=True,
        manners=(names * WIDTH)[:WIDTH] or plan.manners,
        ticks=min(plan.ticks, ticks or plan.ticks),
    )


def last_turn(lab: Lab, plan: Plan) -> Turn:
    """Plays a plan and returns its last tick."""
    *_, last = turns(lab, plan)
    return last


def unsettle(rng: np.random.Generator, world: World, cfg: Config) -> World:
    """Returns the worlds with everybody in some condition, on free tiles near the middle."""
    body, shape = world.body, world.body.present.shape
    pos = np.array(body.pos)
    for one, material in enumerate(world.terrain.material):
        block = slice(cfg.middle - 5, cfg.middle + 6)
        free = np.argwhere(PASSABLE[material[block, block]]) + cfg.middle - 5
        if len(free):
            pos[one] = free[rng.integers(len(free), size=cfg.entities)]
    health = rng.integers(1, BASE_HEALTH + 1, shape)
    hurt = dict(
        pos=pos,
        health=np.where(body.present, np.where(rng.random(shape) < 0.5, health, 8), 0),
        freeze=np.where(body.recon, body.freeze, rng.choice([0, 0, 0, 1, 2], body.freeze.shape)),
        exploration=body.exploration * 0,
        food=_some(rng, body.food, RESOURCE_BASE),
        water=_some(rng, body.water, RESOURCE_BASE),
        time_alive=np.where(body.present, rng.integers(0, 8, shape), body.time_alive),
        immortal_until=np.where(
            body.recon, body.immortal_until, rng.choice([0, 0, 3], body.immortal_until.shape)
        ),
    )
    typed = {name: value.astype(getattr(body, name).dtype) for name, value in hurt.items()}
    return world.replace(body=body.replace(**typed))


def _some(rng: np.random.Generator, had: np.ndarray, most: int) -> np.ndarray:
    """Returns food or water: as it was where there was none, else anything up to `most`."""
    return np.where(had > 0, rng.choice([0, 3, 49, 51, most], had.shape), had)
