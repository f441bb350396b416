"""A replay is the episode that was played: the same worlds, also from a file, and no other."""

import dataclasses
import json
import types

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.action import Action, noop
from metammo_jax.env import Info
from metammo_jax.replay import files, given, origin
from metammo_jax.replay.course import STRIDE, Course
from tests import worlds

GAME = "team_battle"
TICKS = 40
"""More than a stretch, so that a keyframe is played from."""
assert TICKS > STRIDE


def assert_same(one, two) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, two)
    assert jax.tree.structure(one) == jax.tree.structure(two)


@pytest.fixture(scope="module")
def replay(fought) -> mm.Replay:
    assert fought.ticks == TICKS
    return fought


@pytest.fixture(scope="module")
def by_hand(played):
    """The worlds and actions of the same episode, played with nothing but `Env`."""
    names = [game.name for game in played.env.games]
    reset_key, key = jax.random.split(jax.random.key(3))
    obs, world = played.reset(reset_key, np.int32(names.index(GAME)))
    episode, actions = [world], []
    for tick in range(TICKS):
        act_key, step_key = jax.random.split(jax.random.fold_in(key, tick))
        actions.append(played.sample(act_key, obs))
        obs, world, *_ = played.step(step_key, world, actions[-1])
        episode.append(world)
    stack = lambda *leaves: np.stack(leaves)  # noqa: E731
    return jax.tree.map(stack, *jax.device_get(episode)), jax.tree.map(stack, *actions)


def test_worlds_and_actions_are_those_that_were_played(replay, by_hand, tiny):
    episode, actions = by_hand
    assert replay.ticks == TICKS and len(replay) == TICKS + 1
    assert_same(replay.worlds(), episode)
    assert_same(replay.worlds(30, 35), jax.tree.map(lambda x: x[30:35], episode))
    assert_same(replay.at(33), jax.tree.map(lambda x: x[33], episode))
    assert_same(replay[-1], jax.tree.map(lambda x: x[-1], episode))
    alive = (episode.body.present & (episode.body.health > 0))[:-1, : tiny.players]
    np.testing.assert_array_equal(replay.alive, alive)
    assert not alive.all(), "nobody died: what the dead do is not tested"
    np.testing.assert_array_equal(replay.actions.token[alive], actions.token[alive])
    assert (replay.actions.target[~alive] == -1).all()


def test_a_file_gives_the_same_episode(replay, tmp_path, all_games):
    path = replay.save(tmp_path / "new" / "episode.replay")
    again = mm.Replay.load(path)
    assert again.env is all_games and again.game == replay.game and not again.over
    assert_same(again.actions, replay.actions)
    np.testing.assert_array_equal(again.alive, replay.alive)
    assert_same(again.at(TICKS), replay.at(TICKS))
    again.verify()
    again.actions.move[0] = (again.actions.move[0] + 1) % 4
    with pytest.raises(ValueError, match="otherwise"):
        again.verify()


def test_random_files_lose_nothing(tmp_path):
    rng = np.random.default_rng(0)
    alive = rng.random((50, 7)) < 0.6
    for high in (1, 254, 255, 300, 2**31 - 1):
        values = np.where(alive, rng.integers(-1, high, alive.shape), -1).astype(np.int32)
        planes = files.squeezed(values, alive)
        assert len(planes) == (1 if high < 256 else 2 if high == 300 else 4)
        np.testing.assert_array_equal(files.stretched(planes, alive, -1), values)


def test_a_damaged_file_is_refused(replay, tmp_path):
    path = replay.save(tmp_path / "episode.replay")
    whole = path.read_bytes()
    for damage, said in (
        (whole[:-1], "cut short"),
        (whole[:60], "cut short"),
        (whole[:500] + bytes([whole[500] ^ 1]) + whole[501:], "damaged"),
        (whole.replace(b"replay 2", b"replay 9"), "format '9'"),
        (b"GIF89a", "no replay"),
        (b"", "no replay"),
    ):
        path.write_bytes(damage)
        with pytest.raises(ValueError, match=said):
            mm.Replay.load(path)
    with pytest.raises(ValueError, match="no file"):
        mm.Replay.load(tmp_path / "none.replay")


def altered(path, change) -> None:
    """Changes the header of a file, with the right checksum."""
    header, blocks = files.read(path.read_bytes(), "")
    del header["blocks"]
    change(header)
    path.write_bytes(files.written(header, blocks))


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda h: h.update(version="0.0.1"), "0.0.1"),
        (lambda h: h["env"]["config"].update(new=1), "differs in new"),
        (lambda h: h["env"]["config"].update(players=-1), "players=-1"),
        (lambda h: h["env"]["games"][0].update(name="chess"), "chess"),
        (lambda h: h["env"]["games"][0].update(fingerprint="0"), "its goals"),
        (lambda h: h["env"]["games"][0]["knobs"].pop("fog_onset_tick"), "fog_onset_tick"),
        (lambda h: h.update(ticks=h["ticks"] + 1), "ticks"),
        (lambda h: h.update(game=99), "99"),
        (lambda h: h.pop("key"), "key"),
    ],
)
def test_a_file_of_something_else_is_refused(replay, tmp_path, change, said):
    path = replay.save(tmp_path / "episode.replay")
    altered(path, change)
    with pytest.raises(ValueError, match=said):
        mm.Replay.load(path)


def test_an_environment_given_must_be_that_of_the_file(replay, tmp_path, all_games):
    path = replay.save(tmp_path / "episode.replay")
    assert mm.Replay.load(path, all_games).env is all_games
    games = list(all_games.games)
    with pytest.raises(ValueError, match="another config: players=16"):
        mm.Replay.load(path, mm.make(games, config="mini"))
    with pytest.raises(ValueError, match="is of the games"):
        mm.Replay.load(path, mm.make(games[:-1], config="tiny"))
    other = mm.make([games[0].with_numbers(fog_onset_tick=3), *games[1:]], config="tiny")
    with pytest.raises(ValueError, match="fog_onset_tick"):
        mm.Replay.load(path, other)


@pytest.mark.parametrize("config", ["tiny", "tiny_full"])
def test_every_environment_can_be_described_and_made(config):
    names = mm.registry.games(config)
    hill = mm.games.king_of_the_hill(fog_onset_tick=64, seize_duration=(10, 50))
    games = [hill, *(name for name in names if name != hill.name)]
    env = mm.make(games, config, weights=range(1, len(games) + 1), team_sizes=(5, 4, 4, 3))
    header = json.loads(json.dumps(origin.describe_env(env)))
    made = origin.made(header, None)
    assert made == env and made.cfg == env.cfg
    origin.check(env, header)


def test_games_that_differ_have_different_fingerprints():
    one, two = mm.games.survive(), mm.games.team_battle()
    mixed = dataclasses.replace(two, name=one.name, knobs=one.knobs)
    goals = dataclasses.replace(one, goals=(mm.games.Goal("tick_ge", (5,)),))
    recorded = [origin.describe_game(game)["fingerprint"] for game in (one, mixed, goals)]
    assert len(set(recorded)) == 3


def test_maps_of_ones_own_are_in_the_file(tmp_path, tiny):
    maps = np.full((2, tiny.map_size, tiny.map_size), 2, np.int8)
    maps[1, 20:24, 20:24] = 5
    env = mm.make("team_battle", config="tiny", maps=maps)
    course = Course(env, jax.random.key(1), given.no_ticks(tiny), np.int32(0), None)
    replay = mm.Replay.known(course, np.zeros((0, tiny.players), bool), False, digest="")
    path = replay.save(tmp_path / "own.replay")
    assert mm.Replay.load(path).env is env
    with pytest.raises(ValueError, match="other maps"):
        mm.Replay.load(path, mm.make("team_battle", config="tiny", maps=maps[::-1]))


def test_a_fork_is_the_same_before_and_differs_after(replay):
    tick = STRIDE + 2
    assert_same(replay.fork(tick).worlds(), replay.worlds())
    calm = noop(replay.env.cfg)
    other = replay.fork(tick, calm)
    assert other.ticks == TICKS
    assert_same(other.at(tick), replay.at(tick))
    assert (other.actions.move[tick] == 4).all()
    assert (other.at(tick + 1).body.pos != replay.at(tick + 1).body.pos).any()
    np.testing.assert_array_equal(other.actions.move[tick + 1], replay.actions.move[tick + 1])
    longer = replay.fork(tick, policy=lambda key, obs: calm, ticks=TICKS + 1)
    assert longer.ticks == TICKS + 1 and (longer.actions.move[tick:] == 4).all()
    assert_same(longer.at(tick + 1), other.at(tick + 1))
    assert replay.fork(tick, ticks=5).ticks == 5


def test_actions_of_ones_own_are_a_replay(replay, all_games):
    again = mm.Replay(all_games, jax.random.key(3), replay.actions, GAME)
    assert_same(again.at(TICKS), replay.at(TICKS))
    with pytest.raises(ValueError, match="actions.move has shape"):
        short = jax.tree.map(lambda leaf: leaf[:, :3], replay.actions)
        mm.Replay(all_games, jax.random.key(3), short, GAME)
    with pytest.raises(ValueError, match="difficulty"):
        mm.Replay(all_games, jax.random.key(3), replay.actions, GAME, difficulty=[1, 2])


def test_ticks_that_are_not_there_are_refused(replay):
    for call in (
        lambda: replay.at(TICKS + 1),
        lambda: replay.at(-1),
        lambda: replay.worlds(5, 5),
        lambda: replay.worlds(0, TICKS + 2),
        lambda: replay.fork(TICKS + 1),
        lambda: replay["first"],
    ):
        with pytest.raises(ValueError):
            call()
    with pytest.raises(IndexError):
        replay[TICKS + 1]


class Countdown:
    """An environment that is over after three ticks; its observation is the tick."""

    games = (types.SimpleNamespace(name="first"), types.SimpleNamespace(name="second"))

    def __init__(self, cfg):
        self.cfg, self.first = cfg, worlds.blank(cfg)

    def reset(self, key, game=None, difficulty=None):
        params = self.first.params.replace(game=jnp.int32(0 if game is None else game))
        return self.first.tick, self.first.replace(params=params)

    def sample(self, key, obs):
        return noop(self.cfg)

    def observe(self, world):
        return world.tick

    def step(self, key, world, action):
        tick, zero = world.tick + 1, jnp.float32(0)
        world = world.replace(tick=tick, body=world.body.replace(message=action.token))
        params, over = world.params, tick >= 3
        info = Info(over, over, over, zero, zero, params.game, params.difficulty)
        return tick, world, zero, zero, zero, info


def test_record_plays_until_the_game_is_over(tiny, key):
    env = Countdown(tiny)
    episode = mm.record(env, key)
    assert episode.over and episode.ticks == 3
    assert [int(world.tick) for world in episode] == [0, 1, 2, 3]
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(episode[0]))
    short = mm.record(env, key, ticks=2)
    assert not short.over and len(short) == 3
    assert int(mm.record(env, key, game="second")[0].params.game) == 1
    assert int(mm.record(env, key, game=1)[0].params.game) == 1
    six = jax.tree.map(lambda leaf: np.tile(leaf, (6, 1)), jax.device_get(noop(tiny)))
    assert mm.Replay(env, key, six).ticks == 3, "actions after the end are kept"


class Counting:
    """A policy that counts its calls and says the number."""

    def __init__(self, cfg):
        self.cfg, self.asked = cfg, []

    def restart(self):
        self.asked = []

    def __call__(self, key, obs) -> Action:
        self.asked.append(int(obs))  # a policy may keep a memory: it is not traced
        return noop(self.cfg).replace(token=jnp.full(self.cfg.players, len(self.asked), jnp.int32))

    def explain(self, key, obs):
        action = self(key, obs)
        return action, {"value": np.full(self.cfg.players, obs, np.float16)}


def test_record_asks_the_policy_each_tick(tiny, key):
    policy = Counting(tiny)
    for _ in range(2):
        episode = mm.record(Countdown(tiny), key, policy)
        assert policy.asked == [0, 1, 2] and episode.policy is None
        assert [int(world.body.message[0]) for world in episode[1:]] == [1, 2, 3]
    recorded = mm.record(Countdown(tiny), key, policy, outputs=True)
    assert_same(recorded.actions, episode.actions)
    np.testing.assert_array_equal(recorded.policy["value"][:, 0], [0, 1, 2])
    forked = episode.fork(1, policy=policy)
    assert policy.asked == [1, 2] and forked.actions.token[:, 0].tolist() == [1, 1, 2]


def test_record_refuses_what_it_does_not_know(tiny, key):
    for game in ("third", 2, -1, True):
        with pytest.raises(ValueError, match="first, second"):
            mm.record(Countdown(tiny), key, game=game)
    with pytest.raises(ValueError, match="ticks=0"):
        mm.record(Countdown(tiny), key, ticks=0)
    with pytest.raises(ValueError, match="explain"):
        mm.record(Countdown(tiny), key, outputs=True)


@pytest.mark.slow
def test_what_has_no_effect_is_left_out_and_changes_nothing(played_full, tmp_path):
    """Receivers, prices and amounts where nothing is given or sold: the worlds stay the same."""
    env, drawn = played_full.env, []

    def policy(key, obs):
        drawn.append(jax.device_get(played_full.sample(key, obs)))
        return drawn[-1]

    replay = mm.record(env, jax.random.key(5), policy, game="multi_task", ticks=60)
    raw = jax.tree.map(lambda *leaves: np.stack(leaves), *drawn)
    for name, other in (("give_to", "give"), ("price", "sell"), ("gold", "gold_to")):
        asked, kept = getattr(raw, name), getattr(replay.actions, name)
        counts = replay.alive & (getattr(raw, other) >= 0)
        assert counts.any() and (~counts & replay.alive).any(), f"{name}: choose another seed"
        np.testing.assert_array_equal(kept[counts], asked[counts])
        assert (kept[~counts] == -1).all()
    for name in ("move", "style", "target", "token", "use", "destroy", "buy"):
        np.testing.assert_array_equal(
            getattr(replay.actions, name)[replay.alive], getattr(raw, name)[replay.alive]
        )
    mm.Replay.load(replay.save(tmp_path / "one.replay")).verify()
