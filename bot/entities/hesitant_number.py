"""The one telephone number that a hesitating answer tells: groups said twice, taken back, begun anew, gone on with,
told from the end, with words between them and words that hold a numeral ("我看一眼").

Every group of digits is kept, or stands for something else at a price; of all whole numbers that result the cheapest is
the one that was meant. Two that cost the same: nobody could write one down. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from bot.entities.digits import DigitGroup, fold, groups_of
from bot.entities.number_correction import TAKES_BACK
from bot.entities.phone import CITY_NUMBER, FRONT, LANDLINE, MOBILE, PhoneFinding

_HESITATES: Final = re.compile(r"等|想|看|查|嗯|呃|哦|哎|那个|…|\.\.")
_BACK: Final = re.compile(r"尾|最后|末|后[头面边]?[一二两三四2-4]?[个位]")
_ONE_MORE: Final = re.compile(
    r"(?:还有|还差|再来|再加)(?:最后)?(?:一)?个$|(?:最后|末尾|末了|完了|然后)(?:一)?(?:个|位)?(?:就)?是个?$"
)
_NOT: Final = re.compile(r"不是(?:这个)?$")
_PERHAPS: Final = re.compile(r"[哦噢诶哎]|还是|到底")  # what follows may replace what was told
_LANDLINE_COST: Final = 0.6  # of a number without its area code
_BEHIND_IT: Final = re.compile(r"[的那]?[之往]?后[头面边]?[的那]?(?:应该|就|才)?")  # "四个零后头是…"
_ADDRESS: Final = re.compile(r"号楼|号院|单元|[栋室层楼弄]")  # behind digits: a house's, as those behind may be
_BEGINS: Final = re.compile(r"1[3-9]\d|0\d\d")
_MOST_GROUPS: Final = 24
_MOST_DIGITS: Final = 12
_LEAST_REPEATED: Final = 2  # digits; a single one that comes twice is told twice
_REPEATED, _BEGUN_ANEW, _TAKEN_BACK, _GONE_ON, _MOVED = 0.1, 0.4, 0.3, 0.5, 0.2
_MOST_ROWS: Final = 4  # that say once more what was said as one
_KEPT_ALL_THE_SAME: Final = 1.0  # beside words that take something back
_OTHER_LENGTH: Final = 0.08  # for each digit by which what was taken back and what replaces it differ
_BETWEEN: Final = 0.2  # words that are no filler stand before the group
_NO_DIGIT: Final = 0.5  # a numeral within words
_LEFT_OUT: Final = 1.2  # a group that is part of nothing
_ASIDE: Final = 3  # characters of words between two groups
_SHORT: Final = 2  # digits; longer rows are never left out
_AS_LIKELY: Final = 0.03  # how near in price two numbers are that nobody could tell apart
_MOST: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read so far: `rows` in their order, `front` and `back` of what belongs before and behind them.

    `to_front`: what follows goes on with the front. `denied`: "not this", so that what follows replaces what was told.
    `repeats`: as many groups to come repeat what was told. `replaced`: the last row stands for one that was taken back.
    """

    rows: tuple[str, ...] = ()
    front: str = ""
    back: str = ""
    to_front: bool = False
    denied: bool = False
    repeats: int = 0
    replaced: bool = False

    @property
    def digits(self) -> str:
        return self.front + "".join(self.rows) + self.back


def find(text: str, *, spoken: bool = False) -> PhoneFinding | None:
    """The whole number (mobile, or a land line with its area code) that all digits of an answer are read as best.

    None where none results, or two that are equally likely.
    """
    text = fold(text)
    groups = _without_is(text, groups_of(text, spoken=spoken))
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
        if CITY_NUMBER.fullmatch(number) and not any(_BEGINS.match(group.digits) for group in groups):
            cost += _LANDLINE_COST
        elif not (MOBILE.fullmatch(number) or LANDLINE.fullmatch(number)):
            continue
        numbers[number] = min(cost, numbers.get(number, _MOST))
    ranked = sorted(numbers.items(), key=lambda entry: entry[1])
    if not ranked or (len(ranked) > 1 and ranked[1][1] - ranked[0][1] < _AS_LIKELY):
        return None
    number = ranked[0][0]
    return PhoneFinding(number, "mobile" if MOBILE.fullmatch(number) else "landline", groups[0].start, groups[-1].end)


def _without_is(text: str, groups: list[DigitGroup]) -> list[DigitGroup]:
    """ "四个零后头是七零": this 是 is no 四 that was misheard."""
    result = groups[:1]
    for before, group in pairwise(groups):
        is_word = text[group.start] == "是" and _BEHIND_IT.fullmatch(text, before.end, group.start)
        result.append(replace(group, digits=group.digits[1:], start=group.start + 1) if is_word else group)
    return result


def _choices(read: _Read, text: str, groups: list[DigitGroup], at: int) -> Iterator[tuple[_Read, float]]:
    """What the next group may stand for, with its price."""
    if read.repeats:
        yield replace(read, repeats=read.repeats - 1), 0.0
        return
    gap = text[groups[at - 1].end if at else 0 : groups[at].start]
    denies = bool(_NOT.search(gap))
    taken_back = not denies and (read.denied or bool(TAKES_BACK.search(gap)))
    replaced = read.replaced
    read = replace(read, denied=False, replaced=False)
    yield from _added(read, text, groups, at, gap, taken_back=taken_back, denies=denies)
    if denies:
        yield replace(read, denied=bool(read.digits)), _REPEATED
    if read.digits:
        yield from _said_before(read, groups, at)
        yield from _named_as_place(read, text, groups[at])
    if read.rows:
        yield from _instead(read, groups[at].digits, gap, taken_back=taken_back, replaced=replaced)


def _added(
    read: _Read, text: str, groups: list[DigitGroup], at: int, gap: str, *, taken_back: bool, denies: bool
) -> Iterator[tuple[_Read, float]]:
    """The group is a further part of the number, or none of it."""
    row = groups[at].digits
    between = 0.0 if not at or groups[at].joined else _BETWEEN
    within_words = _within_words(text, groups[at]) and not _ONE_MORE.search(gap)
    front, back = bool(FRONT.search(gap)), bool(_BACK.search(gap))
    if read.to_front and not taken_back:
        yield replace(read, front=read.front + row), between
    if not within_words and not denies:
        tail_first = back and not read.rows and at + 1 < len(groups)
        against = (taken_back and bool(read.digits)) or tail_first or (front and bool(read.rows))
        kept = replace(read, rows=(*read.rows, row), to_front=False)
        yield kept, between + (_KEPT_ALL_THE_SAME if against else 0.0)
    if front and read.digits and not read.front:
        yield replace(read, front=row, to_front=True), _MOVED
    if back and not read.back and len(row) > _SHORT:
        yield replace(read, back=row, to_front=False), _MOVED / 2
    if len(row) <= _SHORT:
        yield read, _NO_DIGIT if within_words else _LEFT_OUT


def _said_before(read: _Read, groups: list[DigitGroup], at: int) -> Iterator[tuple[_Read, float]]:
    """This group, or this one and the next ones, say once more how the number ended so far."""
    for count in range(1, min(_MOST_ROWS, len(groups) - at) + 1):
        again = "".join(group.digits for group in groups[at : at + count])
        if len(again) >= _LEAST_REPEATED and read.digits.endswith(again):
            yield replace(read, repeats=count - 1), _REPEATED * count


def _named_as_place(read: _Read, text: str, group: DigitGroup) -> Iterator[tuple[_Read, float]]:
    """This group was told and says where to go on: what came behind it is to be told anew."""
    told = "".join(read.rows)
    at = told.rfind(group.digits)
    if at >= 0 and len(group.digits) >= _LEAST_REPEATED and _BEHIND_IT.match(text, group.end):
        yield replace(read, rows=(told[: at + len(group.digits)],), back="", to_front=False), _REPEATED


def _instead(read: _Read, row: str, gap: str, *, taken_back: bool, replaced: bool) -> Iterator[tuple[_Read, float]]:
    """The group stands in the place of what was told: of all of it, of the last group, or of as many digits."""
    if _BEGINS.match(row):
        yield _Read((row,)), _TAKEN_BACK if taken_back else _BEGUN_ANEW
    if len(row) > len(read.rows[-1]) and row.startswith(read.rows[-1]) and _interrupts(gap):
        yield replace(read, rows=(*read.rows[:-1], row)), _GONE_ON
    if _interrupts(gap):
        yield from _from_its_end(read, row)
    if replaced and len(row) > len(read.rows[-1]) and row.startswith(read.rows[-1]):  # "不对，五六，五六二八"
        yield replace(read, rows=(*read.rows[:-1], row)), _REPEATED
    if not (taken_back or _PERHAPS.search(gap)):
        return
    told = "".join(read.rows)
    for count in range(1, min(max(len(row), len(read.rows[-1])), len(told)) + 1):
        price = (_TAKEN_BACK if taken_back else _BEGUN_ANEW) + _OTHER_LENGTH * abs(count - len(row))
        yield replace(read, rows=(told[:-count], row) if told[:-count] else (row,), replaced=True), price


def _from_its_end(read: _Read, row: str) -> Iterator[tuple[_Read, float]]:
    """ "零零八五，嗯，八五三三": the group takes up how the number ended before the caller stopped to think."""
    told = "".join(read.rows)
    for shared in range(_LEAST_REPEATED, min(len(row), len(read.rows[-1]))):
        if told.endswith(row[:shared]):
            yield replace(read, rows=(told[:-shared], row)), _GONE_ON


def _interrupts(gap: str) -> bool:
    """Whether the caller looks it up, or speaks to somebody else in between."""
    return bool(_HESITATES.search(gap)) or len(gap.strip(" ,，。.、!！?？")) >= _ASIDE


def _within_words(text: str, group: DigitGroup) -> bool:
    """Whether a single numeral touches words: 看一眼, 赵六, 老二."""
    beside = text[: group.start][-1:] + text[group.end : group.end + 1]
    return (
        len(group.digits) == 1 and not group.joined and any("\u4e00" <= character <= "\u9fff" for character in beside)
    )
