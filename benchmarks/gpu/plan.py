"""Plan of the measurements: their order, time limits and numbers of worlds.

Everything that must be known before the machine is there stands here: a start costs minutes, so
nothing is searched for that could be worked out beforehand (`benchmarks.memory` computes how many
worlds of training fit).
"""

import dataclasses

MINI_GAMES = (
    "survive", "team_battle", "protect_the_king", "race_to_the_center", "king_of_the_hill",
    "sandwich", "comm_together", "radio_raid",
)  # fmt: skip
FULL_GAMES = ("survive", "team_battle", "multi_task")
"""The mixes: all eight games, and the games of the preset "full"."""

REHEARSED = ("race_to_the_center", "king_of_the_hill")
"""The mix of a rehearsal."""


@dataclasses.dataclass(frozen=True)
class Learning:
    """Training whose speed is measured.

    Attributes:
      name: for the report.
      config: sizes of the worlds.
      games: that are mixed.
      network: "lean" or "paper".
      worlds: numbers of worlds to try, the largest first; the first that fits is measured.
      sequences: of a minibatch, at most: so many that the device is busy. Memory does not grow
        with them, as blocks of agents are learned from one after another.
      matmul_precision: as of `agents.config.TrainConfig`.
    """

    name: str
    config: str
    games: tuple[str, ...]
    network: str
    worlds: tuple[int, ...]
    sequences: int
    matmul_precision: str = "float32"


@dataclasses.dataclass(frozen=True)
class MeasuringPlan:
    """Measurements with their sizes and time limits.

    Attributes:
      configs: sizes of the mini game's and of the full game's worlds.
      mixes: games that are mixed, of each config.
      worlds: numbers of worlds at which steps are timed, of each config.
      block: worlds that one compiled reset makes.
      ticks: of a timed run under random moves.
      valid_ticks: of a timed run under random valid actions.
      variants: which rows are timed at one number of worlds too, of each config, as (games,
        workload, row): games "alone" (survive) or "mix".
      runs: timed runs of a row at most, after one that warms up.
      seconds: that the timed runs of a row may take together; at least two are made.
      learning: trainings whose speed is measured.
      updates: timed updates of each at most, after one that warms up.
      update_seconds: that they may take together; at least two are made.
      reserve: share of the time that is kept for a real training run.
      total_steps: of that run, at most.
      episodes: of its evaluation, in each game.
      rounds: copies, and products, in a row that are timed together.
      megabytes: of the array whose copy is timed.
      side: of the matrices whose product is timed.
    """

    configs: tuple[str, str]
    mixes: tuple[tuple[str, ...], tuple[str, ...]]
    worlds: tuple[tuple[int, ...], tuple[int, ...]]
    block: int
    learning: tuple[Learning, ...]
    ticks: int = 24
    valid_ticks: int = 64
    variants: tuple[tuple[tuple[str, str, str], ...], ...] = 2 * (
        (
            ("alone", "moves", "step"),
            ("mix", "moves", "step"),
            ("mix", "moves", "step + observations"),
            ("mix", "valid", "step + observations"),
        ),
    )
    runs: int = 5
    seconds: float = 3.0
    updates: int = 5
    update_seconds: float = 12.0
    reserve: float = 0.25
    total_steps: int = 400_000_000
    episodes: int = 32
    rounds: int = 20
    megabytes: int = 1024
    side: int = 8192

    def middle(self, config: str) -> int:
        """Returns the number of worlds at which all rows are timed, and which is profiled."""
        numbers = self.worlds[self.at(config)]
        return numbers[len(numbers) * 2 // 3]

    def at(self, config: str) -> int:
        """Returns the index of a config in `configs`, and in all lists by config."""
        return self.configs.index(config)


def doubling(first: int, last: int) -> tuple[int, ...]:
    """Returns first, twice that, and so on up to last."""
    return tuple(first << power for power in range((last // first).bit_length()))


PLANS = {
    "mini": MeasuringPlan(
        configs=("mini", "full"),
        mixes=(MINI_GAMES, FULL_GAMES),
        worlds=(doubling(512, 32768), doubling(512, 16384)),
        block=512,
        learning=(
            Learning("lean network, eight games", "mini", MINI_GAMES, "lean", (4096, 1024), 512),
            Learning("paper's network, eight games", "mini", MINI_GAMES, "paper", (512, 128), 128),
            Learning("lean network, full game", "full", FULL_GAMES, "lean", (2048, 512), 512),
            Learning(
                "paper's network, bfloat16", "mini", MINI_GAMES, "paper", (512,), 128, "bfloat16"
            ),
            Learning(
                "lean network, bfloat16", "mini", MINI_GAMES, "lean", (4096,), 512, "bfloat16"
            ),
        ),
    ),
    "tiny": MeasuringPlan(
        configs=("tiny", "tiny_full"),
        mixes=(REHEARSED, ("survive",)),
        worlds=((8,), (8,)),
        block=8,
        learning=(Learning("lean network, two games", "tiny", REHEARSED, "lean", (16,), 8),),
        valid_ticks=24,
        variants=((("mix", "valid", "step + observations"),), ()),
        runs=3,
        seconds=1.0,
        updates=2,
        update_seconds=4.0,
        reserve=0.15,
        episodes=8,
        rounds=2,
        megabytes=64,
        side=512,
    ),
}
"""By `--config`: the sizes of the paper, and a rehearsal that two CPU cores manage in minutes."""
