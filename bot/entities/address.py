"""The address behind district and street: an estate, a road, a building, a landmark."""

from __future__ import annotations

import re
from typing import Final

_CLAUSE: Final = re.compile(r"[,，。;；!！?？\n]+")
_UNIT: Final = (
    r"小区|社区|家园|花园|公寓|大厦|胡同|大街|[路街巷里园苑庄屯营](?![边上面道])|[路街]|村|号院|号楼|单元|[0-9一二三四五六七八九十百]+(?:号|室|层|楼|弄(?![错丢坏脏好清]))|"
    r"地铁站|地铁口|公交站|火车站|车站|市场|超市|商场|广场|医院|学校|小学|中学|幼儿园|公园|写字楼|食堂|"
    r"门口|路口|十字路口|桥下|桥头|东侧|西侧|南侧|北侧|对面|旁边|地下室|地下车库|停车场"
)
_ADDRESS: Final = re.compile(
    rf"[\u4e00-\u9fffA-Za-z0-9-]{{1,16}}?(?:{_UNIT})(?:[\u4e00-\u9fffA-Za-z0-9-]{{0,8}}(?:{_UNIT}))*"
)
_LEAD: Final = re.compile(
    r"^(?:嗯+|呃+|啊+|哦+|哎+|那个|这个|就是|就在|好像|应该|反正|地址(?:是|在)?|地点(?:是|在)?|位置(?:是|在)?|"
    r"我(?:们)?(?:家)?|想想|什么|哪儿|这是|你好|您好|是在|不是|是|在|住在?|位于|下车的地方|北京市?|的|那边儿?|这边儿?|那儿|这儿|附近|[\s,，、.。:：])+"
)
_TAIL: Final = re.compile(r"(?:那边儿?|这边儿?|那儿|这儿|那里|这里|的|啊|吧|呢|呀|哈|[\s,，、.。])+$")
_NOTHING: Final = re.compile(
    r"^(?:都是一个地儿|不清楚|不知道|没有|不方便说|说不好|记不清|就|街道|地区|镇|乡|市|区|全市|就这些)?$"
)
_STORY: Final = re.compile(r"投诉|举报|反映|建议|没人管|为什么|怎么|请问|希望|想问|能不能")
_NAMED: Final = re.compile(
    r"(?<![\u4e00-\u9fff])(?:.{0,8}?(?:住在?|位于|就在|在|地址是?))?(?!.{0,3}(?:小区|社区))"
    r"([\u4e00-\u9fffA-Za-z0-9]{2,10}?(?:小区|社区|家园|花园|公寓|大厦|胡同|大街|号院|(?:里|园|苑|庄|村)?[0-9一二三四五六七八九十]+号楼)"
    r"[0-9一二三四五六七八九十号楼单元室门口]{0,10})"
)
_UNNAMED: Final = re.compile(
    r"[我你您他她它们这那哪某每个有的是把给一到从投举反建想问所附同家]|楼下|楼道|旁边|居民|全市"
)
_LONGEST: Final = 60


def extract(text: str, spans: list[tuple[int, int]], *, asked: bool) -> str:
    """What remains of a place answer when `spans` (district and street) are taken out; at most 60 characters.

    Without `asked` only what has the shape of an address is taken: a clause that follows a named place, or an estate,
    road or building in the text.
    """
    masked = "".join("," if any(start <= i < end for start, end in spans) else c for i, c in enumerate(text))
    clauses = [clause for clause in (_clean(part) for part in _CLAUSE.split(masked)) if clause]
    if asked:
        kept = [clause for clause in clauses if not _NOTHING.match(clause) and not _STORY.search(clause)]
        return "，".join(kept)[:_LONGEST]
    if spans:
        behind = masked[max(end for _, end in spans) :].lstrip(",")
        match = _ADDRESS.match(_clean(_CLAUSE.split(behind)[0]))
        return _clean(match.group())[:_LONGEST] if match and len(match.group()) > 2 else ""
    for clause in clauses:
        named = _NAMED.search(clause)
        if named and not _UNNAMED.search(named[1]):
            return named[1][:_LONGEST]
    return ""


def _clean(clause: str) -> str:
    return _TAIL.sub("", _LEAD.sub("", clause.strip()))
