"""`Table`: the games of an environment side by side, so that they share one compiled step.

Static: built once, read while tracing. Functions that several games share are compiled once;
which of the distinct ones applies is chosen by `world.params.game`. With one distinct function
there is no choice at all.
"""

import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.base import Minigame
from metammo_jax.games.joining import join, joining
from metammo_jax.games.knobs import SETTINGS
from metammo_jax.games.numbers import Numbers, group_sizes, groups
from metammo_jax.games.spawn import Spawn, place_tile
from metammo_jax.games.switch import Switch
from metammo_jax.games.universe.draw import Atlas
from metammo_jax.games.universe.game import Universe
from metammo_jax.lib import checks, threefry
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.words import describe
from metammo_jax.vocab import Revival, Subject, System, TaskKind
from metammo_jax.world import Params, Task, World


class Table:
    """Games, how often each is played, and their functions by index.

    Attributes:
      games: the games; an index counts in them.
      weights: (G,) float64 numpy, chance of each game, 1 in sum.
      cfg: sizes.
      numbers: the games' settings.
      book: the games' goals.
      leader_bound: in some game teams fall with their leader.
      revivals: the ways in which players come back, in some game.
      atlas: draws the games of a universe (`games.universe`); None where there is none.
    """

    def __init__(self, games: Sequence[Minigame], weights: Sequence[float] | None, cfg: Config):
        """Checks the games against the config and lays them out.

        Args:
          games: one or more.
          weights: chance of each game relative to the others; None for all the same.
          cfg: sizes and compiled systems.

        Raises:
          ValueError: no games, weights that are none, or a game that this config cannot play.
        """
        self.games = _checked_games(games, cfg)
        self.weights = _checked_weights(weights, len(self.games))
        self.cfg = cfg
        self.numbers = Numbers(self.games, cfg)
        self.book = TaskBook(
            tuple(game.goals for game in self.games),
            cfg,
            [game.embeddings for game in self.games],
            [game.goals_by_group for game in self.games],
            [game.words for game in self.games],
        )
        self.leader_bound = self.numbers.may_differ("leader_bound", False)
        self.revivals = frozenset(
            kind
            for kind in (Revival.EDGE, Revival.ANYWHERE)
            if self.numbers.may_be("revival", kind)
        )
        spaces = [game.space if isinstance(game, Universe) else None for game in self.games]
        self.atlas = Atlas(spaces, cfg) if any(spaces) else None
        self._spawns = Switch([game.spawn for game in self.games])
        self._musters = Switch([joining(game, game.muster, cfg) for game in self.games])
        self._refills = Switch([joining(game, game.refill, cfg) for game in self.games])
        self._referees = Switch([game.referee for game in self.games])
        self._scores = Switch([game.score for game in self.games])
        systems = [cfg.systems if g.systems is None else g.systems for g in self.games]
        self._enabled = np.array([[s in on for s in System] for on in systems])
        self._group, self._leader = zip(*(groups(game, cfg) for game in self.games), strict=True)
        self._is_team_game = np.array([game.is_team_game for game in self.games])

    def __eq__(self, other) -> bool:
        """Tables are equal if they hold the same games, as often, for one config."""
        return isinstance(other, Table) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple:
        return self.games, tuple(self.weights.tolist()), self.cfg

    @property
    def predicates(self) -> tuple[Callable, ...]:
        """Distinct predicates of all goals; `world.Task.predicate` counts in them."""
        return self.book.predicates

    @property
    def subjects(self) -> tuple[frozenset[Subject], ...]:
        """For each predicate the subjects that its goals have."""
        return self.book.subjects

    @property
    def kinds(self) -> frozenset[TaskKind]:
        """Kinds of task that some game hands out."""
        return self.book.kinds

    def first_difficulty(self) -> jax.Array:
        """Returns (G,) int32, difficulty at which each game begins."""
        return jnp.asarray(self.numbers.lowest)

    def choose(self, key: jax.Array) -> jax.Array:
        """Returns () int32, the index of a game, by weight."""
        reach = np.cumsum(self.weights)[:-1].astype(np.float32)
        return (threefry.uniform(key, ()) >= reach).sum(dtype=jnp.int32)

    def draw(
        self,
        key: jax.Array,
        game: jax.Array,
        difficulty: jax.Array,
        cfg: Config,
        choices: jax.Array | None = None,
    ) -> Params:
        """Draws the settings of an episode.

        Args:
          key: () key.
          game: () int32, index of the game.
          difficulty: (G,) int32, value of each game's adaptive difficulty.
          cfg: sizes.
          choices: (X,) int32, of a universe the game that is played; drawn if None.

        Returns:
          Params.
        """
        game = jnp.asarray(game, jnp.int32)
        values = self.numbers.draw(key, game, jnp.asarray(difficulty, jnp.int32)[game])
        params = Params(
            **{name: values[name] for name in SETTINGS},
            game=game,
            enabled=jnp.asarray(self._enabled)[game],
            group=jnp.asarray(np.stack(self._group))[game],
            leader=jnp.asarray(np.stack(self._leader))[game],
            team_game=jnp.asarray(self._is_team_game)[game],
        )
        params = params.replace(seize_target=place_tile(params.seize_target, params, cfg))
        if self.atlas is None:
            return params
        if choices is None:
            choices = self.atlas.draw(key, game)
        return self.atlas.apply(params, choices)

    def checked_choices(self, choices) -> jax.Array:
        """Returns choices (X,) int32 of a game of a universe.

        Raises:
          ValueError: no game is a universe, or they have another shape or type.
        """
        if self.atlas is None:
            raise ValueError("choices must be left out: no game of this environment is a universe")
        return self.atlas.checked(choices)

    def spawn(self, key: jax.Array, params: Params, cfg: Config) -> Spawn:
        """Returns where players start, as this episode's game says."""
        return self._spawns.call(params, key, params, cfg=cfg)

    def assign(self, key: jax.Array, params: Params, cfg: Config) -> Task:
        """Returns the tasks that this episode's game hands out."""
        task = self.book.assign(key, params, cfg)
        return task if self.atlas is None else self.atlas.assign(task, params)

    def muster(self, key: jax.Array, world: World, cfg: Config) -> World:
        """Returns the world with the NPCs of the first moment; players are placed.

        Raises:
          ValueError: the game's function changes more than `world.body` and `world.npc`.
        """
        return join("muster", self._musters, key, world, cfg)

    def refill(self, key: jax.Array, world: World, cfg: Config) -> World:
        """Returns the world with the NPCs that join after a tick.

        Raises:
          ValueError: the game's function changes more than `world.body` and `world.npc`.
        """
        return join("refill", self._refills, key, world, cfg)

    def referee(self, world: World, cfg: Config) -> jax.Array:
        """Returns (P,) bool, who has won by this episode's game."""
        return self._referees.call(world.params, world, cfg=cfg)

    def score(self, world: World, winners: jax.Array, cfg: Config) -> jax.Array:
        """Returns () float32, what winning is worth in this episode's game."""
        return self._scores.call(world.params, world, winners, cfg=cfg)

    def next_difficulty(
        self, difficulty: jax.Array, wins: jax.Array, game: jax.Array, won: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Applies the rule of adaptive difficulty after an episode.

        Args:
          difficulty: (G,) int32, value of each game.
          wins: (G,) int32, games won at that value.
          game: () int32, the game that ended.
          won: () bool, somebody won it.

        Returns:
          difficulty and wins, for the next episode. A value that rises starts with no wins.

        Source: docs/rules/minigames.md#adaptive-difficulty.
        """
        return self.numbers.next_difficulty(difficulty, wins, game, won)

    def after_episodes(
        self,
        difficulty: jax.Array,
        wins: jax.Array,
        won: jax.Array,
        lost: jax.Array,
        times: np.ndarray,
    ) -> tuple[jax.Array, jax.Array]:
        """Applies the rule after several episodes, see `numbers.Numbers.after_episodes`."""
        return self.numbers.after_episodes(difficulty, wins, won, lost, times)


def _checked_games(games: Sequence[Minigame], cfg: Config) -> tuple[Minigame, ...]:
    games = tuple(games)
    if not games:
        raise ValueError("games=() must hold one game at least")
    names = set()
    for game in games:
        if not isinstance(game, Minigame):
            raise ValueError(f"games has {game!r}, which is no Minigame")
        if game.name in names:
            raise ValueError(
                f"games has {game.name!r} twice; name one otherwise, with "
                "dataclasses.replace(game, name=...), or give it a larger weight"
            )
        names.add(game.name)
        if cfg.players < game.least_players:
            raise ValueError(
                f"{game.name} needs {game.least_players} players or more, the config has "
                f"players={cfg.players}"
            )
        if cfg.npcs < game.least_npcs:
            raise ValueError(
                f"{game.name} needs {game.least_npcs} NPC rows or more, the config has "
                f"npcs={cfg.npcs}"
            )
        if game.sides and group_sizes(game, cfg).min() < 1:
            raise ValueError(
                f"{game.name} needs a player on each of its sides={game.sides}, the config has "
                f"players={cfg.players}"
            )
        missing = sorted(set(game.systems or ()) - cfg.systems)
        if missing:
            names = ", ".join(System(system).name for system in missing)
            raise ValueError(f"{game.name} needs systems that the config leaves out: {names}")
        _check_goals(game, cfg)
        if game.team_split and (cfg.teams % game.team_split or cfg.teams < 2 * game.team_split):
            raise ValueError(
                f"{game.name} merges teams by {game.team_split}: teams={cfg.teams} must divide by "
                "that into two or more"
            )
    return games


def _check_goals(game: Minigame, cfg: Config) -> None:
    """Raises ValueError if a goal can never be completed with the systems that are on."""
    on = cfg.systems if game.systems is None else game.systems
    missing = sorted(set().union(*(goal.needs for goal in game.goals)) - on)
    if missing:
        names = ", ".join(System(system).name for system in missing)
        goal = next(goal for goal in game.goals if goal.needs - on)
        raise ValueError(
            f"{game.name} has goals that need systems which are off: {names}; the first is "
            f"{describe(goal)!r} (config='full' has all systems)"
        )


def _checked_weights(weights: Sequence[float] | None, count: int) -> np.ndarray:
    weights = [1.0] * count if weights is None else list(weights)
    if len(weights) != count:
        raise ValueError(f"weights={weights} must be one number for each of {count} games")
    if not all(checks.is_finite_number(w) and w >= 0 for w in weights):
        raise ValueError(f"weights={weights} must be finite numbers, 0 or more")
    total = math.fsum(weights)
    if not total > 0:
        raise ValueError(f"weights={weights} must not all be 0")
    return np.array(weights, np.float64) / total
