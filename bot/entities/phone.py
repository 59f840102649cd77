"""Telephone numbers in typed and dictated text.

Handled: `139-0000-1234`, full-width digits, 幺/两, spoken groups (`幺三九,四个零,幺二三四`), fillers between groups
(`139,0000,后四位是2702`), landlines with area code and extension, 400 and 95 numbers. A longer row of digits (an order
number, an identity number) is never cut down to a telephone number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from bot.entities.digits import COUNTS, DigitGroup, fold, groups_of

PhoneKind = Literal["mobile", "landline", "service"]

MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_LANDLINE: Final = re.compile(r"0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}")
_SERVICE: Final = re.compile(r"[48]00\d{7}|95\d{3,4}")
_AREA: Final = "010"  # of this city
_CITY_NUMBER: Final = re.compile(r"[2-9]\d{7}")
_LANDLINE_WORDS: Final = re.compile(r"座机|固话|电话|号码|家里|单位|公司|总机|前台|办公室|居委会|宿舍")
_EXTENSION: Final = re.compile(
    r"[\s,，、。]*(?:请|再|按)?(?:转(?:接)?|(?:内线)?分机(?:号)?|内线|ext\.?|#|[-－—–])(?:是|拨|:|：)?\s*",
    re.IGNORECASE,
)
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
    if _LANDLINE.fullmatch(digits):
        return "landline"
    if _SERVICE.fullmatch(digits):
        return "service"
    if landline_context and _CITY_NUMBER.fullmatch(digits):
        return "landline"
    return None


def _strip_country(digits: str) -> str:
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and MOBILE.fullmatch(digits[len(prefix) :]):
            return digits[len(prefix) :]
    return digits


def _search(text: str, groups: list[DigitGroup], *, asked: bool) -> list[PhoneFinding]:
    found: list[PhoneFinding] = []
    index = 0
    while index < len(groups):
        best: tuple[int, PhoneFinding] | None = None
        digits = ""
        context = asked or bool(_LANDLINE_WORDS.search(text[: groups[index].start]))
        for last in range(index, min(index + 13, len(groups))):
            if last > index and not groups[last].joined:
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
    if finding.kind != "landline" or not apart or not _CITY_NUMBER.fullmatch(finding.number):
        return finding
    return replace(finding, number=_AREA + finding.number)


def scattered(text: str) -> PhoneFinding | None:
    """One mobile number with words between its groups ("幺三九,零零零零,等会儿啊,后头是二零,幺七"), where all digits of
    an answer together are one."""
    groups = groups_of(fold(text), spoken=False)
    digits = "".join(group.digits for group in groups)
    return PhoneFinding(digits, "mobile", groups[0].start, groups[-1].end) if MOBILE.fullmatch(digits) else None


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


_AREA_CODE: Final = re.compile(r"区号(?:是)?[:：]?\s*(?=[0零洞〇])")
_TAIL: Final = re.compile(
    r"(?:最后|后|末|尾)(?:面|边|头|尾)?(?:的|这|那)?([一二两三四五六七八1-8])?(?:位|个)?(?:数字|数|号码|号)?"
    r"(?:(?:[说念报记写]?[错反]了|不对)[,，\s]*)?[,，\s]*(?:应该|得)?(?:是|为|改[成为]|成)(?!不)"
)
_TAIL_NAMED: Final = re.compile(  # these name the end of a number by themselves: no word of "is" is needed
    r"(?:尾号|尾数|末尾|(?:最后|后)(?:面)?(?=[二两三四2-4]位))([二两三四2-4])?位?(?:数字|数)?[:：]?\s*"
)
_POSITION: Final = re.compile(
    r"(倒数)?第([一二两三四五六七八九十1-9]|十一|1[01])(?:位|个)(?:数字|数|号码)?(?:(?:说?错了|不对)[,，\s]*)?(?:应该|得)?(?:是|为|改[成为])"
)


_IS: Final = r"(?:位|个)?(?:数字|数|号)?(?:说?错了|不对)?[,，]?(?:应该|得)?(?:是|为|改成)(?!不)"
_FRONT: Final = re.compile(r"(?:最?前|开头)(?:面|边)?(?:的|这|那)?(?:几|[三3])?" + _IS)
_MIDDLE: Final = re.compile(r"中间(?:的|这|那)?(?:几|[四4])?" + _IS)
_GROUPS_OF_MOBILE: Final = ((0, 3), (3, 7), (7, 11))  # as numbers are read out
_DENIED: Final = re.compile(
    r"[\s,，。]*[^,，。;；]*(?:不对|错了|不是|应该|不(?=[,，]))[^,，。;；0-9零一二三四五六七八九幺]*[,，]?(?:应该)?是?"
)


_NEGATED: Final = re.compile(r"(?:不是|并不是)(?!吗)[^,，。;；]*")
_NOT_BUT: Final = re.compile(r"不是(?P<wrong>[^,，。;；是]{2,8})[,，]?(?:而)?(?:应该)?是(?P<right>[^,，。;；]{2,8})")
_BUT_NOT: Final = re.compile(r"(?<!不)是(?P<right>[^,，。;；是不]{2,8})[,，]?(?:而)?不是(?P<wrong>[^,，。;；]{2,8})")
_AGAIN: Final = re.compile(r"不对|不是|错了|[啊哦噢哎呀诶]不+")
_GROUP: Final = 4  # digits: the last part of a number as it is read out
_NAMED_DIGITS: Final = 3  # fewer stand in a number more than once
_LAST: Final = re.compile(r"后|尾|末")


def _tail(text: str, *, spoken: bool) -> str:
    """The longest row of digits inside one clause, at most eight: the end of a number said once more."""
    rows = [digits_said(clause, spoken=spoken) for clause in re.split(r"[,，。;；]", text)]
    return max((row for row in rows if 2 <= len(row) <= 8), key=len, default="")


def amend(previous: str, text: str, *, spoken: bool = False) -> str | None:
    """The number after a correction: a whole new number, or `最后一位是六` applied to `previous`.

    None where the text corrects nothing.
    """
    text = fold(text)
    if (area := _AREA_CODE.search(text)) and _CITY_NUMBER.fullmatch(previous):
        code = digits_said(text[area.end() :], spoken=spoken)
        return code + previous if _LANDLINE.fullmatch(code + previous) else None
    affirmed = _NEGATED.sub("，", text)
    found = find(affirmed, spoken=spoken)
    tail = _tail(affirmed, spoken=spoken) if previous and _LAST.search(text) else ""
    if found and not (tail and found[-1].kind != "mobile"):
        return found[-1].number
    if (swap := _NOT_BUT.search(text) or _BUT_NOT.search(text)) and not found:
        wrong, right = (digits_said(swap[part], spoken=spoken) for part in ("wrong", "right"))
        if len(wrong) == len(right) >= _NAMED_DIGITS and previous.count(wrong) == 1:
            return previous.replace(wrong, right)
    if tail and _NEGATED.search(text):
        return previous[: -len(tail)] + tail
    text = affirmed
    match = _TAIL.search(text) or _TAIL_NAMED.search(text)
    if previous and (place := _POSITION.search(text)):
        return _amended_digit(previous, place, text, spoken=spoken)
    if not match or not previous:
        return _amended_group(previous, text, spoken=spoken)
    row = _last_told(text[match.end() :], spoken=spoken)
    count = COUNTS.get(match[1] or "", 1 if match[1] in ("一", "1") else len(row))
    if not row or len(row) != count or len(row) >= len(previous):
        return None
    return previous[: -len(row)] + row


def _last_told(text: str, *, spoken: bool) -> str:
    """The first row of digits behind the last taking back, or what repeats it in full ("二七,哦不,是九二,四七九二")."""
    rest = text
    for piece in _AGAIN.split(text)[1:]:
        rest = piece if groups_of(piece, spoken=spoken) else rest
    rows = [group.digits for group in groups_of(rest, spoken=spoken)]
    return next((row for row in rows[1:] if row.endswith(rows[0]) and len(row) <= _GROUP), rows[0]) if rows else ""


def _amended_digit(previous: str, place: re.Match[str], text: str, *, spoken: bool) -> str | None:
    """ "倒数第二位是六": one digit, by its place from the front or from the end."""
    row = next((group.digits for group in groups_of(text, spoken=spoken) if group.start == place.end()), "")
    number = place[2]
    nth = {"一": 1, "十": 10, "十一": 11}.get(number) or COUNTS.get(number) or (9 if number == "九" else int(number))
    if len(row) != 1 or nth > len(previous):
        return None
    at = len(previous) - nth if place[1] else nth - 1
    return previous[:at] + row + previous[at + 1 :]


def _amended_group(previous: str, text: str, *, spoken: bool) -> str | None:
    """A mobile number with its first three or its middle four digits told anew, by name or by what they resemble."""
    if not MOBILE.fullmatch(previous):
        return None
    for pattern, (start, end) in ((_FRONT, _GROUPS_OF_MOBILE[0]), (_MIDDLE, _GROUPS_OF_MOBILE[1])):
        if match := pattern.search(text):
            row = digits_said(text[match.end() :], spoken=spoken)
            number = previous[:start] + row + previous[end:]
            return number if len(row) == end - start and MOBILE.fullmatch(number) else None
    return _resembling_group(previous, text, spoken=spoken)


def _resembling_group(previous: str, text: str, *, spoken: bool) -> str | None:
    """ "不对，是五六七八": the group of four that these digits are likeliest to replace, where it is beyond doubt."""
    lead = _DENIED.match(text)
    groups = groups_of(text, spoken=spoken)
    if lead is None or len(groups) != 1 or groups[0].start < lead.end() or text[groups[0].end :].strip(" 。.，,啊吧呀"):
        return None
    row = groups[0].digits
    alike = sorted(
        (sum(one == other for one, other in zip(row, previous[start:end], strict=True)), start)
        for start, end in _GROUPS_OF_MOBILE[1:]
        if len(row) == end - start
    )
    if not alike or alike[-1][0] < 2 or alike[-1][0] == alike[0][0]:
        return None
    start = alike[-1][1]
    return previous[:start] + row + previous[start + len(row) :]
