"""The small stand-in for the curriculum that `original.MultiTask` plays, as a game of ours."""

import jax
import numpy as np

from metammo_jax.config import Config
from metammo_jax.env import Env
from metammo_jax.games import referee, spawn
from metammo_jax.games.base import Minigame
from metammo_jax.games.knobs import Uniform, Unit
from metammo_jax.rules.spawning import replace_fallen
from metammo_jax.tasks import predicates
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.predicates import ANY_KILL
from metammo_jax.vocab import Event
from metammo_jax.world import Params, Task
from tests.parity.trace import Trace

EVENTS = ("EAT_FOOD", "DRINK_WATER", "SCORE_HIT", "PLAYER_KILL", "HARVEST_ITEM", "EQUIP_ITEM",
          "CONSUME_ITEM", "LEVEL_UP", "EARN_GOLD", "LIST_ITEM", "BUY_ITEM")  # fmt: skip
COUNTS = (1, 3, 9)


def goal(event: str, count: int) -> Goal:
    """Returns the goal that an event of the original happens so many times."""
    meant = ANY_KILL if event == "PLAYER_KILL" else Event[event]
    return Goal(predicates.count_event, (int(meant), count))


def multi_task() -> Minigame:
    """Returns the game: everybody alone, each with one of 33 goals, without fog."""
    return Minigame(
        name="multi_task",
        spawn=spawn.individuals_on_edge,
        goals=tuple(goal(event, count) for event in EVENTS for count in COUNTS),
        referee=referee.last_survivor,
        muster=replace_fallen,
        refill=replace_fallen,
        knobs=dict(npc_population=Uniform(64, 255, Unit.NPCS)),
    )


def assigned(trace: Trace, params: Params, cfg: Config, env: Env) -> Task:
    """Returns the task rows of the goals that the record says each player has."""
    goals = [goal(task["kwargs"]["event"], task["kwargs"]["N"]) for task in trace.meta["tasks"]]
    key, alone = jax.random.key(0), params.replace(game=np.int32(0))
    book = {one: TaskBook(((one,),), cfg).assign(key, alone, cfg) for one in set(goals)}
    rows = [jax.tree.map(lambda leaf: np.asarray(leaf)[0], book[one]) for one in goals]
    task = jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
    index = [env.table.predicates.index(one.predicate) for one in goals]
    number = [env.table.book.goals.index(one) for one in goals]
    return task.replace(predicate=np.array(index, np.int32), goal=np.array(number, np.int32))
