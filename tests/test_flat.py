"""Flat observations and actions, against the observation itself, read with numpy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.observe import Column
from metammo_jax.tables import PASSABLE
from metammo_jax.vocab import Item, Tile
from tests import worlds


@pytest.fixture(scope="module")
def met(tiny):
    """Returns an observation of a crowd: players of four teams, an NPC, a dead player."""
    world = worlds.blank(tiny, teams=4)
    spots = {0: (20, 20), 1: (20, 21), 4: (22, 20), 5: (18, 18), 8: (20, 24), 9: (27, 27)}
    others = {i: (9 + i, 9) for i in range(10, tiny.players)} | {i: (33, 33) for i in (2, 3, 6, 7)}
    world = worlds.place(world, spots | others)
    world = worlds.add_npc(world, tiny, (20, 18), kind=3)
    world = worlds.kill(world, 15)
    body = world.body
    body = body.replace(
        health=body.health.at[0].set(60),
        message=body.message.at[1].set(5),
        time_alive=jnp.full_like(body.time_alive, 30),
    )
    return mm.make("team_battle", config=tiny).observe(world.replace(body=body))


@pytest.fixture(scope="module")
def layout(tiny):
    return mm.FlatLayout(tiny)


@pytest.fixture(scope="module")
def shown(met, tiny):
    """Returns what two worlds side by side, the second of them `met`, are shown as."""
    two = jax.tree.map(lambda leaf: np.stack([np.zeros_like(leaf), leaf]), met)
    return jax.jit(lambda obs: (mm.flat_observation(obs, tiny), mm.flat_mask(obs, tiny)))(two)


@pytest.fixture(scope="module")
def values(shown):
    return shown[0][1]


@pytest.fixture(scope="module")
def mask(shown):
    return np.asarray(shown[1][1])


def named(layout, values, player=0):
    return lambda name: np.asarray(values)[player, layout.columns[name]].tolist()


def test_columns_have_names(met, tiny, layout, values):
    assert values.shape == (tiny.players, layout.size) and values.dtype == jnp.float32
    of = named(layout, values)
    assert of("own.health") == pytest.approx([0.6])
    assert of("own.row") == pytest.approx([(20 - 24) / 16])
    assert of("own.distance") == pytest.approx([0.25])
    assert of("own.progress") == [float(met.progress[0])]
    task = np.clip(np.asarray(met.task[0, 11:]) / 3, -1, 1)
    assert of("own.task")[11:] == pytest.approx(task.tolist())
    assert of("heard.others_word")[:3] == [1, -1, 1] and of("heard.others_any") == [1]
    # Who is no teammate comes first, each sort from the nearest on.
    offsets = [of(f"entities.{i}.offset") for i in range(8)]
    expected = [(2, 0), (-2, -2), (0, -2), (0, 4), (7, 7), (0, 1)]
    assert offsets[:6] == [pytest.approx([r / 7, c / 7]) for r, c in expected]
    assert [of(f"entities.{i}.present") for i in range(8)] == [[1]] * 6 + [[0]] * 2
    assert [of(f"entities.{i}.mate")[0] for i in range(8)] == [0, 0, 0, 0, 0, 1, 0, 0]
    assert of("entities.2.kind") == [0, 0, 0, 1] and of("entities.0.kind") == [1, 0, 0, 0]
    assert of("entities.5.word")[:3] == [1, 0, 1]
    assert not np.asarray(of("entities.6")).any()


def test_the_window_is_the_map(met, layout, values):
    of = named(layout, values)
    tiles = np.asarray(met.tiles[0]).ravel()
    assert of("window.passable") == np.asarray(PASSABLE)[tiles].tolist()
    assert of("window.water") == (tiles == Tile.WATER).tolist()
    crowd = np.reshape(of("window.crowd"), (15, 15))
    found = {(r - 7, c - 7): crowd[r, c] for r, c in zip(*np.nonzero(crowd), strict=True)}
    others = {(2, 0): -1, (-2, -2): -1, (0, 4): -1, (7, 7): -1}
    assert found == {(0, 1): 1, (0, -2): -0.5} | others


def test_without_the_window_the_rest_is_as_before(met, tiny, layout, values):
    short = jax.jit(lambda obs: mm.flat_observation(obs, tiny, window=False))(met)
    part = layout.columns["window"]
    assert part.stop == layout.size and short.shape[1] == part.start
    np.testing.assert_array_equal(short, values[:, : part.start])


def test_the_dead_see_nothing_and_may_do_nothing(layout, values, mask, shown):
    assert not np.asarray(values)[15].any() and np.asarray(values)[:15].any(1).all()
    parts = layout.mask_columns.items()
    allowed = {name: np.flatnonzero(mask[15, part]).tolist() for name, part in parts}
    assert allowed == {"move": [4], "style": [0], "target": [8], "token": [0]}
    assert not np.asarray(shown[0][0]).any()  # of the world beside it, where nobody lives


def test_targets_are_those_of_the_masks(met, tiny, layout, mask):
    visible, target = np.asarray(met.visible), np.asarray(met.masks.target)
    rows = np.asarray(layout.choices(met).rows)
    for player in range(tiny.players):
        allowed = set(visible[player][target[player, :-1]].tolist())
        flat = mask[player, layout.mask_columns["target"]]
        assert set(rows[player][flat[:-1]].tolist()) == allowed
        assert flat[-1] == (not allowed)


def test_choices_become_an_action(met, tiny):
    choice = jnp.tile(jnp.array([[2, 1, 8, 0]]), (tiny.players, 1))
    choice = choice.at[0].set(jnp.array([4, 2, 0, 7])).at[1, 2].set(100)
    action = mm.flat_action(choice, met, tiny)
    assert int(action.target[0]) == 4 and int(action.token[0]) == 7 and int(action.style[0]) == 2
    assert action.target[1:].tolist() == [-1] * 15 and action.token[1:].tolist() == [-1] * 15
    assert action.move.tolist() == [4] + [2] * 15
    with pytest.raises(ValueError, match="style"):
        mm.flat_action(choice[:, :3], met, tiny)
    with pytest.raises(ValueError, match="integers"):
        mm.flat_action(choice.astype(jnp.float32), met, tiny)


@pytest.fixture(scope="module")
def rich(tiny_full):
    """Returns an observation in which everybody owns, sells and can buy something."""
    cfg, world = tiny_full, worlds.blank(tiny_full)
    for row in range(cfg.players):
        world = worlds.put_item(world, row, row % 5, Item.HAT, 1)
        world = worlds.put_item(world, row, 6, Item.RATION, 1, price=1 + row)
    gold = world.body.gold.at[: cfg.players].set(3 + jnp.arange(cfg.players))
    world = world.replace(body=world.body.replace(gold=gold))
    return mm.make("survive", config=cfg).observe(world)


def test_samples_of_the_full_game_keep_to_the_masks(rich, tiny_full):
    cfg, layout = tiny_full, mm.FlatLayout(tiny_full)
    keys = jax.random.split(jax.random.key(3), 64)
    many = jax.tree.map(lambda leaf: np.stack([leaf] * 64), rich)

    def draw(key, obs):
        mask = mm.flat_mask(obs, cfg)
        assert mask.shape == (cfg.players, sum(layout.heads.values()))
        return mm.flat_sample(key, mask, cfg)

    choice = jax.jit(jax.vmap(draw))(keys, many)
    act = jax.jit(lambda choice, obs: mm.flat_action(choice, obs, cfg))
    drawn = jax.tree.map(np.asarray, act(choice, many))
    masks, row = jax.tree.map(np.asarray, rich.masks), np.arange(cfg.players)
    for head in ("use", "destroy", "give", "sell"):
        slot = getattr(drawn, head)
        assert masks.__dict__[head][row, slot].all() and 0 < (slot == -1).mean() < 0.75
    seller, slot = np.divmod(drawn.buy, cfg.slots)
    bought = drawn.buy >= 0
    assert bought.mean() > 0 and (slot[bought] == 6).all() and (seller != row)[bought].all()
    assert (1 + seller <= 3 + row)[bought].all()
    for head in ("give_to", "gold_to"):
        other = getattr(drawn, head)
        assert (other != row).all() and (other >= 0).mean() > 0 and (other < cfg.players).all()
    assert drawn.price.min() == 1 and drawn.price.max() == cfg.prices
    assert (drawn.gold >= 1).all() and (drawn.gold <= 3 + row).all()


def test_columns_of_the_full_game(rich, tiny_full):
    layout = mm.FlatLayout(tiny_full, listings=4)
    values = jax.jit(lambda obs: mm.flat_observation(obs, tiny_full, listings=4))(rich)
    of = named(layout, values, 2)
    assert of("bag.2.item") == np.eye(16)[Item.HAT - 1].tolist()
    assert of("bag.6.price") == pytest.approx([3 / 99]) and not np.any(of("bag.0"))
    prices = [of(f"market.{i}.price")[0] * 99 for i in range(4)]
    assert prices == pytest.approx([1, 2, 4, 5])  # player 2 has 5 gold, and sells for 3 itself
    assert of("market.0.can_buy") == [1] and layout.heads["buy"] == 5
    assert of("own.gold") == pytest.approx([np.log(6) / np.log(1001)], rel=1e-3)
    assert float(jnp.abs(values).max()) <= 1


@pytest.mark.slow
def test_played_episodes_stay_in_bounds(played):
    obs, world = played.start("race_to_the_center")
    flat = jax.jit(lambda obs: mm.flat_observation(obs, played.env))
    shown = np.asarray(flat(obs))
    for out in played.random_steps(obs, world, 6):
        shown = np.asarray(flat(out[0]))
        assert np.isfinite(shown).all() and np.abs(shown).max() <= 1
    place = np.asarray(out[0].entities)[:16, Column.ROW : Column.COL + 1]
    columns = mm.FlatLayout(played.env).columns
    np.testing.assert_allclose(shown[:, columns["own.col"]][:, 0], (place[:, 1] - 24) / 16)


@pytest.mark.parametrize("entities, listings", [(0, 8), (8, 0), (1.5, 8)])
def test_numbers_are_checked(tiny, entities, listings):
    with pytest.raises(ValueError, match="must be an integer"):
        mm.FlatLayout(tiny, True, entities, listings)
    with pytest.raises(ValueError, match="environment or a Config"):
        mm.FlatLayout("tiny")
