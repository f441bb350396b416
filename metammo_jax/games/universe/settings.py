"""The settings of an episode that choices stand for."""

import jax
import jax.numpy as jnp
import numpy as np

from metammo_jax.config import Config
from metammo_jax.games.knobs import SETTINGS, Unit
from metammo_jax.games.spawn import place_tile
from metammo_jax.games.universe.axes import AXES, GROUND, Axis, columns
from metammo_jax.games.universe.capacity import Capacity
from metammo_jax.games.universe.kinds import KINDS
from metammo_jax.games.universe.settle import ALONE
from metammo_jax.vocab import NEVER, System
from metammo_jax.world import Params


class Settings:
    """Tables of the settings of each choice at a config."""

    def __init__(self, capacity: Capacity):
        self._cfg = cfg = capacity.cfg
        numbers = {
            axis.name: np.array([scaled(axis, value, cfg) for value in axis.values])
            for axis in AXES
            if axis.is_setting
        }
        self._numbers = numbers | {"center": capacity.center}
        self._group, self._leader = _teams(capacity)

    def apply(self, params: Params, choices: jax.Array) -> Params:
        """Returns the settings of a drawn game.

        Args:
          params: of which only `game` is kept.
          choices: (X,) int32.
        """
        chosen = columns(jnp.maximum(choices, 0))
        water, foilage, grass = (np.array(column) for column in zip(*GROUND, strict=True))
        tables = {name: (name, table) for name, table in self._numbers.items()}
        tables |= {"water_level": ("ground", water), "foilage_level": ("ground", foilage)}
        tables |= {"all_grass": ("ground", grass)}
        tables |= {"group": ("teams", self._group), "leader": ("teams", self._leader)}
        values = {
            name: jnp.asarray(table, getattr(params, name).dtype)[chosen[axis]]
            for name, (axis, table) in tables.items()
        }
        params = params.replace(
            **values, enabled=_enabled(chosen), team_game=chosen["teams"] != ALONE
        )
        return params.replace(seize_target=place_tile(_place(chosen), params, self._cfg))


def _teams(capacity: Capacity) -> tuple[np.ndarray, np.ndarray]:
    """Returns (layouts, P) int32 twice, groups and rows of leaders."""
    groups, leaders = [], []
    for sizes in capacity.groups:
        sizes = np.array([capacity.cfg.players]) if sizes is None else sizes
        group = np.repeat(np.arange(len(sizes)), sizes)
        groups.append(group)
        leaders.append((np.cumsum(sizes) - sizes)[group])
    return np.array(groups, np.int32), np.array(leaders, np.int32)


def _enabled(chosen: dict) -> jax.Array:
    """Returns (10,) bool, the systems that are on."""
    crafts = chosen["crafts"]
    on = {
        System.TERRAIN: jnp.array(True),
        System.RESOURCE: chosen["resource"] > 0,
        System.COMBAT: chosen["combat"] > 0,
        System.NPC: chosen["npcs"] > 0,
        System.COMMUNICATION: chosen["words"] > 0,
        System.PROGRESSION: crafts > 0,
    }
    return jnp.stack([on.get(system, crafts > 1) for system in System])


def _place(chosen: dict) -> jax.Array:
    """Returns () int32, the `Place` to be seized."""
    places = jnp.asarray(np.array([kind.places for kind in KINDS], np.int32))
    first = places[chosen["goal"], chosen["amount"]]
    second = places[chosen["second"], chosen["second_amount"]]
    return jnp.where(chosen["join"] > 0, jnp.maximum(first, second), first)


def scaled(axis: Axis, value: float, cfg: Config) -> float:
    """Returns a number scaled to a config and moved into its bounds."""
    setting = SETTINGS[axis.name]
    most = cfg.number(setting.high)
    if setting.kind is float:
        value = value * axis.unit.scale(cfg)
    elif axis.unit is not Unit.PLAIN and 0 < value < NEVER:
        value = axis.unit.whole(value, cfg)
    return min(max(value, setting.low), most)
