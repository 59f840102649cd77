"""Questions that ask the same, put together; a cluster stays itself when it is made anew. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from knowledge.mining import linkage
from knowledge.mining.likeness import Matrix


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


def grouped(questions: Sequence[Question], texts: Sequence[str], chances: Matrix, same_at: float) -> list[Group]:
    """The largest groups first; every question is in exactly one.

    Args:
        texts: the distinct texts of the questions. chances: how likely each two of them ask the same.
        same_at: the least mean chance between what is put together.
    """
    said: dict[str, list[Question]] = {}
    for question in questions:
        said.setdefault(question.text, []).append(question)
    asked = np.array([len(said.get(text, ())) for text in texts], dtype=np.float64)
    groups: list[Group] = []
    for members in linkage.joined(chances, same_at):
        inside = chances[members][:, members]
        support = inside @ asked[members] + asked[members]  # a text has no chance with itself in the table
        centre = texts[max(members, key=lambda place: (float(support[members.index(place)]), -len(texts[place])))]
        found = [question for place in members for question in said.get(texts[place], ())]
        groups.append(Group(centre, tuple(sorted(found, key=lambda question: (question.at, question.id)))))
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
