"""Where players start: `spawn(key, params, cfg) -> Spawn`, to choose from, and named places.

Players are placed whether or not one can stand there; only `teams_on_circle` can hit such a
tile (docs/rules/quirks.md#impassable-starts).
"""

import jax
import jax.numpy as jnp
from flax import struct

from metammo_jax import query
from metammo_jax.config import Config
from metammo_jax.games.knobs import Place
from metammo_jax.lib import chance, threefry
from metammo_jax.lib.node import Node
from metammo_jax.world import Params


@struct.dataclass
class Spawn(Node):
    """Where players start.

    Attributes:
      pos: (P, 2) int32.
      recon: (P,) bool, players that only watch and speak.
    """

    pos: jax.Array
    recon: jax.Array


def individuals_on_edge(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): every player on a tile of the edge of its own.

    Source: docs/rules/world.md#starting-places.
    """
    index = distinct(key, cfg.players, 4 * params.center, 4 * cfg.playable_side)
    return _nobody_watches(edge_tile(index, params, cfg), cfg)


def teams_on_edge(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): each team on one tile of the edge.

    Teams stand evenly around the square, in random order.

    Source: docs/rules/world.md#starting-places; nmmo `lib/team_helper.py::spawn_team_together`.
    """
    return _nobody_watches(_team_tiles(key, params, cfg)[params.group], cfg)


def teams_on_circle(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): each team on one tile of a circle around the middle.

    Teams are in random order.

    Source: docs/rules/world.md#starting-places; nmmo
    `minigames/sandwich.py::Sandwich._generate_spawn_locs`.
    """
    teams = team_count(params)
    order = distinct(key, cfg.players, teams, cfg.players)
    return _nobody_watches(circle_tile(order, params, cfg)[params.group], cfg)


def teams_with_recons(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): as `teams_on_edge`, but a random quarter of each team only watches.

    These watch from the middles of the quadrants.

    Source: docs/rules/world.md#starting-places; nmmo
    `minigames/radio_raid.py::RadioRaid._set_realm`.
    """
    place_key, choice_key = threefry.split(key)
    group = params.group
    rank, size = _rank_in_team(choice_key, group)
    recon = rank < size // 4
    posts = jnp.stack([place_tile(Place.SOUTH_EAST + i, params, cfg) for i in range(4)])
    home = _team_tiles(place_key, params, cfg)[group]
    return Spawn(pos=jnp.where(recon[:, None], posts[rank % 4], home), recon=recon)


def individuals_and_callers(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): as `individuals_on_edge`, but one of each team is anywhere.

    A random member, which only watches. It stands in the square in which the game is played,
    each such tile equally likely.
    """
    edge_key, place_key, choice_key = threefry.split(key, 3)
    recon = _rank_in_team(choice_key, params.group)[0] == 0
    draw = threefry.bits(place_key, (cfg.players, 2))
    anywhere = query.border_width(params, cfg) + chance.random_integers(draw, params.center)
    edge = individuals_on_edge(edge_key, params, cfg).pos
    return Spawn(pos=jnp.where(recon[:, None], anywhere, edge), recon=recon)


def around_the_middle(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): every player on a random tile near the middle.

    At most a sixteenth of the square away from it.
    """
    reach = jnp.maximum(params.center // 16, 1)
    inside = chance.random_cells(threefry.bits(key, (cfg.players,)), 2 * reach + 1)
    return _nobody_watches(cfg.middle - reach + inside, cfg)


def anywhere(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): every player on a random tile of the square of this game."""
    inside = chance.random_cells(threefry.bits(key, (cfg.players,)), params.center)
    return _nobody_watches(query.border_width(params, cfg) + inside, cfg)


def pairs_on_edge(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): rows 0 and 1 on a tile of the edge, 2 and 3 on another, ...

    The tiles are spread evenly, in random order.
    """
    pairs = (cfg.players + 1) // 2
    order = distinct(key, pairs, jnp.int32(pairs), pairs)[jnp.arange(cfg.players) // 2]
    return _nobody_watches(edge_tile(order * (4 * params.center) // pairs, params, cfg), cfg)


def middle_and_edge(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): the first side around the middle, all others on the edge.

    Each of the others has a tile of its own.
    """
    inner_key, edge_key = threefry.split(key)
    inner = around_the_middle(inner_key, params, cfg).pos
    edge = individuals_on_edge(edge_key, params, cfg).pos
    return _nobody_watches(jnp.where((params.group == 0)[:, None], inner, edge), cfg)


def envoy_and_bandits(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): the first side on a random edge, all others in the middle.

    The first side is on the middle of that edge, the others are around the middle of the map.
    """
    edge_key, inner_key = threefry.split(key)
    side = chance.random_integers(threefry.bits(edge_key, ()), 4)
    home = edge_tile(side * params.center + params.center // 2, params, cfg)
    inner = around_the_middle(inner_key, params, cfg).pos
    return _nobody_watches(jnp.where((params.group == 0)[:, None], home[None], inner), cfg)


def teams_with_knowers(key: jax.Array, params: Params, cfg: Config) -> Spawn:
    """Returns starts (`Spawn`): as `teams_on_edge`, but one of each team beside the target.

    A random member, which only watches, two tiles from the tile to be seized.
    """
    place_key, choice_key = threefry.split(key)
    knows = _rank_in_team(choice_key, params.group)[0] == 0
    post = jnp.where(params.seize_target >= 0, params.seize_target, cfg.middle) + jnp.array([2, 2])
    home = _team_tiles(place_key, params, cfg)[params.group]
    return Spawn(pos=jnp.where(knows[:, None], post[None], home), recon=knows)


def _rank_in_team(key: jax.Array, group: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns (P,) int32, the place of each player in a random order of its team, and its size."""
    lot, row = threefry.uniform(key, group.shape), jnp.arange(group.shape[0])
    mates = group[:, None] == group[None]
    tied = (lot[None] == lot[:, None]) & (row[None] < row[:, None])
    return (mates & ((lot[None] < lot[:, None]) | tied)).sum(1), mates.sum(1)


def team_count(params: Params) -> jax.Array:
    """Returns () int32, the number of groups."""
    return params.group.max() + 1


def distinct(key: jax.Array, count: int, limit: jax.Array, most: int) -> jax.Array:
    """Returns (count,) int32, different numbers below `limit`, all equally likely.

    Args:
      key: () key.
      count: how many; those beyond `limit` are any numbers below `most`.
      limit: () int32.
      most: bound of `limit` known beforehand.
    """
    lot = jnp.where(jnp.arange(most) < limit, threefry.uniform(key, (most,)), 2.0)
    return jnp.argsort(lot)[:count].astype(jnp.int32)


def edge_tile(index: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Returns (..., 2) int32, tiles of the edge, clockwise from the north-west corner.

    `index` (...) counts 0..4C-1; the north-west corner comes twice, the south-east corner never,
    as in the original.

    Source: docs/rules/world.md#starting-places.
    """
    size, low = params.center, query.border_width(params, cfg)
    side, along = index // size, index % size
    high, back = low + size, low + size - 1 - along
    row = jnp.select([side == 0, side == 1, side == 2], [low, low + along, high], back)
    col = jnp.select([side == 0, side == 1, side == 2], [low + along, high, back], low)
    return jnp.stack([row, col], axis=-1).astype(jnp.int32)


def circle_tile(index: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Returns (..., 2) int32, spots of the teams' circle, C // 4 tiles around the middle.

    Source: docs/rules/world.md#starting-places; offsets are cut toward zero.
    """
    angle = 2 * jnp.pi * index.astype(jnp.float32) / team_count(params).astype(jnp.float32)
    offset = (params.center // 4).astype(jnp.float32) * jnp.stack(
        [jnp.cos(angle), jnp.sin(angle)], axis=-1
    )
    offset += 1e-3 * jnp.sign(offset)  # a whole number must not fall short by rounding
    return cfg.middle + jnp.trunc(offset).astype(jnp.int32)


def place_tile(place: jax.Array | int, params: Params, cfg: Config) -> jax.Array:
    """Returns (2,) int32, the tile of a `Place`, -1 for NOWHERE."""
    south = (place == Place.SOUTH_EAST) | (place == Place.SOUTH_WEST)
    east = (place == Place.SOUTH_EAST) | (place == Place.NORTH_EAST)
    sign = jnp.where(jnp.stack([jnp.asarray(south), jnp.asarray(east)]), 1, -1)
    tile = cfg.middle + jnp.where(place == Place.CENTER, 0, sign * (params.center // 4))
    return jnp.where(place == Place.NOWHERE, -1, tile).astype(jnp.int32)


def _team_tiles(key: jax.Array, params: Params, cfg: Config) -> jax.Array:
    """Returns (T, 2) int32, a tile of the edge for each team; T is the config's `teams`."""
    per_side = (team_count(params) + 3) // 4
    most = 4 * ((cfg.teams + 3) // 4)
    spot = distinct(key, most, 4 * per_side, most)
    along = params.center * (spot % per_side + 1) // (per_side + 1)
    return edge_tile(spot // per_side * params.center + along, params, cfg)


def _nobody_watches(pos: jax.Array, cfg: Config) -> Spawn:
    return Spawn(pos=pos, recon=jnp.zeros(cfg.players, bool))
