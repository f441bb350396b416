"""Asks the predicates of the original about hand-made states, and keeps their answers.

Run with an interpreter that has nmmo 2.1.2 (see docs/parity-setup.md):
    .venv-nmmo/bin/python -m tests.tasks.record_answers tests/data/predicate_answers.json

A state is made of numbers alone: 16 players in 4 teams on a map of 48 x 48 with 32 x 32 playable,
what they own, and what has happened to them. `test_original` builds the same state of ours.
"""

import argparse
import inspect
import json
import types

import nmmo
import numpy as np
from nmmo.lib import material
from nmmo.lib.event_code import EventCode
from nmmo.systems import item as items
from nmmo.systems import skill as skills
from nmmo.task import base_predicates as bp
from nmmo.task.game_state import EntityAttr, EventAttr, GameState, ItemAttr, precompute_index
from nmmo.task.predicate_api import make_predicate

from tests.tasks.questions import QUESTIONS, TEAMS

SIZE, CENTER, HORIZON, VISION, BAG = 48, 32, 128, 7, 12
STATES = 3

ITEM_EVENTS = ("FIRE_AMMO", "CONSUME_ITEM", "HARVEST_ITEM", "EQUIP_ITEM", "LIST_ITEM", "BUY_ITEM")
PLAIN_EVENTS = ("EAT_FOOD", "DRINK_WATER", "GIVE_ITEM", "DESTROY_ITEM", "GIVE_GOLD")


def make_state(rng) -> dict:
    """Returns a random state, as JSON can hold it."""
    players = 16
    pos = rng.integers(10, 38, (players, 2))
    pos[:4] = 22 + rng.integers(0, 6, (4, 2))  # one team is close together
    alive = rng.random(players) > 0.2
    alive[:4] = True
    exp = rng.choice([0, 40, 90, 216, 217, 500, 1000, 2000], (players, 8))
    exp[4, 0], alive[4] = 373, True
    return {
        "tick": int(rng.integers(20, 120)),
        "pos": pos.tolist(),
        "spawn": rng.integers(8, 40, (players, 2)).tolist(),
        "alive": alive.tolist(),
        "gold": rng.integers(0, 40, players).tolist(),
        "exp": exp.tolist(),
        "items": [one for p in np.flatnonzero(alive) for one in bag_of(int(p), rng)],
        "events": [event(int(p), rng) for p in rng.integers(0, players, 150)],
        "seized": [int(rng.integers(0, 4)), int(rng.integers(1, 20))],
        "tiles": [
            "".join(f"{t:x}" for t in row)
            for row in rng.choice([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 4, 1], (SIZE, SIZE))
        ],
    }


def bag_of(player: int, rng) -> list:
    """Returns records (player, item, level, quantity, worn); our numbers of items."""
    if player == 4:  # fully armed for melee at level 3, but for the quiver at level 2
        return [[4, i, 2 if i == 12 else 3, 4, 1] for i in (1, 2, 3, 4, 12)]
    records = []
    for item in rng.choice(np.arange(1, 17), rng.integers(0, 12), replace=False).tolist():
        stacks = 12 <= item <= 14
        wears = (item <= 3 or item == 4 + player % 3) and rng.random() < 0.7
        quantity = int(rng.integers(1, 9)) if stacks else 1
        records.append([player, item, int(rng.integers(1, 6)), quantity, int(wears)])
    return records


def event(player: int, rng) -> dict:
    """Returns something that happened to a player: the original's names and numbers."""
    kind = rng.choice(["plain", "item", "hit", "kill", "level", "gold"])
    row = dict(player=player, event="", type=0, level=0, number=0, gold=0, target=0)
    if kind == "plain":
        row["event"] = str(rng.choice(PLAIN_EVENTS))
    elif kind == "item":
        name = str(rng.choice(ITEM_EVENTS))
        lot = int(rng.integers(1, 5)) if name in ("LIST_ITEM", "BUY_ITEM") else 1
        price = int(rng.integers(1, 9)) if name in ("LIST_ITEM", "BUY_ITEM") else 0
        kind = int(rng.choice([12, 13, 14]) if name == "FIRE_AMMO" else rng.integers(1, 17))
        row.update(event=name, type=kind + 1, level=int(rng.integers(1, 6)), number=lot, gold=price)
    elif kind == "hit":
        row.update(event="SCORE_HIT", type=int(rng.integers(1, 4)), number=10, target=99)
    elif kind == "kill":
        target = int(rng.choice([-7, 99]))
        row.update(event="PLAYER_KILL", level=int(rng.integers(1, 6)), target=target)
    elif kind == "level":
        row.update(event="LEVEL_UP", type=int(rng.integers(1, 9)), level=int(rng.integers(2, 9)))
    else:
        name = str(rng.choice(["EARN_GOLD", "LOOT_GOLD"]))
        row.update(event=name, gold=int(rng.integers(1, 15)))
    return row


def _items(state: dict) -> np.ndarray:
    """Returns the table of items as the original has it."""
    item = np.zeros((len(state["items"]), len(ItemAttr)), np.int64)
    for row, (p, kind, level, quantity, worn) in zip(item, state["items"], strict=True):
        known = dict(
            type_id=kind + 1, owner_id=p + 1, level=level, quantity=quantity, equipped=worn
        )
        for name, value in known.items():
            row[ItemAttr[name]] = value
    return item


def game_state(state: dict) -> GameState:
    """Returns a state as the original has it."""
    experience = skills.ExperienceCalculator(nmmo.config.Default())
    alive = [p for p in range(16) if state["alive"][p]]
    entity = np.zeros((len(alive), len(EntityAttr)), np.int64)
    for row, p in zip(entity, alive, strict=True):
        known = dict(id=p + 1, row=state["pos"][p][0], col=state["pos"][p][1], health=50,
                     gold=state["gold"][p])  # fmt: skip
        for index, skill in enumerate(SKILLS):
            points = state["exp"][p][index]
            known[f"{skill.__name__.lower()}_exp"] = points
            known[f"{skill.__name__.lower()}_level"] = experience.level_at_exp(points)
        for name, value in known.items():
            row[EntityAttr[name]] = value
    item = _items(state)
    log = np.zeros((len(state["events"]), 9), np.int64)
    for row, one in zip(log, state["events"], strict=True):
        known = dict(ent_id=one["player"] + 1, event=getattr(EventCode, one["event"]),
                     type=one["type"], level=one["level"], number=one["number"],
                     gold=one["gold"], target_ent=one["target"])  # fmt: skip
        for name, value in known.items():
            row[EventAttr[name]] = value
    config = types.SimpleNamespace(
        MAP_SIZE=SIZE,
        MAP_CENTER=CENTER,
        MAP_BORDER=(SIZE - CENTER) // 2,
        HORIZON=HORIZON,
        ITEM_INVENTORY_CAPACITY=BAG,
    )
    seizer, since = state["seized"]
    return GameState(
        current_tick=state["tick"], config=config,
        spawn_pos={p + 1: tuple(state["spawn"][p]) for p in range(16)},
        alive_agents={p + 1 for p in alive}, env_obs=observations(state, alive),
        entity_data=entity, entity_index=precompute_index(entity, EntityAttr["id"]),
        item_data=item, item_index=precompute_index(item, ItemAttr["owner_id"]),
        event_data=log, event_index=precompute_index(log, EventAttr["ent_id"]),
        seize_status={(24, 24): (seizer + 1, since)}, cache_result={},
    )  # fmt: skip


def observations(state: dict, alive: list) -> dict:
    """Returns of the observations of the living what predicates read."""
    tiles = [[int(t, 16) for t in row] for row in state["tiles"]]
    pos = np.array(state["pos"])
    found = {}
    for p in alive:
        row, col = pos[p]
        window = [
            (r, c, tiles[r][c])
            for r in range(row - VISION, row + VISION + 1)
            for c in range(col - VISION, col + VISION + 1)
        ]
        near = [q + 1 for q in alive if np.abs(pos[q] - pos[p]).max() <= VISION]
        owned = sum(one[0] == p for one in state["items"])
        found[p + 1] = types.SimpleNamespace(
            tiles=np.array(window),
            entities=types.SimpleNamespace(ids=np.array(near)),
            inventory=types.SimpleNamespace(len=owned),
        )
    return found


SKILLS = (skills.Melee, skills.Range, skills.Mage, skills.Fishing, skills.Herbalism,
          skills.Prospecting, skills.Carving, skills.Alchemy)  # fmt: skip


def practice_skill(gs, subject, skill, exp):
    """As the competition defines PracticeSkillWithTool."""
    tools = (items.Spear, items.Bow, items.Wand, items.Rod, items.Gloves, items.Pickaxe, items.Axe,
             items.Chisel)  # fmt: skip
    worn = bp.EquipItem(gs, subject, tools[SKILLS.index(skill)], 1, 1)
    return 0.3 * worn + 0.7 * bp.GainExperience(gs, subject, skill, exp, 1)


def practice_inventory(gs, subject, space, num_tick):
    """As the competition defines PracticeInventoryManagement."""
    return bp.InventorySpaceGE(gs, subject, space) * bp.TickGE(gs, subject, num_tick)


OWN = {
    "PracticeSkillWithTool": practice_skill,
    "PracticeInventoryManagement": practice_inventory,
    "UseAnyAmmo": lambda gs, subject, quantity: bp.CountEvent(gs, subject, "FIRE_AMMO", quantity),
}


def predicate_of(name: str, args: list, player: int, team: list):
    """Returns the function of a question, and its numbers as the original wants them."""
    function = OWN.get(name) or getattr(bp, name)
    names = list(inspect.signature(function).parameters)[2:]
    if name == "ProtectLeader":
        return function, {"target_protect": team[0], "target_destroy": []}
    return function, {key: meant(key, arg, player) for key, arg in zip(names, args, strict=False)}


def meant(key: str, arg, player: int):
    """Returns an argument of ours as the original's."""
    if key in ("skill", "combat_style"):
        return getattr(skills, arg.title())
    if key == "item":
        return getattr(items, arg.title())
    if key == "tile_type":
        return getattr(material, arg.title())
    if key == "target":
        team = (player // 4 + (1 if arg.startswith("left") else -1)) % 4
        ids = TEAMS[team] if arg.endswith("team") else TEAMS[team][0]
        return ids
    return arg


def answers(state: dict, name: str, args: list, of: str) -> list:
    """Returns the value for each player, about itself or about its team."""
    values = []
    for player in range(16):
        team = TEAMS[player // 4]
        function, named = predicate_of(name, args, player, team)
        group = nmmo.task.group.Group(player + 1 if of == "self" else team)
        value = make_predicate(function)(group, **named)(game_state(state))
        values.append(round(float(value), 7))
    return values


def main() -> None:
    """Writes states and answers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out")
    rng, known = np.random.default_rng(5), []
    for _ in range(STATES):
        state = make_state(rng)
        state["answers"] = [answers(state, *question) for question in QUESTIONS]
        known.append(state)
    with open(parser.parse_args().out, "w", encoding="utf-8") as file:
        json.dump(known, file, separators=(",", ":"))


if __name__ == "__main__":
    main()
