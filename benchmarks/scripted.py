"""Scripted players of our own games: they read the whole world, and play each game plainly.

`actions(key, world, index, codes, ...)` mixes them with random, still and treacherous players, so
that one compiled program plays any line-up; `benchmarks.games` measures with it.
"""

from enum import IntEnum

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.action import TRADE, Action
from metammo_jax.config import Config
from metammo_jax.lib import grid
from metammo_jax.tables import REACH
from metammo_jax.tasks.predicates.contests import FIVE, five_places
from metammo_jax.tasks.predicates.hunts import FIRE_RADIUS, caught, prey_of
from metammo_jax.vocab import NOBODY, Direction, Event, Kind, Tile
from metammo_jax.world import World

FAR = 1 << 12
"""Tiles: farther than anything on a map that is measured."""

SAFE = 9
"""Tiles from a hunter at which prey stays where it is."""


class Code(IntEnum):
    """Script of a player.

    RANDOM: uniformly over its masks, but it attacks no teammate. SCRIPTED: the game's script.
    STILL: does nothing. TRAITOR: goes to the nearest teammate (anybody, where it has none) and
    attacks it. SELFISH: the script without what helps others: mute, greedy, riding free.
    """

    RANDOM = 0
    SCRIPTED = 1
    STILL = 2
    TRAITOR = 3
    SELFISH = 4


def nearest_entity(world: World, allowed: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) int32, the entity nearest to each player among `allowed` (P, E), or -1."""
    pos = world.body.pos
    away = query.pairwise_distance(pos[: cfg.players], pos).astype(jnp.int32)
    away = jnp.where(allowed & query.is_alive(world)[None], away, FAR)
    return jnp.where(away.min(1) < FAR, jnp.argmin(away, axis=1), NOBODY).astype(jnp.int32)


def weakest(world: World, allowed: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) int32, of the entities in reach that are `allowed` (P, E) the weakest, or -1."""
    body = world.body
    close = query.pairwise_distance(body.pos[: cfg.players], body.pos) <= REACH
    health = jnp.where(close & allowed & query.is_alive(world)[None], body.health[None], FAR)
    return jnp.where(health.min(1) < FAR, jnp.argmin(health, axis=1), NOBODY).astype(jnp.int32)


def rows_and_columns(world: World, row: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, 2), where the entities of rows (P,) are; one's own place for nobody."""
    own = world.body.pos[: cfg.players]
    return jnp.where((row >= 0)[:, None], world.body.pos[jnp.maximum(row, 0)], own)


def nearest_tile(world: World, kind: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, 2), the nearest tile of each player's kind (P,); its own place if none."""
    side = cfg.map_size
    tiles = jnp.stack(jnp.divmod(jnp.arange(side * side), side), axis=-1)
    own = world.body.pos[: cfg.players]
    away = jnp.abs(own[:, None] - tiles[None]).sum(-1)
    here = query.materials(world).reshape(-1).astype(jnp.int32)
    away = jnp.where(here[None] == kind[:, None], away, FAR)
    found = away.min(1) < FAR
    return jnp.where(found[:, None], tiles[jnp.argmin(away, axis=1)], own)


def forage(world: World, cfg: Config) -> jax.Array:
    """Returns (P, 2), the nearest food or water, whichever each player has less of."""
    body = world.body
    kind = jnp.where(body.food <= body.water, Tile.FOILAGE, Tile.WATER)
    return nearest_tile(world, kind, cfg)


def flee(world: World, hunters: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P, 2), away from the nearest of `hunters` (P, E) where that is close."""
    own = world.body.pos[: cfg.players]
    away = own - rows_and_columns(world, nearest_entity(world, hunters, cfg), cfg)
    is_close = grid.steps(away) < SAFE
    inward = jnp.sign(cfg.middle - own)
    return jnp.where(is_close[:, None], own + 4 * jnp.sign(away) + inward, own)


def step_to(key: jax.Array, world: World, aim: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) int32, steps towards places (P, 2): along the longer side, else any free way."""
    own = world.body.pos[: cfg.players]
    away = aim - own
    vertical = jnp.where(away[:, 0] > 0, Direction.SOUTH, Direction.NORTH)
    horizontal = jnp.where(away[:, 1] > 0, Direction.EAST, Direction.WEST)
    longer = jnp.where(jnp.abs(away[:, 0]) >= jnp.abs(away[:, 1]), vertical, horizontal)
    offset = jnp.array([[-1, 0], [1, 0], [0, 1], [0, -1]], jnp.int32)
    free = query.can_stand(world.terrain, own[:, None] + offset[None])
    lot = jax.random.uniform(key, (2, cfg.players, 4))
    detour = jnp.argmax(jnp.where(free, lot[0], -1.0), axis=1)
    blocked = ~jnp.take_along_axis(free, longer[:, None], axis=1)[:, 0]
    step = jnp.where(blocked | (lot[1, :, 0] < 0.1), detour, longer)
    return jnp.where((away == 0).all(-1), Direction.STAY, step).astype(jnp.int32)


class View:
    """Derived arrays that scripts use, computed once.

    Attributes:
      world, cfg: the state and sizes.
      own: (P, 2) places. rank: (P,) place of each player in its team. row: (P,).
      foes, mates: (P, E) bool, players of other teams, and teammates but oneself. npcs: (P, E).
      selfish: (P,) bool.
    """

    def __init__(self, world: World, codes: jax.Array, cfg: Config):
        self.world, self.cfg = world, cfg
        group, players = world.params.group, cfg.players
        self.row = jnp.arange(players)
        self.own = world.body.pos[:players]
        self.rank = self.row - world.params.leader
        same = group[:, None] == group[None]
        self.foes = jnp.pad(~same, ((0, 0), (0, cfg.npcs)))
        self.mates = jnp.pad(same & ~jnp.eye(players, dtype=bool), ((0, 0), (0, cfg.npcs)))
        rows = jnp.arange(cfg.entities) >= players
        self.npcs = jnp.broadcast_to(rows[None], (players, cfg.entities))
        self.selfish = codes == Code.SELFISH
        self.places = five_places(world.params, cfg)

    def only(self, row: jax.Array) -> jax.Array:
        """Returns (P, E) bool, just the entity of each row (P,)."""
        return row[:, None] == jnp.arange(self.cfg.entities)[None]

    def near(self, allowed: jax.Array) -> jax.Array:
        """Returns (P, 2), where the nearest of `allowed` (P, E) is."""
        return rows_and_columns(self.world, nearest_entity(self.world, allowed, self.cfg), self.cfg)


def _last_stand(v: View):
    return jnp.full_like(v.own, v.cfg.middle), v.npcs


def _five_hills(v: View):
    return v.places[(v.rank + v.world.params.group) % FIVE], v.foes


def _follow_the_banner(v: View):
    return v.near(v.npcs), v.foes


def _pilgrimage(v: View):
    task = v.world.task
    visited = jnp.floor(task.progress * FIVE + 1e-3).astype(jnp.int32)
    first, turn = task.args[:, :2].astype(jnp.int32).T
    quadrant = (first + turn * visited) % 4
    return v.places[jnp.where(visited < 4, quadrant, 4)], jnp.zeros_like(v.foes)


def _four_corners(v: View):
    return v.places[v.rank % 4], v.foes


def _escort(v: View):
    body, middle = v.world.body, v.cfg.middle
    start = body.spawn_pos[0] - middle
    axis = jnp.argmax(jnp.abs(start))
    across = jnp.where(jnp.arange(2) == axis, middle - start, body.pos[0])
    ahead = body.pos[0] + 2 * jnp.sign(across - body.pos[0])
    convoy = jnp.where((v.rank == 0)[:, None], across[None], ahead[None])
    attacks = (v.world.params.group == 0)[:, None]
    envoy = v.only(jnp.zeros_like(v.row))
    targets = jnp.where(attacks | ~_in_reach(v, envoy)[:, None], v.foes, envoy)
    return jnp.where(attacks, convoy, body.pos[0][None]), targets


def _in_reach(v: View, allowed: jax.Array) -> jax.Array:
    return weakest(v.world, allowed, v.cfg) >= 0


def _assassins(v: View):
    prey = v.only(prey_of(v.world, v.cfg))
    return v.near(prey), prey


def _hunters_and_prey(v: View):
    hunts = (v.world.params.group == 0)[:, None]
    return jnp.where(hunts, v.near(v.foes), flee(v.world, v.foes, v.cfg)), v.foes


def _hide_and_seek(v: View):
    seeks = (v.world.params.group == 0)[:, None]
    hidden = jnp.pad(~caught(v.world, v.cfg), (0, v.cfg.npcs))
    return jnp.where(seeks, v.near(v.foes & hidden[None]), flee(v.world, v.foes, v.cfg)), v.foes


def _forage(v: View):
    return forage(v.world, v.cfg), v.foes


def _lanterns(v: View):
    return v.near(v.npcs), v.foes


def _treasure_hunt(v: View):
    body, group = v.world.body, v.world.params.group
    said = jnp.where(body.recon[None] & (group[:, None] == group[None]), body.message[None], 0)
    word = said.max(1)
    searched = (v.world.tick // 16 + group) % 4
    aim = v.places[jnp.where((word > 0) & (word <= 4), word - 1, searched)]
    return aim, v.foes


def _duels(v: View):
    foe = v.only(jnp.minimum(v.row ^ 1, v.cfg.players - 1))
    early = v.world.tick < v.world.params.immunity
    return jnp.where(early, forage(v.world, v.cfg), v.near(foe)), foe


def _commons(v: View):
    alive = v.world.body.present[v.cfg.players :].sum()
    kills = v.world.tally.count[Event.KILL_NPC]
    enough = kills >= v.world.params.difficulty
    hunts = v.selfish | (~enough & (2 * alive >= v.world.params.npc_population))
    aim = jnp.where(hunts[:, None], v.near(v.npcs), v.own)
    return aim, v.npcs & hunts[:, None]


def _keep_the_fire(v: View):
    tends = ((v.row + v.world.tick // 24) % 5 < 2) & ~v.selfish
    out = v.own - v.cfg.middle
    away = v.own + jnp.where(grid.steps(out) <= FIRE_RADIUS, 1, 0)[:, None] * jnp.where(
        out >= 0, 1, -1
    )
    middle = v.cfg.middle + jnp.stack([v.row % 3 - 1, v.row // 3 % 3 - 1], axis=-1)
    return jnp.where(tends[:, None], middle, away), jnp.zeros_like(v.foes)


def _stag_hunt(v: View):
    kind = jnp.pad(v.world.npc.kind, (v.cfg.players, 0))
    stags, hares = v.npcs & (kind == Kind.NEUTRAL)[None], v.npcs & (kind == Kind.PASSIVE)[None]
    leader = v.row & ~1
    shared = nearest_entity(v.world, stags, v.cfg)[leader]
    together = v.only(shared)
    hit = grid.steps(v.own[v.row ^ 1] - rows_and_columns(v.world, shared, v.cfg)) <= REACH
    aim = jnp.where(v.selfish[:, None], v.near(hares), rows_and_columns(v.world, shared, v.cfg))
    return aim, jnp.where(v.selfish[:, None], hares, together & hit[:, None])


def _richest(v: View):
    hungry = jnp.minimum(v.world.body.food, v.world.body.water) < 40
    return jnp.where(hungry[:, None], forage(v.world, v.cfg), v.near(v.npcs)), v.npcs | v.foes


CRAFTS = (Tile.HERB, Tile.ORE, Tile.TREE, Tile.CRYSTAL)


def _guilds(v: View):
    kind = jnp.array(CRAFTS, jnp.int32)[v.rank % 4]
    hungry = jnp.minimum(v.world.body.food, v.world.body.water) < 30
    aim = jnp.where(hungry[:, None], forage(v.world, v.cfg), nearest_tile(v.world, kind, v.cfg))
    return aim, jnp.zeros_like(v.foes)


def _corner_the_market(v: View):
    hungry = jnp.minimum(v.world.body.food, v.world.body.water) < 30
    herbs = nearest_tile(v.world, jnp.full_like(v.row, Tile.HERB), v.cfg)
    return jnp.where(hungry[:, None], forage(v.world, v.cfg), herbs), v.foes


SCRIPTS = {
    "last_stand": _last_stand, "five_hills": _five_hills, "follow_the_banner": _follow_the_banner,
    "pilgrimage": _pilgrimage, "four_corners": _four_corners, "escort": _escort,
    "assassins": _assassins, "hunters_and_prey": _hunters_and_prey,
    "hide_and_seek": _hide_and_seek, "famine": _forage, "drought": _forage, "lanterns": _lanterns,
    "treasure_hunt": _treasure_hunt, "duels": _duels, "commons": _commons,
    "keep_the_fire": _keep_the_fire, "stag_hunt": _stag_hunt, "richest": _richest,
    "guilds": _guilds, "corner_the_market": _corner_the_market,
}  # fmt: skip
"""For each game a function of a `View` that returns where players go, (P, 2), and whom they may
attack, (P, E) bool; of those in reach they attack the weakest."""


def actions(env, key: jax.Array, obs, world: World, codes: jax.Array) -> Action:
    """Returns what the players of one world do.

    Args:
      env: an environment of games that `SCRIPTS` has.
      key: () key.
      obs: observation of the world.
      world: the state.
      codes: (P,) int32, `Code` of each player.
    """
    cfg = env.cfg
    sample_key, walk_key = jax.random.split(key)
    view = View(world, codes, cfg)
    choices = [SCRIPTS[game.name](view) for game in env.games]
    aim, targets = (jnp.stack(part)[world.params.game] for part in zip(*choices, strict=True))
    others = view.mates | ~view.mates.any(1, keepdims=True) & view.foes
    is_traitor = (codes == Code.TRAITOR)[:, None]
    aim = jnp.where(is_traitor, view.near(others), aim)
    target = weakest(world, jnp.where(is_traitor, others, targets), cfg)
    played = _sample(env, sample_key, obs, view)
    knows = world.body.recon & (codes != Code.SELFISH)
    where = jnp.argmax((view.places == world.params.seize_target[None]).all(-1))
    scripted = dict(
        move=step_to(walk_key, world, aim, cfg),
        style=jnp.zeros_like(target),
        target=target,
        token=jnp.where(knows, 1 + where, NOBODY).astype(jnp.int32),
    )
    idle = env.noop()
    for name, value in scripted.items():
        drawn = getattr(played, name)
        chosen = jnp.where(codes == Code.RANDOM, drawn, value.astype(drawn.dtype))
        chosen = jnp.where(codes == Code.STILL, getattr(idle, name).astype(drawn.dtype), chosen)
        played = played.replace(**{name: chosen})
    for name in TRADE if cfg.slots else ():
        drawn, nothing = getattr(played, name), getattr(idle, name)
        kept = jnp.where(codes == Code.RANDOM, drawn, nothing.astype(drawn.dtype))
        played = played.replace(**{name: kept})
    return played


def _sample(env, key: jax.Array, obs, view: View) -> Action:
    """Returns random actions that attack no teammate."""
    played = env.sample(key, obs)
    mates = view.mates[view.row, jnp.maximum(played.target, 0)] & (played.target >= 0)
    target = jnp.where(mates, NOBODY, played.target)
    return played.replace(target=target.astype(played.target.dtype))
