"""`TrainConfig`: every option of a training run, typed and checked, and the named presets.

Axes: B worlds, L rollout ticks, S ticks of a sequence, P players.
"""

import dataclasses
from typing import Literal

from metammo_jax.lib import checks
from metammo_jax.lib.checks import is_finite_number
from metammo_jax.vector import WEIGH


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Options of a training run; the defaults learn a game at `tiny` on two CPU cores.

    Attributes:
      game: name of the game, or several names: each episode then plays one of them.
      weights: how often each game is drawn, relative to the others; empty for equally often.
      curriculum: by what the next game of a world is drawn, see `agents.curriculum`: "uniform",
        each alike; "weights", by `weights`, which stands for "uniform" where these are given;
        "progress", games whose success rate changes; "learnability", games, and levels of a
        universe, that are won about half of the time; "replay", levels of a universe with a high
        `level_score`, and mutations of them.
      curriculum_random: share of the resets that a curriculum leaves to chance: any game, and a new
        draw of a universe.
      level_buffer: levels of a universe that are kept to be played again.
      level_score: of replayed levels, the mean over an episode: "positive", of advantages above 0,
        or "magnitude", of absolute advantages.
      level_temperature: of replayed levels: the level of rank r is drawn in proportion to
        (1 / r) ** (1 / temperature).
      level_staleness: share of replays that are drawn by how long a level was not played.
      level_mutation: share of replays that play a mutation of a level in its place.
      weigh: what `weights` are shares of: "episodes", as in the paper, or "samples", which are
        living agent-steps.
      share_difficulty: all worlds that play a game have the same adaptive difficulty, which rises
        as fast in a mix of games as in training on that game alone; else each world adapts its
        own, as in the original.
      config: size of the world: "tiny", "mini", "large", "tiny_full" or "full".
      total_steps: living agent-steps (one living agent, one tick) after which training ends.
      num_worlds: B, worlds simulated in parallel.
      rollout: L, ticks collected in every world for each update of the policy.
      sequence: S, ticks of backpropagation through time in the recurrent core; divides `rollout`.
      algorithm: "ppo"; "vtrace" for an actor-critic with V-trace; "pqn" for parallelized
        Q-learning; "own" for the one passed as `train(cfg, algorithm=...)`. See `agents.learners`.
      epochs: passes over each rollout.
      minibatches: gradient steps in each epoch; divides B * L / S, the sequences of a rollout.
      learning_rate: learning rate of Adam.
      anneal: lower the learning rate linearly to 0 over `total_steps`.
      gamma: discount factor per tick.
      gae_lambda: lambda of generalized advantage estimation.
      normalize: how advantages are normalized to mean 0 and standard deviation 1: over "all"
        samples of a minibatch, or over those of each "game" in a rollout, so that games with small
        rewards count as much as others.
      clip: epsilon of PPO, the largest change of the probability ratio that has a gradient.
      value_clip: largest change of a value prediction that has a gradient; 0 for no limit.
      entropy: coefficient of the entropy bonus of moves, targets, styles and items.
      token_entropy: coefficient of the entropy bonus of the heads with very many entries: words,
        and in the full game prices and amounts of gold.
      value_coef: coefficient of the value loss.
      temperature: temperature of the softmax policy of "pqn", in units of the return; the smaller,
        the greedier.
      max_grad_norm: global norm to which gradients are clipped.
      network: "lean"; "paper" for the architecture of Meta MMO's baseline; "own" for the one
        passed as `train(cfg, network=...)`.
      width: units of the lean network's recurrent core.
      matmul_precision: of the network's matrix products on accelerators: "float32", JAX's default
        there, or "bfloat16": their inputs are rounded to it, and the sums are float32. Parameters
        and all else stay float32; CPUs take float32 in both cases.
      corrected: correct the mistakes of the paper's network (see `networks.paper`).
      paper_reward: shape the reward by wins, losses and health, as the paper does; else use the
        reward of the game alone.
      team_credit: when an agent dies, continue its return with the mean value of its living
        teammates (see `agents.learners.credit`); else its return ends there, as in the paper.
      past_selves: share of the teams (of the agents in games without teams) played by earlier
        versions of the policy (see `agents.learners.pool`). Their steps are neither learned from
        nor counted. 0 for none; the paper uses 0.125.
      pool_size: number of earlier versions of the policy that are stored.
      pool_every: updates between two versions that may be stored.
      pool_draw: which stored version plays in a rollout: "uniform", or "hard" to prefer those that
        win more against the current policy.
      spare_teammates: mask teammates out of the attack targets.
      talk: agents may send words to their teammates.
      start_from: initial parameters: folder of another run, RUN or RUN@UPDATE. If several seeds are
        trained together, each starts from the run of the same seed if there is one. Empty for
        random initialization.
      seed: seed of all randomness in the run, 0 .. 2**63 - 1.
      run_dir: folder to write the run to; empty for a new one under `runs/`.
      save_every: updates between two checkpoints; 0 for one at the end only.
      keep: number of newest checkpoints to keep; 0 for all.
      eval_every: updates between two evaluations against other players (see
        `agents.evaluation.opponents`); 0 for none, -N for N evaluations at equal distances.
      eval_episodes: episodes against each opponent in an evaluation.
      replay_every: updates between two episodes that are recorded into `replays/` (see
        `mm.Replay`); 0 for none.
      log: where to send metrics besides the run's folder: any of "tensorboard", "wandb" and
        "mlflow"; each needs its package (see `agents.training.boards`).
      tensorboard: the same as "tensorboard" in `log`.
      progress: show a progress bar.
      verify: check in every update that recomputed log-probabilities equal the collected ones.
      devices: number of devices to shard the worlds over, one of `allowed_devices`; 0 for as many
        as possible.

    Raises:
      ValueError: at construction, with the name, the value and the rule.
    """

    game: tuple[str, ...] = ("race_to_the_center",)
    weights: tuple[float, ...] = ()
    curriculum: Literal["uniform", "weights", "progress", "learnability", "replay"] = "uniform"
    curriculum_random: float = 0.2
    level_buffer: int = 128
    level_score: Literal["positive", "magnitude"] = "positive"
    level_temperature: float = 0.3
    level_staleness: float = 0.1
    level_mutation: float = 0.5
    weigh: Literal["episodes", "samples"] = "episodes"
    share_difficulty: bool = False
    config: str = "tiny"
    total_steps: int = 2_000_000
    num_worlds: int = 32
    rollout: int = 32
    sequence: int = 16
    algorithm: Literal["ppo", "vtrace", "pqn", "own"] = "ppo"
    epochs: int = 1
    minibatches: int = 8
    learning_rate: float = 2e-3
    anneal: bool = True
    gamma: float = 0.99
    gae_lambda: float = 0.95
    normalize: Literal["all", "game"] = "all"
    clip: float = 0.1
    value_clip: float = 0.1
    entropy: float = 0.003
    token_entropy: float = 0.001
    value_coef: float = 0.5
    temperature: float = 0.03
    max_grad_norm: float = 0.5
    network: Literal["lean", "paper", "own"] = "lean"
    width: int = 64
    matmul_precision: Literal["float32", "bfloat16"] = "float32"
    corrected: bool = True
    paper_reward: bool = True
    team_credit: bool = False
    past_selves: float = 0.0
    pool_size: int = 8
    pool_every: int = 20
    pool_draw: Literal["uniform", "hard"] = "uniform"
    spare_teammates: bool = True
    talk: bool = True
    start_from: str = ""
    seed: int = 0
    run_dir: str = ""
    save_every: int = 100
    keep: int = 3
    eval_every: int = -5
    eval_episodes: int = 32
    replay_every: int = 0
    log: tuple[str, ...] = ()
    tensorboard: bool = False
    progress: bool = True
    verify: bool = False
    devices: int = 0

    def __post_init__(self):
        checks.whole("seed", self.seed, 0, checks.SEEDS - 1)
        checks.whole("eval_every", self.eval_every, -1000)
        self._normalize()
        self._check_types()
        self._check_ranges()
        self._check_fit()

    @property
    def segments(self) -> int:
        """B * L / S, the number of sequences in a rollout."""
        return self.num_worlds * (self.rollout // self.sequence)

    @property
    def blocks(self) -> int:
        """Number of blocks of worlds, each of which is shuffled separately into minibatches.

        It is the largest number with which every minibatch holds equally many sequences of each
        block. It does not depend on the devices, so that training is the same on any number of
        devices that divides it.
        """
        return max(
            count
            for count in _divisors(self.num_worlds)
            if self.segments // count % self.minibatches == 0
        )

    @property
    def allowed_devices(self) -> tuple[int, ...]:
        """Numbers of devices over which the worlds can be sharded."""
        return _divisors(self.blocks)

    def refusal(self, devices: int) -> str:
        """Returns the error message for a number of devices that is not allowed."""
        return (
            f"devices={devices} must divide the {self.blocks} blocks of num_worlds="
            f"{self.num_worlds} that minibatches={self.minibatches} share equally; "
            f"allowed are {', '.join(map(str, self.allowed_devices))}"
        )

    def _normalize(self):
        for name, kind in (("game", str), ("weights", (int, float)), ("log", str)):
            value = getattr(self, name)
            value = (value,) if isinstance(value, kind) else tuple(value)
            object.__setattr__(self, name, value)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type is float and is_finite_number(value):
                object.__setattr__(self, field.name, float(value))
            if field.type is int and checks.as_int(value) is not None:
                object.__setattr__(self, field.name, checks.as_int(value))
        object.__setattr__(self, "weights", tuple(float(w) for w in self.weights))
        if self.weights and self.curriculum == "uniform":
            object.__setattr__(self, "curriculum", "weights")

    def _check_types(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type in (int, float, bool, str) and type(value) is not field.type:
                kind = field.type.__name__
                raise ValueError(f"{field.name}={value!r} must be of type {kind}")

    def _check_ranges(self):
        for name in POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}={getattr(self, name)} must be greater than 0")
        for name in NOT_NEGATIVE:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}={getattr(self, name)} must be from 0 to 1")
        if not 0 <= self.past_selves < 1:
            raise ValueError(f"past_selves={self.past_selves} must be from 0 to below 1")
        for name, known in KNOWN.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} is unknown; allowed are {', '.join(known)}"
                )

    def _check_fit(self):
        if not self.game or not all(isinstance(name, str) for name in self.game):
            raise ValueError(f"game={self.game!r} must be a name, or names, of games")
        if self.weights and len(self.weights) != len(self.game):
            raise ValueError(
                f"weights={self.weights} has {len(self.weights)} numbers, "
                f"it must have one for each of {len(self.game)} games"
            )
        self._check_curriculum()
        if self.rollout % self.sequence:
            raise ValueError(f"sequence={self.sequence} must divide rollout={self.rollout}")
        if self.segments % self.minibatches:
            raise ValueError(
                f"minibatches={self.minibatches} must divide "
                f"num_worlds * rollout / sequence = {self.segments}"
            )
        for name in self.log:
            if name not in LOGS:
                raise ValueError(f"log={name!r} is unknown; allowed are {', '.join(LOGS)}")
        if self.devices and self.devices not in self.allowed_devices:
            raise ValueError(self.refusal(self.devices))
        if self.network == "paper" and not self.paper_reward:
            raise ValueError(
                "network='paper' needs paper_reward=True: it sees no final observation, "
                "so a time limit must count as the end of the game"
            )

    def _check_curriculum(self):
        if self.weights and self.curriculum != "weights":
            raise ValueError(
                f"curriculum={self.curriculum!r} decides by itself how often a game is played, "
                f"weights={self.weights} must be left out"
            )
        if self.curriculum == "weights" and not self.weights:
            raise ValueError("curriculum='weights' needs weights, one for each game")
        if self.curriculum not in FIXED and self.weigh != "episodes":
            raise ValueError(
                f"curriculum={self.curriculum!r} draws episodes: weigh={self.weigh!r} must be "
                "'episodes'"
            )


def _divisors(number: int) -> tuple[int, ...]:
    return tuple(n for n in range(1, number + 1) if number % n == 0)


LOGS = ("tensorboard", "wandb", "mlflow")
"""Programs that metrics can be sent to."""


FIXED = ("uniform", "weights")
"""Curricula that do not depend on what was learnt."""

SHARES = (
    "gamma",
    "gae_lambda",
    "curriculum_random",
    "level_staleness",
    "level_mutation",
)
"""Options from 0 to 1."""

KNOWN = {
    "curriculum": (*FIXED, "progress", "learnability", "replay"),
    "level_score": ("positive", "magnitude"),
    "network": ("lean", "paper", "own"),
    "algorithm": ("ppo", "vtrace", "pqn", "own"),
    "normalize": ("all", "game"),
    "matmul_precision": ("float32", "bfloat16"),
    "pool_draw": ("uniform", "hard"),
    "weigh": WEIGH,
}
"""Allowed values of options that are one of several words."""


POSITIVE = (
    "total_steps", "num_worlds", "rollout", "sequence", "epochs", "minibatches", "learning_rate",
    "clip", "max_grad_norm", "width", "eval_episodes", "temperature",
    "pool_size", "pool_every", "level_buffer", "level_temperature",
)  # fmt: skip
NOT_NEGATIVE = (
    "value_clip", "entropy", "token_entropy", "value_coef", "save_every", "keep",
    "devices", "replay_every",
)  # fmt: skip

HOST_FIELDS = frozenset(
    {"total_steps", "run_dir", "save_every", "keep", "eval_every", "eval_episodes", "replay_every",
     "log", "tensorboard", "progress", "verify", "devices"}
)  # fmt: skip
"""Options that may change when a run is resumed: they change no array's shape and no game."""

PRESETS: dict[str, dict] = {
    "tiny": {},
    "mini": dict(
        config="mini", total_steps=100_000_000, num_worlds=32, rollout=32, sequence=16,
        minibatches=16, learning_rate=6e-4, width=128, eval_episodes=16,
    ),
    "full": dict(
        game=("survive", "team_battle", "multi_task"), config="full", total_steps=100_000_000,
        num_worlds=16, rollout=32, sequence=16, minibatches=16, learning_rate=6e-4, width=128,
        eval_episodes=16,
    ),
    "paper": dict(
        config="mini", total_steps=100_000_000, num_worlds=32, rollout=16, sequence=8,
        epochs=2, minibatches=32, learning_rate=1e-4, entropy=0.01, token_entropy=0.01,
        network="paper", corrected=True, save_every=763, eval_episodes=16,
    ),
}  # fmt: skip
"""Options of presets by name; "paper" is Meta MMO's, about 32,768 living agent-steps an update."""


def preset(name: str, **changes) -> TrainConfig:
    """Returns the options of a named preset with `changes` applied.

    Raises:
      ValueError: the name is no preset, or a change is no option or not allowed.
    """
    if name not in PRESETS:
        raise ValueError(f"preset={name!r} is unknown; allowed are {', '.join(PRESETS)}")
    known = {field.name for field in dataclasses.fields(TrainConfig)}
    for change in changes:
        if change not in known:
            raise ValueError(f"{change!r} is no option of TrainConfig")
    return TrainConfig(**{**PRESETS[name], **changes})
