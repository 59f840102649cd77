"""What an editor should look at: entries that say the same or contradict each other, what is out of date. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import numpy as np

from knowledge import validity
from knowledge.embedding import Vectors
from knowledge.entry import Entry
from knowledge.text import normalise

Kind = Literal["duplicate", "contradiction", "source_superseded", "related_missing", "related_expired"]
KINDS: Final = ("duplicate", "contradiction", "source_superseded", "related_missing", "related_expired")
OF_LINKS: Final = ("related_missing", "related_expired")
_BLOCK: Final = 256
_MOST_OF_ONE: Final = 5
_AMOUNT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(个工作日|个月|工作日|小时|分钟|周岁|公里|平方米|万元|元|%|天|日内|年|岁|倍|次|米|℃|度)"
)
_SAME_UNIT: Final[Mapping[str, str]] = {"个工作日": "工作日", "周岁": "岁", "日内": "天", "℃": "度"}


@dataclass(frozen=True, slots=True)
class Hint:
    kind: Kind
    entry_id: str
    other_id: str
    message: str
    score: float = 0.0


def amounts(text: str) -> dict[str, frozenset[str]]:
    """Unit -> the numbers that stand before it; years of dates are no amounts of years."""
    found: dict[str, set[str]] = {}
    clean = re.sub(r"\d{4}年(\d{1,2}月(\d{1,2}日)?)?", " ", normalise(text))
    for number, unit in _AMOUNT.findall(clean):
        value = f"{float(number):g}"
        found.setdefault(_SAME_UNIT.get(unit, unit), set()).add(value)
    return {unit: frozenset(values) for unit, values in found.items()}


def contradiction(one: Entry, other: Entry) -> str:
    """What the two answers give differently: `30天 / 15天`; empty where they do not contradict each other.

    Only where both speak of the same unit and share no number of it: one answer may say more than the other.
    """
    mine, theirs = amounts(one.answer), amounts(other.answer)
    different = [
        f"{'、'.join(sorted(mine[unit]))}{unit} / {'、'.join(sorted(theirs[unit]))}{unit}"
        for unit in sorted(mine.keys() & theirs.keys())
        if not mine[unit] & theirs[unit]
    ]
    return "；".join(different)


def of_pairs(
    entries: Sequence[Entry],
    vectors: Vectors,
    *,
    same_at: float,
    double_at: float,
    only: Collection[str] | None = None,
) -> list[Hint]:
    """Duplicates and contradictions. `vectors`: one unit vector of each standard question. `only`: pairs with these.

    Each pair is told once, under the entry that stands first; entries for other districts or for other people may
    well answer differently.
    """
    found: list[Hint] = []
    rows = [place for place, entry in enumerate(entries) if only is None or entry.id in only]
    for start in range(0, len(rows), _BLOCK):
        some = rows[start : start + _BLOCK]
        cosines = vectors[some] @ vectors.T
        for place, row in zip(some, cosines, strict=True):
            near = np.flatnonzero(row >= same_at)
            near = near[np.argsort(-row[near], kind="stable")]
            others = [int(other) for other in near if other != place and (only is not None or other > place)]
            for other in others[:_MOST_OF_ONE]:
                if hint := _of_pair(entries[place], entries[other], float(row[other]), double_at):
                    found.append(hint)
    return found


def _of_pair(one: Entry, other: Entry, cosine: float, double_at: float) -> Hint | None:
    if one.scope != other.scope or ("both" not in (one.audience, other.audience) and one.audience != other.audience):
        return None
    if different := contradiction(one, other):
        message = f"与“{other.question}”问的相近，答案中的数字不同：{different}。请核对。"
        return Hint("contradiction", one.id, other.id, message, cosine)
    if cosine >= double_at:
        return Hint("duplicate", one.id, other.id, f"与“{other.question}”问的几乎相同，可以合并。", cosine)
    return None


def of_sources(entries: Iterable[Entry], newest: Mapping[str, str]) -> list[Hint]:
    """`newest`: title of each imported document -> the date of its version in force."""
    found: list[Hint] = []
    for entry in entries:
        for source in entry.sources:
            date = newest.get(source.title.strip("《》"), "")
            if date and source.version_date and source.version_date < date:
                message = (
                    f"来源《{source.title.strip('《》')}》已有{date}的新版本，本条依据的是{source.version_date}的版本。"
                )
                found.append(Hint("source_superseded", entry.id, source.title[:80], message))
    return found


def of_links(
    entry_id: str, related: Iterable[str], live: Mapping[str, Entry], waiting: Collection[str], now: datetime
) -> list[Hint]:
    """`live`: what is published of the entries that `related` names, by id; `waiting`: drafts never published yet."""
    found: list[Hint] = []
    for name in related:
        other = live.get(name)
        if other is None and name in waiting:
            continue
        if other is None:
            found.append(Hint("related_missing", entry_id, name, f"相关条目“{name}”不存在或已撤回。"))
        elif validity.expired(other, now):
            found.append(Hint("related_expired", entry_id, name, f"相关条目“{other.question}”已经失效。"))
    return found
