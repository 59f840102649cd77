"""What an editor should look at: entries that say the same or contradict each other, what is out of date. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from knowledge import validity
from knowledge.entry import Entry
from knowledge.mining import contradictions
from knowledge.mining.likeness import Matrix

Kind = Literal["duplicate", "contradiction", "source_superseded", "related_missing", "related_expired"]
KINDS: Final = ("duplicate", "contradiction", "source_superseded", "related_missing", "related_expired")
OF_LINKS: Final = ("related_missing", "related_expired")
_MOST_OF_ONE: Final = 5


@dataclass(frozen=True, slots=True)
class Hint:
    kind: Kind
    entry_id: str
    other_id: str
    message: str
    score: float = 0.0


def of_pairs(
    entries: Sequence[Entry],
    chances: Matrix,
    *,
    same_at: float,
    double_at: float,
    only: Collection[str] | None = None,
) -> list[Hint]:
    """Duplicates and contradictions. `only`: pairs with these.

    Each pair is told once, under the entry that stands first. Two that never hold for the same person at the same
    time and place may well answer differently.

    Args:
        chances: how likely each two of the standard questions ask the same.
    """
    found: list[Hint] = []
    for place, entry in enumerate(entries):
        if only is not None and entry.id not in only:
            continue
        start, end = chances.indptr[place], chances.indptr[place + 1]
        near = zip(chances.data[start:end].tolist(), chances.indices[start:end].tolist(), strict=True)
        likely = sorted(
            ((chance, other) for chance, other in near if chance >= same_at and (only is not None or other > place)),
            key=lambda pair: (-pair[0], pair[1]),
        )
        for chance, other in likely[:_MOST_OF_ONE]:
            if hint := _of_pair(entry, entries[other], chance, double_at):
                found.append(hint)
    return found


def _of_pair(one: Entry, other: Entry, chance: float, double_at: float) -> Hint | None:
    if not contradictions.both_hold(one, other):
        return None
    if different := contradictions.difference(one, other):
        message = f"与“{other.question}”问的相近，答案中的数字或日期不同：{different}。请核对。"
        if contradictions.more_special(one, other):
            message += f"两条的适用地区不同（{one.scope}、{other.scope}），如果本来就有特别规定，可以不改。"
        return Hint("contradiction", one.id, other.id, message, chance)
    if chance >= double_at and not contradictions.more_special(one, other):
        return Hint("duplicate", one.id, other.id, f"与“{other.question}”问的几乎相同，可以合并。", chance)
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
