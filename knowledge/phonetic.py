"""Sounds instead of characters: toneless syllables, because telephone recognition confuses homophones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from pypinyin import Style, lazy_pinyin

from knowledge.text import HAN_END, HAN_START, KIND_SHIFT, PAIR, Codes, Owners, normalise, word_code

_SEGMENT = re.compile(r"[㐀-鿿]+|[a-z]+")
_LATIN = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"[0-9]+")
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


@cache
def _reading(character: str) -> str:
    return str(lazy_pinyin(character, style=Style.NORMAL, v_to_u=False)[0])


def syllables(text: str) -> list[str]:
    """Toneless pinyin of each Chinese character, numbers as they are said; a Latin word is one syllable, `@word`.

    Each character has its most common reading whatever its neighbours are: a misheard neighbour must not change it,
    and on retrieval the readings chosen by phrase made no difference.
    """
    found: list[str] = []
    for match in _SEGMENT.finditer(_said(text)):
        segment = match.group()
        if segment[0] >= "㐀":
            found.extend(_reading(character) for character in segment)
        else:
            found.append(f"@{segment}")
    return found


def _said(text: str) -> str:
    return _NUMBER.sub(lambda match: spoken_number(match.group()), normalise(text))


def split(syllable: str) -> tuple[str, str]:
    """Initial (may be empty) and final: `zhong` -> `("zh", "ong")`."""
    for initial in _INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


def syllable_terms(texts: Sequence[str]) -> tuple[Codes, Owners]:
    """Syllables and pairs of neighbouring syllables as terms (see `knowledge.text`)."""
    said = [_said(text) for text in texts]
    joined = "\n".join(said)
    points = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    lengths = np.array([len(text) + 1 for text in said], dtype=np.int64)
    lengths[-1:] -= 1
    owners = np.repeat(np.arange(len(said), dtype=np.int32), lengths)
    numbers = np.zeros_like(points)
    distinct, places = np.unique(points, return_inverse=True)
    table = [_syllable_number(_reading(chr(point))) if _is_han(point) else 0 for point in distinct.tolist()]
    if len(points):
        numbers = np.array(table, dtype=np.int64)[places]
    single = numbers > 0
    pair = single[:-1] & single[1:]
    codes: list[Codes] = [numbers[single], (PAIR << KIND_SHIFT) | (numbers[:-1][pair] << 30) | numbers[1:][pair]]
    owned: list[Owners] = [owners[single], owners[:-1][pair]]
    words = [(word_code(match.group()), match.start()) for match in _LATIN.finditer(joined)]
    if words:
        codes.append(np.array([code for code, _ in words], dtype=np.int64))
        owned.append(owners[np.array([start for _, start in words])])
    return np.concatenate(codes), np.concatenate(owned).astype(np.int32)


def _is_han(point: int) -> bool:
    return HAN_START <= point <= HAN_END


def _syllable_number(syllable: str) -> int:
    """Up to six letters in 30 bits; never 0."""
    number = 0
    for letter in syllable[:6]:
        number = (number << 5) | (ord(letter) & 31)
    return number or 1
