"""Order numbers in typed and dictated text: a year, month and day followed by a running number, 12 to 20 digits."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from bot.entities.digits import fold, groups_of

_LETTERS_BEFORE: Final = re.compile(r"([A-Za-z]{1,4})[-\s]?$")


def find(text: str, *, spoken: bool = False) -> str | None:
    """The order number in digits, with the letters written before it (`BJ20260105000012`), or None."""
    folded = fold(text)
    rows: list[tuple[str, int]] = []
    for group in groups_of(folded, spoken=spoken):
        if group.joined and rows:
            rows[-1] = (rows[-1][0] + group.digits, rows[-1][1])
        else:
            rows.append((group.digits, group.start))
    for digits, start in rows:
        if 12 <= len(digits) <= 20 and _begins_with_date(digits):
            letters = _LETTERS_BEFORE.search(folded[:start])
            return (letters[1].upper() if letters else "") + digits
    return None


def _begins_with_date(digits: str) -> bool:
    for year, rest in ((digits[:4], digits[4:]), ("20" + digits[:2], digits[2:])):
        try:
            parsed = date(int(year), int(rest[:2]), int(rest[2:4]))
        except ValueError:
            continue
        if 2000 <= parsed.year <= 2099:
            return True
    return False
