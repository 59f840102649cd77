"""Digits where digits were asked for: a second reading in which nothing but digits can come out, and when to trust it.

A row of digits has no words around it to lean on: read freely, "八八三四" becomes "爸爸生存". So the decoder reads
once more with only the numerals allowed, behind the words that stand before the number ("我的电话是"). That reading
is taken when the sound supports it about as well as the free one and it leaves nothing unsaid. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from asr_models.word_frequencies import is_chinese

NUMERALS: Final = "零一二三四五六七八九幺"
WRITABLE: Final = NUMERALS + "个"
"""What the second reading may write: "四个零" is how people say 0000."""

_SHORT_CHARACTERS: Final = 6
_NUMERAL_SHARE: Final = 0.4
_FEWEST: Final = 3
_FEWEST_BEHIND_WORDS: Final = 7  # of a telephone number; "四十二号九零三室" is an address
_WORST_LOG_PROBABILITY: Final = -0.45
_WORSE_THAN_FREE: Final = 0.15
"""Nats a token. Chosen on 40 synthetic numbers and 15 other answers by telephone (the wrong ones start at -0.48)."""
_MOST_A_SECOND: Final = 6.0
_LONGEST_RUN: Final = 4  # of one digit: a decoder that has lost its way repeats itself
_BEFORE_FIRST: Final = (1, 0, 2)  # characters before the first numeral that may be misheard digits, likeliest first
_GAP: Final = 2  # between the numerals of one row: one other character
_WHOLE: Final = 11  # digits of a mobile number
_HEARD_AS_ONE: Final = str.maketrans("要腰", "幺幺")
_SEVERAL: Final = re.compile(r"([二三四五六])个([零一二三四五六七八九幺])")


def is_worth_reading(free: str) -> bool:
    """Whether the words as freely read may be a number: short, or mostly numerals from the first one on. A reading
    costs as much as a third of the whole recognition."""
    spoken = "".join(filter(is_chinese, free))
    if len(spoken) <= _SHORT_CHARACTERS:
        return True
    rest = spoken[max(0, _first(spoken) - 1) :]
    return sum(character in NUMERALS for character in rest) >= _NUMERAL_SHARE * len(rest)


def prefixes(free: str) -> Iterator[str]:
    """The words that may stand before the number, the likeliest first; `free`: the text as freely read."""
    first = _first(free)
    seen: set[str] = set()
    for misheard in _BEFORE_FIRST:
        prefix = free[: max(0, first - misheard)].rstrip("，。、 ,.")
        if prefix not in seen:
            seen.add(prefix)
            yield prefix


def _first(text: str) -> int:
    """Where the number begins: the longest row of numerals, in which single other characters are misheard ones.

    "你记一下，一三九…" begins with the second "一". Without a numeral it is the beginning.
    """
    best, at, begin, last = 0, 0, 0, -9
    count = 0
    for index, character in enumerate(text):
        if character not in NUMERALS:
            continue
        if index - last > _GAP:
            begin, count = index, 0
        count += 1
        last = index
        if count > best:
            best, at = count, begin
    return at


def is_trusted(
    free: str, free_log_probability: float, prefix: str, digits: str, log_probability: float, loud_seconds: float
) -> bool:
    """Whether the digits (read behind `prefix`) replace the free reading from there on."""
    count = len(digits)
    fewest = _FEWEST_BEHIND_WORDS if prefix else _FEWEST
    if not fewest <= count <= _MOST_A_SECOND * loud_seconds or not set(_said(digits)) <= set(NUMERALS):
        return False
    if log_probability < max(_WORST_LOG_PROBABILITY, free_log_probability - _WORSE_THAN_FREE):
        return False
    if any(digit * (_LONGEST_RUN + 1) in digits for digit in set(digits)):
        return False
    if is_whole(_tail(free)) and not is_whole(digits):
        return False
    return count + 1 >= sum(map(is_chinese, free[len(prefix) :]))


def _tail(free: str) -> str:
    heard = free.translate(_HEARD_AS_ONE)
    return heard[max(0, _first(heard)) :].rstrip("，。、 ,.")


def is_whole(digits: str) -> bool:
    """As long as a mobile number: no other beginning needs to be tried."""
    said = _said(digits)
    return len(said) == _WHOLE and set(said) <= set(NUMERALS)


def is_near(digits: str) -> bool:
    """Whether another beginning could make it whole: beginnings differ by few characters."""
    return len(_said(digits)) + max(_BEFORE_FIRST) + 1 >= _WHOLE


def _said(digits: str) -> str:
    """With "四个零" written out."""
    return _SEVERAL.sub(lambda match: match.group(2) * "零一二三四五六".index(match.group(1)), digits)
