"""Checks recorded episodes of the original, one tick at a time: `python -m tests.parity.check`.

From the recorded state of each tick our rules play the recorded orders; what comes of it is
compared with the next recorded state. A value may differ only for a named cause that holds for
that very value. Draws of chance are counted, and the counts tested.
"""

import argparse
import dataclasses
import functools
import json
import sys
import zlib

import jax
import numpy as np

from metammo_jax.config import Config
from metammo_jax.env import Env
from metammo_jax.lib import backend
from metammo_jax.registry import make
from metammo_jax.vocab import System
from tests.parity import compare, decisions, frequencies, observations, opening, standin, takers
from tests.parity import state as states_of
from tests.parity import trace as recorded
from tests.parity.fields import Count, Field, count, merge
from tests.parity.frequencies import Draws
from tests.parity.trace import Trace

GAMES = (
    "survive", "team_battle", "protect_the_king", "race_to_the_center", "king_of_the_hill",
    "sandwich", "comm_together", "radio_raid",
)  # fmt: skip
CASES_SHOWN = 12


@dataclasses.dataclass
class Report:
    """What the check of one trace found.

    Attributes:
      trace: its name.
      game: its game.
      fields: everything that was compared.
      draws: everything that was drawn.
    """

    trace: str
    game: str
    fields: list[Field]
    draws: list[Draws]


@functools.cache
def environment(cfg: Config) -> Env:
    """Returns all games in one environment, so that one compiled tick serves all traces."""
    extra = [standin.multi_task()] if System.ITEM in cfg.systems else []
    return make([*GAMES, *extra], config=cfg)


def check(trace: Trace, seed: int = 0) -> Report:
    """Compares a trace with ours.

    Args:
      trace: the record.
      seed: of our own draws.
    """
    cfg = recorded.config_of(trace)
    env = environment(cfg)
    states = states_of.worlds(trace, cfg, env)
    key = jax.random.key(zlib.crc32(f"{trace.name} {seed}".encode()))
    case = compare.case_of(trace, states, env, key)
    found = [
        *states_of.setting_fields(trace, cfg, env),
        *opening.fields(trace, states, env, key),
        *compare.fields(case),
    ]
    decided = None
    if trace.meta["systems"][System.NPC]:
        decided = decisions.decide(key, case.before, cfg)
        found += decisions.fields(trace, case.before, decided, cfg)
    found += observations.fields(trace, states, cfg)
    draws = frequencies.draws_of(case, decided) + opening.draws(trace, states, env, key)
    draws += takers.draws(case, key)
    return Report(trace.name, trace.game, merge(found), frequencies.add_up(draws))


def totals(reports: list[Report]) -> dict[str, Count]:
    """Returns how each field came out, over all traces."""
    out: dict[str, Count] = {}
    for report in reports:
        for one in report.fields:
            out.setdefault(one.name, Count()).add(count(one))
    return out


def total(counts) -> Count:
    """Returns the sum of counts."""
    out = Count()
    for one in counts:
        out.add(one)
    return out


def show_fields(counts: dict[str, Count]) -> None:
    """Prints the table of fields, and the causes."""
    print(f"{'field':34}{'compared':>12}{'equal':>12}{'explained':>11}{'unexplained':>13}")
    for name, one in counts.items():
        explained = sum(one.explained.values())
        print(f"{name:34}{one.compared:12}{one.equal:12}{explained:11}{one.unexplained:13}")
    causes = total(counts.values()).explained
    if causes:
        print("\nexplained by")
    for cause, number in sorted(causes.items(), key=lambda item: -item[1]):
        print(f"  {cause:40}{number:10}")


def show_draws(draws: list[Draws]) -> None:
    """Prints how often what was drawn, and how likely such counts are."""
    if not draws:
        return
    print(f"\n{'drawn by chance':42}{'side':8}{'count':>10}{'expected':>12}{'p':>9}")
    for one in draws:
        if len(one.observed) == 1:
            seen, expected = f"{one.observed[0]:.0f}", f"{one.expected[0]:.1f}"
        else:
            seen, expected = f"{one.observed.sum():.0f}", f"{len(one.observed)} classes"
        print(f"{one.name:42}{one.side:8}{seen:>10}{expected:>12}{one.p_value():9.4f}")


def show_cases(reports: list[Report]) -> None:
    """Prints the first unexplained cases in full."""
    shown = 0
    for report in reports:
        for one in report.fields:
            for i in np.flatnonzero(one.unexplained):
                if shown == CASES_SHOWN:
                    return
                place = ", ".join(str(int(x)) for x in one.where[i])
                print(
                    f"unexplained: {report.trace}: {one.name} at ({place}): "
                    f"ours {one.ours[i]}, recorded {one.recorded[i]}"
                )
                shown += 1


def as_json(reports: list[Report]) -> dict:
    """Returns everything as plain numbers."""
    return {
        "traces": [
            {
                "trace": report.trace,
                "game": report.game,
                "fields": {one.name: dataclasses.asdict(count(one)) for one in report.fields},
            }
            for report in reports
        ],
        "fields": {name: dataclasses.asdict(one) for name, one in totals(reports).items()},
        "draws": [
            {
                "name": one.name,
                "side": one.side,
                "observed": np.asarray(one.observed, float).tolist(),
                "expected": np.asarray(one.expected, float).tolist(),
                "p": one.p_value(),
            }
            for one in all_draws(reports)
        ],
    }


def all_draws(reports: list[Report]) -> list[Draws]:
    """Returns the draws of all traces, added up."""
    return frequencies.add_up([one for report in reports for one in report.draws])


def main(arguments=None) -> int:
    """Checks the traces named on the command line; returns 1 if anything is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("traces", nargs="+", help="files made by tests/parity/record.py")
    parser.add_argument("--json", help="file to write all counts to")
    parser.add_argument("--seed", type=int, default=0, help="of our own draws")
    parser.add_argument(
        "--platform", choices=("cpu", "gpu"), help="run the code for it, wherever that is"
    )
    args = parser.parse_args(arguments)
    reports = []
    for path in args.traces:
        with backend.assumed(args.platform or backend.platform()):
            report = check(recorded.load(path), args.seed)
        one = total(count(part) for part in report.fields)
        print(f"{report.trace}: {one.compared} compared, {one.unexplained} unexplained", flush=True)
        reports.append(report)
    print()
    counts, draws = totals(reports), all_draws(reports)
    show_fields(counts)
    show_draws(draws)
    print()
    show_cases(reports)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(as_json(reports), file, indent=1)
    wrong = [one for one in draws if one.p_value() < frequencies.SUSPICIOUS]
    for one in wrong:
        print(f"unlikely: {one.name} ({one.side}): p = {one.p_value():.1e}")
    whole = total(counts.values())
    explained = sum(whole.explained.values())
    print(
        f"{whole.compared} compared, {whole.equal} equal, {explained} explained, "
        f"{whole.unexplained} unexplained"
    )
    return int(whole.unexplained > 0 or bool(wrong))


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    sys.exit(main())
