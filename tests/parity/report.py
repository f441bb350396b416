"""The proof of parity as a page: `python -m tests.parity.report` writes docs/parity.md.

Checks the traces named (the small ones of the tests if none are) and tells for each mechanic of
the game what was compared, what came out equal, and why the rest may differ.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
from collections.abc import Sequence

import jax

from tests.parity import check, frequencies
from tests.parity import trace as recorded
from tests.parity.fields import Count, count
from tests.parity.frequencies import Draws

ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
PAGE = ROOT / "docs" / "parity.md"

TICKS, CAUSES, EPISODES = "test_parity.py", "test_causes.py", "test_episodes.py"
TRANSFER, TRANSFERS = "test_transfer.py", "transfer-*.json"


@dataclasses.dataclass(frozen=True)
class Mechanic:
    """A part of the game.

    Attributes:
      name: what it is called.
      fields: names of compared fields, or how they begin.
      tests: where it is tested beside the traces.
    """

    name: str
    fields: tuple[str, ...]
    tests: tuple[str, ...]


MECHANICS = (
    Mechanic("settings of an episode", ("settings",), ("games/test_numbers.py",)),
    Mechanic("map, places and NPCs of the first state", ("start:",),
             ("rules/test_terrain.py", "test_maps.py", "games/test_spawn.py")),
    Mechanic("moving, sharing tiles, exploration",
             ("position", "exploration", "event: go_farthest"),
             ("rules/test_movement.py", "laws")),
    Mechanic("living and dying", ("alive", "health", "time alive", "event: agent_culled"),
             ("rules/test_life.py", "laws")),
    Mechanic("food, water, drinking, eating",
             ("food", "water", "resilient", "event: eat_food", "event: drink_water"),
             ("rules/test_resource.py",)),
    Mechanic("harvest and regrowth of tiles", ("tiles", "harvested tiles"),
             ("rules/test_terrain.py",)),
    Mechanic("death fog", ("fog",), ("rules/test_fog.py",)),
    Mechanic("combat", ("damage", "attacker", "combat tick", "kills", "damage dealt",
                        "damage taken", "event: score_hit", "event: kill"),
             ("rules/test_combat.py", "laws")),
    Mechanic("immunity, freezing, revival, watchers", ("freeze", "immortal until", "recon"),
             ("rules/test_life.py", "games/test_lifecycle.py")),
    Mechanic("communication", ("message",), ("rules/test_communication.py",)),
    Mechanic("decisions of NPCs", ("npc: steps", "npc: hits", "npc: the record's dice"),
             ("rules/test_npc.py",)),
    Mechanic("what NPCs are and remember", ("npc:",), ("rules/test_npc.py",)),
    Mechanic("new NPCs", ("new npcs",), ("rules/test_spawning.py", "games/test_garrison.py")),
    Mechanic("seizing", ("seizure", "event: seize_tile"), ("rules/test_seizing.py",)),
    Mechanic("tasks and rewards", ("task progress", "task memory", "reward", "current"),
             ("tasks/test_progress.py", "tasks/test_predicates.py")),
    Mechanic("ends, winners, scores",
             ("terminated", "truncated", "winners", "score", "game over"),
             ("games/test_lifecycle.py",)),
    Mechanic("skills and levels", ("experience", "levels", "event: level_up"),
             ("rules/test_profession.py", "rules/test_damage.py")),
    Mechanic("harvests, items, equipment, spoils",
             ("worn levels", "items", "bags", "tally: seen", "event: harvest_item",
              "event: loot_item", "event: equip_item", "event: consume_item",
              "event: destroy_item", "event: fire_ammo"),
             ("rules/test_profession.py", "rules/test_item.py", "rules/test_damage.py")),
    Mechanic("gold, gifts, market", ("gold", "listing", "tally:", "event:"),
             ("rules/test_trade.py", "laws/test_laws.py")),
    Mechanic("observations and masks", ("seen:", "mask:"),
             ("adapters/test_nmmo.py", "test_observe.py")),
)  # fmt: skip
"""In the order in which a field finds its own."""

GOODS = {
    mechanic for mechanic in MECHANICS if mechanic.name.startswith(("skills", "harvests", "gold"))
}
REST = Mechanic("everything else", (), ())
ABSENT = Mechanic("gold, items, levels of the mini game: nothing on both sides", (), ())


def mechanic_of(name: str) -> Mechanic:
    """Returns the mechanic to which a field belongs: of equal names first, then of beginnings."""
    for same in (str.__eq__, str.startswith):
        for mechanic in MECHANICS:
            if any(same(name, field) for field in mechanic.fields):
                return mechanic
    return REST


def place_of(name: str, config: str) -> Mechanic:
    """Returns where a field of a trace of this configuration is counted.

    That what a configuration lacks stays nothing is compared, but proves little.
    """
    mechanic = mechanic_of(name)
    return ABSENT if mechanic in GOODS and config == "mini" else mechanic


@dataclasses.dataclass
class Summary:
    """What the check of one trace found, in numbers.

    Attributes:
      trace, game, config, policy: which.
      first, last: ticks of the first and the last state.
      fields: how each field came out.
      draws: what was drawn by chance.
      version: of the original.
    """

    trace: str
    game: str
    config: str
    policy: str
    first: int
    last: int
    fields: dict[str, Count]
    draws: list[Draws]
    version: str

    @property
    def total(self) -> Count:
        """All values together."""
        return check.total(self.fields.values())


def summary_of(path) -> Summary:
    """Checks a trace."""
    trace = recorded.load(path)
    report = check.check(trace)
    return Summary(
        trace=trace.name,
        game=trace.game,
        config=trace.meta["config"],
        policy=trace.meta.get("policy", "-"),
        first=trace.first_tick,
        last=trace.first_tick + len(trace),
        fields={one.name: count(one) for one in report.fields},
        draws=report.draws,
        version=trace.meta.get("nmmo", "2.1.2"),
    )


def page(
    summaries: list[Summary], episodes: list[dict] | None = None, transfers: Sequence[dict] = ()
) -> str:
    """Returns the page.

    Args:
      summaries: of all traces.
      episodes: what `tests.parity.episodes --json` wrote, if it was run.
      transfers: what `tests.parity.transfer --summary` wrote, of all games.
    """
    parts = [
        _head(summaries),
        _mechanics(summaries),
        _causes(summaries),
        _draws(summaries),
        _episodes(episodes) if episodes is not None else "",
        _transfers(transfers) if transfers else "",
        _traces(summaries),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(summaries: list[Summary]) -> str:
    whole = check.total(one.total for one in summaries)
    ticks = sum(one.last - one.first for one in summaries)
    explained = sum(whole.explained.values())
    games = sorted({(one.game, one.config) for one in summaries})
    versions = ", ".join(sorted({one.version for one in summaries}))
    absent = sum(
        one.compared
        for summary in summaries
        for name, one in summary.fields.items()
        if place_of(name, summary.config) is ABSENT
    )
    return f"""# Parity with the original

Written by `python -m tests.parity.report`; [how to repeat it](parity-setup.md). The original is
`nmmo` {versions}. From the recorded state of every tick our rules play what was recorded that
everybody did; what comes of it must be the next recorded state, but for what
[differs on purpose](differences.md) and for draws of chance, which are counted and tested.

**{len(summaries)} traces, {ticks:,} transitions, {len(games)} games and configurations:
{whole.compared:,} values compared, {whole.equal:,} equal, {explained:,} explained,
{whole.unexplained:,} unexplained.** Of these, {absent:,} are of systems that the mini game lacks:
nothing on both sides. Values are counted in every tick, whether anything happens to them or not."""


def _mechanics(summaries: list[Summary]) -> str:
    by_mechanic: dict[str, Count] = {}
    ticks: dict[str, int] = {}
    for summary in summaries:
        seen = set()
        for name, one in summary.fields.items():
            mechanic = place_of(name, summary.config).name
            by_mechanic.setdefault(mechanic, Count()).add(one)
            seen |= {mechanic} if one.compared else set()
        for mechanic in seen:
            ticks[mechanic] = ticks.get(mechanic, 0) + summary.last - summary.first
    lines = [
        "## By mechanic",
        "",
        f"Every mechanic is covered by the traces (`tests/parity/{TICKS}`, with a wrong value",
        f"planted beside each kind of value, and beside each cause in `tests/parity/{CAUSES}`);",
        "further tests, in `tests/`, are named.",
        "",
        "| mechanic | transitions | values | equal | explained | unexplained | further tests |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for mechanic in (*MECHANICS, ABSENT, REST):
        one = by_mechanic.get(mechanic.name)
        if one is None or not one.compared:
            continue
        tests = ", ".join(f"`{test}`" for test in mechanic.tests) or "-"
        explained = sum(one.explained.values())
        lines.append(
            f"| {mechanic.name} | {ticks[mechanic.name]:,} | {one.compared:,} | {one.equal:,} "
            f"| {explained:,} | {one.unexplained:,} | {tests} |"
        )
    return "\n".join(lines)


def _causes(summaries: list[Summary]) -> str:
    by_cause: dict[tuple[str, str], int] = {}
    for summary in summaries:
        for name, one in summary.fields.items():
            for cause, number in one.explained.items():
                by_cause[cause, name] = by_cause.get((cause, name), 0) + number
    lines = [
        "## Explained",
        "",
        "Values that differ for a cause that holds for that very value; what each cause means is",
        "said in [parity-setup.md](parity-setup.md#checking-traces).",
        "",
        "| cause | field | values |",
        "| --- | --- | ---: |",
    ]
    ordered = sorted(by_cause.items(), key=lambda item: (item[0][0], -item[1]))
    return "\n".join(lines + [f"| {c} | {name} | {n:,} |" for (c, name), n in ordered])


def _draws(summaries: list[Summary]) -> str:
    draws = frequencies.add_up([one for summary in summaries for one in summary.draws])
    lines = [
        "## Drawn by chance",
        "",
        "How often what was drawn, in the record and in ours, and how likely counts as far from",
        "the expected ones are.",
        "",
        "| draw | side | count | expected | p |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for one in draws:
        single = len(one.observed) == 1
        seen = one.observed[0] if single else one.observed.sum()
        expected = f"{one.expected[0]:,.1f}" if single else f"{len(one.observed)} classes"
        lines.append(
            f"| {one.name} | {one.side} | {seen:,.0f} | {expected} | {one.p_value():.3f} |"
        )
    return "\n".join(lines)


def _episodes(comparisons: list[dict]) -> str:
    groups = list(dict.fromkeys(one["name"][0] for one in comparisons))
    lines = [
        "## Whole episodes",
        "",
        "Statistics of whole episodes under simple policies, in the original's order of turns,",
        f"compared by `python -m tests.parity.episodes` (tested in `tests/parity/{EPISODES}`).",
        "",
        "| game, configuration, policy | statistics tested | differ | least p |",
        "| --- | ---: | ---: | ---: |",
    ]
    for group in groups:
        some = [one for one in comparisons if one["name"][0] == group]
        differ, least = sum(one["differs"] for one in some), min(one["p"] for one in some)
        lines.append(f"| {group} | {len(some):,} | {differ} | {least:.4f} |")
    return "\n".join(lines)


def _transfers(games: Sequence[dict]) -> str:
    lines = [
        "## Agents trained here play the original",
        "",
        "A policy trained here plays `nmmo` itself: in every tick the state of the original",
        "becomes a world, the policy sees what our observation shows of it, and what it does is",
        "given to the original. Here it plays the same settings on the same maps. Written by",
        "`python -m tests.parity.transfer`, tested in",
        f"`tests/parity/{TRANSFER}`; [how](parity-setup.md#agents-trained-here-play-the-original).",
        "Both columns are means over episodes; d is Cohen's, the difference in standard deviations",
        "of an episode (0.2 is small, 0.8 large).",
    ]
    for game in games:
        setting = [f"difficulty {game['difficulty']}"] if game["difficulty"] else []
        setting += [f"`{one}`" for one in game["set"]]
        lines += [
            "",
            f"**{', '.join([game['game'], game['config'], *setting])}**, trained with "
            f"{game['steps'] / 1e6:.1f} million living agent-steps in {game['seconds'] / 60:.0f} "
            f"minutes: {game['compared']} statistics compared, {game['differ']} differ, "
            f"{game['equal']} more are constant and equal; least p {game['least_p']:.4f}.",
            "",
            f"| | original, {game['episodes'][0]} episodes "
            f"| metammo_jax, {game['episodes'][1]} | d | p |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        for one in game["headlines"]:
            tested = "equal | -"
            if one["p"] is not None:
                tested = f"{one['effect']:+.2f} | {one['p']:.3f}"
            lines.append(
                f"| {one['label']} | {one['original']:,.3f} | {one['here']:,.3f} | {tested} |"
            )
        lines += ["", game["note"]] if game.get("note") else []
    return "\n".join(lines)


def _traces(summaries: list[Summary]) -> str:
    lines = [
        "## Traces",
        "",
        "| trace | game | configuration | policy | ticks | values | explained | unexplained |",
        "| --- | --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    for one in summaries:
        whole = one.total
        lines.append(
            f"| {one.trace} | {one.game} | {one.config} | {one.policy} | {one.first} to {one.last} "
            f"| {whole.compared:,} | {sum(whole.explained.values()):,} | {whole.unexplained:,} |"
        )
    return "\n".join(lines)


def main(arguments=None) -> int:
    """Writes the page; returns 1 if anything is unexplained."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("traces", nargs="*", help="tests/data/*.npz if none are named")
    parser.add_argument("--episodes", help="file that tests.parity.episodes --json wrote")
    known = sorted(map(str, DATA.glob(TRANSFERS)))
    parser.add_argument(
        "--transfers",
        nargs="*",
        default=known,
        help="files that tests.parity.transfer --summary wrote",
    )
    parser.add_argument("--out", default=str(PAGE), help="file to write")
    args = parser.parse_args(arguments)
    paths = args.traces or sorted(str(path) for path in DATA.glob("*.npz"))
    summaries = []
    for path in paths:
        summaries.append(summary_of(path))
        whole = summaries[-1].total
        print(
            f"{summaries[-1].trace}: {whole.compared} compared, {whole.unexplained} unexplained",
            flush=True,
        )
    episodes = None
    if args.episodes:
        with open(args.episodes) as file:
            episodes = json.load(file)
    transfers = [
        one for path in args.transfers for one in json.loads(pathlib.Path(path).read_text())
    ]
    pathlib.Path(args.out).write_text(page(summaries, episodes, transfers))
    whole = check.total(one.total for one in summaries)
    explained = sum(whole.explained.values())
    print(
        f"{whole.compared} compared, {whole.equal} equal, {explained} explained, "
        f"{whole.unexplained} unexplained; written to {args.out}"
    )
    return int(whole.unexplained > 0)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    sys.exit(main())
