"""Receipt numbers (记录号) in typed and dictated text: what was said while the database was away is found by them.

`A-26112812345674`: the name of the node that noted it, and fourteen digits: `YYMMDD` (the city's day), seven random
ones and a check digit. The digits alone are enough: a telephone has no letters.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from base.clock import local
from bot.entities.phone import digits_said
from workorders.numbers import check_digit

_DIGITS: Final = 14
_RANDOM: Final = 10_000_000
_WRITTEN: Final = re.compile(r"(?<!\d)\d{14}(?!\d)")


def new(node: str, now: datetime, random: int) -> str:
    """`node`: empty where it is alone; `random`: at least 0, below ten million."""
    digits = f"{local(now):%y%m%d}{random % _RANDOM:07d}"
    return f"{node.upper()}-{digits}{check_digit(digits)}".lstrip("-")


def digits_of(receipt: str) -> str:
    """What it is found by: the digits without the node."""
    return receipt[-_DIGITS:]


def find(text: str, *, spoken: bool = False) -> str | None:
    """The fourteen digits, or None where there are none whose check digit is right. A digit of the node's name that
    was said before them is left out."""
    written = _WRITTEN.search(text)
    said = written.group() if written else digits_said(text, spoken=spoken)
    last = said[-_DIGITS:]
    dated = len(last) == _DIGITS and "01" <= last[2:4] <= "12" and "01" <= last[4:6] <= "31"
    return last if dated and len(said) <= _DIGITS + 4 and check_digit(last) == "0" else None
