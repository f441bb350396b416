"""Columns of integers, with an axis of ticks, for the page of a replay.

Row t of a column is the world after t ticks, or what led to it; row 0 is the reset.
"""

from collections.abc import Iterator

import jax
import numpy as np

from metammo_jax import action_heads, query
from metammo_jax.view.events import TABLES, events_between
from metammo_jax.vocab import NEVER
from metammo_jax.world import World

CHUNK = 64
"""Worlds that are looked at together: a replay's worlds would not fit into memory at once."""

SHARE = 10_000
"""Progress, score and the policy's values are sent as integers: so many to one."""

PERCENT = 100
"""Probabilities are sent in hundredths, and so is the depth of fog."""

MOST_CHOICES = 8
"""Heads of a policy with more choices than these send their most probable ones alone."""

TOP = 3
"""How many."""


def columns_of(replay) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], World]:
    """Returns the columns of a replay, read once from its first tick to its last.

    Args:
      replay: with `env`, `ticks`, `worlds(start, stop)`, `actions` and `policy`
        (see `metammo_jax.view.html.to_html`).

    Returns:
      columns by name, (F, n) integers for F = ticks + 1 worlds; tables of events, by name,
      (M, k) integers; and the first world, in numpy arrays.
    """
    cfg, parts, first = replay.env.cfg, [], None
    events: dict[str, list[np.ndarray]] = {name: [] for name in TABLES}
    actions = jax.tree.map(np.asarray, replay.actions)
    before = None
    for world in chunks(replay):
        first = jax.tree.map(lambda leaf: leaf[0], world) if first is None else first
        parts.append({name: _flat(values) for name, values in _columns(world, cfg).items()})
        for name, rows in events_between(before, world, actions, cfg).items():
            events[name].append(rows)
        before = jax.tree.map(lambda leaf: leaf[-1:], world)
    assert first is not None
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns |= _acted(actions, columns, cfg) | _thought(replay.policy, columns)
    return columns, {name: np.concatenate(rows) for name, rows in events.items()}, first


def chunks(replay) -> Iterator[World]:
    """Yields the worlds of a replay in order, `CHUNK` at a time, in numpy arrays."""
    stop = replay.ticks + 1
    for start in range(0, stop, CHUNK):
        yield jax.device_get(replay.worlds(start, min(start + CHUNK, stop)))


def _flat(values: np.ndarray) -> np.ndarray:
    """Returns (F, n) of (F, ...)."""
    return np.asarray(values).reshape(len(values), -1)


def _columns(world: World, cfg) -> dict[str, np.ndarray]:
    """Returns columns of a chunk of worlds."""
    body, task, players = world.body, world.task, cfg.players
    columns = dict(
        row=body.pos[..., 0],
        col=body.pos[..., 1],
        alive=body.present & (body.health > 0),
        health=body.health,
        damage=np.minimum(body.damage, 255),
        food=body.food,
        water=body.water,
        freeze=np.minimum(body.freeze, 255),
        immortal=body.immortal_until > 0,
        recon=body.recon,
        progress=shares(task.progress),
        done=task.completed_at < NEVER,
        kills=body.kills,
        dealt=body.damage_dealt,
        taken=body.damage_taken,
        gold=body.gold[:, :players],
        fog=np.rint(np.clip(world.terrain.fog, -300, 300) * PERCENT).astype(np.int32),
        seizer=world.terrain.seizer,
        winners=world.verdict.winners,
        score=shares(world.verdict.score),
        over=world.verdict.over,
    )
    return columns | _optional_columns(world, cfg)


def _optional_columns(world: World, cfg) -> dict[str, np.ndarray]:
    """Returns columns of NPCs, bags and skills, of those that there are."""
    body, players, columns = world.body, cfg.players, {}
    if world.has_npc_rows:
        columns |= dict(
            npc_id=-body.id[:, players:] * (body.id[:, players:] < 0),
            npc_kind=world.npc.kind,
            npc_style=world.npc.style,
            npc_level=world.npc.level,
        )
    if world.has_items:
        bag = world.bag
        filled = bag.item > 0
        names = ("item", "level", "quantity", "worn", "price")
        columns |= {f"bag_{name}": np.where(filled, getattr(bag, name), 0) for name in names}
    if world.has_skills:
        columns["exp"] = world.skill.exp
    return columns


def shares(values) -> np.ndarray:
    """Returns floats as int32 in units of 1/10,000."""
    return np.rint(np.asarray(values, np.float64) * SHARE).astype(np.int32)


def _acted(actions, columns: dict, cfg) -> dict[str, np.ndarray]:
    """Returns columns of actions: row t led to world t; no-ops for dead players."""
    acted, alive = {}, columns["alive"][:-1, : cfg.players]
    for head in action_heads.present(actions):
        if head.needs_items and not cfg.has_items:
            continue
        used = alive & (getattr(actions, head.detail_of) >= 0) if head.detail_of else alive
        values = np.where(used, getattr(actions, head.name), head.noop).astype(np.int32)
        first = np.full_like(values[:1], head.noop)
        acted[f"act_{head.name}"] = np.concatenate([first, np.clip(values, -1, 65534)])
    return acted


def _thought(policy, columns: dict) -> dict[str, np.ndarray]:
    """Returns columns of the policy's outputs for each world: row t before action t.

    Probabilities are (F, P * choices), or of long heads the `TOP` choices and theirs.
    """
    thought = {}
    for name, values in (policy or {}).items():
        values = np.nan_to_num(np.asarray(values, np.float64))
        values = np.concatenate([values, np.zeros_like(values[:1])])
        if name == "value":
            thought["value"] = shares(np.clip(values, -1e4, 1e4))
            continue
        if values.shape[-1] > MOST_CHOICES:
            best = np.argsort(-values, axis=-1, kind="stable")[..., :TOP]
            thought[f"top_{name}"] = _flat(best.astype(np.int32))
            values = np.take_along_axis(values, best, axis=-1)
        thought[f"prob_{name}"] = _flat(np.rint(values * PERCENT).astype(np.int32))
    return thought


def materials(world: World) -> np.ndarray:
    """Returns (H, W) int8, the map of one world as it is now."""
    return np.asarray(query.materials(world), np.int8)
