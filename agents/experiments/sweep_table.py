"""The table of a sweep: for each game and setting, means over seeds with 95% intervals."""

from ..evaluation.intervals import mean_over_seeds

NOTE = """against ...: share of games that the policy wins where both sides share a world;
score, progress and return: of the last fifth of training; ±: 95% intervals over seeds"""

COLUMNS = ("against random", "against untrained", "score", "progress", "return", "seconds")


def table(results: list[dict]) -> str:
    """Returns the table of results, as `agents.sweep` writes them."""
    lines = []
    for game in sorted({game for result in results for game in result["games"]}):
        lines += ["", game, f"{'':60}{'seeds':>6}" + "".join(f"{name:>19}" for name in COLUMNS)]
        groups: dict[str, list[dict]] = {}
        for result in results:
            if game in result["games"]:
                words = [f"{name}={value}" for name, value in result["setting"].items()]
                together = result["game"].count("+") + 1
                words += [f"({together} games together)"] if together > 1 else []
                groups.setdefault(" ".join(words) or "as it is", []).append(result)
        for label, group in groups.items():
            numbers = zip(*(_numbers(result, game) for result in group), strict=True)
            cells = [_cell(list(values)) for values in numbers]
            lines.append(f"{label[:59]:60}{len(group):>6}" + "".join(f"{c:>19}" for c in cells))
    lines += ["", NOTE]
    return "\n".join(lines)


def _numbers(result: dict, game: str) -> list[float]:
    """Returns the numbers of `COLUMNS` of one run."""
    last, tail = result["marks"][-1], result["games"][game]
    won = [last["games"][game][other][0]["won"] for other in ("random", "untrained")]
    return [*won, tail["score"], tail["progress"], tail["return"], last["seconds"]]


def _cell(values):
    mean, half = mean_over_seeds(values)
    return f"{mean:9.3f} ± {half:.3f}"
