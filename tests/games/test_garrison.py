import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax.config import preset
from metammo_jax.games import garrison
from metammo_jax.vocab import Kind, Tile
from tests import worlds

TINY, MINI = preset("tiny"), preset("mini")

muster = jax.jit(garrison.sandwich_muster, static_argnums=2)
soldiers = jax.jit(garrison.sandwich_refill, static_argnums=2)
wave = jax.jit(garrison.radio_raid_refill, static_argnums=2)
waves = jax.jit(jax.vmap(garrison.radio_raid_refill, (0, None, None)), static_argnums=2)


def npcs(world, cfg):
    present = np.asarray(world.body.present[cfg.players :])
    pos = np.asarray(world.body.pos[cfg.players :])[present]
    return pos, np.asarray(world.npc.rally)[present], np.asarray(world.npc.kind)[present]


def test_sandwich_begins_with_soldiers_inside_and_on_the_edge():
    world = worlds.blank(MINI, teams=8, center=80, difficulty=2)
    pos, rally, kind = npcs(muster(jax.random.key(0), world, MINI), MINI)
    assert len(pos) == 32  # as in the original at n = 2
    assert (kind == Kind.SOLDIER).all()
    spots = [(100, 80), (94, 94), (80, 100), (66, 94), (60, 80), (66, 66), (80, 60), (94, 66)]
    for number, (row, col) in enumerate(spots):
        mine = pos[2 * number : 2 * number + 2]
        assert (rally[2 * number : 2 * number + 2] == (row, col)).all()
        rows = (70, 79) if row < 80 else (81, 90)
        cols = (70, 79) if col < 80 else (81, 90)
        assert ((mine[:, 0] >= rows[0]) & (mine[:, 0] <= rows[1])).all()
        assert ((mine[:, 1] >= cols[0]) & (mine[:, 1] <= cols[1])).all()
    assert (rally[16:] == 80).all()
    assert (np.abs(pos[16:] - 80).max(-1) == 40).all()
    assert len({tuple(place) for place in pos[16:]}) >= 15


@pytest.mark.parametrize(("cfg", "teams", "center", "each"), [(MINI, 8, 80, 16), (TINY, 2, 20, 4)])
def test_the_hardest_sandwich_fills_the_rows(cfg, teams, center, each):
    world = worlds.blank(cfg, teams=teams, center=center, difficulty=each)
    pos, rally, _ = npcs(muster(jax.random.key(0), world, cfg), cfg)
    assert len(pos) == cfg.npcs
    assert (rally == cfg.middle).all(-1).sum() == cfg.npcs // 2


def test_soldiers_stand_only_where_one_can():
    world = worlds.blank(MINI, teams=8, center=80, difficulty=16)
    world = worlds.paint(world, (slice(81, 86), slice(81, 91)), Tile.WATER)
    pos, _, _ = npcs(muster(jax.random.key(0), world, MINI), MINI)
    in_water = (pos[:, 0] >= 81) & (pos[:, 0] <= 85) & (pos[:, 1] >= 81) & (pos[:, 1] <= 90)
    assert not in_water.any()
    assert (np.abs(pos[:128] - 80).max(-1) <= 10).all()
    assert (pos[:128] != 80).all()
    assert len(pos) == 256
    drowned = worlds.paint(world, (slice(66, 95), slice(66, 95)), Tile.WATER)
    pos, _, _ = npcs(muster(jax.random.key(0), drowned, MINI), MINI)
    assert len(pos) == 128  # nobody inside


def test_sandwich_replaces_soldiers_down_to_half():
    world = worlds.blank(MINI, teams=8, center=80, difficulty=6)
    world = worlds.add_npc(world, MINI, (80, 80), kind=Kind.SOLDIER)
    after = soldiers(jax.random.key(0), world, MINI)
    pos, rally, kind = npcs(after, MINI)
    assert len(pos) == 3  # min(128, 6) // 2
    assert (np.abs(pos[1:] - 80).max(-1) <= 13).all()
    assert (rally[1:] == 80).all() and (kind == Kind.SOLDIER).all()
    assert len(npcs(soldiers(jax.random.key(1), after, MINI), MINI)[0]) == 3
    few = worlds.kill(world, *range(4, 128))
    assert len(npcs(soldiers(jax.random.key(0), few, MINI), MINI)[0]) == 2  # min(4, 6) // 2


def test_the_first_wave_comes_at_once_and_is_harmless():
    world = worlds.blank(MINI, teams=8, tick=1, center=48, neutral_danger=0.3)
    after = wave(jax.random.key(0), world, MINI)
    pos, _, kind = npcs(after, MINI)
    assert len(pos) == 10
    assert (kind == Kind.PASSIVE).all()
    assert (np.abs(pos - 80).max(-1) <= 5).all()
    assert (int(after.npc.wave), int(after.npc.wave_tick)) == (1, 1)
    assert (after.npc.ring == 0).all()


def test_the_next_wave_waits_until_few_are_left_or_time_has_passed():
    world = wave(jax.random.key(0), worlds.blank(MINI, teams=8, tick=1, center=48), MINI)

    def count(world, tick):
        after = wave(jax.random.key(tick), world.replace(tick=jnp.int32(tick)), MINI)
        return int(after.body.present[MINI.players :].sum()), int(after.npc.wave)

    assert count(world, 21) == (10, 1)
    assert count(world, 22) == (20, 2)  # more than 20 ticks later
    four_left = worlds.kill(world, *range(128, 134))
    assert count(four_left, 3) == (4, 1)
    assert count(worlds.kill(four_left, 134), 3) == (13, 2)


def test_no_wave_while_npcs_outnumber_the_players_that_are_no_recons():
    world = wave(jax.random.key(0), worlds.blank(MINI, teams=8, tick=1, center=48), MINI)
    recon = jnp.arange(MINI.players) < 118
    late = world.replace(tick=jnp.int32(50), body=world.body.replace(recon=recon))
    assert wave(jax.random.key(1), late, MINI).npc.wave == 2  # 10 against 10
    late = late.replace(body=late.body.replace(recon=recon.at[118].set(True)))
    assert wave(jax.random.key(1), late, MINI).npc.wave == 1


def test_later_waves_come_in_a_quadrant_and_grow_dangerous():
    world = worlds.blank(TINY, teams=2, tick=1, center=12, neutral_danger=0.3)
    kinds = {}
    for number in (4, 10):
        here = world.replace(npc=world.npc.replace(wave=jnp.int32(number)))
        keys = jax.random.split(jax.random.key(number), 130)
        after = waves(keys, here, TINY)
        pos = np.asarray(after.body.pos[:, 16:19])
        assert (np.abs(np.abs(pos - 24) - 3) <= 1).all()
        kinds[number] = np.bincount(np.asarray(after.npc.kind[:, :3]).ravel(), minlength=4) / 390
    # Beta(4.01, 6.01): P(< .3) = 0.271, P(< .8) = 0.997; Beta(10.01, 0.01): nearly always 1
    assert kinds[4][Kind.PASSIVE] == pytest.approx(0.271, abs=0.07)
    assert kinds[4][Kind.AGGRESSIVE] < 0.03
    assert kinds[10][Kind.AGGRESSIVE] > 0.98


def test_chances_of_danger_are_those_of_the_beta_distribution():
    from scipy.stats import beta

    for number, danger in [(3, 0.3), (5, 0.8), (7, 0.35)]:
        mean = number / 10
        chance = garrison._chance_below(jnp.float32(danger), jnp.int32(number))
        expected = beta(10 * mean + 0.01, 10.01 - 10 * mean).cdf(danger)
        assert chance == pytest.approx(expected, abs=1e-5)
    assert garrison._chance_below(jnp.float32(0.0), jnp.int32(0)) == 0
    assert garrison._chance_below(jnp.float32(0.3), jnp.int32(0)) == 1
    assert garrison._chance_below(jnp.float32(1.5), jnp.int32(10)) == 1


def test_waves_shrink_with_the_config():
    world = worlds.blank(TINY, teams=2, tick=1, center=12)
    pos, _, _ = npcs(wave(jax.random.key(0), world, TINY), TINY)
    assert len(pos) == 3  # 10 * (16 / 4) / 16, rounded
    assert (np.abs(pos - 24).max(-1) <= 1).all()
