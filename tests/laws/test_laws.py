"""Laws that hold for every game, every size, every setting and whatever players do."""

import pytest
from hypothesis import HealthCheck, given, settings

from metammo_jax.vocab import Event
from tests.laws import acts, books, goods, masks, offers, states
from tests.laws.lab import CONFIGS, FULL_CONFIGS, WIDTH, lab
from tests.laws.plans import Plan, plans, turns

LAWS = (*states.LAWS, *masks.LAWS, *acts.LAWS, *books.LAWS)
FULL_LAWS = (*LAWS, *goods.LAWS, *offers.LAWS)
FEW, MANY = 6, 40
"""Plans that are played for each law; each plays several worlds."""


def hold(law, config: str, examples: int, ticks: int, same_each_time: bool) -> None:
    """Tries a law on so many plans."""
    bench = lab(config)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=same_each_time,
        suppress_health_check=list(HealthCheck),
    )
    @given(plans(bench, ticks))
    def holds(plan):
        law(bench, plan)

    holds()


def short(law) -> str:
    return law.__name__


def in_batches(laws, but=()) -> list:
    """Returns the laws for which no step of its own is compiled for one world."""
    return [law for law in laws if law is not acts.a_world_alone and law not in but]


@pytest.mark.parametrize("config", ["odd"])
@pytest.mark.parametrize("law", in_batches(LAWS), ids=short)
def test_law(law, config):
    hold(law, config, FEW, ticks=10, same_each_time=True)


def test_a_world_alone_is_as_in_a_batch():
    """A step of its own is compiled for one world, so only one config is tried."""
    hold(acts.a_world_alone, "odd", FEW, ticks=10, same_each_time=True)


@pytest.mark.parametrize("config", ["odd_full"])
@pytest.mark.parametrize(
    "law", in_batches(FULL_LAWS, but=[states.each_episode_ends_with_one_of_two]), ids=short
)
def test_law_of_the_full_game(law, config):
    hold(law, config, FEW, ticks=10, same_each_time=True)


@pytest.mark.parametrize("config", ["odd_full"])
def test_everything_that_can_happen_does(config):
    """Else the laws would say nothing about it."""
    bench, counts = lab(config), 0
    for seed in range(3):
        manners = ("valid", "greedy", "fierce", "valid") * (WIDTH // 4)
        plan = Plan(seed, 3 * seed, 0, 20, manners, unsettled=True)
        *_, last = turns(bench, plan)
        counts = counts + last.after.tally.count.sum((0, 2))
    missing = {event.name for event in Event if not counts[event]}
    assert missing <= {Event.SEIZE_TILE.name}  # no game that is played here asks for it


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("law", LAWS, ids=short)
def test_law_at_length(law, config):
    hold(law, config, MANY, ticks=24, same_each_time=False)


@pytest.mark.slow
@pytest.mark.parametrize("config", FULL_CONFIGS)
@pytest.mark.parametrize("law", FULL_LAWS, ids=short)
def test_law_of_the_full_game_at_length(law, config):
    hold(law, config, MANY, ticks=24, same_each_time=False)
