"""The original's states as they come, as worlds of ours; what our players do, as its orders."""

import dataclasses

import numpy as np

from metammo_jax.action import Action
from metammo_jax.config import Config
from metammo_jax.env import Env
from metammo_jax.world import World
from tests.parity import belongings
from tests.parity import state as states_of
from tests.parity import trace as recorded
from tests.parity.orders import ORDERS
from tests.parity.trace import Trace

TABLES = ("entities", "items", "players", "npcs", "listings", "seizes")
NUMBERS = ("fog_center_row", "progress", "task_memory", "tick", "spawned", "wave_tick", "wave")
NOTHING_YET = {"events": 9, "intents": 4, "tiles": 3}
ITEMS = ("use", "destroy", "give", "sell")
ENTITIES = ("target", "give_to", "gold_to")


class Scene:
    """An episode of the original that is being played.

    Attributes:
      cfg: sizes of our worlds.
    """

    def __init__(self, meta: dict, first: dict, cfg: Config, env: Env):
        """Begins with what the original tells of an episode.

        Args:
          meta: settings, tasks and the names of columns, as of a trace.
          first: arrays: the map of the reset, and how hard the game is where nothing else tells.
          cfg: sizes of our worlds.
          env: has the game.

        Raises:
          ValueError: the original plays with other sizes.
        """
        self.cfg, self._meta, self._first = cfg, meta, first
        self._places: dict[int, np.ndarray] = {}
        self._known = None
        self._env = env
        check_sizes(self._trace({}), cfg)

    def world(self, state: dict[str, np.ndarray]) -> World:
        """Returns a state of the original as a world with a leading axis of 1, in numpy."""
        self._now = trace = self._trace(self._as_recorded(state))
        if self._known is None:
            self._known = states_of.settled(trace, self.cfg, self._env)
        self._ids = recorded.bodies(trace, self.cfg)["id"][0]
        return states_of.worlds_of(trace, self.cfg, *self._known)

    def orders(self, action: Action) -> np.ndarray:
        """Returns what players do in the world that was made last, as actions of the original.

        Args:
          action: (P,) of one world.

        Returns:
          (P, columns) int32 by `orders.ORDERS`, with the original's ids; 0 for nothing.
        """
        out = np.zeros((self.cfg.players, len(ORDERS)), np.int32)
        items = self._items()
        for column, name in enumerate(ORDERS):
            chosen = getattr(action, name)
            if chosen is None:
                continue
            chosen = np.asarray(chosen)
            if name in ENTITIES:
                chosen = looked_up(self._ids, chosen)  # those of NPCs are negative
            elif name in ITEMS:
                own = np.arange(self.cfg.players) * self.cfg.slots + chosen
                chosen = looked_up(items, np.where(chosen >= 0, own, -1))
            elif name == "buy":
                chosen = looked_up(items, chosen)
            else:
                chosen = np.maximum(chosen, 0)
            out[:, column] = chosen
        return out

    def _items(self) -> np.ndarray:
        """Returns (P * I,) the original's id of what lies in each slot, 0 for nothing."""
        out = np.zeros(self.cfg.players * self.cfg.slots, np.int32)
        if self.cfg.slots:
            found = belongings.records(self._now)
            out[found["row"] * self.cfg.slots + found["slot"]] = found["id"]
        return out

    def _trace(self, data: dict[str, np.ndarray]) -> Trace:
        return Trace("live", self._meta, {**self._first, **data})

    def _as_recorded(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns a state as the arrays of a record that holds it alone."""
        missing = [name for name in (*TABLES, *NUMBERS, "live_materials") if name not in state]
        if missing:
            raise ValueError(f"a state of the original lacks {missing[0]!r}")
        players, out = self.cfg.players, {"live_materials": state["live_materials"]}
        for name in TABLES:
            out |= {name: state[name], f"{name}_ends": np.array([0, len(state[name])])}
        for name, width in NOTHING_YET.items():
            ends = np.zeros(2 if name == "tiles" else 1, int)
            out |= {name: np.zeros((0, width), np.int32), f"{name}_ends": ends}
        out |= {name: np.asarray(state[name])[None] for name in NUMBERS}
        out |= {
            "actions": np.zeros((0, players, len(ORDERS)), np.int16),
            "outcomes": np.zeros((0, players, 4), np.float32),
            "game": np.zeros((0, 3)),
        }
        return out | {"last_seen": self._last_seen(state["entities"])}

    def _last_seen(self, entities: np.ndarray) -> np.ndarray:
        """Returns (n, 3) id, row and column of all players, where they are or died."""
        columns = [self._meta["entity_columns"].index(name) for name in ("id", "row", "col")]
        for player, *place in entities[:, columns]:
            if player > 0:
                self._places[int(player)] = np.array(place)
        return np.array([(i, *place) for i, place in self._places.items()], int)


def looked_up(table: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Returns the table's values at indices, 0 at -1."""
    if not len(table):
        return np.zeros_like(index)
    return np.where(index >= 0, table[np.maximum(index, 0)], 0)


def check_sizes(trace: Trace, cfg: Config) -> None:
    """Raises ValueError unless the original plays with the sizes of our worlds."""
    theirs = recorded.config_of(trace)
    changes = {
        name: getattr(cfg, name)
        for name in ("maps", "original_observations", "original_embeddings")
    }
    theirs = dataclasses.replace(theirs, **changes)
    for field in dataclasses.fields(Config):
        given, wanted = getattr(theirs, field.name), getattr(cfg, field.name)
        if given != wanted:
            raise ValueError(
                f"the original plays with {field.name}={given}, the policy was trained with "
                f"{field.name}={wanted}"
            )
