"""Writes a replay as one HTML file, to be opened in a browser.

metammo-jax view game.replay                    writes game.html beside it
metammo-jax view game.replay --out shown.html
"""

import argparse
import pathlib
import sys

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
    try:
        path = to_html(_load(options.replay), options.out or options.replay.with_suffix(".html"),
                       options.title)  # fmt: skip
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _load(path: pathlib.Path):
    """Returns the replay of a file."""
    import metammo_jax

    return metammo_jax.Replay.load(path)  # pyright: ignore


if __name__ == "__main__":
    sys.exit(main())
