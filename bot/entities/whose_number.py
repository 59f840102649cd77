"""Which of the telephone numbers in a citizen's words is the one to call them at.

A story may hold several: the shop's, an old one that is out of use, the neighbour's. What stands right before or behind
a number tells. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.entities import hesitant_number, number_correction, phone
from bot.entities.digits import fold, groups_of
from bot.entities.person import SURNAME
from bot.entities.phone import CITY_NUMBER, PhoneFinding

_THEM: Final = (
    r"(?:他|她|它|对方|商家|卖家|店家|店主|店里|店|公司|厂里|物业|司机|机主|车主|客服|订餐|报修|维修|挪车|办证|招聘"
    r"|邻居|对门|楼上|楼下|师傅|房东|老板|中介|骗子|经理|平台|学校|医院|包工头|工头|负责人|[\u4e00-\u9fff]某)"
)
_NUMBER_WORDS: Final = r"(?:联系|客服|来电)?(?:电话|手机|号码?|座机|微信号?)*(?:号码?)?(?:就?是|[:：])?\s*"
_THEIRS_BEFORE: Final = re.compile(rf"{_THEM}(?:们)?(?:家|那边|那儿)?(?:的)?{_NUMBER_WORDS}$")
_THEIRS_BEHIND: Final = re.compile(
    rf"^[\s,，]*(?:这个?|那个?)?(?:号码?|电话|手机)?(?:就)?是{_THEM}[^,，。]{{0,6}}的?(?=[,，。;；]|$)"
)
_GONE_BEFORE: Final = re.compile(
    r"(?:(?:别|甭|莫|不要|不用)(?:再|往|给[^,，。]{1,4})?(?:打|记|写|留|用)(?:我)?|(?:不|并不)是|(?:以前|原来|原先|过去|之前|早先|老|旧)的?)"
    r"(?:那个?|这个?)?(?:手机|电话|座机)?(?:号码?)?(?:是|叫|[:：])?\s*$"
)
_GONE_BEHIND: Final = re.compile(
    r"^[\s,，]*(?:[嗯呃哎唉啊]+[,，\s]*)?(?:这个?|那个?)?(?:号码?|电话|手机)?(?:已经|早就|早|都|现在)?"
    r"(?:不(?:是|要)这个|停机|停用|注销|作废|欠费|打不通(?!的话|时|就|再|[^,，。;；]{0,3}[打找发加留短微]|[,，](?:再|就)?[打找发加])|换了|换掉|不用了|不使了|(?:别|甭|莫|不要|不用)(?:再)?打(?:了|这个|那个)?(?=[,，。;；]|$))"
)
# A number for the case that nobody answers at the first one, or for other hours.
_SPARE_BEFORE: Final = re.compile(
    r"(?:打不通|没人接|不通|占线|关机|不在|没接)(?:的话|的时候|时)?[,，]?(?:就|再|可以|也可以|您|你)*(?:打|找|联系|拨)?[^,，。;；\d]{0,8}$"
    r"|(?:周末|周六日?|星期[六日天]|礼拜[六日天]|晚上?|夜里|晚?[\d零一二两三四五六七八九十]+点(?:以?后|之后)|下班(?:了|以?后)|其[他它]时间|别的时间)[,，]?(?:再|就|可以|您|你)*(?:打|找|联系|拨)[^,，。;；\d]{0,8}$"
    r"|(?:或者?|要么|备用|备用的|另一个|也可以打|也行)[^,，。;；\d]{0,6}$"
)
# The first is out of reach as a rule ("下班没人接，请打…"): what follows is no spare number.
_OUT_OF_REACH: Final = re.compile(
    r"(?:总|老|经常|常常?|下班(?:了|以?后)?|平时|平常|基本|白天|晚上|上班|一般|现在)(?:也|都|是)?[^,，。;；\d]{0,4}(?:打不通|没人接|不通|占线|关机|不在|没接)[,，]"
    r"(?:请|您|你|得|还是|最好)*(?:打|拨|联系|找|用|记)[^,，。;；\d]{0,8}$"
)
# What makes a number that nobody asked for the citizen's: said to be theirs or a relative's, to be called, or told by
# itself behind a name or as a clause of its own. All else (on a leaflet, of who rang them) may be anybody's.
_MINE_BEFORE: Final = re.compile(
    r"(?:^|[,，。;；!！?？\s])(?:我|俺|咱|本人)?(?:的)?(?:联系)?(?:电话|手机|号码|座机|联系方式|tel|手机号码?)(?:号码?)?(?:就?是|[:：])?\s*$"
    r"|(?:我|俺|咱们?|本人)(?!(?:打|接|收|拨|给|找|联系)[^,，。;；]{0,8}$)[^,，。;；接收打拨]{0,10}$"
    r"|(?:(?:请|可以|有事|随时|就|直接|回电|回复|还是|现在|您|你们?)+(?:打|拨|联系|找|用|记)|^打|联系(?!人)|回电|回复|(?:^|[,，。;；\s请就])(?:记|留)(?!的)|现在用)(?:我)?(?:的)?[^,，。;；\d]{0,6}$"
    r"|(?:^|[,，。;；])[^,，。;；]{0,4}(?:我叫|我姓|姓|叫|本人)[\u4e00-\u9fff]{1,4}[\s,，]*$"
    rf"|(?:^|[,，。;；!！?？])\s*(?:{SURNAME}[\u4e00-\u9fff]{{0,2}}(?:先生|女士|小姐|大爷|大妈|阿姨)?)?[\s,，:：]*$",
    re.IGNORECASE,
)
_MINE_BEHIND: Final = re.compile(
    r"^[\s,，]*(?:(?:这个?|就)?是我(?:的|本人)|(?:你们?|您|请|可以)*联系我|找我|打给我|打我|我姓|我叫|姓|微信同号|有事)"
)
_STRANGERS_BEHIND: Final = re.compile(
    r"^[\s,，]*(?:这个?|那个?)?(?:号码?|电话|手机)?(?:的人)?(?:给我)?(?:老|总|天天|一直|经常|每天|不停)?(?:是)?"
    r"(?:给我)?(?:打(?:过|电话|来)|发(?:来|短信|垃圾|广告|诈骗)|打(?:骚扰)|骚扰|冒充|自称|说是|没人接|不接|接不通|打不通|总?占线|(?:欠|收|拿|骗|跑|态度|恶劣|老|天天)[^,，。]{0,8})"
)

# "电话139…" right behind a clause about somebody else is theirs as likely as the citizen's.
_AFTER_A_STRANGER: Final = re.compile(
    rf"(?:^|[,，。;；])(?![我俺请要想])[^,，。;；我俺]{{0,12}}(?:{_THEM}|打电话|骚扰|推销|催收|的人)[^,，。;；我俺]{{0,12}}[,，。;；](?:联系)?(?:电话|手机|号码|座机|联系方式)号?(?:就?是|[:：])?\s*$"
)
# Which of several is meant to be called first.
_PREFERRED: Final = re.compile(
    r"(?:打|拨|用|记|留|找|联系|以|先|优先)[^,，。;；\d]{0,6}?"
    r"(?:第(?P<nth>[一二三123])个|(?P<front>前[面头边一]|头一?个)(?!位)|(?P<back>后[面头边一])(?!位))"
)
_LAND_LINE: Final = re.compile(
    r"(?:打|拨|用|联系|找)(?:我)?(?:家里?|单位|座机|固话|固定电话)(?:的|那个)?(?:吧|就行|好了|[,，。\s]|$)"
)
_OF_MOBILE: Final = re.compile(r"[\s,，]*手机")
_EXTENSION: Final = re.compile(r"转[接]?[\d零一二三四五六七八九幺两]|分机|内线")
_NTH: Final = {"一": 0, "1": 0, "二": 1, "2": 1, "三": 2, "3": 2}
_EITHER: Final = re.compile(r"[\s,，]*(?:[/／、|]|或者?是?|(?:（|\()[^)）]{1,6}[)）][\s/／、,，]*)[\s,，]*")
_ASKS_ONESELF: Final = re.compile(r"[\d零一二三四五六七八九幺]几(?=来着|[啊呢]?[,，?？…])")  # "零几来着，零七"
_TAIL: Final = (3, 4)  # digits by which a number is called: "先打6174"
_NOBODY: Final = re.compile(r"(?!)")  # matches nothing


def told(text: str, *, spoken: bool = False, asked: bool) -> PhoneFinding | None:
    """The number to call, with a correction in the same breath: `139…1234，不对，后四位是1235`.

    `asked`: it answers our question; else only a number is taken that is said to be the citizen's or to be called.
    """
    text = _ASKS_ONESELF.sub(lambda found: "…" * len(found.group()), fold(text))
    city = asked and (not spoken or bool(_EXTENSION.search(text)))
    found = [entry for entry in phone.find(text, spoken=spoken, asked=city) if entry.kind != "service"]
    if asked and (words := _hesitant(text, found)):
        whole = hesitant_number.find(words) or (hesitant_number.find(words, spoken=True) if spoken else None)
        if whole is not None:
            return whole
    chosen = to_call(text, found, asked=asked)
    if chosen is None:
        return None
    until = min((other.start for other in found if other.start >= chosen.end), default=len(text))
    amended = number_correction.amended_behind(chosen.number, text[chosen.end : until], spoken=spoken)
    return replace(chosen, number=amended) if amended else chosen


def _hesitant(text: str, found: Sequence[PhoneFinding]) -> str:
    """The words that tell one number in a way of their own: all where none was found, else those of a single one (up to
    the next) behind which digits go on or take it back: "幺三九,幺三九,零零零零,七幺,七幺,五八,五八"."""
    if not found:
        return text
    if found[0].kind != "mobile":
        return ""
    until = next((other.start for other in found[1:] if not CITY_NUMBER.fullmatch(other.number)), len(text))
    words = text[:until]
    behind = [group for group in groups_of(words, spoken=False) if group.start >= found[0].end]
    if not behind or (found[0].number.endswith(behind[0].digits) and len(behind) == 1):
        return ""
    if number_correction.names_a_digit(words[found[0].end :]):
        return ""
    goes_on = behind[0].joined or bool(number_correction.TAKES_BACK.search(words[found[0].end : behind[0].start]))
    return words if goes_on else ""


def to_call(text: str, found: Sequence[PhoneFinding], *, asked: bool) -> PhoneFinding | None:
    """The number to call: neither taken back nor somebody else's, the first choice of several, a mobile number before
    a land line; None where there is none.

    `asked`: the number was just asked for, so that somebody else's is taken too where no other was told.
    """
    gone = [
        entry
        for entry in found
        if _stands(text, found, entry, _GONE_BEFORE, _GONE_BEHIND)
        and not (entry.kind == "landline" and _OF_MOBILE.match(text, entry.end))
    ]
    kept = [entry for entry in found if entry not in gone]
    own = [entry for entry in kept if not _stands(text, found, entry, _THEIRS_BEFORE, _THEIRS_BEHIND)]
    if not asked:
        own = [
            entry
            for entry in own
            if (
                _stands(text, found, entry, _NOBODY, _MINE_BEHIND)
                or (
                    _stands(text, found, entry, _MINE_BEFORE, _NOBODY)
                    and not _stands(text, found, entry, _AFTER_A_STRANGER, _NOBODY)
                )
            )
            and not _stands(text, found, entry, _NOBODY, _STRANGERS_BEHIND)
        ]
    choice = own or (kept if asked else [])
    first = [
        entry
        for entry in choice
        if entry is choice[0]
        or not _stands(text, found, entry, _SPARE_BEFORE, _NOBODY)
        or _stands(text, found, entry, _OUT_OF_REACH, _NOBODY)
    ]
    if len(choice) > 1 and (preferred := _preferred(text, choice)) is not None:
        return preferred
    mobiles = [entry for entry in first if entry.kind == "mobile"] or first
    if len(mobiles) > 1 and _EITHER.fullmatch(text[mobiles[-2].end : mobiles[-1].start]):
        return mobiles[0]
    return mobiles[-1] if mobiles else None


def _preferred(text: str, choice: Sequence[PhoneFinding]) -> PhoneFinding | None:
    """The one of several that is named: "打第一个", "先打后面那个", "先打6174"."""
    if (named := _PREFERRED.search(text)) is not None:
        nth = _NTH[named["nth"]] if named["nth"] else 0 if named["front"] else len(choice) - 1
        return choice[nth] if nth < len(choice) else None
    lines = [entry for entry in choice if entry.kind == "landline"]
    if len(lines) == 1 and _LAND_LINE.search(text):
        return lines[0]
    for group in groups_of(text, spoken=False):
        if len(group.digits) in _TAIL and not any(entry.start <= group.start < entry.end for entry in choice):
            called = [entry for entry in choice if entry.number.endswith(group.digits)]
            return called[0] if len(called) == 1 else None
    return None


def _stands(
    text: str, found: Sequence[PhoneFinding], entry: PhoneFinding, before: re.Pattern[str], behind: re.Pattern[str]
) -> bool:
    begin = max((other.end for other in found if other.end <= entry.start), default=0)
    until = min((other.start for other in found if other.start >= entry.end), default=len(text))
    follows = text[entry.end : until] + ("0" if until < len(text) else "")  # "do not ring" may be said of the next one
    return bool(before.search(text[begin : entry.start]) or behind.search(follows))
