"""Fields of a comparison: what we have, what the record has, and why they may differ."""

import dataclasses

import numpy as np

TOLERANCE = 2e-6
"""Reals (progress, rewards, scores) are float32 here and float64 in the original."""


@dataclasses.dataclass
class Field:
    """One kind of value, compared wherever both sides have it.

    Attributes:
      name: what it is.
      ours: (n,) values.
      recorded: (n,) values.
      where: (n, m) int, which value it is: the tick first.
      causes: name of a cause -> (n,) bool, the values that it explains.
    """

    name: str
    ours: np.ndarray
    recorded: np.ndarray
    where: np.ndarray
    causes: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def differs(self) -> np.ndarray:
        """(n,) bool, the values that are not equal."""
        if np.issubdtype(np.result_type(self.ours, self.recorded), np.floating):
            ours, recorded = self.ours.astype(float), self.recorded.astype(float)
            return ~np.isclose(ours, recorded, rtol=0, atol=TOLERANCE, equal_nan=False)
        return self.ours != self.recorded

    @property
    def explained(self) -> dict[str, np.ndarray]:
        """(n,) bool for each cause: the differing values that it explains, each counted once."""
        left, out = self.differs, {}
        for name, covers in self.causes.items():
            out[name] = left & covers
            left = left & ~covers
        return out

    @property
    def unexplained(self) -> np.ndarray:
        """(n,) bool, the differing values that no cause explains."""
        left = self.differs
        for covers in self.causes.values():
            left = left & ~covers
        return left


def field(name: str, ours, recorded, compared, **causes) -> Field:
    """Returns the field of the values that are to be compared.

    Args:
      name: what it is.
      ours: (T, ...) values.
      recorded: (T, ...) values.
      compared: (T, ...) bool, or fewer axes: where both sides have a value.
      **causes: name (with _ for blanks) -> (T, ...) bool, values that it explains.
    """
    ours, recorded = np.asarray(ours), np.asarray(recorded)
    compared = _spread(compared, ours.shape)
    return Field(
        name,
        ours[compared],
        recorded[compared],
        np.argwhere(compared),
        {
            cause.replace("_", " "): _spread(covers, ours.shape)[compared]
            for cause, covers in causes.items()
        },
    )


def _spread(mask, shape) -> np.ndarray:
    """Returns a mask with trailing axes added until it has the shape."""
    mask = np.asarray(mask, bool)
    mask = mask.reshape(mask.shape + (1,) * (len(shape) - mask.ndim))
    return np.broadcast_to(mask, shape)


def merge(fields: list[Field]) -> list[Field]:
    """Returns the fields with those of equal name joined into one, in order of appearance."""
    by_name: dict[str, list[Field]] = {}
    for one in fields:
        by_name.setdefault(one.name, []).append(one)
    return [_join(name, parts) for name, parts in by_name.items()]


def _join(name: str, parts: list[Field]) -> Field:
    causes = list(dict.fromkeys(cause for part in parts for cause in part.causes))
    width = max(part.where.shape[1] for part in parts)
    return Field(
        name,
        np.concatenate([part.ours for part in parts]),
        np.concatenate([part.recorded for part in parts]),
        np.concatenate([np.pad(p.where, ((0, 0), (0, width - p.where.shape[1]))) for p in parts]),
        {
            cause: np.concatenate([p.causes.get(cause, np.zeros(len(p.ours), bool)) for p in parts])
            for cause in causes
        },
    )


@dataclasses.dataclass
class Count:
    """How the values of one field came out.

    Attributes:
      compared: values compared.
      equal: of them equal.
      explained: different, by named cause.
      unexplained: different, with no cause.
    """

    compared: int = 0
    equal: int = 0
    explained: dict[str, int] = dataclasses.field(default_factory=dict)
    unexplained: int = 0

    def add(self, other: "Count") -> None:
        """Adds the values of another count."""
        self.compared += other.compared
        self.equal += other.equal
        self.unexplained += other.unexplained
        for cause, number in other.explained.items():
            self.explained[cause] = self.explained.get(cause, 0) + number


def count(one: Field) -> Count:
    """Returns how the values of a field came out."""
    explained = {cause: int(hit.sum()) for cause, hit in one.explained.items() if hit.any()}
    return Count(
        compared=len(one.ours),
        equal=int((~one.differs).sum()),
        explained=explained,
        unexplained=int(one.unexplained.sum()),
    )
