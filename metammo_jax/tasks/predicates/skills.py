"""Predicates of skills.

Source: docs/rules/tasks.md#predicates.
"""

import jax
import jax.numpy as jnp

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.tables import TOOL
from metammo_jax.tasks.predicates.measure import COUNT, LEVEL, SKILL, column, share, whole_number
from metammo_jax.tasks.predicates.things import wearing
from metammo_jax.tasks.signature import register
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.vocab import Item, Skill, System
from metammo_jax.world import World

TOOL_SHARE, EXPERIENCE_SHARE = 0.3, 0.7
"""What wearing the tool and what the experience counts in practice_skill_with_tool."""

_TOOL = TOOL.copy()
_TOOL[[Skill.MELEE, Skill.RANGE, Skill.MAGE]] = [Item.SPEAR, Item.BOW, Item.WAND]


@register(
    arguments=dict(skill=SKILL, level=LEVEL, num_agent=COUNT),
    needs={System.PROGRESSION},
    original=("AttainSkill",),
    says="reach level {level} in {skill}, {num_agent} members",
)
def attain_skill(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: levels above the first / those wanted (AttainSkill).

    Those of the living members. Wanted are level - 1 of each of num_agent members; 1 if level <= 1.
    """
    skill, level = subject.spread(whole_number(args, 0)), args[:, 1]
    gained = column(query.levels(world) - 1, skill)
    return share(subject.alive_total(gained), args[:, 2] * jnp.maximum(level - 1, 0))


@register(
    arguments=dict(skill=SKILL, experience=COUNT, num_agent=COUNT),
    needs={System.PROGRESSION},
    original=("GainExperience",),
    says="gain {experience} experience in {skill}, {num_agent} members",
)
def gain_experience(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: experience / (experience * num_agent) (GainExperience).

    The former is that of the living members.
    """
    return _experience(world, subject, whole_number(args, 0), args[:, 1] * args[:, 2])


@register(
    arguments=dict(skill=SKILL, exp=COUNT),
    needs={System.PROGRESSION, System.ITEM, System.EQUIPMENT},
    original=("PracticeSkillWithTool",),
    says="wear the tool of {skill} and gain {exp} experience in it",
)
def practice_skill_with_tool(
    world: World, subject: SubjectMembers, args: jax.Array, cfg: Config
) -> jax.Array:
    """Returns (P,) float32: 0.3 for wearing a skill's tool or weapon, 0.7 for experience in it.

    The latter is experience / exp (PracticeSkillWithTool).
    """
    skill = whole_number(args, 0)
    one = jnp.ones(cfg.players, jnp.int32)
    worn = wearing(world, subject, jnp.asarray(_TOOL)[skill], one, one)
    learned = _experience(world, subject, skill, args[:, 1])
    return TOOL_SHARE * jnp.clip(worn, 0, 1) + EXPERIENCE_SHARE * jnp.clip(learned, 0, 1)


def _experience(
    world: World, subject: SubjectMembers, skill: jax.Array, experience: jax.Array
) -> jax.Array:
    """Returns (P,) float32, experience of living members in a skill (P,) / experience (P,)."""
    learned = column(query.experience(world), subject.spread(skill))
    return share(subject.alive_total(learned), experience)
