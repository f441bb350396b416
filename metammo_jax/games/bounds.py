"""`Bounds`: scales the numbers of a knob to a config, and checks them."""

import dataclasses

from metammo_jax.config import Config
from metammo_jax.games.knobs import TINY, Knob, Setting, Unit, is_number_or_bool


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Scales the numbers of a knob to a config, and checks them.

    Attributes:
      label: the game and the setting, for error messages.
      setting: what is set.
      least: value.
      most: the largest value.
      even: only even numbers are allowed.
      cfg: sizes.
    """

    label: str
    setting: Setting
    least: float
    most: float
    even: bool
    cfg: Config

    @property
    def kind(self) -> type:
        """int, float or bool: the type of the setting."""
        return self.setting.kind

    def ends(self, low: float, high: float, unit: Unit) -> tuple[float, float]:
        """Returns both ends of a range, scaled."""
        if not low <= high:
            raise ValueError(f"{self.label}={(low, high)} must be a range with low <= high")
        return self.value(low, unit), self.value(high, unit)

    def value(self, value: float, unit: Unit) -> float:
        """Returns a number, scaled; numbers that scale are moved into the bounds."""
        if not is_number_or_bool(value):
            raise ValueError(f"{self.label}={value!r} must be a finite number")
        if self.setting.kind is bool:
            self.check(value in (0, 1), value, "True or False")
            return value
        if unit is Unit.PLAIN:
            return self.inside(value)
        return min(max(self.scaled(value, unit), self.least), self.most)

    def scaled(self, value: float, unit: Unit) -> float:
        """Returns a number scaled, of integer settings rounded; 0 stays 0."""
        if self.setting.kind is float or value == 0:
            return value * unit.scale(self.cfg)
        return int(value) if unit.scale(self.cfg) == 1 else unit.whole(value, self.cfg)

    def inside(self, value: float) -> float:
        """Returns a number; ValueError if it is out of bounds."""
        if self.setting.kind is int:
            is_whole = not isinstance(value, bool) and value == int(value)
            self.check(is_whole, value, "a whole number")
        least = "above 0" if self.least == TINY else f"at least {self.least:g}"
        self.check(value >= self.least, value, least)
        self.check(value <= self.most, value, f"at most {self.most:g}")
        self.check(not (self.even and value % 2), value, "even")
        return value

    def check(self, holds: bool, value, rule: str) -> None:
        """Raises ValueError with a value and the rule that it must keep, unless it holds."""
        if not holds:
            raise ValueError(f"{self.label}={value} must be {rule}")

    def check_kind(self, holds: bool, knob: Knob) -> None:
        """Raises ValueError unless a knob is one for the type of the setting."""
        if not holds:
            kind = self.kind.__name__
            raise ValueError(f"{self.label}={knob} does not choose a number of type {kind}")
