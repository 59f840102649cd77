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

    @property
    def first_texts(self) -> Positions | None:
        """Where each item's texts begin, if they lie item after item and every item has one; else None."""
        if not len(self.owners) or (np.diff(self.owners) < 0).any():
            return None
        first = np.flatnonzero(np.diff(self.owners, prepend=-1))
        return first if len(first) == len(self.ids) else None

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
