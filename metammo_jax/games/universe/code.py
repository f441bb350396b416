"""Codes of drawn games: the choices of a row as one number, in letters that are not mistaken.

A code is `VERSION`, then the digits of the number, then a check digit, all of `DIGITS` (Crockford's
base 32, lower case). Every playable game has one code; other texts of this length name none.
"""

import math

import numpy as np

from metammo_jax.games.universe.axes import AXES

VERSION = "1"
"""Raised whenever axes, options or goals are added: codes keep their meaning."""

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
GAMES = math.prod(len(axis.options) for axis in AXES)
"""Combinations of choices, playable or not."""

LENGTH = math.ceil(math.log2(GAMES) / 5)
"""Digits of the number."""

RULE = (
    f"a code is {VERSION!r} and {LENGTH + 1} characters of {DIGITS}, the last of which checks the "
    "others, as games.code_of gives it"
)


def encode(row: np.ndarray) -> str:
    """Returns the code of a row (X,) of choices."""
    number = 0
    for axis, choice in zip(AXES, row.tolist(), strict=True):
        number = number * len(axis.options) + choice
    text = "".join(DIGITS[number >> 5 * place & 31] for place in reversed(range(LENGTH)))
    return f"{VERSION}{text}{_check(text)}"


def decode(code: str) -> np.ndarray:
    """Returns the row (X,) int32 of choices that a code says.

    Raises:
      ValueError: it is no code, or was mistyped; says the rule.
    """
    if not isinstance(code, str):
        raise ValueError(f"code={code!r} must be a text: {RULE}")
    text = code.lower()
    right = len(text) == LENGTH + 2 and text[0] == VERSION and set(text) <= set(DIGITS)
    if not right or _check(text[1:-1]) != text[-1]:
        raise ValueError(f"code={code!r} names no game: {RULE}")
    number = 0
    for digit in text[1:-1]:
        number = number << 5 | DIGITS.index(digit)
    if number >= GAMES:
        raise ValueError(f"code={code!r} names no game: {RULE}")
    choices = []
    for axis in reversed(AXES):
        number, choice = divmod(number, len(axis.options))
        choices.append(choice)
    return np.array(choices[::-1], np.int32)


def _check(text: str) -> str:
    """Returns the digit that differs if any one digit does, or two neighbours are swapped."""
    total = sum((2 * place + 1) * DIGITS.index(digit) for place, digit in enumerate(text))
    return DIGITS[total % 32]
