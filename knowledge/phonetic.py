"""Sounds instead of characters: toneless syllables, because telephone recognition confuses homophones."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from pypinyin import Style, lazy_pinyin

from knowledge.text import KIND_SHIFT, PAIR, Codes, Owners, normalise, word_code

_SEGMENT = re.compile(r"[㐀-鿿]+|[a-z]+|\d+")
_DIGITS = "零一二三四五六七八九"
_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")


def spoken_number(digits: str) -> str:
    """How a number is most likely said: up to 999 as a number, longer ones digit by digit."""
    if len(digits) > 3:
        return "".join(_DIGITS[int(digit)] for digit in digits)
    value = int(digits)
    if value < 10:
        return _DIGITS[value]
    if value < 100:
        tens = "" if value < 20 else _DIGITS[value // 10]
        return f"{tens}十{_DIGITS[value % 10] if value % 10 else ''}"
    rest = value % 100
    if rest == 0:
        return f"{_DIGITS[value // 100]}百"
    joint = "零" if rest < 10 else ("一" if rest < 20 else "")
    return f"{_DIGITS[value // 100]}百{joint}{spoken_number(str(rest))}"


def syllables(text: str) -> list[str]:
    """Toneless pinyin of each Chinese character (readings chosen by phrase); a Latin word is one syllable, `@word`."""
    found: list[str] = []
    pending: list[str] = []

    def flush() -> None:
        if pending:
            found.extend(lazy_pinyin("".join(pending), style=Style.NORMAL, v_to_u=False, errors="ignore"))
            pending.clear()

    last = -1
    for match in _SEGMENT.finditer(normalise(text)):
        segment = match.group()
        if match.start() != last:
            flush()
        last = match.end()
        if segment.isdigit():
            pending.append(spoken_number(segment))
        elif segment[0] >= "㐀":
            pending.append(segment)
        else:
            flush()
            found.append(f"@{segment}")
    flush()
    return found


def split(syllable: str) -> tuple[str, str]:
    """Initial (may be empty) and final: `zhong` -> `("zh", "ong")`."""
    for initial in _INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


def _syllable_number(syllable: str) -> int:
    if syllable.startswith("@") or len(syllable) > 6:
        return word_code(syllable, 0) & ((1 << 30) - 1)
    number = 0
    for letter in syllable:
        number = (number << 5) | (ord(letter) - 96 & 31)
    return number


def syllable_terms(texts: Sequence[str]) -> tuple[Codes, Owners]:
    """Syllables and pairs of neighbouring syllables as terms (see `knowledge.text`)."""
    numbers: dict[str, int] = {}
    flat: list[int] = []
    owners: list[int] = []
    for position, text in enumerate(texts):
        for syllable in syllables(text):
            number = numbers.get(syllable)
            if number is None:
                number = numbers[syllable] = _syllable_number(syllable)
            flat.append(number)
            owners.append(position)
    single = np.array(flat, dtype=np.int64)
    owned = np.array(owners, dtype=np.int32)
    same = owned[:-1] == owned[1:]
    pairs = (PAIR << KIND_SHIFT) | (single[:-1][same] << 30) | single[1:][same]
    return np.concatenate([single, pairs]), np.concatenate([owned, owned[:-1][same]])
