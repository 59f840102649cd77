"""The one telephone number that a hesitating answer tells: groups said twice, taken back, begun anew, gone on with,
told from the end, with words between them and words that hold a numeral ("我看一眼").

Every group of digits is kept, or stands for something else at a price; of all whole numbers that result the cheapest is
the one that was meant. Two that cost the same: nobody could write one down. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from bot.entities.digits import DigitGroup, fold, groups_of
from bot.entities.number_correction import TAKES_BACK
from bot.entities.phone import LANDLINE, MOBILE, PhoneFinding

_HESITATES: Final = re.compile(r"等|想|看|查|嗯|呃|哦|哎|那个|…|\.\.")
_FRONT: Final = re.compile(r"前[头面边]|开头|打头|头里|区号")
_ADDRESS: Final = re.compile(r"号楼|号院|单元|[栋室层楼弄]")  # behind digits: a house's, as those behind may be
_BEGINS: Final = re.compile(r"1[3-9]\d|0\d\d")
_MOST_GROUPS: Final = 24
_MOST_DIGITS: Final = 12
_LEAST_REPEATED: Final = 2  # digits; a single one that comes twice is told twice
_REPEATED, _BEGUN_ANEW, _TAKEN_BACK, _GONE_ON, _TO_THE_FRONT = 0.1, 0.4, 0.3, 0.5, 0.2
_KEPT_ALL_THE_SAME: Final = 1.0  # beside words that take something back
_OTHER_LENGTH: Final = 0.05  # for each digit by which what was taken back and what replaces it differ
_BETWEEN: Final = 0.2  # words that are no filler stand before the group
_NO_DIGIT: Final = 0.5  # a numeral within words
_LEFT_OUT: Final = 1.2  # a group that is part of nothing
_SHORT: Final = 2  # digits; longer rows are never left out
_MOST: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read so far: `rows` in their order, `front` of what belongs before them."""

    rows: tuple[str, ...] = ()
    front: str = ""
    to_front: bool = False

    @property
    def digits(self) -> str:
        return self.front + "".join(self.rows)


def find(text: str, *, spoken: bool = False) -> PhoneFinding | None:
    """The whole number (mobile, or a land line with its area code) that all digits of an answer are read as best.

    None where none results, or two that are equally likely.
    """
    text = fold(text)
    groups = groups_of(text, spoken=spoken)
    if not 1 < len(groups) <= _MOST_GROUPS or any(_ADDRESS.match(text, group.end) for group in groups):
        return None
    readings: dict[_Read, float] = {_Read(): 0.0}
    for at in range(len(groups)):
        following: dict[_Read, float] = {}
        for read, cost in readings.items():
            for new, price in _choices(read, text, groups, at):
                total = cost + price
                if total < min(following.get(new, _MOST), _MOST) and len(new.digits) <= _MOST_DIGITS:
                    following[new] = total
        readings = following
    numbers: dict[str, float] = {}
    for read, cost in readings.items():
        number = read.digits
        if MOBILE.fullmatch(number) or LANDLINE.fullmatch(number):
            numbers[number] = min(cost, numbers.get(number, _MOST))
    ranked = sorted(numbers.items(), key=lambda entry: entry[1])
    if not ranked or (len(ranked) > 1 and ranked[1][1] - ranked[0][1] < _OTHER_LENGTH / 2):
        return None
    number = ranked[0][0]
    return PhoneFinding(number, "mobile" if MOBILE.fullmatch(number) else "landline", groups[0].start, groups[-1].end)


def _choices(read: _Read, text: str, groups: list[DigitGroup], at: int) -> Iterator[tuple[_Read, float]]:
    """What the next group may stand for, with its price."""
    row, gap = groups[at].digits, text[groups[at - 1].end if at else 0 : groups[at].start]
    taken_back = bool(TAKES_BACK.search(gap))
    between = 0.0 if not at or groups[at].joined else _BETWEEN
    if read.to_front and not taken_back:
        yield replace(read, front=read.front + row), between
    yield (
        replace(read, rows=(*read.rows, row), to_front=False),
        between + (_KEPT_ALL_THE_SAME if taken_back and read.rows else 0.0),
    )
    yield from _left_out(read, text, groups[at])
    if not read.rows:
        return
    if len(row) >= _LEAST_REPEATED and read.digits.endswith(row):
        yield read, _REPEATED
    if _FRONT.search(gap) and not read.front:
        yield replace(read, front=row, to_front=True), _TO_THE_FRONT
    if _BEGINS.match(row):
        yield _Read((row,)), _TAKEN_BACK if taken_back else _BEGUN_ANEW
    if len(row) > len(read.rows[-1]) and row.startswith(read.rows[-1]) and _HESITATES.search(gap):
        yield replace(read, rows=(*read.rows[:-1], row)), _GONE_ON
    if taken_back:
        told = "".join(read.rows)
        for count in range(1, min(max(len(row), len(read.rows[-1])), len(told)) + 1):
            price = _TAKEN_BACK + _OTHER_LENGTH * abs(count - len(row))
            yield replace(read, rows=(told[:-count], row) if told[:-count] else (row,)), price


def _left_out(read: _Read, text: str, group: DigitGroup) -> Iterator[tuple[_Read, float]]:
    if len(group.digits) > _SHORT:
        return
    beside = text[group.start - 1 : group.start] + text[group.end : group.end + 1]
    within_words = len(group.digits) == 1 and any("\u4e00" <= character <= "\u9fff" for character in beside)
    yield read, _NO_DIGIT if within_words else _LEFT_OUT
