"""Selection of the learning algorithm: one of the package, or a custom one.

An algorithm is a module, or any object, with `METRICS`, `samples_of` and `loss`; `ppo`, `vtrace`
and `pqn` are three of them, `Algorithm` says what each part takes and returns.
"""

import dataclasses
from typing import Any, Protocol

import jax

from ..config import TrainConfig
from . import ppo, pqn, vtrace
from .minibatch import Minibatch, Replayed

LEARNERS = {"ppo": ppo, "vtrace": vtrace, "pqn": pqn}
"""By `TrainConfig.algorithm`."""

PARTS = ("METRICS", "samples_of", "loss")
"""Attributes that an algorithm must have."""


class Algorithm(Protocol):
    """Interface of an algorithm; a module with these names implements it.

    Attributes:
      METRICS: names of the metrics that `loss` returns.
    """

    METRICS: tuple[str, ...]

    def samples_of(self, batch: Minibatch, cfg: TrainConfig, axis: str | None) -> Any:
        """Returns the samples that the loss uses, computed once for each minibatch.

        Args:
          batch: a minibatch as it was collected; axes (n, S, P): sequences, ticks, players.
          cfg: options.
          axis: of the mesh of devices, over which means are to be taken (`losses.masked_mean`).

        Returns:
          A `flax.struct.dataclass` with leaves (n, S, P), among them `mask`, bool: the agent was
          alive and acted.
        """
        ...

    def loss(
        self, new: Replayed, old: Any, cfg: TrainConfig
    ) -> tuple[jax.Array, dict[str, jax.Array]]:
        """Returns the sum () of the loss over `old.mask`, and the sums () of the metrics by name.

        The trainer divides them by the number of samples in the mask of the whole minibatch.

        Args:
          new: outputs of the current policy for the collected choices; axes (S, ...), ticks first.
          old: samples of the same axes.
          cfg: options.
        """
        ...


def with_algorithm(cfg: TrainConfig, algorithm) -> TrainConfig:
    """Returns the options, with `algorithm="own"` if a custom algorithm is given.

    Raises:
      ValueError: it lacks an attribute.
    """
    if algorithm is None:
        get_learner(cfg)
        return cfg
    _check(algorithm)
    return dataclasses.replace(cfg, algorithm="own")


def get_learner(cfg: TrainConfig, algorithm=None) -> Any:
    """Returns the algorithm that the options ask for.

    Args:
      cfg: options.
      algorithm: the custom algorithm where `cfg.algorithm` is "own"; see `Algorithm`.

    Raises:
      ValueError: a custom algorithm is asked for and not given, or lacks an attribute; or one is
        given and another asked for.
    """
    if cfg.algorithm != "own":
        if algorithm is not None:
            raise ValueError(
                f"an algorithm is given, but the run learns with algorithm={cfg.algorithm!r}"
            )
        return LEARNERS[cfg.algorithm]
    if algorithm is None:
        raise ValueError("the algorithm is custom: pass it, as in train(cfg, algorithm=...)")
    _check(algorithm)
    return algorithm


def check_metrics(algorithm, found: dict) -> None:
    """Raises ValueError unless a loss returned the metrics in its algorithm's METRICS."""
    if set(found) != set(algorithm.METRICS):
        raise ValueError(
            f"loss returned the metrics {sorted(found)}, METRICS names {sorted(algorithm.METRICS)}"
        )


def _check(algorithm) -> None:
    lacks = [name for name in PARTS if not hasattr(algorithm, name)]
    if lacks:
        name = getattr(algorithm, "__name__", type(algorithm).__name__)
        raise ValueError(
            f"algorithm={name} must have {', '.join(PARTS)}, as `agents.learners.ppo` has; "
            f"it lacks {', '.join(lacks)}"
        )
    for name in PARTS[1:]:
        if not callable(getattr(algorithm, name)):
            raise ValueError(f"algorithm.{name}={getattr(algorithm, name)!r} must be a function")
    names = algorithm.METRICS
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"algorithm.METRICS={names!r} must be a tuple of names")
