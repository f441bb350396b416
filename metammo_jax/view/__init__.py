"""A game in the browser: one HTML file, which needs no network, to watch a replay.

    mm.to_html(replay, "game.html")              # then open the file
    python -m metammo_jax.view REPLAY            # the same from a shell

`collect` turns a replay into columns of small integers, `pack` columns into bytes, `html` joins
them with the page (`page/`: HTML, a style sheet and plain JavaScript modules). Press ? in the
page for its keys.
"""

from metammo_jax.view.html import notebook_html, to_html

__all__ = ["notebook_html", "to_html"]
