"""BM25 over term codes as one sparse matrix: exact, immutable, and cheap to keep on disk; later texts follow as a
second matrix weighed by the first one's statistics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from knowledge.text import Codes, Owners

TEXTS_AT_ONCE: Final = 8_192
_ARRAYS: Final = ("terms", "starts", "columns", "values", "idf")
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TermMatrix:
    """Rows are terms (sorted codes), columns are texts; values are ready BM25 weights.

    Args:
        terms: sorted codes. starts: row pointers, one longer than `terms`. columns, values: the rows' contents.
        idf: of each term. texts: how many texts there are.
    """

    terms: Codes
    starts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    values: Scores
    idf: Scores
    texts: int
    mean_length: float = 1.0
    _by_term: csc_array = field(init=False, repr=False, compare=False)  # the same arrays, as a matrix of texts by terms

    def __post_init__(self) -> None:
        few = len(self.columns) < 2**31  # else the columns would be copied as 64 bits, once
        starts = self.starts.astype(np.int32) if few else self.starts
        matrix = csc_array((self.values, self.columns, starts), shape=(self.texts, len(self.terms)))
        object.__setattr__(self, "_by_term", matrix)

    def following(self, codes: Codes, owners: Owners, texts: int) -> LaterTerms:
        """This matrix with later texts behind it (their owners count from 0), without building it anew."""
        return LaterTerms(self, codes, owners.astype(np.int64), texts)

    def weights_of(
        self, codes: Codes, owners: npt.NDArray[np.int64], texts: int, *, k1: float = 1.2, b: float = 0.75
    ) -> tuple[Codes, npt.NDArray[np.int64], Scores]:
        """Term, text and BM25 weight of each posting of other texts, by this matrix's idf and mean length."""
        if not len(codes):
            return codes, owners, np.zeros(0, dtype=np.float32)
        terms, numbers = np.unique(codes, return_inverse=True)
        keys, counts = np.unique(numbers.astype(np.int64) * texts + owners, return_counts=True)
        rows, columns = keys // texts, keys % texts
        places = np.minimum(np.searchsorted(self.terms, terms), max(len(self.terms) - 1, 0))
        idf = np.full(len(terms), self.unknown_idf, dtype=np.float32)
        if len(self.terms):
            known = self.terms[places] == terms
            idf[known] = self.idf[places[known]]
        lengths = np.bincount(owners, minlength=texts).astype(np.float64)
        saturation = counts + k1 * (1 - b + b * lengths[columns] / max(self.mean_length, 1e-9))
        return terms[rows], columns, (idf[rows] * counts * (k1 + 1) / saturation).astype(np.float32)

    @property
    def unknown_idf(self) -> float:
        """Of a term that no text holds: as if it stood in one."""
        return float(np.log1p((self.texts + 0.5) / 1.5))

    @classmethod
    def build(
        cls,
        texts: Sequence[str],
        terms_of: Callable[[Sequence[str]], tuple[Codes, Owners]],
        *,
        k1: float = 1.2,
        b: float = 0.75,
    ) -> Self:
        """Cut texts into terms and weigh them by BM25 (Robertson-Spärck Jones idf, never negative).

        Texts are cut a few thousand at a time: all their terms at once take eight times what the matrix takes.
        """
        parts = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            parts.append(_counted(*terms_of(some), start, len(some)))
        terms = np.unique(np.concatenate([part.terms for part in parts])) if parts else np.zeros(0, dtype=np.int64)
        lengths = np.concatenate([part.lengths for part in parts]) if parts else np.zeros(0, dtype=np.float32)
        mean_length = float(lengths.mean()) if len(lengths) else 1.0
        places = [np.searchsorted(terms, part.terms) for part in parts]
        frequency = np.zeros(len(terms), dtype=np.int64)
        for at, part in zip(places, parts, strict=True):
            frequency[at] += part.frequency
        idf = np.log1p((len(texts) - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        columns = np.empty(int(starts[-1]), dtype=np.int32)
        values = np.empty(int(starts[-1]), dtype=np.float32)
        length_weights = (k1 * (1 - b + b * lengths / max(mean_length, 1e-9))).astype(np.float32)
        free = starts[:-1].copy()
        while parts:
            part, at = parts.pop(0), places.pop(0)
            ends = np.cumsum(part.frequency)
            target = np.arange(len(part.columns)) + np.repeat(free[at] - (ends - part.frequency), part.frequency)
            columns[target] = part.columns
            counts = part.counts.astype(np.float32)
            saturated = counts * np.float32(k1 + 1) / (counts + length_weights[part.columns])
            values[target] = np.repeat(idf[at], part.frequency) * saturated
            free[at] += part.frequency
        return cls(terms, starts, columns, values, idf, len(texts), mean_length)

    def rows(self, codes: Codes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The known terms among `codes` (as row numbers) and how often each stands there."""
        unique, counts = np.unique(codes, return_counts=True)
        places = np.searchsorted(self.terms, unique)
        known = places < len(self.terms)
        known[known] = self.terms[places[known]] == unique[known]
        return places[known], counts[known].astype(np.float64)

    def scores(self, codes: Codes) -> Scores:
        """BM25 of every text for one query."""
        total = np.zeros(self.texts, dtype=np.float32)
        rows, counts = self.rows(codes)
        if len(rows) and self.texts:
            total += self._by_term[:, rows] @ np.minimum(counts, 2.0).astype(np.float32)
        return total

    def best_possible(self, codes: Codes) -> float:
        """The mass of a query if one text held all its terms; unknown terms count as if they stood in one text."""
        rows, counts = self.rows(codes)
        known = float((self.idf[rows] * np.minimum(counts, 2.0)).sum())
        unknown = len(np.unique(codes)) - len(rows)
        return known + unknown * self.unknown_idf

    def rarity(self, codes: Codes) -> float:
        """The lowest idf of the known terms among `codes`, 0 where none is known."""
        rows, _ = self.rows(codes)
        return float(self.idf[rows].min()) if len(rows) else 0.0

    def save(self, folder: Path, name: str) -> None:
        """As one file an array, so that `load` can map them."""
        for part in _ARRAYS:
            np.save(folder / f"{name}.{part}.npy", getattr(self, part))
        np.save(folder / f"{name}.size.npy", np.array([self.texts, self.mean_length]))

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """What `save` wrote, mapped: rows of terms that nobody asks for are never in memory.

        Raises:
            OSError, ValueError: a file is missing or is none of numpy's.
        """
        held = {part: np.asarray(np.load(folder / f"{name}.{part}.npy", mmap_mode="r")) for part in _ARRAYS}
        texts, mean_length = np.load(folder / f"{name}.size.npy").tolist()
        return cls(**held, texts=int(texts), mean_length=float(mean_length))


@dataclass(frozen=True, slots=True)
class _Counted:
    """The terms of some neighbouring texts: sorted terms, in how many texts each stands, then text by text (`columns`)
    how often; `lengths` of the texts in terms."""

    terms: Codes
    frequency: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.float32]


def _counted(codes: Codes, owners: Owners, first: int, texts: int) -> _Counted:
    """`first`: number of the first text."""
    order = np.lexsort((owners, codes))
    codes, owners = codes[order], owners[order]
    new = np.flatnonzero((np.diff(codes, prepend=-1) != 0) | (np.diff(owners, prepend=-1) != 0))
    counts = np.diff(new, append=len(codes))
    terms, frequency = np.unique(codes[new], return_counts=True)
    lengths = np.bincount(owners, minlength=texts).astype(np.float32)
    columns = (owners[new] + first).astype(np.int32)
    return _Counted(terms, frequency, columns, np.minimum(counts, 65_535).astype(np.uint16), lengths)


class LaterTerms:
    """A term matrix and a few later texts: scores of all, the later ones behind. Weights of terms are the matrix's."""

    def __init__(self, base: TermMatrix, codes: Codes, owners: npt.NDArray[np.int64], texts: int) -> None:
        self._base = base
        self.texts = base.texts + texts
        terms, columns, values = base.weights_of(codes, owners, texts)
        self._terms, self._columns, self._values = terms, columns + base.texts, values

    def scores(self, codes: Codes) -> Scores:
        """As `TermMatrix.scores`."""
        total = np.zeros(self.texts, dtype=np.float32)
        total[: self._base.texts] = self._base.scores(codes)
        for code, count in zip(*np.unique(codes, return_counts=True), strict=True):
            first, last = np.searchsorted(self._terms, [code, code + 1])
            total[self._columns[first:last]] += self._values[first:last] * min(float(count), 2.0)
        return total

    def best_possible(self, codes: Codes) -> float:
        """As `TermMatrix.best_possible`."""
        return self._base.best_possible(codes)

    @property
    def unknown_idf(self) -> float:
        """As `TermMatrix.unknown_idf`."""
        return self._base.unknown_idf

    def rarity(self, codes: Codes) -> float:
        """As `TermMatrix.rarity`."""
        return self._base.rarity(codes)
