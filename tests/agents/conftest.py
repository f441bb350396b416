"""What the tests of the agents share: one compiled update of the fake world."""

import pytest

from agents.config import TrainConfig
from agents.learners.state import init_state
from agents.learners.update import make_update
from agents.runs.training_run import assemble
from tests.agents.fake import FakeEnv


@pytest.fixture(scope="session")
def fake_cfg() -> TrainConfig:
    return TrainConfig(
        game="remember",
        num_worlds=16,
        rollout=32,
        sequence=16,
        width=32,
        learning_rate=7e-3,
        anneal=False,
        entropy=0.003,
        minibatches=4,
        epochs=3,
        clip=0.2,
        paper_reward=False,
        verify=True,
        progress=False,
        save_every=0,
        eval_every=0,
    )


@pytest.fixture(scope="session")
def fake_parts(fake_cfg):
    """Batch, policy, update and a first state of the fake world; an update donates its state."""
    batch, policy = assemble(fake_cfg, FakeEnv())
    return batch, policy, make_update(batch, policy, fake_cfg), init_state(batch, policy, fake_cfg)


@pytest.fixture
def refused(capsys):
    """Returns what a command said that refused its words."""

    def said(main, words) -> str:
        try:
            code = main(words)
        except SystemExit as stopped:  # tyro's, for a value that the options refuse
            code = stopped.code
        assert code == 2
        return " ".join(capsys.readouterr().err.split())

    return said
