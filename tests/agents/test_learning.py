import jax
import numpy as np

from agents import update as updating


def test_it_learns_to_remember(fake_cfg, fake_parts):
    """A direction shown in one tick must be kept in mind for a life, and not beyond it.

    Always moving the same way earns 0.0625 a tick; a memory that does not survive a sequence, or
    is not emptied at a death, stays near that. Perfect play earns 0.25.
    """
    batch, policy, update, _ = fake_parts
    state, rewards = updating.start(batch, policy, fake_cfg), []
    for _ in range(60):
        state, metrics = update(state, np.float32(fake_cfg.learning_rate))
        rewards.append(float(metrics["reward"]))
        assert float(metrics["replay_error"]) < 1e-4
    assert rewards[0] < 0.07
    assert np.mean(rewards[-5:]) > 0.18


def test_the_dead_do_not_count(fake_cfg, fake_parts):
    """What dead rows hold changes neither loss nor gradient."""
    batch, policy, _, state = fake_parts
    _, rows, _ = jax.jit(
        lambda s: updating._experience(batch, policy, fake_cfg, s, jax.random.key(1))
    )(state)
    dead = ~rows.step.alive
    assert dead.any()
    spoiled = rows.replace(
        advantage=np.where(dead, 1e6, rows.advantage),
        step=rows.step.replace(
            log_prob=np.where(dead, -50.0, rows.step.log_prob),
            value=np.where(dead, 1e6, rows.step.value),
        ),
    )
    gradient = jax.jit(jax.grad(lambda p, r: updating._loss(p, policy, r, fake_cfg)[0]))
    first, second = gradient(state.params, rows), gradient(state.params, spoiled)
    jax.tree.map(np.testing.assert_array_equal, first, second)
