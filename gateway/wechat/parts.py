"""A text longer than one turn may be, as several turns in order, as the web page sends it. Pure.

Whatever stands between the parts is white space: nothing that a citizen wrote is lost. How long a message WeChat lets
through is not relied on, nor how long another channel's may be.
"""

from __future__ import annotations

import re
from typing import Final

_CLOSING: Final = r"”’」』）)》】"
_SENTENCE: Final = re.compile(rf"[。！？!?；;…\n][{_CLOSING}]*(?![{_CLOSING}。！？!?；;…])")
_PAUSE: Final = re.compile(r"[，,、：:\s]")
_LATIN: Final = re.compile(r"[!-~]")  # letters, numbers, addresses: whatever is written without a space
_IN_NUMBER: Final = re.compile(r"[.,:：/~～－—–+% -]")
_NUMERAL: Final = re.compile(r"[\d零〇一二三四五六七八九十百千万亿两幺点]")


def in_parts(text: str, limit: int) -> list[str]:
    """Each at most `limit` characters; empty where there are no words."""
    rest, parts = text.strip(), []
    while len(rest) > limit:
        end = _end(rest, limit)
        parts.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [part for part in (*parts, rest) if part]


def _end(text: str, limit: int) -> int:
    """Behind the last sentence of the second half, else behind a pause, else where no number is cut, else anywhere."""
    window, half = text[:limit], limit // 2
    for mark in (_SENTENCE, _PAUSE):
        ends = [found.end() for found in mark.finditer(window, half) if not _joins(text, found.end())]
        if ends:
            return ends[-1]
    return next((at for at in range(limit, half, -1) if not _joins(text, at)), limit)


def _joins(text: str, at: int) -> bool:
    """Whether what stands on both sides belongs together: digits, the groups of a number (138 0000 1234, 12,000), a
    word in letters."""
    earlier, before, behind, later = (text[place : place + 1] for place in (at - 2, at - 1, at, at + 1))
    if _LATIN.match(before) and _LATIN.match(behind):
        return True
    first = _NUMERAL.match(before) or (_IN_NUMBER.match(before) and _NUMERAL.match(earlier))
    second = _NUMERAL.match(behind) or (_IN_NUMBER.match(behind) and _NUMERAL.match(later))
    return bool(first and second and (_NUMERAL.match(before) or _NUMERAL.match(behind)))
