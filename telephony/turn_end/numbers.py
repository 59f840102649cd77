"""How far has a dictated number come? Read from recognised text, where digits are words. Pure."""

from __future__ import annotations

import re
from typing import Final

from telephony.turn_end.evidence import NumberProgress

_DIGITS: Final = {
    **{str(digit): str(digit) for digit in range(10)},
    **dict(zip("零一二三四五六七八九", "0123456789", strict=True)),
    "〇": "0", "洞": "0", "幺": "1", "两": "2", "拐": "7",
}  # fmt: skip
_BETWEEN: Final = re.compile(r"[\s,，、。.\-－—]+")
_WHOLE: Final = re.compile(r"(?!20|0)\d{10,12}|0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}|(?!20)[2-9]\d{7}")
"""Mobile numbers (a recogniser drops or doubles a digit now and then, and nobody pauses before the eleventh), 400 and
800 numbers, landlines with area code, landlines of eight digits. What begins with 20 may be a date, as order numbers
do."""
_FEWEST: Final = 2
_SHORT_CHARACTERS: Final = 5
"""A text no longer than this that holds any digit is the beginning of a number whose other digits were misheard."""


def digits_at_end(text: str) -> str:
    """The row of digits with which the text ends. One character between digits is a digit that was misheard: `?`."""
    found: list[str] = []
    unknown = 0
    for character in reversed(_BETWEEN.sub("", text)):
        digit = _DIGITS.get(character)
        if digit is None:
            unknown += 1
            if unknown > 1 or not found:
                break
            found.append("?")
        else:
            unknown = 0
            found.append(digit)
    return "".join(reversed(found)).lstrip("?")


def progress(text: str) -> NumberProgress:
    """`complete` where the digits at the end are a whole telephone number, as far as their count tells."""
    row = digits_at_end(text)
    if len(row) < _FEWEST:
        bare = _BETWEEN.sub("", text)
        return "partial" if len(bare) <= _SHORT_CHARACTERS and any(c in _DIGITS for c in bare) else "none"
    return "complete" if _WHOLE.fullmatch(row.replace("?", "5")) else "partial"
