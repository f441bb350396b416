"""A compact IPPO in the style of JaxMARL's scripts learns on the adapter as it is."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import metammo_jax as mm
from metammo_jax.adapters import JaxMARLEnv

ENVS, STEPS, UPDATES, EPOCHS, GAMMA, LAMBDA, CLIP = 8, 16, 32, 4, 0.97, 0.9, 0.2


class Net(nn.Module):
    actions: int

    @nn.compact
    def __call__(self, x):
        pi = nn.tanh(nn.Dense(64)(nn.tanh(nn.Dense(64)(x))))
        value = nn.tanh(nn.Dense(64)(nn.tanh(nn.Dense(64)(x))))
        logits = nn.Dense(self.actions, kernel_init=nn.initializers.orthogonal(0.01))(pi)
        return jax.nn.log_softmax(logits), nn.Dense(1)(value)[..., 0]


def stacked(by_agent, agents):
    """Returns (agents * envs, ...) of a dict by agent."""
    return jnp.concatenate([by_agent[agent] for agent in agents])


def advantages(reward, done, value, last):
    def back(carry, now):
        gain, after = carry
        reward, done, value = now
        goes_on = 1.0 - done
        gain = reward + GAMMA * after * goes_on - value + GAMMA * LAMBDA * goes_on * gain
        return (gain, value), gain

    return jax.lax.scan(back, (jnp.zeros_like(last), last), (reward, done, value), reverse=True)[1]


def loss(params, net, batch):
    obs, action, old, gain, target = batch
    logp, value = net.apply(params, obs)
    ratio = jnp.exp(jnp.take_along_axis(logp, action[..., None], -1)[..., 0] - old)
    gain = (gain - gain.mean()) / (gain.std() + 1e-8)
    policy = -jnp.minimum(ratio * gain, jnp.clip(ratio, 1 - CLIP, 1 + CLIP) * gain).mean()
    entropy = -(jnp.exp(logp) * logp).sum(-1).mean()
    return policy + 0.5 * jnp.square(value - target).mean() - 0.01 * entropy


@pytest.mark.slow
def test_ippo_learns_to_race():
    env = JaxMARLEnv(mm.make("race_to_the_center", config="tiny"), window=False)
    net = Net(env.action_space("agent_0").n)
    params = net.init(jax.random.key(0), jnp.zeros(env.observation_space("agent_0").shape))
    train = jax.jit(trainer(env, net))
    with jax.numpy_dtype_promotion("standard"):  # optax mixes types
        rewards = np.asarray(train(params))
    assert np.isfinite(rewards).all()
    assert rewards[-8:].mean() > rewards[:8].mean() + 0.005, rewards


def rollout(env, net, carry, key):
    """Returns parameters, observations and states after STEPS ticks, and what was played."""

    def act(carry, key):
        params, obs, state = carry
        act_key, step_key = jax.random.split(key)
        flat = stacked(obs, env.agents)
        logp, value = net.apply(params, flat)
        action = jax.random.categorical(act_key, logp)
        by_agent = dict(zip(env.agents, action.reshape(env.num_agents, ENVS), strict=True))
        obs, state, reward, done, info = jax.vmap(env.step)(
            jax.random.split(step_key, ENVS), state, by_agent
        )
        old = jnp.take_along_axis(logp, action[:, None], -1)[:, 0]
        done = stacked(done, env.agents).astype(jnp.float32)
        return (params, obs, state), (flat, action, old, value, stacked(reward, env.agents), done)

    return jax.lax.scan(act, carry, jax.random.split(key, STEPS))


def trainer(env, net):
    """Returns the function that trains parameters, and returns the mean reward of each update."""
    adam = optax.chain(optax.clip_by_global_norm(0.5), optax.adam(2e-3))

    def update(carry, key):
        params, memory, obs, state = carry
        (_, obs, state), played = rollout(env, net, (params, obs, state), key)
        flat, action, old, value, reward, done = played
        last = net.apply(params, stacked(obs, env.agents))[1]
        gain = advantages(reward, done, value, last)
        batch = flat, action, old, gain, gain + value

        def descend(carry, _):
            params, memory = carry
            change, memory = adam.update(jax.grad(loss)(params, net, batch), memory)
            return (optax.apply_updates(params, change), memory), None

        (params, memory), _ = jax.lax.scan(descend, (params, memory), None, EPOCHS)
        return (params, memory, obs, state), reward.mean()

    def train(params):
        obs, state = jax.vmap(env.reset)(jax.random.split(jax.random.key(1), ENVS))
        start = params, adam.init(params), obs, state
        return jax.lax.scan(update, start, jax.random.split(jax.random.key(2), UPDATES))[1]

    return train
