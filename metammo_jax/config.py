"""`Config`: the sizes of a world and the systems compiled into it, and the ready-made presets.

A `Config` decides shapes and what is compiled at all; it is a frozen, hashable dataclass of
Python numbers. What one episode may change is in `world.Params`.
"""

import dataclasses
import functools
from collections.abc import Collection

from metammo_jax.lib import checks
from metammo_jax.lib.hints import did_you_mean
from metammo_jax.tables import LEVEL_MAX
from metammo_jax.vocab import Skill, System

MINI_SYSTEMS = frozenset(
    {System.TERRAIN, System.RESOURCE, System.COMBAT, System.NPC, System.COMMUNICATION}
)
FULL_SYSTEMS = frozenset(System)

NEEDS = {
    System.RESOURCE: System.TERRAIN,
    System.PROFESSION: System.TERRAIN,
    System.NPC: System.COMBAT,
    System.EQUIPMENT: System.ITEM,
    System.EXCHANGE: System.ITEM,
}
"""What each system builds on (PROFESSION also needs ITEM)."""


_UNSAID: int = None  # type: ignore[assignment]
"""Default of a size that follows from others, if there are any."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes and compiled systems of a world. Defaults are the paper's mini configuration.

    Attributes:
      players: P, player rows; all spawn at reset. 128, or the sum of `team_sizes`.
      teams: T, teams in a team game (some games merge neighbours two by two), of equal size unless
        there are `team_sizes`. 16, or as many as those.
      team_sizes: (T,) players of each team, in the order of their rows; None where all teams are
        of equal size, also if that was said by equal numbers.
      npcs: N, NPC rows: the most that can live at once.
      map_size: H = W, tiles a side of the whole map.
      playable_side: tiles a side of the playable square (even); games may use less of it.
      vision: tiles a player sees to each side; V = 2 * vision + 1.
      horizon: ticks after which an episode is truncated.
      maps: fractal maps in the pool.
      evaluation_maps: use the pool made from the negated seeds.
      visible_rows: K, entities that a player's observation can list.
      inventory: I, item slots a player (full game).
      market_rows: M, listings an observation can show (full game).
      prices: highest price (full game).
      tokens: words of the language; messages are 1..tokens.
      task_embedding: numbers that describe a task to the agent.
      npc_level_max: highest NPC level (full game).
      clusters: groups each of ore, trees and crystals on a map (full game).
      patches: herbs, and as many fish, on a map (full game).
      systems: game systems compiled at all; a game may switch some of them off.
      original_observations: reproduce the original's quirks that concern only what is observed
        (see docs/differences.md).
      original_embeddings: describe the goals of the eight minigames to agents as the original
        does: by hashes without meaning, or by zeros (survive, protect_the_king, king_of_the_hill,
        comm_together, radio_raid). If False, by `tasks.embeddings.meaning`: similar games are near,
        and games that ask for different things differ. Other games do not depend on it.

    Raises:
      ValueError: at construction, with the name, the value and the rule.
    """

    players: int = _UNSAID
    teams: int = _UNSAID
    npcs: int = 256
    map_size: int = 160
    playable_side: int = 128
    vision: int = 7
    horizon: int = 1024
    maps: int = 256
    evaluation_maps: bool = False
    visible_rows: int = 100
    inventory: int = 12
    market_rows: int = 384
    prices: int = 99
    tokens: int = 127
    task_embedding: int = 16
    npc_level_max: int = 10
    clusters: int = 64
    patches: int = 256
    systems: frozenset[System] = MINI_SYSTEMS
    original_observations: bool = False
    original_embeddings: bool = False
    team_sizes: tuple[int, ...] | None = None

    def __post_init__(self):
        self._settle_teams()
        self._check_types()
        self._check_sizes()
        self._check_systems()

    @property
    def entities(self) -> int:
        """E = P + N: players first, then NPCs."""
        return self.players + self.npcs

    @property
    def window(self) -> int:
        """V, tiles a side of the window that a player observes."""
        return 2 * self.vision + 1

    @property
    def sizes_of_teams(self) -> tuple[int, ...]:
        """(T,) players of each team, of equal size or not."""
        return self.team_sizes or (self.players // self.teams,) * self.teams

    @property
    def team_size(self) -> int:
        """Players of each of the `teams`.

        Raises:
          ValueError: they are of unequal size.
        """
        if self.team_sizes:
            raise ValueError(f"there is no one team_size where team_sizes={self.team_sizes}")
        return self.players // self.teams

    @property
    def has_items(self) -> bool:
        """Items are compiled: bags, and the heads of actions that are about them."""
        return System.ITEM in self.systems

    @property
    def has_skills(self) -> bool:
        """Progression is compiled: skills, experience and levels."""
        return System.PROGRESSION in self.systems

    @property
    def has_equipment(self) -> bool:
        """Equipment is compiled: what is worn counts in combat."""
        return System.EQUIPMENT in self.systems

    @property
    def has_professions(self) -> bool:
        """Professions are compiled: harvesting with tools, and what it yields."""
        return System.PROFESSION in self.systems

    @property
    def has_exchange(self) -> bool:
        """The market is compiled: selling, buying, and giving gold."""
        return System.EXCHANGE in self.systems

    @property
    def has_combat(self) -> bool:
        """Attacks are compiled."""
        return System.COMBAT in self.systems

    @property
    def has_communication(self) -> bool:
        """Words are compiled."""
        return System.COMMUNICATION in self.systems

    @property
    def has_npcs(self) -> bool:
        """NPCs are compiled, and there are rows for them."""
        return System.NPC in self.systems and self.npcs > 0

    @property
    def slots(self) -> int:
        """I, slots of a bag; 0 where items are not compiled."""
        return self.inventory if self.has_items else 0

    @property
    def skills(self) -> int:
        """S, skills of a player; 0 where progression is not compiled."""
        return len(Skill) if self.has_skills else 0

    @property
    def middle(self) -> int:
        """Row and column of the map's middle tile."""
        return self.map_size // 2

    def number(self, value: float | str) -> float:
        """Returns the number, or the value of the field that `value` names."""
        return getattr(self, value) if isinstance(value, str) else value

    def _settle_teams(self):
        """Checks the sizes of teams, and lets them say how many players and teams there are."""
        given, settle = self.team_sizes, functools.partial(object.__setattr__, self)
        if given is None:
            settle("players", 128 if self.players is None else self.players)
            settle("teams", 16 if self.teams is None else self.teams)
            return
        if isinstance(given, str) or not isinstance(given, Collection) or not len(given):
            raise ValueError(f"team_sizes={given!r} must be numbers of players, one for each team")
        sizes = tuple(checks.whole(f"team_sizes[{i}]", size, 1) for i, size in enumerate(given))
        for name, follows in (("players", sum(sizes)), ("teams", len(sizes))):
            value = getattr(self, name)
            if value is not None and checks.as_int(value) != follows:
                raise ValueError(
                    f"{name}={value} does not fit team_sizes={sizes}, which are {follows} {name}: "
                    f"leave {name} out"
                )
            settle(name, follows)
        settle("team_sizes", None if len(set(sizes)) == 1 else sizes)

    def _check_types(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type is int:
                least = 0 if field.name == "npcs" else 1
                object.__setattr__(self, field.name, checks.whole(field.name, value, least))
            if field.type is bool and not isinstance(value, bool):
                raise ValueError(f"{field.name}={value!r} must be True or False")

    def _check_sizes(self):
        if not self.team_sizes and self.players % self.teams:
            raise ValueError(
                f"players={self.players} must divide into teams={self.teams}; for teams of unequal "
                "size give team_sizes instead"
            )
        for name in ("map_size", "playable_side"):
            if getattr(self, name) % 2:
                raise ValueError(f"{name}={getattr(self, name)} must be even")
        border = (self.map_size - self.playable_side) // 2
        if border <= self.vision:
            raise ValueError(
                f"map_size={self.map_size} leaves a border of {border} tiles around "
                f"playable_side={self.playable_side}; it must be wider than vision={self.vision}"
            )
        if self.playable_side < 8:
            raise ValueError(f"playable_side={self.playable_side} must be at least 8")
        if self.players > 4 * self.playable_side:
            raise ValueError(
                f"players={self.players} do not fit on the edge of "
                f"playable_side={self.playable_side}, which has {4 * self.playable_side} places"
            )
        if 4 * ((self.teams + 3) // 4) >= self.playable_side:
            raise ValueError(
                f"teams={self.teams} do not fit around playable_side={self.playable_side}"
            )
        if self.horizon > 32000:
            raise ValueError(f"horizon={self.horizon} must be at most 32000 ticks")
        if self.prices > 32000:
            raise ValueError(f"prices={self.prices} must be at most 32000 gold")

    def _check_systems(self):
        systems = frozenset(self.systems)
        object.__setattr__(self, "systems", systems)
        unknown = [s for s in systems if s not in FULL_SYSTEMS]
        if unknown:
            raise ValueError(f"systems has {unknown[0]!r}; allowed are {list(System)}")
        object.__setattr__(self, "systems", frozenset(System(s) for s in systems))
        for system, base in NEEDS.items():
            if system in systems and base not in systems:
                raise ValueError(f"systems has {system.name}, which needs {base.name}")
        if System.PROFESSION in systems and System.ITEM not in systems:
            raise ValueError("systems has PROFESSION, which needs ITEM")
        if self.npc_level_max > LEVEL_MAX and System.ITEM in systems:
            raise ValueError(
                f"npc_level_max={self.npc_level_max} must be at most {LEVEL_MAX}, the highest "
                "level of the items that NPCs drop"
            )


PRESETS: dict[str, dict] = {
    "mini": {},
    "tiny": dict(
        players=16, teams=4, npcs=16, map_size=48, playable_side=32, horizon=128, maps=32,
        visible_rows=32,
    ),
    "large": dict(
        players=1024, teams=128, npcs=1024, map_size=1056, playable_side=1024, horizon=8192, maps=1,
        clusters=1024, patches=4096,
    ),
    "full": dict(systems=FULL_SYSTEMS),
    "tiny_full": dict(
        players=16, teams=4, npcs=16, map_size=48, playable_side=32, horizon=128, maps=32,
        visible_rows=32, market_rows=48, clusters=4, patches=16, systems=FULL_SYSTEMS,
    ),
}  # fmt: skip
"""Field values of each named preset; what is missing is `Config`'s default."""


ADDED: dict[str, object] = {"original_embeddings": True}
"""Fields of `Config` that files of earlier versions do not tell, and what they were then."""


def preset(config: "str | Config", **changes) -> Config:
    """Returns the `Config` of a preset's name, or the one given, with `changes` applied.

    Args:
      config: "mini", "tiny", "large", "full", "tiny_full", or a `Config`.
      **changes: fields to replace.

    Raises:
      ValueError: the name is no preset, a change is no field, or the result is no valid config.

    New `team_sizes` say how many players and teams there are; new `players` or `teams` without them
    mean teams of equal size.
    """
    known = {field.name for field in dataclasses.fields(Config)}
    for name in changes:
        if name not in known:
            raise ValueError(f"{name!r} is no field of Config{did_you_mean(name, known)}")
    changes = _teams_anew(changes)
    if isinstance(config, Config):
        return dataclasses.replace(config, **changes)
    if not isinstance(config, str) or config not in PRESETS:
        raise ValueError(f"config={config!r} is unknown; allowed are {', '.join(PRESETS)}")
    return Config(**{**PRESETS[config], **changes})


def _teams_anew(changes: dict) -> dict:
    """Returns the changes with sizes reset that they contradict: players, teams or team_sizes."""
    if changes.get("team_sizes") is not None:
        return {"players": None, "teams": None} | changes
    if "players" in changes or "teams" in changes:
        return {"team_sizes": None} | changes
    return changes
