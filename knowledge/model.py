"""What a search gives back: hits with their citation, and whether anything found may be called an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Citation:
    """Where an answer comes from. `clause` and dates are empty strings where the source tells none."""

    title: str
    source: str
    clause: str = ""
    effective_from: str = ""
    url: str = ""

    def as_dict(self) -> dict[str, str]:
        """The object of the chat API's `citations` list."""
        return {
            "title": self.title,
            "source": self.source,
            "clause": self.clause,
            "effective_from": self.effective_from,
            "url": self.url,
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """One candidate. `score` is the fused, comparable score; `probability` the calibrated chance that it answers.

    `known`: the chance that anything of its kind answers the question. A candidate may stand far before its rivals and
    still answer nothing (a foreign topic), or be one of several that are near.
    """

    id: str
    kind: Literal["entry", "clause", "topic"]
    question: str  # the standard question, or title and article of a clause
    answer: str
    answer_spoken: str
    score: float
    probability: float
    citations: tuple[Citation, ...] = ()
    sample: bool = False  # 示例: unchecked; never spoken as sure
    quoted: str = ""  # of a clause: its own words within `answer`
    quoted_spoken: str = ""  # the same within `answer_spoken`
    known: float = 1.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first.

    `verdict`: `answer` (say the first), `choose` (name two or three) or `unknown` (say so, offer a person).
    `completed`: the question as it was completed from the last answer, empty where it was taken as it stands.
    """

    query: str
    corrected: str
    hits: tuple[Hit, ...] = ()
    verdict: Literal["answer", "choose", "unknown"] = "unknown"
    channel_scores: dict[str, float] = field(default_factory=dict)
    completed: str = ""

    @property
    def answerable(self) -> bool:
        return self.verdict == "answer"
