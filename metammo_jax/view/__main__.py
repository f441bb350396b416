"""Writes a replay as one HTML file, to be opened in a browser.

metammo-jax view game.replay                    writes game.html beside it
metammo-jax view game.replay --out shown.html
"""

import argparse
import pathlib
import sys

from metammo_jax.replay.episode import Replay
from metammo_jax.view.html import to_html


def main(argv: list[str] | None = None) -> int:
    """Writes the page; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="metammo-jax view", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("replay", type=pathlib.Path, help="file that Replay.save wrote")
    parser.add_argument("--out", type=pathlib.Path, help="HTML file; beside the replay if left out")
    parser.add_argument("--title", help="of the page; the game's name if left out")
    options = parser.parse_args(argv)
    out = options.out or options.replay.with_suffix(".html")
    try:
        path = to_html(Replay.load(options.replay), out, options.title)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
