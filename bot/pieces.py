"""A reply for somebody who could not follow it: short sentences, numbers in groups. Pure."""

from __future__ import annotations

import re
from typing import Final

from base.spelling import spell

_SHORTEST: Final = 8  # characters: a shorter clause stays with its neighbour
_DIGITS: Final = re.compile(r"(?<![\d.,])\d{5,}(?![\d.,])")
_SPELT: Final = re.compile(r"[零幺二三四五六七八九]{3,4}(?:，[零幺二三四五六七八九]{2,4})+")
_CLAUSE: Final = re.compile(r"[^，：；。！？!?;\n]*[，：；。！？!?;\n]?")
_ENDS: Final = "。！？!?\n"


def short(spoken: str) -> str:
    """The same words in sentences of about `_SHORTEST` characters and more; a comma becomes a full stop.

    Long numbers come in groups, one a breath. Doing it twice changes nothing.
    """
    text = _DIGITS.sub(lambda found: spell(found.group(), 3 if len(found.group()) % 3 == 0 else 4), spoken)
    kept: list[str] = []
    numbers = [(found.start(), found.end()) for found in _SPELT.finditer(text)]
    begin = 0
    for found in _CLAUSE.finditer(text):
        end = found.end()
        if not found.group():
            continue
        inside = any(start < end < stop for start, stop in numbers)
        if text[end - 1] in _ENDS or (text[end - 1] in "，；：;" and end - begin >= _SHORTEST and not inside):
            clause = text[begin:end]
            kept.append(clause if clause[-1] in _ENDS else clause[:-1] + "。")
            begin = end
    rest = text[begin:]
    return "".join(kept) + rest
