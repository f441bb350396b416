"""Who holds the hill."""

import jax.numpy as jnp

from metammo_jax.rules import seizing
from metammo_jax.vocab import Event
from tests import orders, worlds

HILL, AWAY = (24, 24), (12, 12)


def hill(cfg):
    world = worlds.blank(cfg, teams=4, seize_target=jnp.array(HILL), tick=9)
    return worlds.place(world, {row: AWAY for row in range(cfg.players)})


def seize(world, cfg):
    return seizing.seize(None, world, orders.give(cfg), cfg)


def test_a_player_alone_on_the_tile_seizes_it_until_a_foe_does(tiny):
    world = seize(worlds.place(hill(tiny), {5: HILL}), tiny)
    assert (world.terrain.seizer, world.terrain.seized_at) == (5, 9)
    assert world.tally.count[Event.SEIZE_TILE, 5] == 1
    later = world.replace(tick=jnp.int32(20))
    left = seize(worlds.place(later, {5: AWAY}), tiny)
    assert left.terrain.seizer == 5
    mate = seize(worlds.place(left, {6: HILL}), tiny)
    assert (mate.terrain.seizer, mate.terrain.seized_at) == (5, 9)
    foe = seize(worlds.place(left, {8: HILL}), tiny)
    assert (foe.terrain.seizer, foe.terrain.seized_at) == (8, 20)


def test_nobody_seizes_a_shared_tile_or_where_there_is_none(tiny):
    shared = worlds.place(hill(tiny), {5: HILL, 9: HILL})
    assert seize(shared, tiny).terrain.seizer == -1
    npc = worlds.add_npc(worlds.place(hill(tiny), {}), tiny, HILL)
    assert seize(npc, tiny).terrain.seizer == -1
    assert seize(worlds.blank(tiny), tiny).terrain.seizer == -1
