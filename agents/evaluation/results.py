"""Results of a comparison of two sides, and their table."""

import dataclasses

from metammo_jax.tasks import scoring

from .intervals import Interval


@dataclasses.dataclass(frozen=True)
class SideScore:
    """Scores of a side: means over episodes.

    Attributes:
      episodes: played.
      won: share of episodes in which a player of the side was among the winners.
      progress: mean over its players of the largest progress of their tasks.
      score: what winning was worth, 0 where the side did not win.
      return_: mean over its players of the sum of rewards.
      length: ticks of an episode.
      difficulty: of the game, its dial.
      interval: 95% intervals (low, high) of won, progress, score, return_ and length, by name.
      competition: what the judges of the NeurIPS 2023 competition would say; None where other
        tasks than theirs are played.
    """

    episodes: int
    won: float
    progress: float
    score: float
    return_: float
    length: float
    difficulty: float
    interval: dict[str, Interval]
    competition: scoring.CompetitionScore | None = None

    def as_dict(self) -> dict:
        """Returns the numbers by name, for a log; the competition's without single tasks."""
        numbers = dataclasses.asdict(self)
        judged = numbers.pop("competition")
        if judged is None:
            return numbers
        del judged["tasks"]
        return {**numbers, "competition": judged}


@dataclasses.dataclass(frozen=True)
class Match:
    """Result of a comparison of two sides in one game.

    Attributes:
      game: its name.
      names: of the sides.
      alone: score of each side in worlds of its own.
      mixed: score of each side in worlds that both share.
    """

    game: str
    names: tuple[str, str]
    alone: tuple[SideScore, SideScore]
    mixed: tuple[SideScore, SideScore]

    def as_dict(self) -> dict:
        """Returns the scores by side, for a log."""
        return {
            name: {"alone": alone.as_dict(), "mixed": mixed.as_dict()}
            for name, alone, mixed in zip(self.names, self.alone, self.mixed, strict=True)
        }

    def __str__(self) -> str:
        head = f"{self.game}: {self.alone[0].episodes} episodes each"
        head += f", difficulty {self.alone[0].difficulty:g}"
        columns = f"{'games won':>20}{'progress':>18}{'score':>8}{'return':>9}{'ticks':>8}"
        lines = [head, f"{'':24}{columns}"]
        for label, score in self._rows():
            low, high = score.interval["won"]
            won = f"{score.won:.0%} ({low:.0%} to {high:.0%})"
            half = (score.interval["progress"][1] - score.interval["progress"][0]) / 2
            lines.append(
                f"{label:24}{won:>20}{f'{score.progress:.3f} ± {half:.3f}':>18}"
                f"{score.score:>8.2f}{score.return_:>9.2f}{score.length:>8.0f}"
            )
        lines.append("95% intervals over episodes")
        return "\n".join(lines + self._judged())

    def _rows(self):
        """Yields a label and a score for each side, alone and together."""
        for what, scores in (("alone", self.alone), ("together", self.mixed)):
            for name, score in zip(self.names, scores, strict=True):
                yield f"{name}, {what}", score

    def _judged(self) -> list[str]:
        """Returns lines with the scores of the competition, none where there are none."""
        rows = [(label, score.competition) for label, score in self._rows() if score.competition]
        if not rows:
            return []
        kinds = [kind for kind in scoring.CATEGORIES if any(kind in s.categories for _, s in rows)]
        columns = ["task_progress", "weighted_score", *kinds]
        lines = ["", f"{'':24}" + "".join(f"{name:>16}" for name in columns)]
        for label, score in rows:
            shown = [f"{score.task_progress:.3f}", f"{score.weighted_score:.2f}"]
            shown += [f"{score.categories.get(kind, float('nan')):.3f}" for kind in kinds]
            lines.append(f"{label:24}" + "".join(f"{text:>16}" for text in shown))
        return lines
