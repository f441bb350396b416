"""Small hand-made worlds for unit tests: a blank one, and a few ways to fill it."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax import inventory, query
from metammo_jax.config import Config
from metammo_jax.tables import ITEM_EVENTS
from metammo_jax.vocab import NEVER, NOBODY, Event, Item, Style, TaskKind, Tile
from metammo_jax.world import (
    Body,
    Params,
    Skills,
    Tally,
    Task,
    Terrain,
    Verdict,
    World,
)

BOOLS = {
    "all_grass", "scatter", "mark_center", "share_tiles", "leader_bound", "team_game",
}  # fmt: skip
FLOATS = {
    "water_level", "foilage_level", "fog_speed", "resilient_fraction", "resilience", "regrowth",
    "neutral_danger", "aggressive_danger",
}  # fmt: skip

DEFAULTS = dict(
    game=0,
    water_level=0.3,
    foilage_level=0.85,
    all_grass=False,
    scatter=False,
    mark_center=False,
    fog_onset_tick=NEVER,
    fog_speed=1.0,
    fog_final_size=8,
    depletion=5,
    starvation=10,
    dehydration=10,
    resilient_fraction=0.0,
    resilience=0.5,
    regrowth=0.025,
    health_increment=0,
    immunity=0,
    share_tiles=True,
    npc_population=0,
    neutral_danger=0.5,
    aggressive_danger=0.8,
    revival=0,
    revival_freeze=0,
    leader_bound=False,
    min_alive=0,
    earliest_win=0,
    difficulty=0,
)
"""Fields of `Params` that no config changes."""


def params(cfg: Config, teams: int = 0, **changes) -> Params:
    """Returns the default settings (docs/rules/minigames.md#knobs).

    Args:
      cfg: sizes.
      teams: number of teams of equal size, each led by its first member; 0: everybody alone.
      **changes: values of other fields, as Python numbers or arrays.
    """
    size = cfg.players // teams if teams else 1
    group = jnp.arange(cfg.players, dtype=jnp.int32) // size
    fields = dict(
        DEFAULTS,
        enabled=jnp.array([s in cfg.systems for s in range(10)]),
        center=cfg.playable_side,
        group=group,
        leader=group * size,
        team_game=teams > 0,
        seize_target=jnp.full(2, NOBODY, jnp.int32),
    )
    unknown = set(changes) - set(fields)
    assert not unknown, f"Params has no {unknown}"
    fields.update(changes)
    return Params(**{name: _typed(name, value) for name, value in fields.items()})


def _typed(name: str, value) -> jax.Array:
    if name == "enabled" or name in BOOLS:
        return jnp.asarray(value, bool)
    return jnp.asarray(value, jnp.float32 if name in FLOATS else jnp.int32)


def blank(cfg: Config, teams: int = 0, tick: int = 0, **changes) -> World:
    """Returns a world of grass in which every player lives on the middle tile, without NPCs.

    Args:
      cfg: sizes.
      teams: number of teams, 0 for none.
      tick: ticks since reset.
      **changes: fields of `Params`.
    """
    settings = params(cfg, teams, **changes)
    return World(
        tick=jnp.int32(tick),
        params=settings,
        terrain=grass(cfg, int(settings.center)),
        body=_bodies(cfg),
        skill=Skills(jnp.zeros((cfg.players, cfg.skills), jnp.int32)) if cfg.skills else None,
        bag=inventory.empty_bags(cfg) if cfg.slots else None,
        npc=query.empty_npcs(cfg.npcs) if cfg.npcs else None,
        task=no_task(cfg),
        tally=no_tally(cfg),
        verdict=Verdict(
            winners=jnp.zeros(cfg.players, bool), score=jnp.float32(0), over=jnp.array(False)
        ),
    )


def grass(cfg: Config, center: int | None = None) -> Terrain:
    """Returns a map of grass inside the playable square and void outside."""
    center = cfg.playable_side if center is None else center
    size, middle = cfg.map_size, cfg.map_size // 2
    offset = np.abs(np.arange(size) - middle)
    inside = np.maximum(offset[:, None], offset[None]) <= center // 2
    material = np.where(inside, Tile.GRASS, Tile.VOID).astype(np.int8)
    return Terrain(
        material=jnp.asarray(material),
        ready_at=jnp.zeros((size, size), jnp.int16),
        passable=bits(inside),
        fog=jnp.zeros(size // 2, jnp.float32),
        seizer=jnp.int32(NOBODY),
        seized_at=jnp.int32(0),
    )


def bits(passable: np.ndarray) -> jax.Array:
    """Returns (H, ceil(W / 32)) uint32, an (H, W) bool map packed into words."""
    height, width = passable.shape
    words = -(-width // 32)
    padded = np.zeros((height, words * 32), np.uint32)
    padded[:, :width] = passable
    packed = padded.reshape(height, words, 32) << np.arange(32, dtype=np.uint32)
    return jnp.asarray(packed.sum(-1, dtype=np.uint32))


def paint(world: World, where, tile: Tile) -> World:
    """Returns the world with tiles of another material; `where` indexes the map (numpy style)."""
    material = np.array(world.terrain.material)
    material[where] = tile
    passable = ~np.isin(material, [Tile.VOID, Tile.WATER, Tile.STONE, Tile.OCEAN, Tile.FISH])
    terrain = world.terrain.replace(material=jnp.asarray(material), passable=bits(passable))
    return world.replace(terrain=terrain)


def no_tally(cfg: Config, watches: int = 0) -> Tally:
    """Returns the counts of nothing, with room for what tasks watch."""
    nothing = jnp.zeros(cfg.players, jnp.int32)
    never = jnp.zeros((len(Item), cfg.players), jnp.int16)
    return Tally(
        count=jnp.zeros((len(Event), cfg.players), jnp.int32),
        watched=jnp.zeros((cfg.players, watches), jnp.int32) if watches else None,
        hits=jnp.zeros((cfg.players, len(Style)), jnp.int32),
        earned=nothing,
        looted=nothing,
        spent=nothing,
        seen=(never,) * (len(ITEM_EVENTS) if cfg.slots else 0),
        strongest=nothing,
    )


def no_task(cfg: Config, watches: int = 0) -> Task:
    """Returns rows of task 0 without arguments, that could watch so many kinds of event."""
    players = cfg.players
    nothing = jnp.zeros(players, jnp.int32)
    return Task(
        predicate=nothing,
        args=jnp.zeros((players, 4), jnp.float32),
        subject=nothing,
        watch=jnp.full((players, watches, 3), -1, jnp.int32) if watches else None,
        embedding=jnp.zeros((players, cfg.task_embedding), jnp.float32),
        progress=jnp.zeros(players, jnp.float32),
        max_progress=jnp.zeros(players, jnp.float32),
        completed_at=jnp.full(players, NEVER, jnp.int32),
        gains=nothing,
        losses=nothing,
        goal=nothing,
        kind=jnp.full(players, TaskKind.DEFAULT, jnp.int32),
        hold=nothing,
        held=nothing,
    )


def kill(world: World, *rows: int, now: bool = True) -> World:
    """Returns the world without these entities; `now`: they died in the last tick."""
    index, body = jnp.array(rows), world.body
    return world.replace(
        body=body.replace(
            present=body.present.at[index].set(False),
            health=body.health.at[index].set(0),
            died=body.died.at[index].set(now),
        )
    )


def place(world: World, places: dict[int, tuple[int, int]]) -> World:
    """Returns the world with entities, by row, standing elsewhere."""
    pos = np.array(world.body.pos)
    for row, where in places.items():
        pos[row] = where
    return world.replace(body=world.body.replace(pos=jnp.asarray(pos)))


def by_player(bag):
    """Returns bags, with any leading axes, players first: (..., P, I), or back again; numpy."""
    return jax.tree.map(lambda leaf: np.swapaxes(np.asarray(leaf), -1, -2), bag)


def put_item(
    world: World,
    row: int,
    slot: int,
    item: int,
    level: int = 1,
    quantity: int = 1,
    worn: bool = False,
    price: int = 0,
) -> World:
    """Returns the world with a record in a slot of a player's bag."""
    bag, where = world.bag, (slot, row)
    return world.replace(
        bag=bag.replace(
            item=bag.item.at[where].set(item),
            level=bag.level.at[where].set(level),
            quantity=bag.quantity.at[where].set(quantity),
            worn=bag.worn.at[where].set(worn),
            price=bag.price.at[where].set(price),
            listed_at=bag.listed_at.at[where].set(world.tick),
        )
    )


def add_npc(world: World, cfg: Config, pos, kind: int = 1, style: int = 0, slot: int = 0) -> World:
    """Returns the world with one more NPC, in row P + slot."""
    row, body, npc = cfg.players + slot, world.body, world.npc
    return world.replace(
        body=body.replace(
            id=body.id.at[row].set(-npc.spawned - 1),
            present=body.present.at[row].set(True),
            health=body.health.at[row].set(100),
            pos=body.pos.at[row].set(jnp.array(pos)),
        ),
        npc=npc.replace(
            kind=npc.kind.at[slot].set(kind),
            style=npc.style.at[slot].set(style),
            spawned=npc.spawned + 1,
        ),
    )


def _bodies(cfg: Config) -> Body:
    players, entities = cfg.players, cfg.entities
    lives = jnp.arange(entities) < players
    none = jnp.zeros(entities, jnp.int32)
    nothing = jnp.zeros(players, jnp.int32)
    full = jnp.full(players, 100, jnp.int32)
    middle = jnp.full((entities, 2), cfg.map_size // 2, jnp.int32)
    return Body(
        id=jnp.where(lives, jnp.arange(entities, dtype=jnp.int32) + 1, 0),
        present=lives,
        died=jnp.zeros(entities, bool),
        pos=middle,
        health=jnp.where(lives, 100, 0).astype(jnp.int32),
        damage=none,
        attacker=none,
        time_alive=none,
        combat_tick=none,
        gold=none,
        food=full,
        water=full,
        freeze=nothing,
        message=nothing,
        exploration=nothing,
        kills=nothing,
        damage_dealt=nothing,
        damage_taken=nothing,
        immortal_until=nothing,
        recon=jnp.zeros(players, bool),
        resilient=jnp.zeros(players, bool),
        spawn_pos=middle[:players],
        item_level=nothing,
    )
