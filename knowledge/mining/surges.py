"""What is asked far more often in the last hour than usually. Pure: counts and texts come in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

LEAST_CONVERSATIONS: Final = 5
LEAST_RATIO: Final = 3.0
_LEAST_USUAL: Final = 0.5
"""Conversations an hour that count as usual at least: what was never asked before has no usual rate to divide by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the last hour. `key`: what it is about (an item that answered it, or a group of questions)."""

    key: str
    text: str
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Surge:
    """`last_hour` counts conversations, not repetitions of one citizen."""

    key: str
    examples: tuple[str, ...]
    last_hour: int
    usual_an_hour: float
    ratio: float


def surges(recent: Iterable[Asked], before: Mapping[str, int], hours_before: float) -> list[Surge]:
    """The steepest first.

    Args:
        recent: of the last hour. before: conversations of each key in the `hours_before` hours before that one.
    """
    if hours_before <= 0:
        raise ValueError("a usual rate needs time before the last hour")
    by_key: dict[str, list[Asked]] = {}
    for asked in recent:
        by_key.setdefault(asked.key, []).append(asked)
    found: list[Surge] = []
    for key, questions in by_key.items():
        count = len({question.conversation_id for question in questions})
        usual = before.get(key, 0) / hours_before
        ratio = count / max(usual, _LEAST_USUAL)
        if count >= LEAST_CONVERSATIONS and ratio >= LEAST_RATIO:
            texts = Counter(question.text for question in questions if question.text)
            wordings = tuple(text for text, _ in sorted(texts.items(), key=lambda pair: (-pair[1], pair[0]))[:5])
            found.append(Surge(key, wordings, count, round(usual, 2), round(ratio, 1)))
    return sorted(found, key=lambda surge: (-surge.ratio, -surge.last_hour, surge.key))
