"""The competition's tasks, counted as the original counts them."""

from collections import Counter

import jax
import numpy as np
import pytest

from metammo_jax.config import Config, preset
from metammo_jax.tasks import curriculum, predicates
from metammo_jax.tasks.__main__ import main
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.words import describe, spec_name
from tests import worlds

TRAINING, EVALUATION = curriculum.training(), curriculum.evaluation()
PAPER = Config(systems=preset("full").systems)

FAMILIES = {  # number of tasks, sum of weights
    "tick_ge": (9, 9),
    "can_see_tile": (7, 70),
    "attain_skill": (56, 640),
    "practice_skill_with_tool": (56, 2800),
    "occupy_tile": (1, 1),
    "can_see": (4, 4),
    "score_hit": (33, 165),
    "hoard_gold": (11, 110),
    "earn_gold": (11, 110),
    "spend_gold": (11, 55),
    "make_profit": (11, 33),
    "practice_inventory_management": (21, 21),
    "own_item": (224, 288),
    "list_item": (224, 288),
    "buy_item": (224, 288),
    "equip_item": (112, 126),
    "consume_item": (28, 36),
    "harvest_item": (112, 144),
}
EVENTS = {
    "EAT_FOOD DRINK_WATER": (9, 900),
    "SCORE_HIT PLAYER_KILL HARVEST_ITEM EQUIP_ITEM CONSUME_ITEM LEVEL_UP EARN_GOLD LIST_ITEM "
    "BUY_ITEM": (11, 220),
    "GIVE_ITEM DESTROY_ITEM GIVE_GOLD": (9, 9),
}


def test_training_tasks_of_each_family():
    found = {}
    for goal in TRAINING:
        found.setdefault(goal.predicate.__name__, []).append(goal.weight)
    events = found.pop("count_event")
    assert {name: (len(w), sum(w)) for name, w in found.items()} == FAMILIES
    assert (len(events), sum(events)) == (9 + 9 + 99 + 27, 1800 + 1980 + 27)


def test_training_tasks_of_each_event():
    found = {}
    for goal in TRAINING:
        if goal.predicate is predicates.count_event:
            name = spec_name(goal).split("event:")[1].split("_N:")[0]
            found.setdefault(name, []).append(goal.weight)
    expected = {name: numbers for names, numbers in EVENTS.items() for name in names.split()}
    assert {name: (len(w), sum(w)) for name, w in found.items()} == expected


def test_totals():
    assert (len(TRAINING), sum(goal.weight for goal in TRAINING)) == (1299, 8995)
    assert len({spec_name(goal) for goal in TRAINING}) == 1298
    assert len(EVALUATION) == 62 == len({spec_name(goal) for goal in EVALUATION})
    assert {goal.weight for goal in EVALUATION} == {1}


def test_some_evaluation_tasks_are_trained():
    both = {spec_name(goal) for goal in TRAINING} & {spec_name(goal) for goal in EVALUATION}
    count = Counter(name.split("_")[1] for name in both)
    assert count == {"CountEvent": 3, "OccupyTile": 1, "EquipItem": 14}


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("Task_TickGE_(num_tick:1024)_reward_to:agent", 1),
        ("Task_CountEvent_(event:EAT_FOOD_N:9)_reward_to:agent", 100),
        ("Task_AttainSkill_(skill:Herbalism_level:4_num_agent:1)_reward_to:agent", 20),
        ("Task_PracticeSkillWithTool_(skill:Mage_exp:700)_reward_to:agent", 50),
        ("Task_OwnItem_(item:Whetstone_level:5_quantity:1)_reward_to:agent", 1),
        ("Task_BuyItem_(item:Ration_level:2_quantity:4)_reward_to:agent", 2),
        ("Task_CanSeeTile_(tile_type:Foilage)_reward_to:agent", 10),
        ("Task_CanSeeAgent_(target:left_team_leader)_reward_to:agent", 1),
        ("Task_CanSeeGroup_(target:right_team)_reward_to:agent", 1),
        ("Task_ScoreHit_(combat_style:Range_N:50)_reward_to:agent", 5),
        ("Task_OccupyTile_(row:80_col:80)_reward_to:agent", 1),
        ("Task_PracticeInventoryManagement_(space:8_num_tick:700)_reward_to:agent", 1),
    ],
)
def test_a_task_by_the_original_s_name(name, weight):
    assert weight in {goal.weight for goal in TRAINING if spec_name(goal) == name}


def test_no_task_asks_for_too_many_of_a_high_level():
    amounts = {(g.args[1], g.args[2]) for g in TRAINING if g.predicate is predicates.own_item}
    assert {level: sum(lv == level for lv, _ in amounts) for level in range(2, 10)} == {
        2: 4,
        3: 3,
        4: 2,
        5: 1,
        6: 1,
        7: 1,
        8: 1,
        9: 1,
    }


def test_few_functions_serve_all_tasks():
    book = TaskBook((TRAINING, EVALUATION), PAPER)
    assert len(book.predicates) == 21
    assert book.subjects == (frozenset({0}),) * 21
    task = book.assign(jax.random.key(0), worlds.params(PAPER), PAPER)
    assert task.args.shape == (128, 4) and task.watch.shape == (128, 1, 3)
    own = [book.goals[int(index)] for index in task.goal]
    watching = {goal.predicate for goal in own if goal.watches}
    assert watching <= {
        predicates.list_item,
        predicates.buy_item,
        predicates.consume_item,
        predicates.harvest_item,
    }
    for goal, watch in zip(own, np.asarray(task.watch), strict=True):
        assert [tuple(row) for row in watch if row[0] >= 0] == list(goal.watches)


def test_the_draw_follows_the_weights():
    book = TaskBook((TRAINING,), PAPER)
    keys = jax.random.split(jax.random.key(1), 100)
    params = worlds.params(PAPER)
    goal = np.asarray(jax.vmap(lambda key: book.assign(key, params, PAPER).goal)(keys)).ravel()
    drawn = Counter(TRAINING[index].predicate.__name__ for index in goal)
    assert drawn["practice_skill_with_tool"] / len(goal) == pytest.approx(0.3113, abs=0.02)
    assert drawn["attain_skill"] / len(goal) == pytest.approx(0.0712, abs=0.01)
    names = [spec_name(TRAINING[index]) for index in goal]
    essential = sum("EAT_FOOD" in name or "DRINK_WATER" in name for name in names)
    assert essential / len(goal) == pytest.approx(0.2001, abs=0.02)


def listed(capsys, *options):
    assert main(list(options)) == 0
    return capsys.readouterr().out.splitlines()


def test_the_command_ends_with_the_totals(capsys):
    lines = listed(capsys)
    assert len(lines) == 1299 + 62 + 1
    assert lines[-1] == ("1299 training tasks with weights of 8995 in sum, 62 evaluation tasks")


def test_the_command_filters_and_describes(capsys):
    lines = listed(capsys, "--item", "chisel", "--category", "item", "--pool", "evaluation")
    assert lines == [
        "evaluation  item           1  wear chisel of level 1 or above",
        "evaluation  item           1  wear chisel of level 3 or above",
        "0 training tasks with weights of 0 in sum, 2 evaluation tasks",
    ]
    lines = listed(capsys, "--predicate", "AttainSkill", "--skill", "carving", "--names")
    assert len(lines) == 7 + 1 + 1
    assert lines[0].endswith(
        "reach level 3 in carving  [Task_AttainSkill_(skill:Carving_level:3_num_agent:1)"
        "_reward_to:agent]"
    )
    assert len(listed(capsys, "--event", "player_kill")) == 11 + 1 + 1
    assert any(
        "equip_item(item, level, num_agent)" in line for line in listed(capsys, "--predicates")
    )


@pytest.mark.parametrize(
    ("option", "word", "near"),
    [
        ("--item", "hatt", "HAT"),
        ("--predicate", "OwnItm", "OwnItem"),
        ("--category", "markt", "market"),
    ],
)
def test_the_command_refuses_unknown_words(capsys, option, word, near):
    assert main([option, word]) == 2
    assert f"did you mean '{near}'?" in capsys.readouterr().err


def test_every_task_can_be_said_in_words():
    said = [describe(goal) for goal in TRAINING]
    assert len(set(said)) == 1298 and not any("{" in text for text in said)
