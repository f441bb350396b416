"""The HTML of a report: one page with its pictures and replays in it."""

import base64
import dataclasses
import html
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import metammo_jax as mm
from metammo_jax.draw import charts
from metammo_jax.view.html import notebook_html

from .intervals import Interval
from .results import Match, SideScore

if TYPE_CHECKING:
    from .report import About

DPI = 160
"""Dots an inch of pictures; the page shows 100."""

STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")


@dataclasses.dataclass(frozen=True)
class GameFigures:
    """A game with its pictures, matplotlib Figures by their titles."""

    name: str
    figures: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Watched:
    """An episode to be watched.

    Attributes:
      words: what it is, and why it was chosen.
      file: path of the replay, from the page's folder.
      replay: the episode.
    """

    words: str
    file: str
    replay: mm.Replay


def render_page(
    about: "About",
    matches: Sequence[Match],
    learning,
    games: Sequence[GameFigures],
    watched: Sequence[Watched],
    episodes: int,
) -> str:
    """Returns the text of the page.

    Args:
      about: title, facts and command.
      matches: of the policy and the baseline, by game.
      learning: matplotlib Figure of the learning curves, None if there are none.
      games: their pictures.
      watched: episodes.
      episodes: recorded of each side and game.
    """
    first, second = matches[0].names
    note = (
        f"{episodes} episodes of each game in which <b>{html.escape(first)}</b> plays alone, and "
        f"as many of <b>{html.escape(second)}</b> from the same starts. Maps and kills are of "
        f"{html.escape(first)}. After the end of an episode its last share of the living counts."
    )
    parts = {
        "Results": _results(matches),
        "Learning curves": _picture("Learning curves", learning, 14.0) if learning else "",
        "Watch": "".join(map(_frame, watched)),
        "Games": f"<p>{note}</p>{''.join(map(_of_game, games))}",
        "About": _facts(about),
    }
    parts = {title: text for title, text in parts.items() if text}
    return _document(html.escape(about.title), html.escape(first), html.escape(second), parts)


def _document(title: str, first: str, second: str, parts: dict[str, str]) -> str:
    """Returns the HTML of a page with sections, their texts by title."""
    body = "".join(
        f'<section id="{_anchor(name)}"><h2>{name}</h2>{text}</section>'
        for name, text in parts.items()
    )
    links = "".join(f'<a href="#{_anchor(name)}">{name}</a>' for name in parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n'
        f"</head>\n<body>\n<header><h1>{title}</h1><p>{first} against "
        f"{second}</p><nav>{links}</nav></header>\n<main>{body}</main>\n"
        "</body>\n</html>\n"
    )


def _results(matches: Sequence[Match]) -> str:
    """Returns the picture and the table of the matches."""
    first, second = (html.escape(name) for name in matches[0].names)
    heads = ("games won", "progress", "return")
    top = "".join(f'<th colspan="2">{head}</th>' for head in heads)
    names = f"<th>{first}</th><th>{second}</th>" * len(heads)
    rows = "".join(map(_rows, matches))
    count = matches[0].alone[0].episodes
    return (
        f'{_picture("Games won", _wins(matches), 9.0)}<div class="wide"><table><thead>'
        f'<tr><th rowspan="2">game</th><th rowspan="2"></th>{top}<th rowspan="2">ticks</th></tr>'
        f"<tr>{names}</tr></thead><tbody>{rows}</tbody></table></div>"
        f"<p>Means of {count} episodes, below them 95% intervals. Alone: each side in worlds of "
        "its own; together: both in the same worlds, every other team (or player) of each. Bold: "
        "the interval lies above that of the other side.</p>"
    )


def _rows(match: Match) -> str:
    lines = []
    for words, scores in (("alone", match.alone), ("together", match.mixed)):
        cells = "".join(
            _cell(score, other, name, form)
            for name, form in (("won", "{:.0%}"), ("progress", "{:.3f}"), ("return_", "{:.2f}"))
            for score, other in (scores, scores[::-1])
        )
        name = match.game.replace("_", " ") if words == "alone" else ""
        lines.append(
            f'<tr class="{words}"><th>{name}</th><td>{words}</td>{cells}'
            f"<td>{scores[0].length:.0f}</td></tr>"
        )
    return "".join(lines)


def _cell(score: SideScore, other: SideScore, name: str, form: str) -> str:
    """Returns a mean and its interval; bold where that lies above the other side's."""
    mean, (low, high) = getattr(score, name), score.interval[name]
    words = f"<small>{form.format(low)} to {form.format(high)}</small>"
    interval = "" if math.isnan(low) else words
    is_above = not math.isnan(low) and low > other.interval[name][1]
    return f'<td class="{"above" if is_above else ""}">{form.format(mean)}{interval}</td>'


def _wins(matches: Sequence[Match]):
    """Returns a Figure: the games that each side won, alone and together, with 95% intervals."""
    figure, axes = charts.new_figure(figsize=(9.0, 1.2 + 0.55 * len(matches)))
    for side, name in enumerate(matches[0].names):
        for place, (words, marker) in enumerate((("alone", "o"), ("together", "D"))):
            scores = [(match.alone, match.mixed)[place][side] for match in matches]
            means = [score.won for score in scores]
            errors = _errors(means, [score.interval["won"] for score in scores])
            rows = [row + 0.18 * (2 * place + side - 1.5) for row in range(len(matches))]
            axes.errorbar(
                means,
                rows,
                xerr=errors,
                fmt=marker,
                ms=4.5,
                label=f"{name}, {words}",
                color=charts.SIDES[side],
                alpha=(0.5, 1.0)[place],
            )
    axes.set_yticks(range(len(matches)), [match.game.replace("_", " ") for match in matches])
    axes.set(xlim=(-0.02, 1.02), ylim=(len(matches) - 0.5, -0.5), xlabel="share of games won")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(fontsize="small", loc="outside upper center", ncols=4)
    return figure


def _errors(means: list[float], intervals: list[Interval]) -> list[list[float]]:
    pairs = list(zip(means, intervals, strict=True))
    lows = [max(0.0, mean - low) for mean, (low, _) in pairs]
    return [lows, [max(0.0, high - mean) for mean, (_, high) in pairs]]


def _of_game(game: GameFigures) -> str:
    """Returns the pictures of a game, as high as the bars of its profile need."""
    name = game.name.replace("_", " ")
    pictures = []
    bars = max(len(figure.axes[0].patches) for figure in game.figures.values())
    for title, figure in game.figures.items():
        figure.set_size_inches(5.4, max(4.4, 1 + 0.17 * bars))
        pictures.append(_picture(f"{title}, {name}", figure, 5.4, title))
    return f'<h3 id="{_anchor(game.name)}">{name}</h3><div class="grid">{"".join(pictures)}</div>'


def _picture(words: str, figure, inches: float, title: str = "") -> str:
    """Returns a Figure in the page.

    Args:
      words: for those who do not see it.
      figure: of matplotlib.
      inches: its width at most, of 100 CSS pixels.
      title: above it; none if empty.
    """
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    data = base64.b64encode(stream.getvalue()).decode()
    head = f"<figcaption>{html.escape(title)}</figcaption>" if title else ""
    return (
        f'<figure style="max-width:{100 * inches:.0f}px">{head}'
        f'<img alt="{html.escape(words)}" src="data:image/png;base64,{data}"></figure>'
    )


def _frame(watched: Watched) -> str:
    """Returns a replay in the page, which is loaded when it is unfolded."""
    frame = notebook_html(watched.replay, 700).replace("<iframe srcdoc=", "<iframe data-page=", 1)
    link = f'<p><a href="{html.escape(watched.file)}">{html.escape(watched.file)}</a></p>'
    load = "const f = this.querySelector('iframe'); if (this.open) f.srcdoc ||= f.dataset.page"
    words = html.escape(watched.words)
    return f'<details ontoggle="{load}"><summary>{words}</summary>{frame}{link}</details>'


def _facts(about: "About") -> str:
    rows = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(_words(value))}</td></tr>"
        for name, value in about.facts.items()
    )
    return (
        f"<p><code>{html.escape(about.command)}</code></p><details><summary>Options and facts"
        f'</summary><table class="facts"><tbody>{rows}</tbody></table></details>'
    )


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if is_integer else str(value)


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-").replace("_", "-")
