"""One rule of the normaliser: a pattern and what is said for it; and pieces of patterns that several rules share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from telephony.voice import numbers

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str]]

LIGHT_BREAK: Final = "·"
"""A short break without a mark: between the groups of a number, around a quoted title."""

HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff"
HAN_NUMBER: Final = "零一二三四五六七八九十百千万亿两"
NUMBER: Final = r"[1-9]\d{0,2}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?"
NOT_INSIDE: Final = r"(?<![\d.A-Za-z])"
RANGE: Final = r"\s*(?:-{1,2}|—{1,2}|~|至|到)\s*"


def rule(pattern: str, say: Callable[[Match], str] | str, flags: int = 0) -> Rule:
    """`say` may be the words themselves."""
    if isinstance(say, str):
        words = say
        return re.compile(pattern, flags), lambda match: words
    return re.compile(pattern, flags), say


def spelled(text: str) -> str:
    """Digit by digit as in telephone numbers, with 幺."""
    return numbers.digits(text, one="幺")


def in_groups(*parts: str) -> str:
    """Each part digit by digit, with a small break between them."""
    return LIGHT_BREAK.join(spelled(part) for part in parts)
