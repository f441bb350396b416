"""Every predicate against the answers of the original; see `record_answers`."""

import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import effects
from metammo_jax.config import preset
from metammo_jax.tasks.predicates import BUILT_IN
from metammo_jax.tasks.signature import find, signature_of
from metammo_jax.tasks.subject import subject_of
from metammo_jax.vocab import Event, Subject
from tests import worlds
from tests.tasks.questions import QUESTIONS

CFG = preset("tiny_full")
STATES = json.loads((Path(__file__).parents[1] / "data/predicate_answers.json").read_text())
READS_LAST = ("InventorySpaceGE", "PracticeInventoryManagement")
"""The original lets the dead keep the bag that they saw last; here they have none."""


def asked(name, args):
    signature = signature_of(find(name))
    numbers = signature.complete(tuple(args))
    return signature, [CFG.horizon if arg == "horizon" else arg for arg in numbers]


WATCHES = [asked(name, args)[0].watched(asked(name, args)[1]) for name, args, _ in QUESTIONS]


def with_bodies(world, state):
    alive = jnp.array(state["alive"] + [False] * CFG.npcs)
    pos, gold = world.body.pos.at[:16].set(jnp.array(state["pos"])), world.body.gold
    body = world.body.replace(
        present=alive,
        health=jnp.where(alive, 50, 0),
        pos=pos,
        spawn_pos=jnp.array(state["spawn"]),
        gold=gold.at[:16].set(jnp.array(state["gold"])),
    )
    tiles = np.array([[int(t, 16) for t in row] for row in state["tiles"]], np.int8)
    terrain = world.terrain.replace(
        material=jnp.asarray(tiles),
        seizer=jnp.int32(state["seized"][0]),
        seized_at=jnp.int32(state["seized"][1]),
    )
    skill = world.skill.replace(exp=jnp.array(state["exp"], jnp.int32))
    return world.replace(body=body, terrain=terrain, skill=skill)


def with_bags(world, state):
    table = {name: np.array(leaf) for name, leaf in vars(world.bag).items()}
    slot = np.zeros(16, int)
    for player, *record in state["items"]:
        for name, value in zip(("item", "level", "quantity", "worn"), record, strict=True):
            table[name][slot[player], player] = value
        slot[player] += 1
    return world.replace(bag=world.bag.replace(**{k: jnp.asarray(v) for k, v in table.items()}))


def with_events(world, state):
    """Lets everything happen, the n-th of a kind to all players at once."""
    rows = [row for watched in WATCHES for row in watched]
    watch = jnp.tile(jnp.array(rows, jnp.int32)[None], (16, 1, 1))
    world = world.replace(
        task=world.task.replace(watch=watch), tally=worlds.no_tally(CFG, len(rows))
    )
    waiting = {}
    for one in state["events"]:
        killed = Event.KILL_PLAYER if one["target"] > 0 else Event.KILL_NPC
        kind = killed if one["event"] == "PLAYER_KILL" else Event[one["event"]]
        waiting.setdefault(kind, {}).setdefault(one["player"], []).append(one)
    for kind, by_player in waiting.items():
        for turn in range(max(map(len, by_player.values()))):
            now = {p: ones[turn] for p, ones in by_player.items() if turn < len(ones)}
            world = happen(world, kind, now)
    return world


def happen(world, kind, now):
    column = {name: np.zeros(16, np.int32) for name in ("type", "level", "number", "gold")}
    for player, one in now.items():
        for name in column:
            column[name][player] = one[name]
    happened = jnp.array([p in now for p in range(16)])
    what = -1 if kind in (Event.KILL_PLAYER, Event.KILL_NPC) else jnp.array(column["type"] - 1)
    amount = np.maximum(column["number"], 1) if kind != Event.SCORE_HIT else 1
    world = effects.record_event(world, kind, happened, what, jnp.array(column["level"]), amount)
    gold, hits = jnp.array(column["gold"]), world.tally.hits
    name = {Event.EARN_GOLD: "earned", Event.LOOT_GOLD: "looted", Event.BUY_ITEM: "spent"}.get(kind)
    if name:
        world = effects.add_to_tally(world, **{name: gold})
    if kind == Event.SCORE_HIT:
        hit = (jnp.arange(3)[None] == what[:, None]) & happened[:, None]
        world = world.replace(tally=world.tally.replace(hits=hits + hit.astype(jnp.int32)))
    return world


@pytest.fixture(scope="module", params=range(len(STATES)))
def case(request):
    state = STATES[request.param]
    tile = jnp.array([24, 24])
    world = worlds.blank(CFG, teams=4, tick=state["tick"], seize_target=tile)
    return state, with_events(with_bags(with_bodies(world, state), state), state)


def test_all_predicates_answer_as_the_original(case):
    state, world = case
    first, wrong = 0, []
    for (name, args, of), watched, right in zip(QUESTIONS, WATCHES, state["answers"], strict=True):
        signature, numbers = asked(name, args)
        own = world.tally.watched[:, first : first + len(watched)]
        first += len(watched)
        here = world.replace(
            tally=world.tally.replace(watched=own if watched else None),
            task=world.task.replace(subject=jnp.full(16, Subject.SELF if of == "self" else 1)),
        )
        row = jnp.tile(jnp.array([*numbers, 0, 0, 0, 0], jnp.float32), (16, 1))
        known = compared(state, name, of)
        for code in (None, Subject.SELF) if of == "self" else (None,):
            value = np.clip(find(name)(here, subject_of(here, code), row, CFG), 0, 1)
            if not np.allclose(value[known], np.array(right)[known], atol=1e-6):
                wrong.append((signature.name, args, of, code, value.tolist(), right))
    assert not wrong


def compared(state, name, of):
    """Returns (16,) bool, the players about whom both say the same."""
    alive = np.array(state["alive"])
    if name not in READS_LAST:
        return np.ones(16, bool)
    return alive if of == "self" else alive.reshape(4, 4).all(1).repeat(4)


def test_every_predicate_was_asked_and_answered_both_ways():
    asked_of = {find(name) for name, _, _ in QUESTIONS}
    assert asked_of == set(BUILT_IN)
    values = {}
    for state in STATES:
        for (name, _, _), right in zip(QUESTIONS, state["answers"], strict=True):
            values.setdefault(find(name).__name__, set()).update(right)
    assert {name for name, seen in values.items() if len(seen) == 1} == {"success"}
