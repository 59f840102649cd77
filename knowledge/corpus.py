"""What is searched: items, their texts, and the documents that they stand in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from knowledge.text import normalise

Floats = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
IndexKind = Literal["entries", "questions", "passages", "clauses"]


class TextRows:
    """Where the texts of each item lie, item after item; every item has one."""

    def __init__(self, first: Positions, texts: int) -> None:
        """`first`: where each item's texts begin; `texts`: how many there are in all."""
        self._first = first
        self._ends = np.append(first[1:], texts)
        counts = self._ends - first
        self._further = [(items := np.flatnonzero(counts > n), first[items] + n) for n in range(1, int(counts.max()))]

    def best(self, by_text: Floats) -> Floats:
        """The best value of each item's texts: the first text's, then the second's where there is one, and so on.
        `np.maximum.reduceat` takes a third longer."""
        best = by_text[self._first]
        for items, places in self._further:
            best[items] = np.maximum(best[items], by_text[places])
        return best

    def of(self, items: Positions) -> Positions:
        """The texts of some items, item after item."""
        return np.concatenate(
            [np.arange(first, end) for first, end in zip(self._first[items], self._ends[items], strict=True)]
        )


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is searched. An item may have several texts (an entry's wordings): it scores as its best text.

    Args:
        ids: of the items. texts: all texts. owners: item of each text. groups: document of each item, or empty.
        titles: of the documents. preferred: 1.0 for items of the preferred scope. formal: 1.0 for texts that seldom
        answer anything (purpose, commencement). wholes: each item as one text, or empty; best as `Derived`.
    """

    kind: IndexKind
    ids: tuple[str, ...]
    texts: Sequence[str]
    owners: Positions
    groups: Positions = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    titles: tuple[str, ...] = ()
    preferred: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    formal: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    wholes: Sequence[str] = ()

    def rows(self) -> TextRows | None:
        """None unless the texts lie item after item and every item has one."""
        if not len(self.owners) or (np.diff(self.owners) < 0).any():
            return None
        first = np.flatnonzero(np.diff(self.owners, prepend=-1))
        return TextRows(first, len(self.owners)) if len(first) == len(self.ids) else None

    @classmethod
    def of_texts(cls, kind: IndexKind, ids: Sequence[str], texts: Sequence[str]) -> Corpus:
        return cls(kind, tuple(ids), texts, np.arange(len(ids), dtype=np.int64))


class Derived(Sequence[str]):
    """Texts that are made when they are looked at: all at once they take as much memory as what they are made of."""

    def __init__(self, count: int, text_of: Callable[[int], str]) -> None:
        self._count = count
        self._text_of = text_of

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self._text_of(at) for at in range(self._count)[place]]
        return self._text_of(range(self._count)[place])


def prepared(corpus: Corpus) -> Derived:
    """The texts of a corpus as they are cut into terms. A clause has the title of its document before it."""

    def text_of(place: int) -> str:
        text = normalise(corpus.texts[place])
        if corpus.kind != "clauses":
            return text
        return f"{normalise(corpus.titles[corpus.groups[corpus.owners[place]]])}\n{text}"

    return Derived(len(corpus.texts), text_of)


def one_after_the_other(old: Sequence[str], new: Sequence[str]) -> Sequence[str]:
    if isinstance(old, tuple) and isinstance(new, tuple):
        return old + new
    return Derived(len(old) + len(new), lambda place: old[place] if place < len(old) else new[place - len(old)])
