"""Laws that hold for every game, every size, every setting and whatever players do."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.laws import acts, books, states
from tests.laws.lab import CONFIGS, lab
from tests.laws.plans import plans

LAWS = (*states.LAWS, *acts.LAWS, *books.LAWS)
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


@pytest.mark.parametrize("config", ["odd"])
@pytest.mark.parametrize("law", [law for law in LAWS if law is not acts.a_world_alone], ids=short)
def test_law(law, config):
    hold(law, config, FEW, ticks=10, same_each_time=True)


def test_a_world_alone_is_as_in_a_batch():
    """A step of its own is compiled for one world, so only one config is tried."""
    hold(acts.a_world_alone, "odd", FEW, ticks=10, same_each_time=True)


@pytest.mark.slow
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("law", LAWS, ids=short)
def test_law_at_length(law, config):
    hold(law, config, MANY, ticks=24, same_each_time=False)
