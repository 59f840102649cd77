"""What two answers state differently about the same thing: amounts, periods, calendar dates. Pure.

Numbers are compared only where the words around them speak of the same: 7 days to return goods do not contradict 15
days to mend them. Written out numerals are read (`三十日`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from knowledge.entry import Entry
from knowledge.text import normalise

_DIGITS: Final = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS: Final = {"十": 10, "百": 100, "千": 1_000}
_NUMERAL: Final = r"(?:\d[\d,]*(?:\.\d+)?|[零〇一二两三四五六七八九十百千万]+)"
_AMOUNT: Final = re.compile(
    rf"(?<!第)({_NUMERAL})\s*(万?)(个工作日|工作日|个月|个小时|小时|分钟|周岁|公里|平方米|元|%|天|日|年|岁|倍|次|米|℃|度)"
)
_PERCENT: Final = re.compile(rf"百分之({_NUMERAL})")
_SAME_UNIT: Final[Mapping[str, str]] = {"个工作日": "工作日", "周岁": "岁", "日": "天", "℃": "度", "个小时": "小时"}
_DATE: Final = re.compile(r"(\d{4})年(\d{1,2})月(?:(\d{1,2})日)?")
_VERSION: Final = re.compile(r"《[^》]*》(?:[(（][^)）]*[)）])?")
"""A document's name and version say where an answer stands, not what it says."""
_PIECE: Final = re.compile(r"[，。；;,!！?？\n]")
_SHARED_LEAST: Final = 0.34
_COUNTRY: Final = "全国"
_CITY: Final = "北京"


@dataclass(frozen=True, slots=True)
class Stated:
    """One number: its unit (`date`: a day of the calendar), its value as shown, the pairs of characters around it."""

    unit: str
    value: str
    around: frozenset[str]


def stated(text: str) -> list[Stated]:
    found: list[Stated] = []
    clean = _VERSION.sub("", normalise(text))
    for piece in _PIECE.split(clean):
        bare = _PERCENT.sub("", _AMOUNT.sub("", _DATE.sub("", piece)))
        around = frozenset(bare[place : place + 2] for place in range(len(bare) - 1))
        for year, month, day in _DATE.findall(piece):
            found.append(Stated("date", f"{year}年{int(month)}月" + (f"{int(day)}日" if day else ""), around))
        rest = _DATE.sub(" ", piece)
        found += [Stated("%", f"{_value(number):g}", around) for number in _PERCENT.findall(rest)]
        for number, many, unit in _AMOUNT.findall(_PERCENT.sub(" ", rest)):
            value = _value(number) * (10_000 if many else 1)
            found.append(Stated(_SAME_UNIT.get(unit, unit), f"{value:g}", around))
    return found


def difference(one: Entry, other: Entry) -> str:
    """`7天 / 15天`; empty where the two do not contradict each other.

    Only where both speak of the same thing in the same unit and share no value of it: one may say more than the other.
    """
    mine, theirs = stated(one.answer), stated(other.answer)
    different: list[str] = []
    for unit in sorted({number.unit for number in mine} & {number.unit for number in theirs}):
        left = [number for number in mine if number.unit == unit]
        right = [number for number in theirs if number.unit == unit]
        if {number.value for number in left} & {number.value for number in right}:
            continue
        against = [(a, b) for a in left for b in right if _same_thing(a.around, b.around)]
        if against:
            shown = "" if unit == "date" else unit
            sides = (sorted({pair[side].value for pair in against}) for side in (0, 1))
            different.append(" / ".join("、".join(value + shown for value in side) for side in sides))
    return "；".join(different)


def both_hold(one: Entry, other: Entry) -> bool:
    """Whether there is a moment, a place and a person for whom both are said: only then they can contradict."""
    return _times_meet(one, other) and _places_meet(one.scope, other.scope) and _people_meet(one, other)


def more_special(one: Entry, other: Entry) -> bool:
    """One holds in a part of where the other holds: a rule of the city may lawfully differ from the country's."""
    return one.scope != other.scope and _places_meet(one.scope, other.scope)


def _times_meet(one: Entry, other: Entry) -> bool:
    return _before(one.begins(), other.ends()) and _before(other.begins(), one.ends())


def _before(begins: datetime | None, ends: datetime | None) -> bool:
    return begins is None or ends is None or begins < ends


def _places_meet(one: str, other: str) -> bool:
    wide = {_COUNTRY, _CITY, ""}
    return one == other or one in wide or other in wide


def _people_meet(one: Entry, other: Entry) -> bool:
    return "both" in (one.audience, other.audience) or one.audience == other.audience


def _same_thing(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    smaller = min(len(mine), len(theirs))
    return smaller == 0 or len(mine & theirs) / smaller >= _SHARED_LEAST


def _value(numeral: str) -> float:
    if numeral[0].isdigit():
        return float(numeral.replace(",", ""))
    total = section = digit = 0
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _POWERS:
            section += (digit or 1) * _POWERS[character]
            digit = 0
        else:  # 万
            total += (section + digit or 1) * 10_000
            section = digit = 0
    return float(total + section + digit)
