"""Which of the telephone numbers in a citizen's words is the one to call them at.

A story may hold several: the shop's, an old one that is out of use, the neighbour's. What stands right before or behind
a number tells. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bot.entities import phone
from bot.entities.digits import fold
from bot.entities.phone import PhoneFinding

_THEM: Final = (
    r"(?:他|她|它|对方|商家|卖家|店家|店主|店里|店|公司|厂里|物业|司机"
    r"|师傅|房东|老板|中介|骗子|经理|客服|平台|学校|医院)"
)
_THEIRS_BEFORE: Final = re.compile(
    rf"{_THEM}(?:们)?(?:家|那边|那儿)?(?:的)?(?:联系|客服|来电)?(?:电话|手机|号码?|座机)*(?:号码?)?(?:是|就是|[:：])?\s*$"
)
_THEIRS_BEHIND: Final = re.compile(rf"^[\s,，]*(?:这个?|那个?)?(?:号码?|电话|手机)?(?:就)?是{_THEM}[^,，。]{{0,6}}的")
_GONE_BEFORE: Final = re.compile(
    r"(?:(?:别|甭|莫|不要|不用)(?:再|往)?(?:打|记|写|留|用)(?:我)?|(?:不|并不)是|(?:以前|原来|原先|过去|之前|早先|老|旧)的?)"
    r"(?:那个?|这个?)?(?:手机|电话|座机)?(?:号码?)?(?:是|叫|[:：])?\s*$"
)
_GONE_BEHIND: Final = re.compile(
    r"^[\s,，]*(?:这个?|那个?)?(?:号码?|电话|手机)?(?:已经|早就|早|都|现在)?"
    r"(?:停机|停用|注销|作废|欠费|打不通|换了|换掉|不用了|不使了|(?:别|甭|莫|不要|不用)(?:再)?打(?:了|这个|那个)?(?=[,，。;；]|$))"
)


def told(text: str, *, spoken: bool = False, asked: bool) -> str | None:
    """The number to call, with a correction in the same breath: `139…1234，不对，后四位是1235`.

    `asked`: it answers our question; else only a number is taken that is not said to be somebody else's.
    """
    text = fold(text)
    found = [entry for entry in phone.find(text, spoken=spoken) if entry.kind != "service"]
    chosen = to_call(text, found, asked=asked)
    if chosen is None:
        return None
    until = min((other.start for other in found if other.start >= chosen.end), default=len(text))
    return phone.amend(chosen.number, text[chosen.end : until], spoken=spoken) or chosen.number


def to_call(text: str, found: Sequence[PhoneFinding], *, asked: bool) -> PhoneFinding | None:
    """The last number that is neither taken back nor somebody else's; None where there is none.

    `asked`: the number was just asked for, so that somebody else's is taken too where no other was told.
    """
    gone = [entry for entry in found if _stands(text, found, entry, _GONE_BEFORE, _GONE_BEHIND)]
    kept = [entry for entry in found if entry not in gone]
    own = [entry for entry in kept if not _stands(text, found, entry, _THEIRS_BEFORE, _THEIRS_BEHIND)]
    choice = own or (kept if asked else [])
    return choice[-1] if choice else None


def _stands(
    text: str, found: Sequence[PhoneFinding], entry: PhoneFinding, before: re.Pattern[str], behind: re.Pattern[str]
) -> bool:
    begin = max((other.end for other in found if other.end <= entry.start), default=0)
    until = min((other.start for other in found if other.start >= entry.end), default=len(text))
    follows = text[entry.end : until] + ("0" if until < len(text) else "")  # "do not ring" may be said of the next one
    return bool(before.search(text[begin : entry.start]) or behind.search(follows))
