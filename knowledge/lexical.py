"""BM25 over term codes as one sparse matrix: exact, immutable, and cheap to keep on disk; later texts follow as a
second matrix weighed by the first one's statistics."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from knowledge.text import Codes, Owners, kinds_of

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
        codes: Codes,
        owners: Owners,
        texts: int,
        *,
        kind_weights: tuple[float, ...] = (1.0, 1.0, 1.0),
        k1: float = 1.2,
        b: float = 0.75,
    ) -> Self:
        """Weigh terms by BM25 (Robertson-Spärck Jones idf, never negative), times the weight of their kind."""
        if not len(codes):
            empty = np.zeros(0)
            return cls(
                codes,
                np.zeros(1, np.int64),
                empty.astype(np.int32),
                empty.astype(np.float32),
                empty.astype(np.float32),
                texts,
            )
        terms, numbers = np.unique(codes, return_inverse=True)
        keys, counts = np.unique(numbers.astype(np.int64) * texts + owners, return_counts=True)
        rows, columns = keys // texts, (keys % texts).astype(np.int32)
        lengths = np.bincount(owners, minlength=texts).astype(np.float64)
        frequency = np.bincount(rows, minlength=len(terms))
        idf = np.log1p((texts - frequency + 0.5) / (frequency + 0.5))
        weights = np.array(kind_weights)[kinds_of(terms)]
        saturation = counts + k1 * (1 - b + b * lengths[columns] / max(lengths.mean(), 1e-9))
        values = (idf * weights)[rows] * counts * (k1 + 1) / saturation
        starts = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
        return cls(
            terms,
            starts,
            columns,
            values.astype(np.float32),
            (idf * weights).astype(np.float32),
            texts,
            float(lengths.mean()),
        )

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
        for row, count in zip(*self.rows(codes), strict=True):
            part = slice(self.starts[row], self.starts[row + 1])
            total[self.columns[part]] += self.values[part] * min(count, 2.0)
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

    def save(self, path: Path) -> None:
        np.savez(
            path,
            terms=self.terms,
            starts=self.starts,
            columns=self.columns,
            values=self.values,
            idf=self.idf,
            texts=np.array(self.texts),
            mean_length=np.array(self.mean_length),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path, allow_pickle=False) as held:
            return cls(
                held["terms"],
                held["starts"],
                held["columns"],
                held["values"],
                held["idf"],
                int(held["texts"]),
                float(held["mean_length"]),
            )


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
