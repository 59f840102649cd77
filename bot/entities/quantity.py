"""What an order's questions count besides money: degrees in a room, months, households."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.entities import numerals

_CLAUSE: Final = re.compile(r"[,，。;；!！?？\n]|屋里|屋子|家里|室内|房间|卧室|客厅")
_LOOK_BACK: Final = 16  # characters
_DEGREES: Final = re.compile(r"\s*(?:度(?!电|的?电|假|数|过)|℃|°C?|摄氏度)", re.IGNORECASE)
# The air outside, a fever, and what the room ought to have.
_OTHER_DEGREES: Final = re.compile(
    r"零下|室外|屋外|户外|外[面边头]|规定|标准|要求|达标|应该|至少|不低于|低于|保证|承诺|发烧|体温|水温|回水|进水|出水|供水|合同|国家|[涨降差高低调]"
)
_ROOM: Final = (Decimal(-10), Decimal(45))
_MONTHS: Final = re.compile(r"个?(?P<half>半)?(?P<more>[多来])?个?月(?![份底初中末票卡饼])")
_YEARS: Final = re.compile(r"(?P<half>半)?年(?P<end>半)?(?P<more>多)?(?![级前初底末代龄纪轻糕货薪终租费])")
_HALF_YEAR: Final = re.compile(r"(?<![一二两三四五六七八九十0-9个大小上下前后])半年(?![前级])")
_SOME_MONTHS: Final = re.compile(r"([俩仨])月")
_AND: Final = re.compile(r"[零又加,，]?")
_AGO: Final = re.compile(r"(?:之|以)?[前后内]|里")
_HOUSEHOLDS: Final = re.compile(r"\s*(?:户|家(?!店|公司|单位|医院|饭|超市|商|工厂|物业|银行))")
_LONGEST_YEARS: Final = 50


@dataclass(frozen=True, slots=True)
class Quantity:
    """`low` to `high`, the same where one number was told; `about`: roughly so."""

    start: int
    end: int
    low: Decimal
    high: Decimal
    about: bool = False


def temperatures(text: str) -> list[Quantity]:
    """Degrees Celsius in a room; those of the air outside, of water and of the standard are left out."""
    found: list[Quantity] = []
    for one in numerals.find(text):
        unit = _DEGREES.match(text, one.end)
        if not unit or not _ROOM[0] <= one.low <= one.high <= _ROOM[1]:
            continue
        clause = _CLAUSE.split(text[max(0, one.start - _LOOK_BACK) : one.start])[-1]
        if not _OTHER_DEGREES.search(clause):
            about = one.about or text[unit.end() : unit.end() + 1] in ("多", "左")
            found.append(Quantity(one.start, unit.end(), one.low, one.high, about))
    return found


def months(text: str) -> list[Quantity]:
    """How many months something lasts; a year counts twelve. "三个月前" and "三月份" tell when, not how many."""
    text = numerals.plain(text)
    found: list[Quantity] = []
    for one in numerals.find(text):
        quantity = _of_months(text, one) or _of_years(text, one)
        if quantity is None:
            continue
        before = found[-1] if found else None
        if (
            before is not None
            and before.low >= 12
            and quantity.low < 12
            and _AND.fullmatch(text, before.end, one.start)
        ):
            low, high = before.low + quantity.low, before.high + quantity.high
            found[-1] = Quantity(before.start, quantity.end, low, high, before.about or quantity.about)
        else:
            found.append(quantity)
    for some in _SOME_MONTHS.finditer(text):
        count = Decimal(2 if some[1] == "俩" else 3)
        found.append(Quantity(some.start(), some.end(), count, count))
    found += [Quantity(half.start(), half.end(), Decimal(6), Decimal(6)) for half in _HALF_YEAR.finditer(text)]
    return sorted((one for one in found if not _AGO.match(text, one.end)), key=lambda one: one.start)


def households(text: str) -> list[Quantity]:
    """How many households share the trouble: more than one."""
    return [
        Quantity(one.start, unit.end(), one.low, one.high, one.about)
        for one in numerals.find(text)
        if one.low > 1
        and (unit := _HOUSEHOLDS.match(text, one.end))
        and text[max(0, one.start - 1) : one.start] != "第"
    ]


def _of_months(text: str, one: numerals.Numeral) -> Quantity | None:
    unit = _MONTHS.match(text, one.end)
    if unit is None or "个" not in unit.group():
        return None  # 三月 is March
    more = Decimal("0.5") if unit["half"] else Decimal(0)
    return Quantity(one.start, unit.end(), one.low + more, one.high + more, one.about or bool(unit["more"]))


def _of_years(text: str, one: numerals.Numeral) -> Quantity | None:
    unit = _YEARS.match(text, one.end)
    if unit is None or one.high > _LONGEST_YEARS:
        return None
    more = 6 if unit["half"] or unit["end"] else 0
    return Quantity(one.start, unit.end(), one.low * 12 + more, one.high * 12 + more, one.about or bool(unit["more"]))
