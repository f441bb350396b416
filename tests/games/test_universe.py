"""The universe of games: its draws, codes and splits."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax import games
from metammo_jax.config import Config, preset
from metammo_jax.games.universe import code as codes
from metammo_jax.games.universe import rules, settle
from metammo_jax.games.universe.axes import AXES, INDEX, STRUCTURE
from metammo_jax.games.universe.capacity import capacity_of
from metammo_jax.games.universe.draw import Atlas
from metammo_jax.games.universe.kinds import KINDS
from metammo_jax.games.universe.space import Space, playable_rows
from metammo_jax.games.universe.splits import SPLITS, split_of
from metammo_jax.replay import origin
from metammo_jax.vocab import NEVER, System
from tests import worlds
from tests.games.universe_rows import named, parts_of, sampled, with_choices

TINY, MINI, FULL = preset("tiny"), preset("mini"), preset("full")
KEY = jax.random.key(7)


def test_a_code_is_another_name_of_the_choices():
    rows = sampled()
    texts = [games.code_of(row) for row in rows]
    assert len(set(texts)) == len(rows) and {len(text) for text in texts} == {codes.LENGTH + 2}
    for row, text in zip(rows[:50], texts, strict=False):
        assert (codes.decode(text) == row).all()
        assert (codes.decode(text.upper()) == row).all()
        game = games.from_code(text)
        assert games.code_of(game) == text and game.name == f"universe/{text}"
        assert mm.registry.resolve(game.name) == game


def test_a_code_that_is_mistyped_names_no_game():
    text = games.code_of(sampled()[3])
    for place in range(len(text)):
        other = "0" if text[place] != "0" else "z"
        with pytest.raises(ValueError, match="names no game: a code is '1' and"):
            games.from_code(text[:place] + other + text[place + 1 :])
    for wrong in ("", text[:-1], text + "0", "1" + "u" * (codes.LENGTH + 1)):
        with pytest.raises(ValueError, match="names no game"):
            games.from_code(wrong)
    with pytest.raises(ValueError, match="must be a text"):
        games.from_code(17)
    with pytest.raises(ValueError, match="'universe/nonsense' is unknown; allowed are universe,"):
        mm.make("universe/nonsense")


def test_a_code_of_choices_that_contradict_each_other_names_no_game():
    alone = next(row for row in sampled() if named(row)["teams"] == "alone")
    with pytest.raises(ValueError, match="spawn must follow from the other choices"):
        games.from_code(codes.encode(with_choices(alone, spawn="circle")))
    calm = next(row for row in sampled() if named(row)["fog_onset_tick"] is None)
    with pytest.raises(ValueError, match="fog_speed must follow"):
        games.from_code(codes.encode(with_choices(calm, fog_speed=1 / 6)))
    large = with_choices(alone, goal="kill", amount=3, join="none", second="last")
    large = settle.canonical(settle.settled(with_choices(large, second_amount=0)))
    assert not rules.is_playable(large, capacity_of(preset("tiny", players=4, teams=4)))
    with pytest.raises(ValueError, match="must be one that this config can play: there must be"):
        mm.make(games.from_code(codes.encode(large)), "tiny", players=4, teams=4)


def test_what_no_world_draws_has_no_code():
    with pytest.raises(ValueError, match="not those of one drawn game"):
        games.code_of(games.universe())
    with pytest.raises(ValueError, match="not those of one drawn game"):
        games.code_of(worlds.blank(TINY))


def test_what_follows_from_other_choices_is_settled_once():
    rows = np.random.default_rng(0).integers(0, [len(a.options) for a in AXES], (4096, len(AXES)))
    proper = settle.canonical(settle.settled(rows.astype(np.int32)))
    assert (settle.canonical(settle.settled(proper)) == proper).all()
    assert 0.5 < rules.is_playable(proper, capacity_of(FULL)).mean() < 1


@pytest.mark.parametrize("config", ["tiny", pytest.param("tiny_full", marks=pytest.mark.slow)])
def test_games_that_are_drawn_can_be_played(config):
    """10,000 draws, and rules written independently of those of the package."""
    cfg = preset(config)
    rows, params = drawn_settings(config)
    check_settings(cfg, params)
    for row in rows[:: 1 if config == "tiny" else 10]:
        check_choices(named(row), cfg)


def drawn_settings(config: str, count: int = 10_000):
    """Returns (count, X) choices and Params with a leading axis, drawn by a table of the games."""
    cfg = preset(config)
    table = games.Table([games.universe()], None, cfg)

    def draw(key):
        return table.draw(key, jnp.int32(0), jnp.zeros(1, jnp.int32), cfg)

    params = jax.device_get(jax.jit(jax.vmap(draw))(jax.random.split(KEY, count)))
    assert len(np.unique(params.choices, axis=0)) > 0.99 * count
    return params.choices, params


def check_settings(cfg: Config, params) -> None:
    """Every team has room, every number is in its bounds, every system builds on one that is on."""
    edge = 4 * params.center
    counts = params.group.max(-1) + 1
    assert (counts >= 2).all() and (np.diff(params.group) >= 0).all()
    assert (params.leader <= np.arange(cfg.players)).all()
    assert (np.take_along_axis(params.group, params.leader, 1) == params.group).all()
    assert ((counts == cfg.players) == ~params.team_game).all()
    assert (edge >= cfg.players).all() and (params.center <= cfg.playable_side).all()
    assert (params.center % 2 == 0).all() and (params.npc_population <= cfg.npcs).all()
    on = params.enabled
    assert on[:, System.TERRAIN].all() and (on[:, System.NPC] <= on[:, System.COMBAT]).all()
    assert not on[:, [system not in cfg.systems for system in System]].any()
    fog = params.fog_onset_tick < NEVER
    assert (params.fog_onset_tick[fog] < cfg.horizon).all()
    assert (2 * params.fog_final_size < params.center)[fog].all()
    seized = params.seize_target >= 0
    off = np.abs(params.seize_target - cfg.middle).max(-1)
    assert (off[seized.all(-1)] < params.center[seized.all(-1)] // 2).all()
    assert (seized.all(-1) == seized.any(-1)).all()
    assert (params.earliest_win < cfg.horizon // 2).all()


def check_choices(game: dict, cfg: Config) -> None:
    """The goal can be reached with the systems that are on, and not by standing still."""
    asked = parts_of(game)
    names = {kind.name for kind, _ in asked}
    assert len(names) == len(asked)
    on = {"resource": System.RESOURCE, "combat": System.COMBAT, "words": System.COMMUNICATION}
    on = {System.TERRAIN} | {system for name, system in on.items() if game[name] == "on"}
    on |= {System.NPC} if game["npcs"] != "none" else set()
    on |= {System.PROGRESSION} if game["crafts"] != "off" else set()
    on |= set(System) - preset("mini").systems if game["crafts"] == "all" else set()
    assert all(kind.needs <= on <= cfg.systems for kind, _ in asked)
    dies = bool(on & {System.COMBAT, System.RESOURCE}) or game["fog_onset_tick"] is not None
    last = game["referee"].startswith("last")
    assert not last or (dies and not game["revival"] and not game["health_increment"] > 1)
    assert last or not names & {"last", "king"}
    assert (game["teams"] == "alone") == (game["referee"] == "last_survivor") or not last
    if game["teams"] == "alone":
        assert game["spawn"] == "alone_on_edge" and not names & {"gather", "king"}
    if "gather" in names:
        assert game["spawn"] in ("alone_on_edge", "callers") and (game["revival"] or not dies)
    if game["spawn"] in ("recons", "callers"):
        assert game["words"] == "on" and not last and "prey" not in names
    assert names - {"everyone"} and (game["join"] == "and" or "everyone" not in names)
    assert not {"hill", "quadrant"} <= names
    assert game["referee"] != "hill" or names & {"hill", "quadrant"}
    largest = {"alone": 1, "teams": cfg.team_size, "pairs": 2 * cfg.team_size}
    largest = largest.get(game["teams"], cfg.players // 2)
    for kind, level in asked:
        amount = kind.unit.whole(kind.amounts[level], cfg) if kind.amounts else 0
        foes = cfg.players - largest
        assert kind.name not in ("hit", "style", "explore", "travel") or amount >= 2 * largest
        assert kind.name != "kill" or amount <= foes / (1 if game["revival"] else 2)
        assert (
            kind.name not in ("hill", "quadrant") or amount < cfg.horizon - cfg.playable_side // 2
        )
        assert kind.name != "hunt" or amount <= cfg.npcs


@pytest.mark.parametrize("cfg", [
    Config(team_sizes=(24, 8, 8)), preset("tiny", npcs=0), preset("tiny", players=2, teams=2),
    Config(players=60, teams=20, npcs=40, map_size=72, playable_side=40, horizon=300),
    preset("tiny", systems={System.TERRAIN}), preset("tiny", players=6, teams=1),
])  # fmt: skip
def test_odd_configs_draw_what_they_have_room_for(cfg):
    atlas = Atlas([Space()], cfg)
    rows = atlas._spare[0]
    assert len(rows) > 20
    for row in rows:
        sizes = atlas.capacity.groups[row[INDEX["teams"]]]
        assert len(sizes) > 1 and sizes.sum() == cfg.players
        assert not row[INDEX["npcs"]] or (cfg.npcs and System.NPC in cfg.systems)
        assert not row[INDEX["combat"]] or System.COMBAT in cfg.systems


def test_a_config_of_one_player_has_no_such_games():
    with pytest.raises(ValueError, match="no systems, or teams, for teams="):
        Atlas([Space()], preset("tiny", players=1, teams=1))


def test_callers_narrow_what_is_drawn():
    near = games.universe(
        goal=["hunt", "eat"], fog_onset_tick=(32, 128), teams="pairs", combat="on"
    )
    rows, _ = playable_rows(near.space.at(capacity_of(TINY)), capacity_of(TINY))
    for game in map(named, rows):  # joined goals are in the order of the list
        assert {game["goal"], game["second"]} & {"hunt", "eat"} and game["fog_onset_tick"] in (
            32,
            64,
            128,
        )
        assert game["teams"] == "pairs" and game["combat"] == "on"
    swapped = games.universe(goal="eat", join="and", second="hunt")
    rows, _ = playable_rows(swapped.space.at(capacity_of(TINY)), capacity_of(TINY))
    assert {(game["goal"], game["second"]) for game in map(named, rows)} == {("hunt", "eat")}
    assert near.with_numbers(teams=["pairs", "alone"]) == near
    assert games.universe(fog_onset_tick=None).knob("fog_onset_tick") == games.Fixed(
        NEVER, games.Unit.TICKS
    )


@pytest.mark.parametrize(
    ("narrow", "says"),
    [
        (dict(gaol="hunt"), "no axis 'gaol'; did you mean 'goal'"),
        (dict(goal="hunting"), "goal='hunting' is none of"),
        (dict(fog_onset_tick=(33, 40)), r"fog_onset_tick=\(33, 40\) leaves no option of"),
        (dict(depletion=4), "depletion=4 is none of"),
        (dict(scatter=1), "scatter=1 is none of"),
        (dict(split="tests"), "split='tests' must be one of train, validation, test, transfer"),
    ],
)
def test_ranges_without_a_game_are_refused(narrow, says):
    with pytest.raises(ValueError, match=says):
        games.universe(**narrow)


@pytest.mark.parametrize(("narrow", "says"), [
    (dict(goal="hunt", npcs="none"), "no game in these ranges can be played"),
    (dict(goal="kill", split="train", combat="off"), "no game in these ranges can be played"),
    (dict(goal="quadrant", split="train"), "no combination of them is in this split|can be played"),
    (dict(crafts="all"), "this config has no systems, or teams, for crafts="),
])  # fmt: skip
def test_ranges_without_a_playable_game_are_refused_with_the_rule(narrow, says):
    with pytest.raises(ValueError, match=says):
        mm.make(games.universe(**narrow), config="tiny")


def test_games_of_a_mix_are_drawn_as_they_are_alone():
    row = sampled()[7]
    pinned = games.from_code(games.code_of(row))
    mix = games.Table([games.survive(), games.universe(), pinned], None, TINY)
    alone = games.Table([games.universe()], None, TINY)
    difficulty = jnp.zeros(3, jnp.int32)
    draw = jax.jit(lambda key, game: mix.draw(key, game, difficulty, TINY))
    one = jax.jit(lambda key: alone.draw(key, jnp.int32(0), difficulty[:1], TINY))
    for key in jax.random.split(KEY, 3):
        params = [draw(key, jnp.int32(game)) for game in range(3)]
        assert (params[0].choices == -1).all() and (params[2].choices == row).all()
        expected = one(key).replace(game=params[1].game)
        for a, b in zip(*map(jax.tree.leaves, (params[1], expected)), strict=True):
            np.testing.assert_array_equal(a, b)


def test_universes_are_described_in_replays_and_made_again():
    code = games.code_of(sampled()[5])
    env = mm.make(["universe/train", "survive", f"universe/{code}"], config="tiny")
    header = json.loads(json.dumps(origin.describe_env(env)))
    assert origin.made(header, None) == env
    narrowed = mm.make(games.universe(combat="off", npcs="none"), config="tiny")
    with pytest.raises(ValueError, match="must be narrowed by options|another universe"):
        origin.made(json.loads(json.dumps(origin.describe_env(narrowed))), None)
    del header["config"]["original_embeddings"]  # as files of earlier versions
    made = origin.made(header, None)
    assert made.games == env.games and made.cfg == preset(env.cfg, original_embeddings=True)


def test_a_pinned_game_is_not_narrowed():
    game = games.from_code(games.code_of(sampled()[0]))
    with pytest.raises(ValueError, match="is one game"):
        game.with_numbers(center=64)


def test_splits_have_no_game_in_common_and_cover_all():
    assert SPLITS == ("train", "validation", "test", "transfer")
    structures = {}
    columns = [INDEX[name] for name in STRUCTURE]
    for split in SPLITS:
        rows = sampled("mini", split)
        assert len(rows) > 100
        assert {games.split_of_code(games.code_of(row)) for row in rows[:40]} == {split}
        structures[split] = {tuple(row[columns]) for row in rows}
    for one, two in itertools.combinations(SPLITS, 2):
        assert not structures[one] & structures[two]
    new = {kind.name for kind in KINDS if kind.is_new}
    for split in SPLITS:
        asked = [
            {g["goal"]} | ({g["second"]} if g["join"] != "none" else set())
            for g in map(named, sampled("mini", split))
        ]
        assert all(bool(names & new) == (split == "transfer") for names in asked)
    share = np.bincount(split_of(sampled("mini")), minlength=4) / len(sampled("mini"))
    assert share[0] > share[3] > 0.05 and share[2] > share[1] > 0.03


def test_splits_and_codes_stay_what_they_are():
    """Of games written down: whoever changes axes, options or goals must raise the version."""
    assert (codes.VERSION, codes.LENGTH, len(AXES)) == ("1", 14, 39)
    assert [games.split_of_code(code) for code in KNOWN] == list(KNOWN.values())
    task = games.describe("100ab6jjnzsjh083", "tiny").splitlines()[2]
    assert task.endswith("shall reach the middle of the map and be 2 tiles away from the start.")


KNOWN = {
    "10000044nyxyaf4z": "train",
    "100000ns7j294907": "validation",
    "100000qas4ccq04q": "test",
    "100ab6jjnzsjh083": "transfer",
}
"""Games written down, and their splits."""


def test_descriptions_say_what_matters():
    row = next(
        r for r in sampled("mini") if named(r)["npcs"] == "waves" and r[INDEX["fog_onset_tick"]]
    )
    text = games.describe(row)
    game = named(row)
    assert "Waves of NPCs" in text and f"Fog from tick {game['fog_onset_tick']} on" in text
    assert f"square of {game['center']} tiles" in text
    assert (
        text
        == games.describe(games.code_of(row))
        == games.describe(games.from_code(games.code_of(row)))
    )
    assert games.describe(row, "tiny") != text
    with pytest.raises(ValueError, match="names no game"):
        games.describe("nothing")


@pytest.mark.slow
def test_mutation_gives_playable_neighbours():
    atlas = Atlas([Space(split="train")], TINY)
    rows = jnp.asarray(sampled("tiny", "train")[:64])
    keys = jax.random.split(KEY, len(rows))
    new = np.asarray(jax.jit(jax.vmap(atlas.mutate))(keys, rows))
    assert rules.is_playable(new, capacity_of(TINY)).all()
    assert (split_of(new) == 0).all()
    assert ((new != np.asarray(rows)).any(-1)).mean() > 0.8


def test_where_no_game_is_drawn_nothing_is_new():
    table = games.Table([games.survive(), games.sandwich()], None, TINY)
    assert table.atlas is None
    params = jax.eval_shape(
        lambda key: table.draw(key, jnp.int32(0), jnp.ones(2, jnp.int32), TINY), KEY
    )
    assert params.choices is None
    with pytest.raises(ValueError, match="no game of this environment is a universe"):
        mm.make("survive", config="tiny").reset(KEY, choices=jnp.zeros(len(AXES), jnp.int32))
    with pytest.raises(ValueError, match="must be .39,. integers"):
        mm.make("universe", config="tiny").reset(KEY, choices=jnp.zeros(3, jnp.int32))


def test_names_of_universes_are_not_taken():
    assert mm.registry.resolve("universe/train") == games.universe(split="train")
    assert not any(name.startswith("universe") for name in mm.registry.games())
    with pytest.raises(ValueError, match="is taken by the universe"):
        mm.registry.register("universe/mine", games.survive)
