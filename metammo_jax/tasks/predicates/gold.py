"""Predicates of gold: owned, earned, spent.

Source: docs/rules/tasks.md#predicates.
"""

import jax

from metammo_jax.config import Config
from metammo_jax.tasks.predicates.measure import COUNT, share
from metammo_jax.tasks.signature import register
from metammo_jax.tasks.subject import SubjectMembers
from metammo_jax.vocab import System
from metammo_jax.world import World

_TRADE = {System.ITEM, System.EXCHANGE}
_AMOUNT = dict(amount=COUNT)


@register(arguments=_AMOUNT, needs=_TRADE, original=("HoardGold",), says="own {amount} gold")
def hoard_gold(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: gold of the living members / amount (HoardGold)."""
    return share(subject.alive_total(world.body.gold[: cfg.players]), args[:, 0])


@register(arguments=_AMOUNT, needs=_TRADE, original=("EarnGold",), says="earn {amount} gold")
def earn_gold(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: gold from sales and of those killed / amount (EarnGold).

    Of all members.
    """
    tally = world.tally
    return share(subject.total(tally.earned + tally.looted), args[:, 0])


@register(arguments=_AMOUNT, needs=_TRADE, original=("SpendGold",), says="spend {amount} gold")
def spend_gold(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: gold that all members paid for items / amount (SpendGold)."""
    return share(subject.total(world.tally.spent), args[:, 0])


@register(
    arguments=_AMOUNT, needs=_TRADE, original=("MakeProfit",), says="make {amount} gold of profit"
)
def make_profit(world: World, subject: SubjectMembers, args: jax.Array, cfg: Config) -> jax.Array:
    """Returns (P,) float32: gold earned and looted less gold spent / amount (MakeProfit).

    Of all members.
    """
    tally = world.tally
    return share(subject.total(tally.earned + tally.looted - tally.spent), args[:, 0])
