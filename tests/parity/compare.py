"""Every transition of a trace: our tick from the recorded state against the next recorded one."""

import dataclasses
import functools

import jax
import numpy as np

from metammo_jax import query
from metammo_jax.action import Orders
from metammo_jax.config import Config
from metammo_jax.env import Env
from metammo_jax.rules import npc as npc_rules
from metammo_jax.tables import DEPLETED, NEIGHBOURS, REGROWTH
from metammo_jax.vocab import Event, Skill, System, Tile
from metammo_jax.world import World
from tests.parity import deals, drops, goods, judgement, newcomers
from tests.parity import trace as recorded
from tests.parity.batches import in_chunks
from tests.parity.fields import Field, field
from tests.parity.trace import Trace
from tests.worlds import by_player

CHUNK = 16
"""Ticks played at once."""


@dataclasses.dataclass
class Outcome:
    """What came of a tick.

    Attributes:
      world: the state after it.
      reward: (P,) float32.
      terminated: (P,) bool.
      truncated: (P,) bool.
      fog: (H,) float32, fog on the map's middle row.
      material: (H, W) int8, the live map.
    """

    world: World
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    fog: np.ndarray
    material: np.ndarray


jax.tree_util.register_dataclass(Outcome)


def play(key: jax.Array, world: World, orders: Orders, env: Env) -> Outcome:
    """Plays one tick as `Env.step` does, but with everybody's orders given."""
    cfg = env.cfg
    if System.NPC in cfg.systems and cfg.npcs:
        world, _, _ = npc_rules.decide(key, world, cfg)  # what NPCs remember
    world, reward, terminated, truncated = env.play(key, world, orders)
    size = np.arange(cfg.map_size)
    row = np.stack([np.full(cfg.map_size, cfg.middle), size], -1)
    everywhere = np.stack(np.meshgrid(size, size, indexing="ij"), -1)
    return Outcome(
        world=world,
        reward=reward,
        terminated=terminated,
        truncated=truncated,
        fog=query.fog_at(world.terrain, world.params, row, cfg),
        material=query.material_at(world, everywhere).astype(np.int8),
    )


@functools.cache
def player(env: Env):
    """Returns `play` compiled for a batch of ticks."""
    return jax.jit(jax.vmap(lambda key, world, orders: play(key, world, orders, env)))


@dataclasses.dataclass
class Case:
    """All transitions of a trace, before, after in ours, and after in the record.

    Attributes:
      trace: the record.
      cfg: sizes.
      before: the recorded states from which ours was played, T of them; bags (T, P, I).
      after: what came of them in ours; bags as before.
      next_row: (T, E) int, the row in the next recorded state of whoever is in a row before.
      seen: (T + 1, E) arrays, what was recorded of entities.
      map_before, map_after: (T, H, W) the recorded live maps.
    """

    trace: Trace
    cfg: Config
    before: World
    after: Outcome
    next_row: np.ndarray
    seen: dict
    map_before: np.ndarray
    map_after: np.ndarray

    def recorded_next(self, name: str) -> np.ndarray:
        """Returns (T, E), a recorded value of the next state, in the rows of the state before."""
        row = np.maximum(self.next_row, 0)
        return np.take_along_axis(self.seen[name][1:], row, axis=1)

    @functools.cached_property
    def lives_on(self) -> np.ndarray:
        """(T, E) bool, who was there before and is there after in the record."""
        return self.before.body.present & (self.next_row >= 0)

    @functools.cached_property
    def lives_on_in_ours(self) -> np.ndarray:
        """(T, E) bool, who was there before and is there after in ours."""
        body = self.after.world.body
        return self.before.body.present & body.present & (body.id == self.before.body.id)

    @functools.cached_property
    def stays(self) -> np.ndarray:
        """(T, E) bool, who lives on in both."""
        return self.lives_on & self.lives_on_in_ours

    @functools.cached_property
    def revived(self) -> np.ndarray:
        """(T, E) bool, who died in this tick and is back, in both."""
        back = np.zeros_like(self.stays)
        died = self.trace.data["outcomes"][..., 2] > 0
        players = slice(0, self.cfg.players)
        back[:, players] = died & self.after.terminated & self.stays[:, players]
        return back

    @functools.cached_property
    def luck(self) -> goods.Luck:
        """What chance did to the bags."""
        return goods.luck(self)


def case_of(trace: Trace, states: World, env: Env, key: jax.Array) -> Case:
    """Plays a trace's transitions from its recorded states (T + 1 of them)."""
    cfg = env.cfg
    before = jax.tree.map(lambda leaf: leaf[:-1], states)
    keys = jax.random.split(key, len(trace))
    orders = Orders(**recorded.orders_of(trace, cfg), **deals.orders(trace, cfg))
    seen, live = recorded.bodies(trace, cfg), recorded.materials(trace)
    after = in_chunks(player(env), CHUNK, keys, before, orders)
    return Case(
        trace=trace,
        cfg=cfg,
        before=_by_player(before),
        after=dataclasses.replace(after, world=_by_player(after.world)),
        next_row=_next_rows(seen["id"]),
        seen=seen,
        map_before=live[:-1],
        map_after=live[1:],
    )


def _by_player(world: World) -> World:
    """Returns worlds with the bags players first, as all that is recorded."""
    return world.replace(bag=by_player(world.bag))


def _next_rows(ids: np.ndarray) -> np.ndarray:
    """Returns (T, E) int, the row of each id of state t in state t + 1, -1 if it is gone."""
    out = np.full(ids[1:].shape, -1)
    for t in range(len(out)):
        row = recorded.rows_by_id(ids[t + 1])
        here = np.flatnonzero(ids[t])
        out[t, here] = [row.get(int(i), -1) for i in ids[t, here]]
    return out


def fields(case: Case) -> list[Field]:
    """Returns the comparison of everything that a transition determines."""
    return [
        *_bodies(case),
        *goods.fields(case),
        *_npcs(case),
        *newcomers.fields(case),
        *_terrain(case),
        *_events(case),
        *judgement.fields(case),
    ]


ENTITY_VALUES = {
    "health": "health",
    "damage": "damage",
    "attacker": "attacker_id",
    "time_alive": "time_alive",
    "combat_tick": "latest_combat_tick",
}
PLAYER_VALUES = {
    "food": "food",
    "water": "water",
    "freeze": "freeze",
    "message": "message",
    "exploration": "exploration",
    "kills": "player_kills",
    "damage_dealt": "damage_inflicted",
    "damage_taken": "damage_received",
    "recon": "recon",
    "resilient": "resilient",
}


def _bodies(case: Case) -> list[Field]:
    body, players = case.after.world.body, case.cfg.players
    stays, mortals = case.stays, case.stays[:, :players]
    recorded_pos = np.stack([case.recorded_next("row"), case.recorded_next("col")], -1)
    out = [
        field("alive", case.lives_on_in_ours, case.lives_on, case.before.body.present),
        field(
            "position",
            body.pos,
            recorded_pos,
            stays,
            place_of_the_revived=newcomers.is_possible_revival(case, recorded_pos)[..., None],
        ),
    ]
    for ours, name in ENTITY_VALUES.items():
        values = getattr(body, ours)
        out.append(field(ours.replace("_", " "), values, case.recorded_next(name), stays))
    for ours, name in PLAYER_VALUES.items():
        there = case.recorded_next(name)[:, :players]
        out.append(field(ours.replace("_", " "), getattr(body, ours), there, mortals))
    return [*out, _immortality(case)]


def _immortality(case: Case) -> Field:
    """Compares until when players are immortal; 0 mortal, -1 for the whole episode."""
    players = case.cfg.players
    until = case.after.world.body.immortal_until
    ours = np.where(until >= 1 << 30, -1, until)
    immortal = case.recorded_next("immortal")[:, :players] > 0
    there = np.where(immortal, case.recorded_next("make_mortal_tick")[:, :players], 0)
    return field("immortal until", ours, there, case.stays[:, :players])


def _npcs(case: Case) -> list[Field]:
    npc, npcs = case.after.world.npc, slice(case.cfg.players, None)
    stays = case.stays[:, npcs]

    def there(name):
        return case.recorded_next(name)[:, npcs]

    center = case.trace.settings["MAP_CENTER"]
    ring = recorded.ring_of(there("spawn_danger_x1e4"), center)
    rally = np.stack([there("rally_row"), there("rally_col")], -1)
    return [
        field("npc: shown kind", np.minimum(npc.kind, 3), there("npc_type"), stays),
        field("npc: style", npc.style, there("style"), stays),
        field("npc: remembered target", npc.target, there("target") - 1, stays),
        field("npc: rally point", npc.rally, rally, stays),
        field("npc: home ring", npc.ring, ring, stays),
    ]


def harvests(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Returns (T, H, W) bool twice: the tiles harvested in each transition, ours and recorded.

    Recorded are the tiles under players that ate, what fed the skills of those who learned by a
    harvest or harvested an item, and tiles that became depleted.
    """
    before, after = case.before.terrain, case.after.world.terrain
    ours = before.ready_at != after.ready_at
    base, players = before.material, case.cfg.players
    there = (case.map_before == base) & (case.map_before != case.map_after)
    eaten, _ = recorded.events(case.trace, case.cfg)
    skill = drops.skills_used(case.trace, case.cfg, case.next_row[:, :players])
    tick_, who = np.nonzero(eaten[..., Event.EAT_FOOD] | skill[..., Skill.HERBALISM :].any(-1))
    row, col = case.before.body.pos[tick_, who].T
    there[tick_, row, col] = True
    tick_, who = np.nonzero(skill[..., Skill.FISHING])
    for offset in NEIGHBOURS:
        row, col = (case.before.body.pos[tick_, who] + offset).T
        there[tick_, row, col] |= case.map_before[tick_, row, col] == Tile.FISH
    return ours, there


def growing(case: Case) -> np.ndarray:
    """Returns (16,) float, the chance per tick of each material to grow back, 0 for never."""
    chance = np.where(case.before.params.enabled[0, System.PROFESSION], REGROWTH, 0)
    chance[Tile.FOILAGE] = case.before.params.regrowth[0]
    return chance


def _terrain(case: Case) -> list[Field]:
    """Compares the live map, and what was harvested.

    A depleted tile grows back at random: where one side has it depleted and the other not, the
    tile was depleted before, or harvested on both sides, and is of a kind that grows.
    """
    ours, there = harvests(case)
    terrain, base = case.after.world.terrain, case.before.terrain.material
    was_depleted = case.map_before != base
    material = case.after.material
    used = was_depleted | ours | there | (material != base) | (case.map_after != base)
    grows = (growing(case) > 0)[base] & (was_depleted | (ours & there))
    for shown in (material, case.map_after):
        grows &= (shown == base) | (shown == DEPLETED[base])
    fog = case.trace.data["fog_center_row"][1:]
    seized = (case.before.params.seize_target >= 0).all(-1)
    seizes = [case.trace.rows("seizes", t + 1) for t in range(len(case.trace))]
    last = np.array([rows[-1] if len(rows) else (0, 0, 0, 0) for rows in seizes])
    return [
        field("tiles", material, case.map_after, used, regrowth=grows),
        field("harvested tiles", ours, there, used),
        field("fog", case.after.fog, fog, np.ones(len(fog), bool)),
        field("seizure", terrain.seizer, last[:, 2] - 1, seized),
        field("seizure", terrain.seized_at, last[:, 3], seized),
    ]


def _events(case: Case) -> list[Field]:
    there, known = recorded.events(case.trace, case.cfg)
    ours = np.swapaxes(case.after.world.tally.count - case.before.tally.count, 1, 2)
    compared = np.broadcast_to(known[:, None], there.shape)
    return [
        field(
            f"event: {event.name.lower()}",
            ours[..., event],
            there[..., event],
            compared[..., event],
            **goods.event_causes(case, event),
        )
        for event in Event
    ]
