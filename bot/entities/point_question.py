"""Is it a question for a place to go to ("最近的派出所在哪里"), for which kind, and where is the citizen?

A question is one only by its shape: the kind or the name of a point must itself be what is asked for. "居住证去哪个
派出所办" asks how something is done, "附近的公厕太脏了" complains: neither is a question for a place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from base.pinyin import merged, syllables

_CLAUSES: Final = re.compile(r"[,，。;；!！?？\n]+")
_NEAR: Final = r"最近|附近|周边|周围|旁边|就近|近一?点儿?|跟前|离.{0,14}近"
_WHERE: Final = r"哪里|哪儿|哪边|哪块儿?|哪个(?:地方|位置)|什么(?:地方|位置)|啥地方"
_PLACED: Final = re.compile(rf"{_NEAR}|{_WHERE}|怎么(?:走|去)|地址|位置|有没有|在哪|有哪些|有.{{2,14}}[吗么]|哪有")
_NEAR_BEFORE: Final = re.compile(rf"(?:{_NEAR})(?:的|有|有没有|哪里有|哪儿有|能找到|是)?(?:一?[个家])?(?:的)?$")
_WHERE_BEFORE: Final = re.compile(
    rf"(?:(?:{_WHERE})(?:才|还|能|可以|会)?(?:有|找到?|是)|有没有|有|哪有)(?:一?[个家])?$"
)
# What may follow: nothing, or the question itself. A verb of another matter (办, 交, 收费 …) makes it another question.
_AFTER: Final = re.compile(
    r"(?:的)?(?:具体)?(?:地址|位置|地点|地方|电话(?:号码)?|开放时间|营业时间)?(?:都|又)?"
    r"(?P<asks>(?:是|在|有)?(?:哪(?:里|儿|边|块儿?|个|家|些|一个|一家|个地方)?|什么(?:地方|位置)|啥地方|多少|几号|几点)"
    r"|(?:离.{0,10}|最)(?:最)?近的?(?:是|在)?(?:哪(?:里|儿|个|家)?)?|(?:该|要|应该)?怎么(?:走|去|找)|[吗么]|没有"
    r"|(?<=地址)|(?<=位置)|(?<=电话))?"
    r"(?:啊|呀|呢|吧|哈|嘛|请问|谢谢|一下)*"
)
_LEAD: Final = re.compile(
    r"^(?:喂|您好|你好|请问|问一?下|我?想?问(?:一?下|问)?|麻烦|帮我|给我|我?(?:想|要)?(?:找|查|知道|去)(?:一?下|找|查)?|告诉我|那|那么|嗯|呃|啊|北京市)+"
)
_SELF: Final = re.compile(r"^(?:我(?:们)?(?:现在)?(?:家|人)?(?:就)?(?:住)?(?:在|是)?|从|离|住在?|家在|在|我家)+")
_AROUND: Final = re.compile(
    r"(?:的|那边|这边|那儿|这儿|那里|这里|一带|离|最近|附近|周边|周围|旁边|就近|跟前|哪里|哪儿|哪边|有没有|有|能|可以|找到?|近一?点儿?|近|最|一?[个家]|是|请问|什么地方)+$"
)
_VAGUE: Final = re.compile(
    r"^(?:我|我们|我家|家|家里|你们?|您|这|那|本市|全市|市里|附近|这附近|我这|我这里|我这儿|这儿|这里|那儿|那里)*(?:的)?$"
)
_COORDINATES: Final = re.compile(r"(-?\d{1,3}\.\d{3,})\s*[,， ]\s*(-?\d{1,3}\.\d{3,})")
_SOUND_CHARACTERS: Final = 3  # a kind of fewer characters is not searched by its sound: it is found everywhere


@dataclass(frozen=True, slots=True)
class PointQuestion:
    """`kind` or `name` is asked for. `place`: the words that tell where, without kind and question."""

    kind: str
    name: str = ""
    place: str = ""
    coordinates: tuple[float, float] | None = None


def may_ask(text: str) -> bool:
    """Whether the shape of such a question is in the text at all: cheap, before any kind is known."""
    return bool(_PLACED.search(text) or _COORDINATES.search(text))


def find(
    text: str, words: Mapping[str, str], names: Collection[str] = (), *, spoken: bool = False
) -> PointQuestion | None:
    """The question for a place in `text`, or None.

    Args:
        words: what is said for a kind -> the kind.
        names: names of single points.
        spoken: kinds are also found by their sound.
    """
    if not may_ask(text):
        return None
    clauses = [clause.strip() for clause in _CLAUSES.split(_COORDINATES.sub("，", text)) if clause.strip()]
    for number, clause in enumerate(clauses):
        found = _in_clause(clause, words, names, spoken=spoken)
        if found is None:
            continue
        kind, name, place = found
        told = [place, *(_place(other) for position, other in enumerate(clauses) if position != number)]
        return PointQuestion(kind, name, "，".join(part for part in told if part), coordinates(text))
    return None


def coordinates(text: str) -> tuple[float, float] | None:
    """Longitude and latitude that stand in a text, in either order; None where they do not."""
    match = _COORDINATES.search(text)
    if match is None:
        return None
    first, second = float(match[1]), float(match[2])
    longitude, latitude = (first, second) if abs(first) > abs(second) else (second, first)
    return (longitude, latitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _in_clause(
    clause: str, words: Mapping[str, str], names: Collection[str], *, spoken: bool
) -> tuple[str, str, str] | None:
    """(kind, name, place) of the clause that asks."""
    for start, end in _windows(clause, names):
        before, after = clause[:start], clause[end:]
        match = _AFTER.fullmatch(after)
        if match and match["asks"]:
            return "", clause[start:end], _place(before)
    for start, end, kind in _kinds(clause, words, spoken=spoken):
        before, after = clause[:start], clause[end:]
        match = _AFTER.fullmatch(after)
        if match is None:
            continue
        near = _NEAR_BEFORE.search(before)
        where = _WHERE_BEFORE.search(before)
        only_has = where is not None and where.group() in ("有", "有个", "有一个", "有家", "有一家")
        asked = match["asks"] is not None
        if asked or near or (where and not only_has):
            return kind, "", _place(before)
    return None


def _kinds(clause: str, words: Mapping[str, str], *, spoken: bool) -> list[tuple[int, int, str]]:
    """Where kinds stand in a clause, the longest word first at each place."""
    pattern = _pattern(tuple(words))
    found = [(match.start(), match.end(), words[match.group()]) for match in pattern.finditer(clause)]
    if found or not spoken:
        return found
    row = [merged(syllable) for syllable in syllables(clause)]
    if len(row) != len(clause):
        return []
    by_sound = _sounds(tuple(words))
    for width in sorted({len(sounds) for sounds in by_sound}, reverse=True):
        for start in range(len(row) - width + 1):
            word = by_sound.get(tuple(row[start : start + width]))
            if word is not None:
                return [(start, start + width, words[word])]
    return []


def _windows(clause: str, names: Collection[str]) -> list[tuple[int, int]]:
    """Where a name of a point stands in a clause, the longest first."""
    if not names:
        return []
    return [
        (start, start + width)
        for width in range(min(len(clause), 40), 4, -1)
        for start in range(len(clause) - width + 1)
        if clause[start : start + width] in names
    ]


@lru_cache(maxsize=4)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))) or r"(?!)")


@lru_cache(maxsize=4)
def _sounds(words: tuple[str, ...]) -> dict[tuple[str, ...], str]:
    return {
        tuple(merged(syllable) for syllable in syllables(word)): word
        for word in words
        if len(word) >= _SOUND_CHARACTERS and len(syllables(word)) == len(word)
    }


def _place(words: str) -> str:
    """What tells where: `请问离北京西站最近的` -> `北京西站`; empty for `离我家最近的`."""
    left = words.strip()
    before = None
    while before != left:
        before = left
        left = _AROUND.sub("", _SELF.sub("", _LEAD.sub("", left))).strip()
    return "" if _VAGUE.match(left) else left
