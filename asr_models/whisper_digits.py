"""Digits where digits were asked for: a second reading in which nothing but digits can come out, and when to trust it.

A row of digits has no words around it to lean on: read freely, "八八三四" becomes "爸爸生存". So the decoder reads
once more with only the numerals allowed, behind the words that stand before the number ("我的电话是"). That reading
is taken when the sound supports it about as well as the free one and it leaves nothing unsaid. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from asr_models.word_frequencies import is_chinese

NUMERALS: Final = "零一二三四五六七八九幺"

_WORST_LOG_PROBABILITY: Final = -0.45
_WORSE_THAN_FREE: Final = 0.15
"""Nats a token. Chosen on 40 synthetic numbers and 15 other answers by telephone (the wrong ones start at -0.48)."""
_SHORT_CHARACTERS: Final = 6
_NUMERAL_SHARE: Final = 0.4
_FEWEST: Final = 3
_MOST_A_SECOND: Final = 6.0
_LONGEST_RUN: Final = 4  # of one digit: a decoder that has lost its way repeats itself
_BEFORE_FIRST: Final = (1, 0, 2)  # characters before the first numeral that may be misheard digits, likeliest first


def is_worth_reading(free: str) -> bool:
    """Whether the words as freely read may be a number: short, or mostly numerals from the first one on. A reading
    costs as much as a third of the whole recognition."""
    spoken = "".join(filter(is_chinese, free))
    if len(spoken) <= _SHORT_CHARACTERS:
        return True
    first = next((index for index, character in enumerate(spoken) if character in NUMERALS), None)
    if first is None:
        return False
    rest = spoken[max(0, first - 1) :]
    return sum(character in NUMERALS for character in rest) >= _NUMERAL_SHARE * len(rest)


def prefixes(free: str) -> Iterator[str]:
    """The words that may stand before the number, the likeliest first; `free`: the text as freely read."""
    first = next((index for index, character in enumerate(free) if character in NUMERALS), 0)
    seen: set[str] = set()
    for misheard in _BEFORE_FIRST:
        prefix = free[: max(0, first - misheard)].rstrip("，。、 ,.")
        if prefix not in seen:
            seen.add(prefix)
            yield prefix


def is_trusted(
    free: str, free_log_probability: float, prefix: str, digits: str, log_probability: float, loud_seconds: float
) -> bool:
    """Whether the digits (read behind `prefix`) replace the free reading from there on."""
    count = len(digits)
    if count < _FEWEST or count > _MOST_A_SECOND * loud_seconds or not set(digits) <= set(NUMERALS):
        return False
    if log_probability < max(_WORST_LOG_PROBABILITY, free_log_probability - _WORSE_THAN_FREE):
        return False
    if any(digit * (_LONGEST_RUN + 1) in digits for digit in set(digits)):
        return False
    return count + 1 >= sum(map(is_chinese, free[len(prefix) :]))


def is_whole(digits: str) -> bool:
    """As long as a mobile number: no other beginning needs to be tried."""
    return len(digits) == 11
