"""Predicates: functions of the world with a value in 0..1 for each player.

A predicate is a pure function `predicate(world, subject, args, cfg) -> (P,) float32`. `subject`
says for each player whose state counts (`tasks.subject.SubjectMembers`), `args` (P, A) float32 are
that player's own numbers. Results are clipped to 0..1 where progress is kept
(`tasks.progress`). `tasks.register` names a predicate and its numbers; a function of one's own
may do without. Only those that the goals of an environment use are compiled.

`PREDICATES` lists them under the original's names.

Source: docs/rules/tasks.md#predicates; nmmo `task/base_predicates.py`.
"""

from collections.abc import Callable

from metammo_jax.tasks.predicates.contests import (
    bring_envoy_across,
    fill_quadrants,
    hold_banner,
    hold_most_hills,
    seize_hidden,
    visit_in_order,
)
from metammo_jax.tasks.predicates.events import (
    ANY_KILL,
    buy_item,
    consume_item,
    count_event,
    defeat_entity,
    fire_ammo,
    harvest_item,
    list_item,
    score_hit,
    use_any_ammo,
)
from metammo_jax.tasks.predicates.gold import earn_gold, hoard_gold, make_profit, spend_gold
from metammo_jax.tasks.predicates.hunts import (
    catch_hiders,
    corner_market,
    fulfil_contracts,
    hunt_game,
    profit_from_fire,
    stay_uncaught,
    win_duel,
)
from metammo_jax.tasks.predicates.life import (
    all_dead,
    check_agent_status,
    protect_leader,
    stay_alive,
    success,
    tick_ge,
)
from metammo_jax.tasks.predicates.place import (
    all_members_within_range,
    distance_traveled,
    occupy_tile,
    progress_toward_center,
)
from metammo_jax.tasks.predicates.seizing import seize_center, seize_quad_center, seize_tile
from metammo_jax.tasks.predicates.sight import can_see, can_see_tile
from metammo_jax.tasks.predicates.skills import (
    attain_skill,
    gain_experience,
    practice_skill_with_tool,
)
from metammo_jax.tasks.predicates.things import (
    equip_item,
    fully_armed,
    inventory_space_ge,
    own_item,
    practice_inventory_management,
)

BUILT_IN: tuple[Callable, ...] = (
    success, tick_ge, stay_alive, all_dead, check_agent_status, protect_leader, occupy_tile,
    distance_traveled, progress_toward_center, all_members_within_range, seize_tile, seize_center,
    seize_quad_center, can_see, can_see_tile, count_event, score_hit, defeat_entity, consume_item,
    harvest_item, list_item, buy_item, fire_ammo, use_any_ammo, hoard_gold, earn_gold, spend_gold,
    make_profit, own_item, equip_item, fully_armed, inventory_space_ge,
    practice_inventory_management, attain_skill, gain_experience, practice_skill_with_tool,
)  # fmt: skip
"""All predicates of the original."""

ADDED: tuple[Callable, ...] = (
    hold_most_hills, hold_banner, visit_in_order, fill_quadrants, bring_envoy_across, seize_hidden,
    fulfil_contracts, win_duel, catch_hiders, stay_uncaught, hunt_game, profit_from_fire,
    corner_market,
)  # fmt: skip
"""All predicates that the original does not have."""

PREDICATES: dict[str, Callable] = {
    name: predicate for predicate in BUILT_IN for name in predicate.signature.original
}
"""Predicates by the original's names."""

__all__ = ["ANY_KILL", "BUILT_IN", "ADDED", "PREDICATES", *(p.__name__ for p in BUILT_IN + ADDED)]
