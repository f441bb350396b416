import numpy as np

from agents.learners import state as states


def test_it_learns_to_remember(fake_cfg, fake_parts, monkeypatch):
    """A direction shown in one tick must be kept in mind for a life, and not beyond it.

    Always moving the same way earns 0.0625 a tick; a memory that does not survive a sequence, or
    is not emptied at a death, stays near that. Perfect play earns 0.25.
    """
    batch, policy, update, _ = fake_parts
    state, rewards = states.init_state(batch, policy, fake_cfg), []
    for number in range(60):
        if number == 1:  # later updates trace the world no more
            monkeypatch.setattr(type(batch.env), "step", None)
        state, metrics = update(state, np.float32(fake_cfg.learning_rate))
        rewards.append(float(metrics["reward"]))
        assert float(metrics["replay_error"]) < 1e-4
    assert rewards[0] < 0.07
    assert np.mean(rewards[-5:]) > 0.18
