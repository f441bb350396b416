"""A program in the style of the original's scripted baselines plays; what it does is checked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import metammo_jax as mm
from metammo_jax.action import Action
from metammo_jax.adapters import nmmo
from metammo_jax.adapters.nmmo import Entity
from metammo_jax.adapters.original import OriginalEnv, _meant
from metammo_jax.lib import threefry
from metammo_jax.vocab import Item
from tests import worlds

STEPS = {0: (-1, 0), 1: (1, 0), 2: (0, 1), 3: (0, -1)}


def racer(obs, middle, rng):
    """Returns the actions of one agent: toward the middle, and at whoever may be attacked."""
    me = next(row for row in obs["Entity"] if row[Entity.ID] == obs["AgentId"])
    moves = [move for move in STEPS if obs["ActionTargets"]["Move"]["Direction"][move]]

    def left(move):
        row, col = STEPS[move]
        return max(abs(me[Entity.ROW] + row - middle), abs(me[Entity.COL] + col - middle))

    best = [move for move in moves if left(move) == min(map(left, moves))]
    move = int(rng.choice(best)) if best and rng.random() < 0.9 else 4
    actions = {"Move": {"Direction": move}}
    allowed = np.flatnonzero(obs["ActionTargets"]["Attack"]["Target"][:-1])
    if len(allowed):
        weakest = min(allowed, key=lambda k: obs["Entity"][k][Entity.HEALTH])
        actions["Attack"] = {"Style": int(rng.integers(3)), "Target": int(weakest)}
    return actions


def test_names_become_actions(tiny):
    """Against the original's rules for arguments, with arguments out of range."""
    env = OriginalEnv(mm.make("team_battle", config=tiny))
    assert nmmo.OriginalEnv is OriginalEnv
    wanted = {
        1: {"Move": {"Direction": 2}, "Attack": {"Style": 1, "Target": 3}, "Comm": {"Token": 0}},
        2: {"Move": {"Direction": 9}, "Attack": {"Style": 7, "Target": 31}},
        3: {"Move": {"Direction": -1}, "Attack": {"Style": -1, "Target": 3}},
        4: {"Attack": {"Style": 0, "Target": 32}, "Comm": {"Token": 1000}},
        5: {"Attack": {"Style": 0, "Target": 2}, "Comm": {"Token": np.int64(-3)}},
    }
    visible = np.full((16, 32), -1, np.int16)
    visible[:, :4] = [2, 7, 9, 20]
    action = _meant(jnp.asarray(env._choice(wanted)), (jnp.asarray(visible), None), tiny)
    assert action.move[:6].tolist() == [2, 4, 4, 4, 4, 4]
    assert action.target[:6].tolist() == [20, -1, -1, -1, 9, -1]
    assert action.style[:2].tolist() == [1, 2]
    assert action.token[:6].tolist() == [1, -1, -1, 127, -1, -1]
    assert action.use is None


@pytest.mark.parametrize(
    "actions, match",
    [
        ({0: {}}, "agent=0 must be a number in 1..16"),
        ({1: {"Jump": {}}}, "'Jump'.*there are Attack: Style, Target"),
        ({1: {"Attack": {"Style": 0}}}, "Attack: Style, Target"),
        ({1: {"Move": {"Direction": 1.0}}}, "must be an integer"),
    ],
)
def test_senseless_actions_are_refused(tiny, actions, match):
    env = OriginalEnv(mm.make("team_battle", config=tiny))
    with pytest.raises(ValueError, match=match):
        env._choice(actions)
    with pytest.raises(ValueError, match="reset"):
        env.step({})
    with pytest.raises(ValueError, match="not a batch"):
        OriginalEnv(mm.vectorize(env.env, 2))


def test_names_of_the_full_game(tiny_full):
    env = OriginalEnv(mm.make("survive", config=tiny_full))
    wanted = {
        2: {
            "Use": {"InventoryItem": 3},
            "Destroy": {"InventoryItem": 12},
            "Give": {"InventoryItem": 1, "Target": 0},
            "GiveGold": {"Price": 4, "Target": 1},
            "Sell": {"InventoryItem": 5, "Price": 500},
            "Buy": {"MarketItem": 1},
        }
    }
    visible = jnp.tile(jnp.array([[6, 8]], jnp.int16), (16, 1))
    listing = jnp.array([30, 41, -1], jnp.int32)
    action = _meant(jnp.asarray(env._choice(wanted)), (visible, listing), tiny_full)
    found = {name: int(value[1]) for name, value in vars(action).items()}
    assert found == dict(
        move=4,
        style=0,
        target=-1,
        token=-1,
        use=3,
        destroy=-1,
        give=1,
        give_to=6,
        sell=5,
        price=99,
        buy=41,
        gold=5,
        gold_to=8,
    )


@pytest.mark.slow
def test_a_scripted_baseline_plays(tiny):
    base = mm.make("race_to_the_center", config=tiny)
    env, rng = OriginalEnv(base), np.random.default_rng(0)
    obs, infos = env.reset(seed=5)
    assert env.agents == env.possible_agents == list(obs) == list(infos) == list(range(1, 17))
    ticks = 0
    while env.agents and not env.is_over:
        actions = {agent: racer(obs[agent], tiny.middle, rng) for agent in env.agents}
        world = env.world
        obs, rewards, terminations, truncations, infos = env.step(actions)
        ticks += 1
        moves = np.array([actions[agent]["Move"]["Direction"] for agent in range(1, 17)])
        if ticks == 1:  # the same tick by the environment alone
            action = base.noop().replace(move=jnp.asarray(moves, jnp.int32))
            assert isinstance(action, Action)
            key = threefry.fold_in(env._keys._key, np.uint32(2))
            _, after, reward, *_ = jax.jit(base.step)(key, world, action)
            same = jax.tree.map(lambda a, b: (a == b).all(), after, env.world)
            assert jax.tree.all(same) and list(rewards.values()) == reward.tolist()
            shown = jax.jit(lambda world: nmmo.observe(world, tiny))(after)
            np.testing.assert_array_equal(obs[7]["Tile"], shown["Tile"][6])
    assert env.winners and ticks < 60 and infos[env.winners[0]]["max_progress"] == 1
    assert not any(truncations.values()) and not any(terminations.values())
    again, _ = env.reset(seed=5)
    first, _ = OriginalEnv(base).reset(seed=5)
    np.testing.assert_array_equal(again[3]["Entity"], first[3]["Entity"])


@pytest.mark.slow
def test_who_dies_is_terminated_once_and_spaces_hold(tiny_full):
    gymnasium = pytest.importorskip("gymnasium")
    env, rng = OriginalEnv(mm.make("team_battle", config=tiny_full)), np.random.default_rng(1)
    env.reset(seed=0)
    world = worlds.blank(tiny_full, teams=4)
    world = worlds.put_item(world, 3, 2, Item.HAT, 1, price=4)
    body = world.body  # hungry enough not to be healed, not enough to starve
    body = body.replace(health=body.health.at[4].set(5), food=body.food.at[4].set(40))
    body = body.replace(time_alive=body.time_alive + 50)
    env.world = world.replace(body=body)
    env._seen = (env.env.observe(env.world).visible, env.env.observe(env.world).listing)
    target = np.flatnonzero(np.asarray(env._seen[0])[0] == 4)[0]
    obs, rewards, terminations, _, _ = env.step({1: {"Attack": {"Style": 0, "Target": target}}})
    assert terminations[5] and rewards[5] == -1 and 5 not in env.agents and len(obs) == 16
    assert not obs[5]["Entity"].any() and obs[5]["AgentId"] == 5
    assert obs[2]["Market"][0, 15] == 4 and obs[4]["Inventory"][2, 14 + 1] == 4
    space = env.observation_space(1)
    assert isinstance(space, gymnasium.spaces.Dict) and space.contains(obs[1])
    names = {action: tuple(arguments) for action, arguments in env.action_space(1).items()}
    assert names["Give"] == ("InventoryItem", "Target") and len(names) == 9
    env.action_space(1).seed(0)
    actions = {agent: env.action_space(agent).sample() for agent in (*env.agents, 5)}
    obs, *_ = env.step(actions)
    assert 5 not in obs and set(obs) >= set(env.agents)
    move = racer({**obs[1]}, tiny_full.middle, rng)
    assert set(move) <= {"Move", "Attack"}
