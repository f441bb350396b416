"""Makes the diagrams of docs/architecture.md: `python docs/make_diagrams.py`.

Plain SVG, so that the site needs no script and no network to show them.
"""

import dataclasses
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent / "images"
FILLS = {"blue": "#e3ecf9", "green": "#e2f1e4", "sand": "#f7efdc", "grey": "#eeeeee"}
LINE, INK, FAINT = "#5b6b7f", "#1c2733", "#4a5766"
TITLE, TEXT = 15, 13
"""Sizes of letters, pixels."""


@dataclasses.dataclass(frozen=True)
class Box:
    """A box with a title and lines of text.

    Attributes:
      left, top, width, height: pixels.
      title: names of modules, in a fixed-width font.
      text: what they are for; lines are separated by |.
      fill: a colour of `FILLS`.
    """

    left: int
    top: int
    width: int
    height: int
    title: str
    text: str = ""
    fill: str = "blue"

    def svg(self) -> str:
        """Returns the box as SVG."""
        lines = self.text.split("|") if self.text else []
        middle, size = self.left + self.width / 2, TITLE + (TEXT + 4) * len(lines)
        y = self.top + (self.height - size) / 2 + TITLE - 2
        parts = [
            f'<rect x="{self.left}" y="{self.top}" width="{self.width}" height="{self.height}" '
            f'rx="7" fill="{FILLS[self.fill]}" stroke="{LINE}"/>',
            f'<text x="{middle}" y="{y}" class="title">{escape(self.title)}</text>',
        ]
        for number, line in enumerate(lines, 1):
            below = y + (TEXT + 4) * number
            parts.append(f'<text x="{middle}" y="{below}">{escape(line)}</text>')
        return "\n".join(parts)


def arrow(*points: tuple[int, int], label: str = "", at: tuple[int, int] = (0, 0)) -> str:
    """Returns an arrow through points as SVG, with a label at a place."""
    path = " ".join(f"{x},{y}" for x, y in points)
    line = f'<polyline points="{path}" class="arrow" marker-end="url(#head)"/>'
    return line + (f'\n<text x="{at[0]}" y="{at[1]}" class="label">{label}</text>' if label else "")


def picture(width: int, height: int, title: str, parts: list) -> str:
    """Returns a whole SVG file."""
    body = "\n".join(part.svg() if isinstance(part, Box) else part for part in parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
width="{width}" height="{height}" role="img" font-family="Helvetica, Arial, sans-serif">
<title>{escape(title)}</title>
<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" \
orient="auto-start-reverse"><path d="M0,0 L10,5 L0,10 z" fill="{LINE}"/></marker></defs>
<style>
text {{ font-size: {TEXT}px; fill: {FAINT}; text-anchor: middle; }}
.title {{ font: bold {TITLE}px Menlo, Consolas, monospace; fill: {INK}; }}
.label {{ font: {TEXT}px Menlo, Consolas, monospace; fill: {INK}; }}
.arrow {{ fill: none; stroke: {LINE}; stroke-width: 1.6; }}
</style>
<rect width="{width}" height="{height}" rx="10" fill="#ffffff"/>
{body}
</svg>
"""


def folders() -> str:
    """The folders, and what imports what."""
    rows = [
        ("env, vector, registry, wrappers", "what you call", "green"),
        ("games", "declarations, numbers, opening of an episode", "blue"),
        ("tasks", "predicates, goals, progress", "blue"),
        ("tick, legal, observe, flat", "order of play, masks, observations", "blue"),
        ("rules", "one module for each system of the game", "blue"),
        ("query, effects, inventory, maps, event_capture", "what several rules share", "blue"),
        ("world, action", "the state, and what is done to it", "sand"),
        ("config, vocab, tables, lib", "sizes, names, fixed numbers, tools", "sand"),
    ]
    parts = [
        '<text x="245" y="30">metammo_jax: the environment, pure JAX</text>',
        '<text x="665" y="30">built on an environment</text>',
    ]
    for number, (title, text, fill) in enumerate(rows):
        top = 45 + 74 * number
        parts.append(Box(30, top, 430, 52, title, text, fill))
        if number:
            parts.append(arrow((245, top - 22), (245, top - 2)))
    for number, (title, text) in enumerate(
        (
            ("agents", "policy, networks, learners,|runs, evaluation, experiments"),
            ("adapters", "interfaces of other libraries"),
            ("replay, draw, view", "episodes to keep and to fork,|pictures, the viewer"),
        )
    ):
        top = 45 + 100 * number
        parts.append(Box(545, top, 240, 72, title, text, "grey"))
        parts.append(arrow((545, top + 36), (502, top + 36), (502, 71), (462, 71)))
    return picture(815, 645, "The folders of metammo_jax; imports go along the arrows", parts)


def tick() -> str:
    """The way of a world through a tick."""
    parts = [
        Box(25, 25, 120, 46, "World", "", "sand"),
        Box(25, 95, 120, 46, "Action", "", "sand"),
        Box(195, 40, 235, 86, "tick.give_orders", "actions of players, decisions|of NPCs, turns"),
        Box(520, 40, 235, 86, "tick.tick", "the phases, one after the other"),
        Box(520, 180, 235, 70, "lifecycle.after_tick", "falls, revivals, new NPCs, verdict"),
        Box(195, 180, 235, 70, "progress.evaluate", "tasks and rewards"),
        Box(195, 300, 235, 70, "observe.observe", "what players see, masks"),
        Box(25, 192, 120, 46, "World", "", "sand"),
        Box(520, 312, 235, 46, "Observation", "", "sand"),
        arrow((145, 48), (193, 70)),
        arrow((145, 118), (193, 96)),
        arrow((430, 83), (518, 83), label="Orders", at=(474, 74)),
        arrow((637, 126), (637, 178)),
        arrow((520, 215), (432, 215)),
        arrow((195, 215), (147, 215)),
        arrow((312, 250), (312, 298)),
        arrow((430, 335), (518, 335)),
    ]
    return picture(780, 395, "The way of a world through a tick", parts)


def network() -> str:
    """The way of an action through the network."""
    parts = [
        Box(25, 30, 150, 60, "Observation", "of B worlds", "sand"),
        Box(215, 30, 165, 60, "packing.pack", "blocks of the living"),
        Box(420, 30, 165, 60, "encode, project", "inputs, embeddings"),
        Box(625, 30, 165, 60, "recur, decide", "memory, logits, value"),
        Box(25, 150, 150, 60, "policy.legal_choices", "masks"),
        Box(560, 150, 230, 60, "distributions.mask_logits", "what is allowed"),
        Box(560, 260, 230, 60, "distributions.sample", "an entry of each head"),
        Box(250, 260, 240, 60, "distributions.to_action", "rows of entities"),
        Box(25, 260, 150, 60, "VectorEnv.step", "", "green"),
        arrow((175, 60), (213, 60)),
        arrow((380, 60), (418, 60)),
        arrow((585, 60), (623, 60)),
        arrow((707, 90), (707, 148)),
        arrow((100, 90), (100, 148)),
        arrow((175, 180), (558, 180)),
        arrow((675, 210), (675, 258)),
        arrow((560, 290), (492, 290), label="Choice", at=(526, 281)),
        arrow((250, 290), (177, 290), label="Action", at=(213, 281)),
    ]
    return picture(815, 345, "The way of an action through the network", parts)


DIAGRAMS = {"folders": folders, "tick": tick, "network": network}


def main() -> None:
    """Writes all diagrams."""
    for name, draw in DIAGRAMS.items():
        (FOLDER / f"architecture-{name}.svg").write_text(draw())


if __name__ == "__main__":
    main()
