"""What games of the universe ask for: kinds of goals, four amounts of each."""

import dataclasses
from collections.abc import Callable

from metammo_jax.config import Config
from metammo_jax.games.knobs import Place, Unit
from metammo_jax.tasks import predicates
from metammo_jax.tasks.algebra import Asked, ask
from metammo_jax.tasks.signature import signature_of
from metammo_jax.vocab import Event, Style, Subject, System

LEVELS = 4
"""Amounts of each kind."""


@dataclasses.dataclass(frozen=True)
class Kind:
    """A predicate with some of its numbers fixed.

    Attributes:
      name: by which callers name it.
      says: it in words, `{n}` being the amount and `{us}` who has the task.
      predicate: function of `tasks.predicates`.
      args: the numbers of the predicate for each amount; None stands for the amount.
      amounts: the four amounts; empty if there is nothing to choose.
      unit: how amounts scale with the config.
      chance: of being drawn relative to the others.
      is_last: it asks to last until the end: the referee must be one of the last ones standing.
      can_join: it can be joined with another.
      only_and: it is true from the start, so that only a conjunction makes sense.
      needs_team: not for those who play alone.
      places: `Place` to be seized, for each amount.
      is_new: kept for the transfer split.
    """

    name: str
    says: str
    predicate: Callable
    args: tuple = ()
    amounts: tuple[int, ...] = ()
    unit: Unit = Unit.PLAIN
    chance: float = 1.0
    is_last: bool = False
    can_join: bool = True
    only_and: bool = False
    needs_team: bool = False
    places: tuple[Place, ...] = (Place.NOWHERE,) * LEVELS
    is_new: bool = False

    def numbers(self, level: int, cfg: Config) -> tuple[float, ...]:
        """Returns the numbers of the predicate for an amount at a config."""
        values = [arg[level] if isinstance(arg, tuple) else arg for arg in self.args]
        if self.amounts:
            amount = self.unit.whole(self.amounts[level], cfg)
            values = [amount if value is None else value for value in values]
        return tuple(map(cfg.number, values))

    def term(self, level: int, cfg: Config) -> Asked:
        """Returns the predicate with its numbers, as a term of the algebra of tasks."""
        return ask(self.predicate, *self.numbers(level, cfg))

    def words(self, level: int, cfg: Config) -> str:
        """Returns what it asks for, in words."""
        amount = self.unit.whole(self.amounts[level], cfg) if self.amounts else 0
        place, style = self.places[level].name.lower().replace("_", "-"), _STYLES[level].name
        text = self.says.format(n=amount, place=place, style=style.lower())
        return text.replace("1 times", "once") if amount == 1 else text

    @property
    def needs(self) -> frozenset[System]:
        """Systems without which it can never be completed."""
        return signature_of(self.predicate).needed(self.numbers(0, Config()))


def _count(
    name: str, says: str, event: Event, *amounts: int, unit: Unit = Unit.PLAIN, **more
) -> Kind:
    return Kind(name, says, predicates.count_event, (int(event), None), amounts, unit, **more)


_QUADRANTS = (Place.SOUTH_EAST, Place.NORTH_EAST, Place.NORTH_WEST, Place.SOUTH_WEST)
_STYLES = (Style.MELEE, Style.RANGE, Style.MAGE, Style.MELEE)
_DEAD = 1

_HOLD = "and hold it for {n} ticks"

KINDS: tuple[Kind, ...] = (
    Kind("last", "last until the end", predicates.tick_ge, ("horizon",), is_last=True,
         can_join=False, chance=2.0),
    Kind("king", "keep the leader alive", predicates.protect_leader, is_last=True, can_join=False,
         needs_team=True),
    Kind("center", "reach the middle of the map", predicates.progress_toward_center),
    Kind("hill", f"seize the middle of the map {_HOLD}", predicates.seize_center, (None, 0.3),
         (10, 25, 50, 100), Unit.TICKS, places=(Place.CENTER,) * LEVELS),
    Kind("quadrant", f"seize the middle of the {{place}} quadrant {_HOLD}",
         predicates.seize_quad_center, (None, (1, 2, 3, 4), 0.3), (25, 25, 50, 50), Unit.TICKS,
         places=_QUADRANTS, is_new=True, chance=0.5),
    Kind("gather", "gather within {n} tiles", predicates.all_members_within_range, (None,),
         (10, 7, 5, 3), needs_team=True),
    Kind("hunt", "defeat {n} NPCs", predicates.defeat_entity, (1, 0, None), (2, 4, 8, 16),
         Unit.TEAM_NPCS),
    Kind("kill", "defeat {n} players", predicates.defeat_entity, (0, 0, None), (1, 2, 4, 8)),
    _count("eat", "eat {n} times", Event.EAT_FOOD, 8, 16, 32, 64, unit=Unit.TICKS),
    _count("drink", "drink {n} times", Event.DRINK_WATER, 8, 16, 32, 64, unit=Unit.TICKS),
    _count("explore", "come nearer to the middle than before {n} times", Event.GO_FARTHEST,
           8, 16, 32, 48, unit=Unit.TILES),
    _count("hit", "attack {n} times", Event.SCORE_HIT, 16, 32, 64, 128, unit=Unit.TICKS),
    Kind("style", "attack {n} times with {style}", predicates.score_hit,
         (tuple(map(int, _STYLES)), None), (32, 32, 32, 64), Unit.TICKS, is_new=True, chance=0.5),
    Kind("travel", "be {n} tiles away from the start",
         predicates.distance_traveled, (None,), (8, 16, 32, 48), Unit.TILES, is_new=True,
         chance=0.5),
    Kind("everyone", "keep everybody alive", predicates.stay_alive, only_and=True),
    Kind("prey", "see the next team, or player, dead", predicates.check_agent_status,
         (int(Subject.RIGHT_TEAM), _DEAD), is_new=True, chance=0.5),
    _count("learn", "gain {n} levels of skills", Event.LEVEL_UP, 1, 2, 4, 8),
    _count("harvest", "harvest {n} items", Event.HARVEST_ITEM, 2, 4, 8, 16),
    _count("wear", "put on items {n} times", Event.EQUIP_ITEM, 1, 2, 3, 4),
    _count("consume", "eat or drink {n} items", Event.CONSUME_ITEM, 1, 2, 4, 8, is_new=True,
           chance=0.5),
    _count("sell", "sell {n} items", Event.EARN_GOLD, 1, 2, 4, 8),
    _count("buy", "buy {n} items", Event.BUY_ITEM, 1, 2, 4, 8, is_new=True, chance=0.5),
    Kind("riches", "own {n} gold", predicates.hoard_gold, (None,), (5, 10, 20, 40)),
)  # fmt: skip
"""All kinds, in the order of codes: append only."""

NUMBER: dict[str, int] = {kind.name: index for index, kind in enumerate(KINDS)}
PREDICATES: tuple[Callable, ...] = tuple(dict.fromkeys(kind.predicate for kind in KINDS))
"""Distinct predicates, in the order in which tasks number them (`joined`)."""
