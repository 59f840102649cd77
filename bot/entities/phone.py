"""Telephone numbers in typed and dictated text.

Handled: `139-0000-1234`, full-width digits, 幺/两, spoken groups (`幺三九,四个零,幺二三四`), fillers between groups
(`139,0000,后四位是2702`), landlines with area code and extension, 400 and 95 numbers. A longer row of digits (an order
number, an identity number) is never cut down to a telephone number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.entities.digits import DigitGroup, fold, groups_of

PhoneKind = Literal["mobile", "landline", "service"]

MOBILE: Final = re.compile(r"1[3-9]\d{9}")
LANDLINE: Final = re.compile(r"0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_SERVICE: Final = re.compile(r"[48]00\d{7}|95\d{3,4}")
_AREA: Final = "010"  # of this city
CITY_NUMBER: Final = re.compile(r"[2-9]\d{7}")
_LANDLINE_WORDS: Final = re.compile(r"座机|固话|电话|号码|家里|单位|公司|总机|前台|办公室|居委会|宿舍")
_EXTENSION: Final = re.compile(
    r"[\s,，、。]*(?:请|再|按)?(?:转(?:接)?|(?:内线)?分机(?:号)?|内线|ext\.?|#|[-－—–])(?:是|拨|:|：)?\s*",
    re.IGNORECASE,
)
FRONT: Final = re.compile(r"前[头面边]|开头|打头|头里|区号")  # what follows comes before what was told
_LONGEST_EXTENSION: Final = 5  # digits
_NOT_A_PHONE: Final = re.compile(r"(?:单号|工单|编号|身份证|证号|卡号|账号|车牌|户号|表号)[^,，。;；]{0,6}$")


@dataclass(frozen=True, slots=True)
class PhoneFinding:
    """`number` and `extension` (of a land line, empty where none was told) in digits only; `start` and `end` are
    offsets into the text as given."""

    number: str
    kind: PhoneKind
    start: int
    end: int
    extension: str = ""


def _kind(digits: str, *, landline_context: bool) -> PhoneKind | None:
    if MOBILE.fullmatch(digits):
        return "mobile"
    if LANDLINE.fullmatch(digits):
        return "landline"
    if _SERVICE.fullmatch(digits):
        return "service"
    if landline_context and CITY_NUMBER.fullmatch(digits):
        return "landline"
    return None


def _strip_country(digits: str) -> str:
    for prefix in ("0086", "86"):
        behind = digits.removeprefix(prefix)
        if behind != digits and MOBILE.fullmatch(behind):
            return behind
        if behind != digits and LANDLINE.fullmatch(f"0{behind}"):
            return f"0{behind}"
    return digits


def _search(text: str, groups: list[DigitGroup], *, asked: bool) -> list[PhoneFinding]:
    found: list[PhoneFinding] = []
    index = 0
    while index < len(groups):
        best: tuple[int, PhoneFinding] | None = None
        digits = ""
        context = asked or bool(_LANDLINE_WORDS.search(text[: groups[index].start]))
        for last in range(index, min(index + 13, len(groups))):
            if last > index and (
                not groups[last].joined or FRONT.search(text[groups[last - 1].end : groups[last].start])
            ):
                break
            digits += groups[last].digits
            if len(digits) > 15:
                break
            number = _strip_country(digits)
            kind = _kind(number, landline_context=context)
            if kind and not _NOT_A_PHONE.search(text[: groups[index].start]):
                finding = PhoneFinding(number, kind, groups[index].start, groups[last].end)
                if best is None or kind == "mobile" or len(number) > len(best[1].number):
                    best = (last, finding)
                if kind == "mobile":
                    break
        if best:
            last, finding = _with_extension(text, groups, *best)
            found.append(finding)
            index = last + 1
        else:
            index += 1
    return _without_repeats(found)


def _with_extension(text: str, groups: list[DigitGroup], last: int, finding: PhoneFinding) -> tuple[int, PhoneFinding]:
    """The extension that is told right behind a number: 转608, 分机 12, -803. The index is that of the last group."""
    if finding.kind == "mobile" or last + 1 >= len(groups):
        return last, finding
    told = groups[last + 1]
    if len(told.digits) > _LONGEST_EXTENSION or not _EXTENSION.fullmatch(text[finding.end : told.start]):
        return last, finding
    return last + 1, replace(finding, end=told.end, extension=told.digits)


def _without_repeats(found: list[PhoneFinding]) -> list[PhoneFinding]:
    """A part of a mobile number said before it ("九九幺六,幺三九…") is not a second number."""
    mobiles = [finding for finding in found if finding.kind == "mobile"]
    return [f for f in found if f.kind == "mobile" or not any(f.number in mobile.number for mobile in mobiles)]


def find(text: str, *, spoken: bool = False, asked: bool = False) -> list[PhoneFinding]:
    """All telephone numbers of `text` in order.

    `spoken` also reads what a recogniser makes of dictated digits. `asked`: a number was asked for, so that eight
    digits are a land line of this city without a word that says so.
    """
    text = fold(text)
    found = _search(text, groups_of(text, spoken=False), asked=asked)
    if not found and spoken:
        found = _search(text, groups_of(text, spoken=True), asked=asked)
    return [_with_area(finding, groups_of(text, spoken=spoken)) for finding in found]


def _with_area(finding: PhoneFinding, groups: list[DigitGroup]) -> PhoneFinding:
    """A land line whose area code is told apart from it ("五五五零二三九九,前头零幺零")."""
    apart = any(group.digits == _AREA for group in groups)
    if finding.kind != "landline" or not apart or not CITY_NUMBER.fullmatch(finding.number):
        return finding
    return replace(finding, number=_AREA + finding.number)


def digits_said(text: str, *, spoken: bool = False) -> str:
    """All digits of the longest dictated row, complete number or not: to read back what was understood so far."""
    text = fold(text)
    rows: list[str] = []
    for group in groups_of(text, spoken=spoken):
        if group.joined and rows:
            rows[-1] += group.digits
        else:
            rows.append(group.digits)
    return max(rows, key=len, default="")


def extension(text: str) -> str:
    """The extension that is told by itself ("还要转608"), empty where none is."""
    text = fold(text)
    groups = groups_of(text, spoken=False)
    if len(groups) != 1 or len(groups[0].digits) > _LONGEST_EXTENSION:
        return ""
    lead = text[: groups[0].start]
    return groups[0].digits if _EXTENSION.search(lead) and re.search(r"转|分机|内线", lead) else ""
