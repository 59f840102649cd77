"""A mobile number that is corrected while it is being dictated: "幺三九,零零零零,六三,不是,六四三八". Pure."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from bot.entities.digits import DigitGroup, fold, groups_of
from bot.entities.phone import MOBILE, PhoneFinding

_TAKES_BACK: Final = re.compile(
    r"不对|不是|错了|说错|[说念报]岔|记错|看错|[啊哦噢嗨哎呀诶]不|应该是|重(?:说|来)|改[成为]"
)
_HESITATES: Final = re.compile(r"等|想|看|查|嗯|呃|哦|哎|那个|…|\.\.")
_LAST_FOUR: Final = re.compile(r"[\s。.，,啊吧呀哈]*")
_DIGITS: Final = 11
_LEAST: Final = 2  # digits told anew
_GROUP: Final = 4  # digits: the last part of a number as it is read out
_NEAR: Final = 10  # characters between a number and its correction


def corrected(text: str, *, spoken: bool = False) -> PhoneFinding | None:
    """The number that results when what was told after the last taking back replaces as many digits before it as do
    not fit. None where nothing is taken back, or no whole number results."""
    text = fold(text)
    groups = groups_of(text, spoken=spoken)
    cut = next(
        (at for at in range(len(groups) - 1, 0, -1) if _TAKES_BACK.search(text[groups[at - 1].end : groups[at].start])),
        None,
    )
    if cut is None:
        return None
    before = _before(text, groups[:cut])
    told = [group.digits for group in groups[cut:]]
    for behind in ("".join(row for row, _ in groupby(told)), "".join(told)):  # "七零五幺，就七零五幺" says it twice
        replaced = len(before) + len(behind) - _DIGITS
        if len(behind) < _LEAST or not 0 < replaced <= max(len(behind), len(groups[cut - 1].digits)):
            continue
        number = before[:-replaced] + behind
        if MOBILE.fullmatch(number):
            return PhoneFinding(number, "mobile", groups[0].start, groups[-1].end)
    return None


def gone_on(text: str) -> PhoneFinding | None:
    """The number of somebody who stops to think and goes on with the group that was said last: "一三九零零，零零……等我
    想想，零零三二，零五"."""
    text = fold(text)
    groups = groups_of(text, spoken=False)
    for at in range(1, len(groups)):
        last, following = groups[at - 1], groups[at]
        if not following.digits.startswith(last.digits) or not _HESITATES.search(text[last.end : following.start]):
            continue
        number = "".join(group.digits for position, group in enumerate(groups) if position != at - 1)
        if MOBILE.fullmatch(number):
            return PhoneFinding(number, "mobile", groups[0].start, groups[-1].end)
    return None


def last_four(number: str, behind: str) -> str | None:
    """A whole mobile number whose last four digits are taken back right behind it: "…一二三四,不是,四三二一"."""
    groups = groups_of(behind, spoken=False)
    if groups and groups[0].digits == number[-_GROUP:]:  # said once more before it is taken back
        behind = behind[groups[0].end :]
        groups = groups_of(behind, spoken=False)
    if len(groups) != 1 or len(groups[0].digits) != _GROUP or not MOBILE.fullmatch(number):
        return None
    told = groups[0]
    taken_back = _TAKES_BACK.search(behind[: told.start]) and told.start <= _NEAR
    return number[:-_GROUP] + told.digits if taken_back and _LAST_FOUR.fullmatch(behind[told.end :]) else None


def _before(text: str, groups: list[DigitGroup]) -> str:
    """The digits before the last taking back; an earlier one took back the group before it."""
    digits = ""
    for at, group in enumerate(groups):
        if at and _TAKES_BACK.search(text[groups[at - 1].end : group.start]):
            digits = digits.removesuffix(groups[at - 1].digits)
        digits += group.digits
    return digits
