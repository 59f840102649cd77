"""Places in a story that are not where it happened: where the citizen lives, comes from or works, where a company is
registered, what lies next door, and what was said by mistake. Pure.

"我住丰台大红门，可我说的是朝阳常营那个停车场": the parking place is in 常营. Such a place is set aside only where
one in another district is named too; alone it is the best there is. "朝阳，不对，通州" takes the first one back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A place that is named to say that it is not the one.
_DENIED: Final = re.compile(
    r"(?<![是要])(?:不|没|别|并非|甭)(?:是)?(?:说|写|记|当|弄|打|听)?(?:是|成|归|属于?|算|在)?(?:的)?$"
)
_ASKED_BACK: Final = re.compile(r"^[^,，。;；]{0,4}吗")  # "isn't it A's?" affirms
_UNRELATED: Final = re.compile(
    r"^[^,，。;；]{0,8}(?:没(?:有)?关系|两码事|两回事|无关|不是一(?:码|回)事|不沾边|不是一个)"
)
_SUFFIX: Final = re.compile(r"(?<=..)(?:街道|地区|镇|乡)$")
_EXPLAINED: Final = re.compile(
    r"^\s*(?:外头|外面|外边|对面|对过)?那(?:边|个|里|头|儿)?(?:可)?(?:是|在|归|属于)?$"
)  # "not A: that one is in D"
_BREAK: Final = re.compile(r"[,，。;；!！?？\n]")
KIN: Final = (
    r"(?:爸妈|爹妈|妈|爸|爹|娘|姥姥|姥爷|奶奶|爷爷|大爷|大妈|公公|婆婆|岳父|岳母|丈人|闺女|女儿|儿子"
    r"|孙子|亲戚|朋友|邻居|同事|姐姐?|哥哥?|弟弟?|妹妹?)"
)
_IS_IN: Final = r"(?:是)?(?:在)?[^,，。;；]{0,6}$"
_OWN_HOME: Final = re.compile(
    r"(?:[我俺咱](?:们)?(?:自己|自个儿?|本人|现在|平时|人)?(?:是|都)?(?:家)?(?:(?:在)?住|家在|人在)|(?<![^\s,，。;；])家(?:是)?住|(?:[我俺](?:的)?)?(?:那个|的)?(?:户口本?|户籍|老家|身份证)"
    rf"|总部|总公司|注册地?){_IS_IN}"
)
_HOME_OF_KIN: Final = re.compile(rf"{KIN}(?:他们|她们)?(?:家)?(?:那儿)?(?:是)?(?:住|在){_IS_IN}")
_ORIGIN_BEFORE: Final = re.compile(
    r"(?:[我俺](?:本来|其实|原来)?是|(?:原来|以前|之前|过去|原先|本来)(?:是)?(?:住|在)(?:在)?)$"
)
_ORIGIN_BEHIND: Final = re.compile(r"^(?:区)?(?:那边)?(?:的?人|的)(?=[,，。;；\s]|$)")
_FROM_BEFORE: Final = re.compile(r"[从打][^,，。;；]{0,4}$")
_FROM_BEHIND: Final = re.compile(r"^[^,，。;；]{0,10}?(?:到|搬|往|去|来)")
# A place that is named only for where the other one lies.
_NEXT_DOOR: Final = re.compile(
    r"(?:离|挨着|挨|靠近?|紧邻|紧挨着?|毗邻|邻着|(?:对面|隔壁|旁边|北边|南边|东边|西边)(?:就)?是|隔壁的?"
    r"|过了(?:[^,，。;；]{0,4}就(?:是|到)?)?|经过|路过|穿过|出了|[不没快]到|再?往[东西南北前里外]{1,2}[^,，。;；]{0,4}(?:就|才)(?:是|到)?)$"
)
_NEXT_DOOR_BEHIND: Final = re.compile(
    r"^(?:街道|地区|镇|乡)?(?:那边|那儿|这边)?的?(?:边儿?上|边儿|旁边儿?|隔壁|对面|对过|(?:以|往|再往|偏)[东西南北])"
)
_TOWARDS: Final = re.compile(r"(?:往|朝|奔|冲着?)$")  # "he delivers to A"
_TOWARDS_BEHIND: Final = re.compile(
    r"^(?:街道|地区|镇|乡|区)?(?:那边儿?|那儿|方向|这边儿?|那头)?(?:送|去|走|开|拉|运|跑|搬|方向|的(?:路|车|方向))"
)
_ERRAND: Final = re.compile(r"(?:上|去|到|往|跑)$")  # "once a month I fetch my medicine in A"
_ERRAND_BEHIND: Final = re.compile(
    r"^(?:街道|地区|镇|乡|区)?(?:那边儿?|那儿)?(?:去)?(?:取|拿|看|买|开|赶|逛|办)(?:一?[回趟次点个些])?(?:药|病|菜|东西|集|大集|证|年货)"
)
_SENT: Final = re.compile(  # "now they send us to A"
    r"(?:[让叫]|安排|打发|调|转|换|挪|并)(?:[我俺咱]们?|孩子们?|学员|老人|大家)?(?:都|得|再)?(?:去|到|上)$"
)
_OF_MINE: Final = re.compile(
    r"^(?:街道|地区|镇|乡|区)?(?:那个|那边儿?|那儿|那里|那处)?[,，]?(?:那)?(?:才|就|可)?是(?:"
    rf"[我俺咱](?:们)?(?:自己|自个儿?|现在|早先|以前|原来|从前|过去)?(?:的)?(?:{KIN})?(?:的)?(?:家|住|户口|老家|娘家|公司|单位|上班)"
    rf"|{KIN}(?:的)?家|(?:早先|以前|原来|从前|过去)(?:住|待|的))"
)
_WITH: Final = re.compile(r"[跟和与同]$")
_WITH_BEHIND: Final = re.compile(r"^[^,，。;；]{0,8}(?:挨着|相邻|隔|接壤|相连|连着)")
_WORK_BEFORE: Final = re.compile(
    rf"(?:^|[我俺他她]|{KIN})(?:现在|平时|人|天天|每天)?(?:在|来|去|到)[^,，。;；]{{0,4}}$"
)
_WORK_BEHIND: Final = re.compile(r"^[^,，。;；]{0,8}(?:上班|工作|打工|上学|读书)")
_WORK_AT: Final = re.compile(r"(?:单位|上班的?(?:地方|地儿)?|工作)(?:就|是)?在[^,，。;；]{0,4}$")
_AT_HOME: Final = re.compile(r"小区|楼|单元|家里|屋里|[我俺咱]们?家|邻居|物业|村里|暖气|停[水电暖]")
_OF_WORK: Final = re.compile(r"工资|工钱|欠薪|加班|辞退|开除|社保|公积金|合同|拖欠")
_ABOUT_WORK: Final = re.compile(
    r"工资|工钱|单位|(?<!供热)(?<!物业)(?<!热力)(?<!燃气)(?<!电力)(?<!来水)公司|厂|老板|店[里铺]|[门商饭]店|工地|学校|老师|宿舍"
)
_BORDER_BEHIND: Final = re.compile(r"^[^,，。;；]{0,8}(?:交界|交接|接壤|搭界|两区之间)")
_BELONGS: Final = re.compile(r"(?<!不)(?:属于|隶属|算(?:是)?|归属?)[^,，。;；]{0,2}$")
_SUPPOSED: Final = re.compile(
    r"(?:以前|之前|原来|早先|过去|[老都]说|以为|人家说)[^,，。;；现]{0,4}(?:归|属于?|算)[^,，。;；]{0,2}$"
)
_UNSURE: Final = re.compile(r"(?:不知道|不清楚|[说弄拿]不准|记不住)[^,，。;；]{0,3}(?:归|算|属于?)[^,，。;；]*")
_MISTAKE: Final = re.compile(
    r"[,，。.…\s!！~、—-](?:啊|哦|哎呀?|呃|嗯|噢)*(?:不+[,，\s]*)*"
    r"(?:(?:不对|不是(?:[^,，。;；]{1,8}(?=[,，。]))?|(?:(?:说|记|写|打|弄|搞|念|报)(?:错|岔)|错)了?|更正(?:一下)?|口误|(?:说)?(?:秃噜嘴|嘴瓢|嘴误)|不(?=[,，]))"
    r"(?:不对|了|啊|吧|呀)*[,，。.…\s!！~]*)+"
    r"[,，。.…\s!！~]*(?:(?:应该|其实)?(?:是|在|属于|归)(?:在)?)?$"
)
_BELONGING, _HAPPENED, _NEAR, _AWAY, _WORK, _BESIDE, _NOT_IT = -1, 0, 1, 2, 3, 4, 5
_DENIAL: Final = 14  # characters of such a clause
_PAIR: Final = 2  # characters between a district and its street


@dataclass(frozen=True, slots=True)
class Spot:
    """A stretch of the text that names a place, and the districts in which that can be; `district`: it is one."""

    start: int
    end: int
    districts: frozenset[str]
    district: bool = False


def without_asides(text: str, spots: Sequence[Spot]) -> str:
    """The text with the places blanked that were said by mistake or lie in other districts than where it happened;
    offsets stay.

    Where that is told by no place of its own, the home of somebody near (for whom the citizen calls) goes before the
    citizen's own. On the border of two districts and nowhere else: none of them is believed.
    """
    mistaken = taken_back(text, spots)
    ranks = {spot: _rank(text, spot, spots) for spot in spots if spot not in mistaken}
    best = min(ranks.values(), default=_HAPPENED)
    where = frozenset(
        district for spot, rank in ranks.items() if rank == best for district in _districts_of(text, spot, spots)
    )
    aside = [spot for spot, rank in ranks.items() if rank > best and not (spot.districts & where)]
    if any(rank == best and not spot.district for spot, rank in ranks.items()):  # a street of its own is told
        aside += [s for s, rank in ranks.items() if rank > best and not s.district and s not in aside]
    others = {_name(text, spot): _districts_of(text, spot, spots) for spot, r in ranks.items() if r == _NOT_IT}
    aside += [
        s
        for s in ranks
        if (away := others.get(_name(text, s))) and away & _districts_of(text, s, spots) and s not in aside
    ]
    if others:
        aside += [s for s in ranks if s.district and s not in aside and _explains(text, s, set(others))]
    if unsure := _UNSURE.search(text):
        aside += [s for s in ranks if unsure.start() <= s.start < unsure.end() and s not in aside]
    if ranks and all(_on_border(text, spot) for spot in ranks) and len(where) > 1:
        aside = list(ranks)
    if set(ranks.values()) == {_AWAY, _WORK} and not _AT_HOME.search(text):
        aside = list(ranks)  # "I work in A and live in B": it was on the way, or at either
    return without(text, (*mistaken, *(_with_denial(text, s, ranks.get(s)) for s in aside)))


def _with_denial(text: str, spot: Spot, rank: int | None) -> Spot:
    """The whole clause that says no more than that the place is another one: "可不是朝阳那个八里庄啊"."""
    start = max((found.end() for found in _BREAK.finditer(text, 0, spot.start)), default=0)
    end = found.start() if (found := _BREAK.search(text, spot.end)) else len(text)
    return Spot(start, end, frozenset()) if rank == _NOT_IT and end - start <= _DENIAL else spot


def without(text: str, spots: Sequence[Spot]) -> str:
    """The text with these stretches blanked; offsets stay."""
    for spot in spots:
        text = text[: spot.start] + "，" * (spot.end - spot.start) + text[spot.end :]
    return text


def taken_back(text: str, spots: Sequence[Spot]) -> list[Spot]:
    """The places in front of "no, I mean" that the one behind it replaces (a district everything, a street the streets
    and what is not its district), and these words themselves."""
    row = sorted(spots, key=lambda spot: (spot.start, spot.end))
    found: list[Spot] = []
    for index, new in enumerate(row):
        start, _ = _pair(text, new, row)
        before = [spot for spot in row[:index] if spot.end <= start]
        last = max((spot.end for spot in before), default=None)
        if last is None or not _MISTAKE.search(text[last:start]) or _rank(text, new, row) == _NOT_IT:
            continue
        gone = [
            spot
            for spot in before
            if not (spot.districts & new.districts) or not (new.district or spot.district)  # A, no, B of one district
        ]
        found += [*gone, Spot(last, start, frozenset())] if gone else []
    return list(dict.fromkeys(found))


def beside(text: str, spots: Sequence[Spot]) -> list[Spot]:
    """The streets and landmarks that are named only for where the place lies."""
    return [spot for spot in spots if not spot.district and _rank(text, spot, spots) == _BESIDE]


def only_home(text: str, spots: Sequence[Spot]) -> bool:
    """Whether every place that is named is where the citizen lives."""
    return bool(spots) and all(_rank(text, spot, spots) >= _AWAY for spot in spots)


def _rank(text: str, spot: Spot, spots: Sequence[Spot]) -> int:
    """How far it is from where it happened."""
    start, end = _pair(text, spot, spots)
    clause, behind = _BREAK.split(text[:start])[-1], text[end:]
    if denied(clause, behind) or (_WITH.search(clause) and _UNRELATED.search(behind)):
        return _NOT_IT
    if _BELONGS.search(clause):
        return _AWAY if _SUPPOSED.search(clause) else _BELONGING
    if _WORK_BEFORE.search(clause) and _WORK_BEHIND.search(behind) and not _ABOUT_WORK.search(text):
        return _WORK
    if _WORK_AT.search(clause) and not _OF_WORK.search(text):
        return _WORK
    if _NEXT_DOOR.search(clause) or _NEXT_DOOR_BEHIND.search(behind):
        return _BESIDE
    if _goes_there(clause, behind):
        return _BESIDE
    if (_WITH.search(clause) and _WITH_BEHIND.search(behind)) or (
        _FROM_BEFORE.search(clause) and _FROM_BEHIND.search(behind)
    ):
        return _BESIDE
    if _OWN_HOME.search(clause) or _OF_MINE.search(behind) or _on_border(text, spot):
        return _AWAY
    if _ORIGIN_BEFORE.search(clause) and (clause.endswith(("住", "在")) or _ORIGIN_BEHIND.search(behind)):
        return _AWAY
    return _NEAR if _HOME_OF_KIN.search(clause) else _HAPPENED


def only_gone_to(text: str, spots: Sequence[Spot]) -> bool:
    """Whether every place that is named is where somebody goes or drives to, on an errand: none tells where it was."""
    row = [_pair(text, spot, spots) for spot in spots]
    return bool(row) and all(_goes_there(_BREAK.split(text[:start])[-1], text[end:]) for start, end in row)


def _goes_there(clause: str, behind: str) -> bool:
    """`clause`: what stands before the place, `behind`: behind it."""
    towards = _TOWARDS.search(clause) and _TOWARDS_BEHIND.search(behind)
    return bool(towards or _SENT.search(clause) or (_ERRAND.search(clause) and _ERRAND_BEHIND.search(behind)))


def denied(before: str, behind: str) -> bool:
    """Whether what stands between the two is said not to be the place."""
    return bool(_DENIED.search(before)) and not _ASKED_BACK.search(behind)


def _name(text: str, spot: Spot) -> str:
    return _SUFFIX.sub("", text[spot.start : spot.end])


def _explains(text: str, spot: Spot, others: set[str]) -> bool:
    """Whether a district is told of a place that it is not: "马坊，不是马坡，马坡在顺义"."""
    clause = re.split(r"[,，。;；!！?？\s]", text[: spot.start])[-1]
    return bool(_EXPLAINED.match(clause)) or any(name in clause for name in others)


def _pair(text: str, spot: Spot, spots: Sequence[Spot]) -> tuple[int, int]:
    """From where to where the place is named: a district and its street right behind it are one."""
    pair = [s for s in spots if s.district != spot.district and s.districts & spot.districts]
    start = min((s.start for s in pair if s.district and _joined(text, s.end, spot.start)), default=spot.start)
    end = max((s.end for s in pair if not s.district and _joined(text, spot.end, s.start)), default=spot.end)
    return start, end


def _districts_of(text: str, spot: Spot, spots: Sequence[Spot]) -> frozenset[str]:
    """Where a name lies: of one that two districts have, the district named right before it."""
    beside_it = (s.districts & spot.districts for s in spots if s.district and _joined(text, s.end, spot.start))
    return next((districts for districts in beside_it if districts), spot.districts)


def _joined(text: str, end: int, start: int) -> bool:
    return 0 <= start - end <= _PAIR and not _BREAK.search(text, end, start)


def _on_border(text: str, spot: Spot) -> bool:
    return bool(_BORDER_BEHIND.search(text[spot.end :]))
