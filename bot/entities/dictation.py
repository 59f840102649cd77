"""A mobile number that was dictated and not heard whole: what several incomplete readings of it tell together. Pure.

A recogniser that loses its way in a row of digits mostly leaves one out, seldom the same one twice. And a caller who
pauses long after "幺三九，零零零零" has told a beginning, not a wrong number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.entities.phone import MOBILE

MOBILE_DIGITS: Final = 11
_BEGINNING: Final = re.compile(r"1[3-9]\d{1,5}")
"""Three to seven digits: the groups in which a number is told; a longer row has lost some of its digits."""
_LOSABLE: Final = 3  # a reading that lacks more tells too little


def is_beginning(row: str) -> bool:
    """Whether it is the first group or the first two of a number of which the rest is still to come."""
    return bool(_BEGINNING.fullmatch(row))


def joined(rows: Sequence[str]) -> str | None:
    """The one mobile number of which these rows of digits, in the order in which they were told, can be readings: the
    last one continues the one before, or both have lost different digits. None where there is none or several."""
    if len(rows) < 2:
        return None
    first, second = rows[-2:]
    if is_beginning(first) and MOBILE.fullmatch(first + second):
        return first + second
    if min(len(first), len(second)) < MOBILE_DIGITS - _LOSABLE:
        return None
    numbers = {number for number in _with_all_digits_of(first, second) if MOBILE.fullmatch(number)}
    return numbers.pop() if len(numbers) == 1 else None


def _with_all_digits_of(first: str, second: str) -> set[str]:
    """Every row of eleven digits in which both rows are found in their order and that holds nothing else."""
    found: set[str] = set()
    waiting = [("", first, second)]
    while waiting:
        told, one, other = waiting.pop()
        if len(told) + max(len(one), len(other)) > MOBILE_DIGITS:
            continue
        if not one and not other:
            found |= {told} if len(told) == MOBILE_DIGITS else set()
            continue
        for digit in {row[0] for row in (one, other) if row}:
            waiting.append((told + digit, one.removeprefix(digit), other.removeprefix(digit)))
    return found
