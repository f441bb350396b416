"""A cheap environment with which benchmarks can be tested: who dies and what ends is known."""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax.action import noop


@struct.dataclass
class Body:
    present: jax.Array
    health: jax.Array
    moved: jax.Array


@struct.dataclass
class Verdict:
    over: jax.Array


@struct.dataclass
class World:
    """As much of a world as benchmarks look at."""

    tick: jax.Array
    body: Body
    verdict: Verdict


class Counting:
    """One player dies each tick, from the last row on; the game is over after `length` ticks.

    Its observation is a cosine, which nothing else computes.
    """

    def __init__(self, cfg, length: int = 1000):
        self.cfg, self.length = cfg, length

    def noop(self):
        return noop(self.cfg)

    def reset(self, key):
        full = jnp.full(self.cfg.players, 100, jnp.int32)
        body = Body(present=full > 0, health=full, moved=jnp.zeros_like(full))
        return jnp.cos(full.astype(jnp.float32)), World(jnp.int32(0), body, Verdict(jnp.bool(0)))

    def step(self, key, world, action):
        tick, players = world.tick + 1, self.cfg.players
        lives = jnp.arange(players) < players - tick
        reward = jax.random.uniform(key, (players,))
        body = Body(lives, jnp.where(lives, 100, 0), world.body.moved + action.move)
        obs = jnp.cos(body.moved.astype(jnp.float32) + reward)
        world = World(tick, body, Verdict(tick >= self.length))
        return obs, world, reward, ~lives, ~lives, {"over": world.verdict.over}
