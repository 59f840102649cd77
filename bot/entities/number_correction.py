"""A telephone number that is known is corrected in part ("最后一位是六"), later or right behind it. Pure."""

from __future__ import annotations

import re
from typing import Final

from bot.entities import phone
from bot.entities.digits import COUNTS, fold, groups_of
from bot.entities.phone import CITY_NUMBER, LANDLINE, MOBILE

TAKES_BACK: Final = re.compile(
    r"不对|不是|不(?=[,，])|错了|[说写]错|[说念报]岔|[说念报记写打输]反|记错|看错|打错|[说念报记搞弄]混|手滑|[啊哦噢嗨哎呀诶]不|应该是|重(?:说|来|新)|从头|少(?:了|打|说)|改[成为]"
)
_LAST_FOUR: Final = re.compile(r"(?!号楼|号院|单元|[栋室层楼弄])[^\d零一二三四五六七八九幺]*")
_GROUP: Final = 4  # digits: the last part of a number as it is read out
_NEAR: Final = 10  # characters between a number and its correction
_AREA_CODE: Final = re.compile(r"区号(?:是)?[:：]?\s*(?=[0零洞〇])")
_TAIL: Final = re.compile(
    r"(?:最后|后|末|尾)(?:面|边|头|尾)?(?:的|这|那)?([一二两三四五六七八1-8])?(?:位|个)?(?:数字|数|号码|号)?"
    r"(?:(?:[说念报记写打输敲]?[错反]了|不对)[,，\s]*)?[,，\s]*(?:应该|得)?(?:是|为|改[成为]|成)(?!不)"
)
_TAIL_NAMED: Final = re.compile(  # these name the end of a number by themselves: no word of "is" is needed
    r"(?:尾号|尾数|末尾|(?:最后|后)(?:面)?(?=[二两三四2-4]位))([二两三四2-4])?位?(?:数字|数)?[:：]?\s*"
)
_TAIL_BEHIND: Final = re.compile(
    r"[\d零一二三四五六七八九幺][\s,，]*(?:是|才是)?(?:尾号|尾数|末尾|后[两三四2-4]位)\W*$"
)
_POSITION: Final = re.compile(
    r"(倒数)?第([一二两三四五六七八九十1-9]|十一|1[01])(?:位|个)(?:数字|数|号码)?(?:(?:说?错了|不对)[,，\s]*)?[,，\s]*(?:应该|得)?(?:是|为|改[成为])"
)
_IS: Final = r"(?:位|个)?(?:数字|数|号)?(?:说?错了|不对)?[,，]?(?:应该|得)?(?:是|为|改成)(?!不)"
_FRONT: Final = re.compile(r"(?:最?前|开头)(?:面|边)?(?:的|这|那)?(?:几|[三3])?" + _IS)
_MIDDLE: Final = re.compile(r"中间(?:的|这|那)?(?:几|[四4])?" + _IS)
_GROUPS_OF_MOBILE: Final = ((0, 3), (3, 7), (7, 11))  # as numbers are read out
_STARRED: Final = re.compile(r"(?<!\d)[*＊]\s*(\d{2,4})(?!\d)")  # as people correct what they typed: "*6143"
_DENIES: Final = re.compile(  # "…5126 不是5162哈"
    r"[\s,，]*不是[\d零一二三四五六七八九幺]{2,11}[^\d零一二三四五六七八九幺是]*$"
)
_DENIED: Final = re.compile(
    r"[\s,，。]*[^,，。;；]*(?:不对|错了|不是|应该|不(?=[,，]))[^,，。;；0-9零一二三四五六七八九幺]*[,，]?(?:应该)?是?"
)
_NEGATED: Final = re.compile(r"(?:不是|并不是)(?!吗)[^,，。;；]*")
_NOT_BUT: Final = re.compile(r"不是(?P<wrong>[^,，。;；是]{2,8})[,，]?(?:而)?(?:应该)?是(?P<right>[^,，。;；]{2,8})")
_BUT_NOT: Final = re.compile(r"(?<!不)是(?P<right>[^,，。;；是不]{2,8})[,，]?(?:而)?不是(?P<wrong>[^,，。;；]{2,8})")
_CHANGED_INTO: Final = re.compile(  # "…里的8816换成8861"
    r"(?P<wrong>[\d零一二三四五六七八九幺]{2,8})(?:这?几?[个位]?)?(?:换|改|变)[成为](?P<right>[\d零一二三四五六七八九幺]{2,8})"
)
_NAMED_DIGITS: Final = 3  # fewer stand in a number more than once
_LAST: Final = re.compile(r"后|尾|末")


def _tail(text: str, *, spoken: bool) -> str:
    """The longest row of digits inside one clause, at most eight: the end of a number said once more."""
    rows = [phone.digits_said(clause, spoken=spoken) for clause in re.split(r"[,，。;；]", text)]
    return max((row for row in rows if 2 <= len(row) <= 8), key=len, default="")


def amend(previous: str, text: str, *, spoken: bool = False) -> str | None:
    """The number after a correction: a whole new number, or `最后一位是六` applied to `previous`.

    None where the text corrects nothing.
    """
    text = fold(text)
    if (area := _AREA_CODE.search(text)) and CITY_NUMBER.fullmatch(previous):
        code = phone.digits_said(text[area.end() :], spoken=spoken)
        return code + previous if LANDLINE.fullmatch(code + previous) else None
    affirmed = _NEGATED.sub("，", text)
    found = phone.find(affirmed, spoken=spoken)
    tail = _tail(affirmed, spoken=spoken) if previous and _LAST.search(text) else ""
    if found and not (tail and found[-1].kind != "mobile"):
        return found[-1].number
    if (swap := _NOT_BUT.search(text) or _BUT_NOT.search(text) or _CHANGED_INTO.search(text)) and not found:
        wrong, right = (phone.digits_said(swap[part], spoken=spoken) for part in ("wrong", "right"))
        if len(wrong) == len(right) >= _NAMED_DIGITS and previous.count(wrong) == 1:
            return previous.replace(wrong, right)
    if previous and (starred := _STARRED.search(text)):
        return previous[: -len(starred[1])] + starred[1]
    if tail and (_NEGATED.search(text) or _TAIL_BEHIND.search(text)):
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
    for piece in TAKES_BACK.split(text)[1:]:
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
            row = phone.digits_said(text[match.end() :], spoken=spoken)
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


def names_a_digit(text: str) -> bool:
    """Whether one digit is corrected by its place: "第四位不是零，是九"."""
    return bool(_POSITION.search(_NEGATED.sub("，", fold(text))))


def amended_behind(number: str, behind: str, *, spoken: bool = False) -> str | None:
    """The number after a correction that is told right behind it; None where nothing is corrected."""
    if _DENIES.match(behind):
        return None
    return amend(number, behind, spoken=spoken) or _last_four(number, behind)


def _last_four(number: str, behind: str) -> str | None:
    """A whole mobile number whose last four digits are taken back right behind it: "…一二三四,不是,四三二一"."""
    groups = groups_of(behind, spoken=False)
    if groups and groups[0].digits == number[-_GROUP:]:  # said once more before it is taken back
        behind = behind[groups[0].end :]
        groups = groups_of(behind, spoken=False)
    if len(groups) != 1 or len(groups[0].digits) != _GROUP or not MOBILE.fullmatch(number):
        return None
    told = groups[0]
    taken_back = TAKES_BACK.search(behind[: told.start]) and told.start <= _NEAR
    return number[:-_GROUP] + told.digits if taken_back and _LAST_FOUR.fullmatch(behind[told.end :]) else None
