"""What a recogniser took for nearly as likely as the text that it gave: from its process to whoever searches for it.

They are words of a caller like the text itself: neither logged nor stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

MOST: Final = 2  # beside the text itself; each costs a search one more correction
_LONGEST_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True)
class Alternative:
    """`log_odds`: in nats, how likely beside the text that was given; seldom above 0."""

    text: str
    log_odds: float


def told(alternatives: Sequence[Alternative]) -> list[list[str | float]]:
    """As JSON, for `read`."""
    return [[one.text, round(one.log_odds, 3)] for one in alternatives]


def read(rows: Any) -> tuple[Alternative, ...]:
    """What `told` wrote; what is not of that form, or too long, is left out."""
    if not isinstance(rows, list):
        return ()
    return tuple(Alternative(row[0], float(row[1])) for row in rows[:MOST] if _is_usable(row))


def _is_usable(row: Any) -> bool:
    if not isinstance(row, list | tuple) or len(row) != 2:
        return False
    text, odds = row
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_CHARACTERS:
        return False
    return isinstance(odds, int | float) and not isinstance(odds, bool) and isfinite(odds)
