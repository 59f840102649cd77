"""A whole telephone number, with the words that people put around one: two readings that may write nothing else, and
which of their texts to believe. Pure.

Read freely, a row of digits has no words to lean on; read with digits alone, "那个" and "不对，后四位是" become digits
too. So the decoder may write the digits and the words with which a number is told, and gives its likeliest texts. It
does so twice: in Chinese numerals and in 0 to 9. Both readings know the same sound, but as the decoder has learned them
from different subtitles they lose different digits. A text's merit is the weighted sum of both log probabilities;
one that makes a whole number gets a bonus, because a whole number was asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

_NUMERALS: Final = "零一二三四五六七八九"
ALPHABETS: Final = (_NUMERALS + "幺个四", "0123456789个四")
"""What each of the two readings may write besides the words; "四个零" and "后四位" stand in both."""
AROUND: Final = (
    "我的电话是手机号码你记一下打这个那嗯呃啊然后不对后位",
    "电话", "手机", "号码", "不对", "然后", "那个", "这个", "我的", "后四位",
)  # fmt: skip
"""The words as the tokenizer cuts them, and their characters."""

_WRITTEN: Final = frozenset("".join(AROUND) + "".join(ALPHABETS) + "，。、 ")
_DIGIT_OF: Final = {**{numeral: str(digit) for digit, numeral in enumerate(_NUMERALS)}, "幺": "1"}
_SEVERAL: Final = re.compile(r"([二三四五六])个([零一二三四五六七八九幺0-9])")
_NO_DIGITS: Final = re.compile(r"记一下|[一二三四五六七八4]位")
_CORRECTION: Final = re.compile(r"不对(?:后位)?是?|后位是")
_WHOLE: Final = re.compile(r"1[3-9]\d{9}|0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
"""Mobile numbers, land lines with area code (numbering plan of China). Eight digits are more often the rest of a longer
number than a number of this city."""
_SHORTEST: Final = 11
_LOST: Final = 3
"""Digits that one reading may have lost of a number which the other has whole; a caller who has told fewer than the
rest is not at the end of the number."""
_TO_NUMERALS: Final = str.maketrans("0123456789", _NUMERALS)

_SECOND_WEIGHT: Final = 0.4
_WHOLE_BONUS: Final = 1.5
_MISSING: Final = 0.5  # nats below the worst text of a reading that has not thought of this one
_WORST_LOG_PROBABILITY: Final = -0.4
"""Nats a digit. All four chosen on 96 dictated numbers and 12 answers in words, synthetic, by telephone."""
_MOST_A_SECOND: Final = 6.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One text of a decoder; `log_probability` of the whole text, in nats."""

    text: str
    log_probability: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """`text` in numerals, `read` as the decoder wrote it; `log_probability` a digit; `digit_confidences`
    0..1 for each digit of the number."""

    text: str
    read: str
    log_probability: float
    digit_confidences: tuple[float, ...]


def has_time(loud_seconds: float) -> bool:
    """Whether a whole number can be said in this time: else no reading is worth its price."""
    return _MOST_A_SECOND * loud_seconds >= _SHORTEST


def is_near(readings: Sequence[Reading]) -> bool:
    """Whether one of the texts of a reading is so near to a whole number that another reading may have it."""
    return any(len(told) >= _SHORTEST - _LOST for told in _by_digits(readings))


def chosen(numerals: Sequence[Reading], digits: Sequence[Reading], *, loud_seconds: float) -> Chosen | None:
    """The likeliest text where it tells a whole number; None: none does, or the sound hardly supports it."""
    first, second = _by_digits(numerals), _by_digits(digits)
    if not first and not second:
        return None
    merits = {
        told: (1 - _SECOND_WEIGHT) * _of(first, told)
        + _SECOND_WEIGHT * _of(second, told)
        + _WHOLE_BONUS * (number_of(told) is not None)
        for told in first.keys() | second.keys()
    }
    best = max(merits, key=lambda told: merits[told])
    number = number_of(best)
    if number is None or len(best) > _MOST_A_SECOND * loud_seconds:
        return None
    log_probability = (merits[best] - _WHOLE_BONUS) / (len(best) + 1)
    if log_probability < _WORST_LOG_PROBABILITY:
        return None
    read = (first.get(best) or second[best]).text
    return Chosen(read.translate(_TO_NUMERALS), read, log_probability, _digit_confidences(number, merits))


def digits_told(text: str) -> str | None:
    """The digits of a text, "四个零" written out, a slash where they are corrected: 13900001234/1235. None where the
    text holds what belongs to no number: halves of characters that the decoder put together by mistake."""
    if not set(text) <= _WRITTEN:
        return None
    text = _SEVERAL.sub(lambda match: match.group(2) * (_NUMERALS.index(match.group(1))), text)
    text = _NO_DIGITS.sub(lambda match: "位" if match.group().endswith("位") else "", text)
    text = _CORRECTION.sub("/", text, count=1)
    return "".join(_DIGIT_OF.get(one, one if one.isdigit() or one == "/" else "") for one in text)


def number_of(told: str) -> str | None:
    """The whole number that digits tell, with their correction: a new end, or a new number."""
    number, corrected, end = told.partition("/")
    if not corrected:
        return number if _WHOLE.fullmatch(number) else None
    if _WHOLE.fullmatch(end):
        return end
    if not end or len(end) >= len(number) or not _WHOLE.fullmatch(number):
        return None
    return number[: -len(end)] + end


def _by_digits(readings: Sequence[Reading]) -> dict[str, Reading]:
    """The likeliest text of each row of digits."""
    found: dict[str, Reading] = {}
    for reading in readings:
        told = digits_told(reading.text)
        if told and (told not in found or reading.log_probability > found[told].log_probability):
            found[told] = reading
    return found


def _of(readings: dict[str, Reading], told: str) -> float:
    if told in readings:
        return readings[told].log_probability
    return min((one.log_probability for one in readings.values()), default=-_MOST_A_SECOND) - _MISSING


def _digit_confidences(number: str, merits: dict[str, float]) -> tuple[float, ...]:
    """Of each digit: how much of the likelihood of all texts lies on those that have it in its place."""
    highest = max(merits.values())
    weights = {told: math.exp(merit - highest) for told, merit in merits.items()}
    supported = [0.0] * len(number)
    for told, weight in weights.items():
        other = number_of(told) or told
        for block in SequenceMatcher(None, number, other, autojunk=False).get_matching_blocks():
            for place in range(block.a, block.a + block.size):
                supported[place] += weight
    return tuple(min(1.0, weight / sum(weights.values())) for weight in supported)
