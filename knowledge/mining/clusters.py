"""Questions that ask the same, put together; a cluster stays itself when it is made anew. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from knowledge.embedding import Vectors

_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Question:
    """One question that was not answered. `cluster_id`: the cluster that it was in so far; `text` is masked."""

    id: int
    text: str
    reason: str
    conversation_id: str
    channel: str
    at: datetime
    cluster_id: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """`text`: the wording that most others are near to."""

    text: str
    questions: tuple[Question, ...]


def grouped(questions: Sequence[Question], texts: Sequence[str], vectors: Vectors, same_at: float) -> list[Group]:
    """The largest groups first. `texts` are the distinct texts of the questions, `vectors` one unit vector each.

    Greedy: the text with the most questions around it takes them all, and so on with what is left. Every question is
    in exactly one group, and each of a group is as near as `same_at` to the group's text.
    """
    said: dict[str, list[Question]] = {}
    for question in questions:
        said.setdefault(question.text, []).append(question)
    weights = np.array([len(said.get(text, ())) for text in texts], dtype=np.int64)
    near: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    for start in range(0, len(texts), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ vectors.T
        near += [np.flatnonzero(row >= same_at) for row in cosines]
    free = np.ones(len(texts), dtype=bool)
    order = sorted(range(len(texts)), key=lambda place: (-int(weights[near[place]].sum()), texts[place]))
    groups: list[Group] = []
    for place in order:
        if not free[place]:
            continue
        members = [int(other) for other in near[place] if free[other]]
        if place not in members:  # rounding: a text is always near itself
            members.append(place)
        free[members] = False
        found = [question for member in members for question in said.get(texts[member], ())]
        groups.append(Group(texts[place], tuple(sorted(found, key=lambda question: (question.at, question.id)))))
    return sorted(groups, key=lambda group: (-len(group.questions), group.text))


def identities(groups: Sequence[Group], settled: frozenset[str] = frozenset()) -> list[str | None]:
    """The former cluster of each group: the one that most of its questions were in; None: it is new.

    A cluster goes to one group only, the one with the largest share of it. Of equal shares, one in `settled` (drafted,
    answered or dismissed: a person has dealt with it) goes first.
    """
    shares: list[tuple[int, bool, str, int]] = []
    for place, group in enumerate(groups):
        former = Counter(question.cluster_id for question in group.questions if question.cluster_id)
        shares += [(count, name in settled, name, place) for name, count in former.items()]
    kept: list[str | None] = [None] * len(groups)
    taken: set[str] = set()
    for _, _, name, place in sorted(shares, key=lambda share: (-share[0], not share[1], share[2], share[3])):
        if name not in taken and kept[place] is None:
            kept[place] = name
            taken.add(name)
    return kept


def examples(questions: Sequence[Question], limit: int = 5) -> list[str]:
    """Different wordings, those asked most often first."""
    counted = Counter(question.text for question in questions)
    return [text for text, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]]


def reasons(questions: Sequence[Question]) -> Mapping[str, int]:
    return dict(sorted(Counter(question.reason for question in questions).items()))
