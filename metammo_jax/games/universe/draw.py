"""The draw of games inside a compiled reset.

A draw takes several rows of choices at random, makes of each what it implies (`settle`), and keeps
the first that is playable and inside of what the caller narrowed the universe to. Should none be,
it takes one of a table of playable rows, which is found when the environment is made.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.universe import rules
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.capacity import capacity_of
from metammo_jax.games.universe.joined import Meaning
from metammo_jax.games.universe.settings import Settings
from metammo_jax.games.universe.settle import ALONE, canonical, settled
from metammo_jax.games.universe.space import Space, allowed_of, is_inside, playable_rows, reach_of
from metammo_jax.games.universe.splits import SPLITS, split_of
from metammo_jax.lib import chance, threefry
from metammo_jax.vocab import Subject
from metammo_jax.world import Params, Task

DRAW = 77
"""Tag of the draw: the numbers of other games of the environment are drawn from the same key."""


class Atlas:
    """The universes of an environment side by side, ready to be drawn from.

    Attributes:
      spaces: for each game of the environment its space, None of games that are not drawn so.
      cfg: sizes.
    """

    def __init__(self, spaces: Sequence[Space | None], cfg: Config):
        """Finds playable games of each space.

        Raises:
          ValueError: there is none; says which rules forbid it.
        """
        self.spaces, self.cfg = tuple(spaces), cfg
        self.capacity = capacity_of(cfg)
        spaces = [space and space.at(self.capacity) for space in spaces]
        self._meaning = Meaning(cfg)
        self._is_drawn = np.array([space is not None for space in spaces])
        nothing = np.zeros((1, len(AXES)), np.int32)
        found = [(nothing, 1) if s is None else playable_rows(s, self.capacity) for s in spaces]
        spare = [rows for rows, _ in found]
        self._tries = max(tries for _, tries in found)
        self._count = np.array([len(rows) for rows in spare], np.int32)
        self._spare = np.zeros((len(spare), self._count.max(), len(AXES)), np.int32)
        for table, rows in zip(self._spare, spare, strict=True):
            table[: len(rows)] = rows
        self._is_pinned = np.array([space is None or space.row is not None for space in spaces])
        full = [space or Space() for space in spaces]
        self._reach = np.stack([reach_of(space) for space in full])
        self._allowed = np.stack([allowed_of(space) for space in full])
        wanted = [-1 if s.split is None else SPLITS.index(s.split) for s in full]
        self._split = np.array(wanted, np.int32)
        self._settings = Settings(self.capacity)

    def draw(self, key: jax.Array, game: jax.Array) -> jax.Array:
        """Returns (X,) int32, the choices of a game; -1 if this game is not drawn so.

        Args:
          key: () key.
          game: () int32, index of the game in the environment.
        """
        row = jnp.asarray(self._spare[:, 0])[game]
        if not self._is_pinned.all():
            drawn = self._drawn(threefry.tagged(key, DRAW), game)
            row = jnp.where(jnp.asarray(self._is_pinned)[game], row, drawn)
        return jnp.where(jnp.asarray(self._is_drawn)[game], row, -1)

    def mutate(self, key: jax.Array, choices: jax.Array, game: jax.Array | int = 0) -> jax.Array:
        """Returns (X,) int32, a playable game that differs from another in one axis if possible.

        Args:
          key: () key.
          choices: (X,) int32, a playable game of this universe.
          game: () int32, index of the universe in the environment.
        """
        axis_key, row_key = threefry.split(key)
        rows = self._random(row_key, jnp.asarray(game, jnp.int32))
        axis = chance.random_integers(threefry.bits(axis_key, (self._tries,)), len(AXES))
        here = jnp.arange(len(AXES))[None] == axis[:, None]
        rows = canonical(settled(jnp.where(here, rows, choices[None])))
        fits = self._fits(rows, jnp.asarray(game, jnp.int32)) & (rows != choices[None]).any(-1)
        return jnp.where(fits.any(), rows[jnp.argmax(fits)], choices)

    def checked(self, choices) -> jax.Array:
        """Returns choices (X,) int32.

        Raises:
          ValueError: they have another shape or are no integers.
        """
        choices = jnp.asarray(choices)
        if choices.shape != (len(AXES),) or not jnp.issubdtype(choices.dtype, jnp.integer):
            raise ValueError(
                f"choices of shape {choices.shape} and {choices.dtype} must be ({len(AXES)},) "
                "integers, as world.params.choices has them"
            )
        return choices.astype(jnp.int32)

    def is_playable(self, choices: jax.Array) -> jax.Array:
        """Returns (...) bool: can games (..., X) be played at this config."""
        return rules.is_playable(choices, self.capacity)

    def apply(self, params: Params, choices: jax.Array) -> Params:
        """Returns the settings of an episode, those of a drawn game by its choices (X,)."""
        game, drawn = params.game, self._settings.apply(params, choices)
        if not self._is_drawn.all():
            is_drawn = jnp.asarray(self._is_drawn)[game]
            drawn = jax.tree.map(lambda new, old: jnp.where(is_drawn, new, old), drawn, params)
            choices = jnp.where(is_drawn, choices, -1)
        return drawn.replace(choices=choices)

    def assign(self, task: Task, params: Params) -> Task:
        """Returns the tasks, those of a drawn game with its numbers and its embedding."""
        choices = jnp.maximum(params.choices, 0)
        args, embedding = self._meaning.args(choices), self._meaning.embedding(choices)
        is_drawn = jnp.asarray(self._is_drawn)[params.game]
        pad = (0, task.args.shape[1] - args.shape[0])
        is_alone = choices[INDEX["teams"]] == ALONE
        subject = jnp.where(is_alone, int(Subject.SELF), int(Subject.TEAM))
        return task.replace(
            subject=jnp.where(is_drawn, subject, task.subject),
            args=jnp.where(is_drawn, jnp.pad(args, pad)[None], task.args),
            embedding=jnp.where(is_drawn, embedding[None], task.embedding),
        )

    def _drawn(self, key: jax.Array, game: jax.Array) -> jax.Array:
        row_key, spare_key = threefry.split(key)
        rows = canonical(settled(self._random(row_key, game)))
        fits = self._fits(rows, game)
        count = jnp.asarray(self._count)[game].astype(jnp.uint32)
        spare = jnp.asarray(self._spare)[
            game, chance.random_integers(threefry.bits(spare_key, ()), count)
        ]
        return jnp.where(fits.any(), rows[jnp.argmax(fits)], spare)

    def _random(self, key: jax.Array, game: jax.Array) -> jax.Array:
        """Returns (tries, X) int32, choices of each axis by themselves, by their weights."""
        point = threefry.uniform(key, (self._tries, len(AXES)))
        reach = jnp.asarray(self._reach)[game]
        return (point[..., None] >= reach[None]).sum(-1, dtype=jnp.int32)

    def _fits(self, rows: jax.Array, game: jax.Array) -> jax.Array:
        """Returns (...) bool: are rows playable, and inside of the universe."""
        inside = is_inside(rows, jnp.asarray(self._allowed)[game])
        split = jnp.asarray(self._split)[game]
        inside &= (split < 0) | (split == split_of(rows))
        return inside & rules.is_playable(rows, self.capacity)
