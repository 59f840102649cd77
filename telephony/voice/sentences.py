"""Cutting a reply into the pieces that are spoken one after the other. Pure.

The first piece is kept short, so that the caller hears something soon; the others follow the sentences.
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 48
_HARD_LIMIT: Final = 70
_SHORTEST_FIRST: Final = 5
_LONG_FIRST: Final = 16
_SHORTEST_LEAD: Final = 3
_BEFORE: Final = "您好。"
_END: Final = re.compile(r"(?:[。！？；\n]|[!?;](?=[\s\u4e00-\u9fff]|$)|…{1,2})+[”’」』）)》]*")
_PAUSE: Final = re.compile(r"[，：]|,(?!\d)|——|[、](?=.{6})")
_BEFORE_QUOTE: Final = re.compile(r"(?<=[\u4e00-\u9fff])(?=[“「『《])")
_WIDE_MARKS: Final = str.maketrans("!?;,:", "！？；，：")
_PAUSE_WITHOUT_MARK_SECONDS: Final = 0.08
_PAUSE_SECONDS: Final = {
    "。": 0.36,
    "！": 0.36,
    "？": 0.36,
    "；": 0.28,
    "\n": 0.4,
    "…": 0.36,
    "，": 0.16,
    "：": 0.2,
    "、": 0.1,
}


def split(text: str) -> list[str]:
    """Non-empty pieces in order; joined they are the text without outer white space of each piece."""
    pieces: list[str] = []
    start = 0
    for match in [*_END.finditer(text), None]:
        end = len(text) if match is None else match.end()
        sentence = text[start:end].strip()
        start = end
        if any(character.isalnum() for character in sentence):
            pieces.extend(_shorten(sentence, first=not pieces))
    return pieces


def wherever_it_stands(text: str) -> list[str]:
    """The pieces of a text, also those into which it is cut behind another one; each once."""
    behind = split(_BEFORE + text)[1:]
    return list(dict.fromkeys([*split(text), *behind]))


def pause_after_seconds(piece: str) -> float:
    """Silence that belongs behind this piece."""
    end = piece.rstrip("”’」』）)》 ")[-1:]
    return _PAUSE_SECONDS.get(end.translate(_WIDE_MARKS), _PAUSE_WITHOUT_MARK_SECONDS)


def _shorten(sentence: str, *, first: bool) -> list[str]:
    pieces: list[str] = []
    rest = sentence
    if first:
        cut = _first_cut(rest)
        if cut:
            pieces.append(rest[:cut])
            rest = rest[cut:]
    while len(rest) > _LONGEST:
        cuts = [match.end() for match in _PAUSE.finditer(rest, 8, _LONGEST)]
        cuts = [cut for cut in cuts if len(rest) - cut >= 4]
        if cuts:
            cut = cuts[-1]
        elif len(rest) > _HARD_LIMIT:
            cut = _anywhere(rest)
        else:
            break
        pieces.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*pieces, rest] if rest else pieces


def _first_cut(sentence: str) -> int:
    """Where the first piece of a long sentence ends, 0: nowhere. A quoted title or question stands for itself: the
    words before it (您问的是) are always the same, so their audio is there at once."""
    if len(sentence) <= _LONG_FIRST:
        return 0
    quoted = [match.end() for match in _BEFORE_QUOTE.finditer(sentence, _SHORTEST_LEAD)]
    marks = [match.end() for match in _PAUSE.finditer(sentence) if match.end() > _SHORTEST_FIRST]
    cut = min((*quoted, *marks), default=0)
    return cut if len(sentence) - cut >= _SHORTEST_FIRST else 0


def _anywhere(text: str) -> int:
    """A cut between two Chinese characters, never inside a number, a word of letters or an address."""
    for cut in range(_LONGEST, _LONGEST // 2, -1):
        if "\u4e00" <= text[cut - 1] <= "\u9fff" and "\u4e00" <= text[cut] <= "\u9fff":
            return cut
    return _LONGEST
