"""Achievements of players in an episode of the full game: the statistics of Meta MMO's papers.

They are means over the players of a world, computed from its last state. Causes of death alone are
updated in every tick.

Source: docs/rules/training.md#statistics.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.lib.node import Node
from metammo_jax.tables import ITEM_EVENTS
from metammo_jax.tasks import curriculum
from metammo_jax.vocab import NEVER, Event, Skill, Style, System
from metammo_jax.world import Tally, World

ATTACKED, STARVED, DEHYDRATED = range(3)
"""Causes of death; several may be true of one."""

AMMUNITION_SKILLS = (Skill.PROSPECTING, Skill.CARVING, Skill.ALCHEMY)
CONSUMABLE_SKILLS = (Skill.FISHING, Skill.HERBALISM)

ACQUIRING_EVENTS = (Event.HARVEST_ITEM, Event.LOOT_ITEM, Event.BUY_ITEM)
"""Events by which a player acquires an item."""

BEGUN = 0.2
"""Least progress of a task that counts as begun."""


@struct.dataclass
class Achievements(Node):
    """Means over the players of a world, () float32 each.

    Attributes:
      attacked: share that died in a tick in which they took damage.
      starved: share that died without food.
      dehydrated: share that died without water.
      completed: share whose task was completed.
      begun: share whose task's progress reached 0.2.
      rewarded: share whose task's progress changed twice at least.
      combat_level: highest level in a style of attack.
      ammunition_skill: highest level in a skill that harvests ammunition.
      consumable_skill: highest level in a skill that harvests consumables.
      exploration: most tiles come from the edge toward the middle.
      earned: gold from sales.
      armor_level: highest level of armor harvested, looted or bought; likewise the next four.
      weapon_level: of weapons.
      tool_level: of tools.
      ammunition_level: of ammunition.
      consumable_level: of consumables.
      players_killed: number.
      npcs_killed: number.
      damage: most points of one attack.
      unique_events: distinct (event, item or style or skill, level); every kill and every sale
        counts.
      harvested_weapon: share that harvested a weapon.
      equipped_armor: share that put on armor; likewise the next three.
      equipped_weapon: a weapon.
      equipped_tool: a tool.
      equipped_ammunition: ammunition.
      happened: (events,) share of players to whom each `vocab.Event` happened once at least.
    """

    attacked: jax.Array
    starved: jax.Array
    dehydrated: jax.Array
    completed: jax.Array
    begun: jax.Array
    rewarded: jax.Array
    combat_level: jax.Array
    ammunition_skill: jax.Array
    consumable_skill: jax.Array
    exploration: jax.Array
    earned: jax.Array
    armor_level: jax.Array
    weapon_level: jax.Array
    tool_level: jax.Array
    ammunition_level: jax.Array
    consumable_level: jax.Array
    players_killed: jax.Array
    npcs_killed: jax.Array
    damage: jax.Array
    unique_events: jax.Array
    harvested_weapon: jax.Array
    equipped_armor: jax.Array
    equipped_weapon: jax.Array
    equipped_tool: jax.Array
    equipped_ammunition: jax.Array
    happened: jax.Array

    def as_dict(self) -> dict[str, jax.Array]:
        """Returns every number by name, events as "event/eat_food"; leading axes stay."""
        numbers = dict(vars(self))
        happened = numbers.pop("happened")
        events = {f"event/{event.name.lower()}": happened[..., event] for event in Event}
        return numbers | events


def has_achievements(cfg: Config) -> bool:
    """Returns whether the config has achievements: items and skills are compiled."""
    return cfg.has_items and cfg.has_skills


def no_deaths(cfg: Config) -> jax.Array:
    """Returns (P, 3) bool, causes of death at the start of an episode."""
    return jnp.zeros((cfg.players, 3), bool)


def update_death_causes(causes: jax.Array, world: World, cfg: Config) -> jax.Array:
    """Returns (P, 3) bool, causes of each player's death so far, by ATTACKED, STARVED, DEHYDRATED.

    Nothing is found of players that a game revives in the tick of their death: they have
    recovered. Hunger and thirst kill nobody where the system of resources is off.

    Args:
      causes: (P, 3) bool, before this tick.
      world: after it; reads body.died, damage, food, water.
      cfg: sizes.
    """
    body, players = world.body, cfg.players
    needs = query.is_on(world, System.RESOURCE)
    found = [body.damage[:players] > 0, needs & (body.food == 0), needs & (body.water == 0)]
    return jnp.where(body.died[:players, None], jnp.stack(found, axis=-1), causes)


def summarize(world: World, causes: jax.Array) -> Achievements:
    """Returns the achievements of the players of a world at the end of an episode.

    Args:
      world: at the end of the episode; reads tally, task, skill.
      causes: (P, 3) bool, of `update_death_causes`.
    """
    levels, tally, task = query.levels(world), world.tally, world.task

    def skill(skills) -> jax.Array:
        return levels[:, np.array(skills)].max(1).mean()

    return Achievements(
        attacked=causes[:, ATTACKED].mean(),
        starved=causes[:, STARVED].mean(),
        dehydrated=causes[:, DEHYDRATED].mean(),
        completed=(task.completed_at < NEVER).mean(),
        begun=(task.max_progress >= BEGUN).mean(),
        rewarded=(task.gains + task.losses >= 2).mean(),
        combat_level=skill(Style),
        ammunition_skill=skill(AMMUNITION_SKILLS),
        consumable_skill=skill(CONSUMABLE_SKILLS),
        exploration=world.body.exploration.mean(),
        earned=tally.earned.mean(),
        **_of_items(tally),
        players_killed=tally.count[Event.KILL_PLAYER].mean(),
        npcs_killed=tally.count[Event.KILL_NPC].mean(),
        damage=tally.strongest.mean(),
        unique_events=unique_events(world).mean(),
        happened=(tally.count > 0).mean(1),
    )


def _of_items(tally: Tally) -> dict[str, jax.Array]:
    """Returns the achievements with items: means of the highest levels, and shares of players."""

    def best(items) -> jax.Array:
        return highest_level(tally.seen)[np.array(items)].max(0).mean()

    def share(event, items) -> jax.Array:
        seen = tally.seen[ITEM_EVENTS.index(event)]
        return (seen[np.array(items)] != 0).any(0).mean()

    return dict(
        armor_level=best(curriculum.ARMOR),
        weapon_level=best(curriculum.WEAPONS),
        tool_level=best(curriculum.TOOLS),
        ammunition_level=best(curriculum.AMMUNITION),
        consumable_level=best(curriculum.CONSUMABLES),
        harvested_weapon=share(Event.HARVEST_ITEM, curriculum.WEAPONS),
        equipped_armor=share(Event.EQUIP_ITEM, curriculum.ARMOR),
        equipped_weapon=share(Event.EQUIP_ITEM, curriculum.WEAPONS),
        equipped_tool=share(Event.EQUIP_ITEM, curriculum.TOOLS),
        equipped_ammunition=share(Event.EQUIP_ITEM, curriculum.AMMUNITION),
    )


def highest_level(seen: tuple[jax.Array, ...]) -> jax.Array:
    """Returns (17, P) int32, the highest level of each item that players acquired, 0 for none.

    Args:
      seen: `Tally.seen`.
    """
    levels = functools.reduce(
        jnp.bitwise_or, (seen[ITEM_EVENTS.index(event)] for event in ACQUIRING_EVENTS)
    )
    return 32 - jax.lax.clz(levels.astype(jnp.int32))


EVERY_TIME = (Event.KILL_PLAYER, Event.KILL_NPC, Event.EARN_GOLD)
"""Events that count each time among the unique ones."""

DISTINCT_EVENTS = (*ITEM_EVENTS, Event.SCORE_HIT, Event.LEVEL_UP, *EVERY_TIME)
"""Events of which more than one can be unique."""


def unique_events(world: World) -> jax.Array:
    """Returns (P,) int32, the number of distinct events of each player.

    Two are equal if kind, item (or style, or skill) and level are. A level is reached once, and
    none is skipped.

    Source: docs/rules/training.md#statistics.
    """
    tally = world.tally
    simple = np.array([event for event in Event if event not in DISTINCT_EVENTS])
    levels = query.levels(world)
    return (
        (tally.count[simple] > 0).sum(0)
        + sum(jax.lax.population_count(seen).astype(jnp.int32).sum(0) for seen in tally.seen)
        + (tally.hits > 0).sum(1)
        + jnp.maximum(levels - 1, 0).sum(1)
        + tally.count[np.array(EVERY_TIME)].sum(0)
    )
