"""Achievements of players, counted by hand in small worlds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from agents.learners.rollout import Finished
from agents.learners.update import _episode_sums
from metammo_jax import achievements, effects
from metammo_jax.achievements import Achievements
from metammo_jax.tables import EXP_THRESHOLD, ITEM_EVENTS
from metammo_jax.vector import EpisodeStats, vectorize
from metammo_jax.vocab import Event, Item, Skill, System
from tests.worlds import blank, kill

PLAYERS = 16


@pytest.fixture
def world(tiny_full):
    return blank(tiny_full)


def put(array, row, column, value):
    return array.at[row, column].set(value)


def test_causes_of_death_are_those_of_the_tick_of_death(world, tiny_full):
    """0 was hit, 1 starved, 2 lacked both and was hit; 3 lives in the same state as 2."""
    hungry, dry = jnp.array([1, 2, 3]), jnp.array([2, 3])
    body = world.body.replace(
        damage=world.body.damage.at[jnp.array([0, 2, 3])].set(7),
        food=jnp.full(PLAYERS, 50).at[hungry].set(0),
        water=jnp.full(PLAYERS, 50).at[dry].set(0),
    )
    after = kill(world.replace(body=body), 0, 1, 2)
    causes = achievements.update_death_causes(achievements.no_deaths(tiny_full), after, tiny_full)
    assert causes[:4].tolist() == [
        [True, False, False],
        [False, True, False],
        [True, True, True],
        [False] * 3,
    ]
    assert not causes[4:].any()
    later = kill(world, 0, 1, 2, now=False)
    assert (achievements.update_death_causes(causes, later, tiny_full) == causes).all(), "it stays"
    off = world.params.enabled.at[System.RESOURCE].set(False)
    without = after.replace(params=after.params.replace(enabled=off))
    causes = achievements.update_death_causes(causes & False, without, tiny_full)
    assert causes.sum(0).tolist() == [2, 0, 0], "nobody starves where nobody eats"


def test_levels_items_and_kills(world):
    """Player 0 has all; the others are at their first levels, without anything."""
    exp = put(world.skill.exp, 0, Skill.RANGE, EXP_THRESHOLD[2])
    exp = put(exp, 0, Skill.FISHING, EXP_THRESHOLD[4])
    exp = put(exp, 0, Skill.ALCHEMY, EXP_THRESHOLD[1])
    seen = list(world.tally.seen)
    for event, item, level in (
        (Event.HARVEST_ITEM, Item.TOP, 1), (Event.HARVEST_ITEM, Item.TOP, 3),
        (Event.BUY_ITEM, Item.HAT, 2), (Event.LOOT_ITEM, Item.BOW, 4),
        (Event.BUY_ITEM, Item.CHISEL, 5), (Event.HARVEST_ITEM, Item.ARROW, 6),
        (Event.LOOT_ITEM, Item.RATION, 7), (Event.LOOT_ITEM, Item.POTION, 10),
        (Event.EQUIP_ITEM, Item.TOP, 8), (Event.LIST_ITEM, Item.SPEAR, 9),
        (Event.CONSUME_ITEM, Item.RATION, 10), (Event.FIRE_AMMO, Item.ARROW, 9),
    ):  # fmt: skip
        place = ITEM_EVENTS.index(event)
        seen[place] = seen[place].at[item, 0].add(1 << level - 1)
    count = put(world.tally.count, Event.KILL_PLAYER, 0, 2)
    count = put(put(count, Event.KILL_NPC, 0, 5), Event.KILL_NPC, 1, 3)
    earned = world.tally.earned.at[0].set(48)
    tally = world.tally.replace(seen=tuple(seen), count=count, earned=earned)
    world = world.replace(
        skill=world.skill.replace(exp=exp),
        tally=tally,
        body=world.body.replace(exploration=world.body.exploration.at[:2].set(8)),
    )
    found = achievements.summarize(world, jnp.zeros((PLAYERS, 3), bool))
    expected = dict(
        combat_level=(3 + 15) / 16, consumable_skill=(5 + 15) / 16, ammunition_skill=(2 + 15) / 16,
        exploration=1.0, earned=3.0, armor_level=3 / 16, weapon_level=4 / 16, tool_level=5 / 16,
        ammunition_level=6 / 16, consumable_level=10 / 16, players_killed=2 / 16,
        npcs_killed=8 / 16, unique_events=(12 + 2 + 4 + 1 + 2 + 5 + 3) / 16, attacked=0.0,
    )  # fmt: skip
    got = found.as_dict()
    assert {name: float(got[name]) for name in expected} == pytest.approx(expected)
    assert float(got["event/kill_npc"]) == 2 / 16 and float(got["event/kill_player"]) == 1 / 16
    assert float(got["event/eat_food"]) == 0.0
    assert sum(name.startswith("event/") for name in got) == len(Event)


def test_unique_events_are_those_that_differ_from_all_before(world):
    rng = np.random.default_rng(0)
    who, unlike = np.arange(PLAYERS), [[] for _ in range(PLAYERS)]
    kinds = (*ITEM_EVENTS, Event.EAT_FOOD, Event.GIVE_ITEM, Event.KILL_NPC, Event.EARN_GOLD)
    for _ in range(40):
        event = kinds[rng.integers(len(kinds))]
        about = event in ITEM_EVENTS
        columns = 3 if event == Event.LOOT_ITEM else 1
        happened = rng.random((PLAYERS, columns)) < 0.5
        item = rng.integers(1, 4, happened.shape) if about else np.full(happened.shape, -1)
        level = rng.integers(1, 4, happened.shape) if about else np.zeros(happened.shape, int)
        args = [
            jnp.asarray(part.T if columns > 1 else part[:, 0]) for part in (happened, item, level)
        ]
        world = effects.record_event(world, event, *args)
        for row, column in np.argwhere(happened):
            what = (event, item[row, column], level[row, column])
            if what not in unlike[row] or event in (Event.KILL_NPC, Event.EARN_GOLD):
                unlike[row].append(what)
    assert achievements.unique_events(world).tolist() == [len(unlike[row]) for row in who]
    put_on = {item for event, item, _ in sum(unlike, []) if event == Event.EQUIP_ITEM}
    assert put_on == {Item.HAT, Item.TOP, Item.BOTTOM}
    found = achievements.summarize(world, jnp.zeros((PLAYERS, 3), bool))
    assert float(found.equipped_armor) > 0 == float(found.equipped_weapon)


def test_tasks_and_causes(world):
    most = jnp.zeros(PLAYERS).at[:4].set(jnp.array([1.0, 0.5, 0.2, 0.19]))
    task = world.task.replace(
        max_progress=most,
        completed_at=world.task.completed_at.at[0].set(9),
        gains=jnp.zeros(PLAYERS, jnp.int32).at[:3].set(jnp.array([2, 1, 1])),
        losses=jnp.zeros(PLAYERS, jnp.int32).at[1].set(1),
    )
    causes = jnp.zeros((PLAYERS, 3), bool).at[:2, achievements.STARVED].set(True)
    found = achievements.summarize(world.replace(task=task), causes)
    assert float(found.completed) == 1 / 16
    assert float(found.begun) == 3 / 16
    assert float(found.rewarded) == 2 / 16
    assert (float(found.attacked), float(found.starved), float(found.dehydrated)) == (0, 2 / 16, 0)


def test_the_mini_game_keeps_none(tiny, tiny_full):
    assert not achievements.has_achievements(tiny) and achievements.has_achievements(tiny_full)
    state = jax.eval_shape(vectorize(mm.make("survive", config=tiny), 2).reset, jax.random.key(0))
    assert state[1].causes is None


def test_training_sums_them_up_by_game():
    """Two of three episodes ended, one of each game."""
    shape = (1, 1, 3)
    plain = {
        name: jnp.zeros(shape)
        for name in ("return_", "won", "score", "max_progress", "length", "difficulty")
    }
    numbers = {name: jnp.zeros(shape) for name in Achievements.__dataclass_fields__}
    numbers["earned"] = jnp.array([3.0, 5.0, 7.0]).reshape(shape)
    happened = jnp.zeros((*shape, len(Event))).at[..., Event.EAT_FOOD].set(0.25)
    achieved = Achievements(**{**numbers, "happened": happened})
    game = jnp.array([0, 1, 1]).reshape(shape)
    done = jnp.array([True, True, False]).reshape(shape)
    sums = _episode_sums(
        Finished(done, EpisodeStats(game, **_in_order(plain), achieved=achieved)), 2
    )
    assert sums["earned"].tolist() == [3.0, 5.0]
    assert sums["event/eat_food"].tolist() == [0.25, 0.25]
    bare = _episode_sums(Finished(done, EpisodeStats(game, **_in_order(plain))), 2)
    assert "earned" not in bare and bare["episodes"].tolist() == [1.0, 1.0]


def _in_order(plain):
    return {
        name: plain[name]
        for name in ("length", "return_", "won", "score", "max_progress", "difficulty")
    }


@pytest.mark.slow
def test_a_batch_tells_them_when_games_end(tiny_full):
    """Everybody starves: the games end, and all have died of hunger, thirst or a blow."""
    env = mm.make("survive", config="tiny_full", horizon=40)
    batch = vectorize(env, 2)
    step, sample = jax.jit(batch.step), jax.jit(batch.sample)
    obs, state = jax.jit(batch.reset)(jax.random.key(0))
    assert state.causes.shape == (2, PLAYERS, 3)
    seen = 0
    for tick in range(45):
        (act_key, step_key), before = jax.random.split(jax.random.key(1 + tick)), state.causes
        obs, state, *_, info = step(step_key, state, sample(act_key, obs))
        for row in np.flatnonzero(np.asarray(info.done)):
            found = jax.tree.map(lambda leaf, row=row: leaf[row], info.episode.achieved)
            died = float(found.happened[Event.AGENT_CULLED])
            assert max(found.attacked, found.starved, found.dehydrated) > 0
            assert died <= float(found.attacked + found.starved + found.dehydrated) + 1e-6
            assert not state.causes[row].any() and before[row].any()
            seen += 1
    assert seen >= 2
