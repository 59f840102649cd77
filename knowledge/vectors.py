"""Cosines of a query with many texts: exact up to a size, quantised above it, where exact ones cost too much."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Self

import faiss
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Stored = npt.NDArray[np.float32] | npt.NDArray[np.float16]
Places = npt.NDArray[np.int64]

EXACT_LIMIT: Final = 100_000  # vectors: 384 float32 each are 150 MB, and 15 ms of one core a query
NEAREST: Final = 2_000  # of a quantised collection; several wordings of one item may be among them
LISTS_PER_ROOT: Final = 2  # inverted lists = this times the square root of the number of vectors
PROBES: Final = 48
_TRAINING_PER_LIST: Final = 40  # faiss warns below 39


class VectorTable:
    """Immutable. Rows are unit vectors, so that inner products are cosines.

    Args:
        vectors: one row a text, of 16 or 32 bits. exact_limit: with more rows than this, one byte a component in
        inverted lists.
    """

    def __init__(self, vectors: Stored, *, exact_limit: int = EXACT_LIMIT) -> None:
        self._count = len(vectors)
        self._exact: Floats | None = None
        self._lists: faiss.IndexIVFScalarQuantizer | None = None
        if len(vectors) <= exact_limit:
            self._exact = np.ascontiguousarray(vectors, dtype=np.float32)
        else:
            self._lists = _quantised(vectors)

    def save(self, folder: Path, name: str) -> None:
        if self._exact is not None:
            np.save(folder / f"{name}.npy", self._exact)
            return
        assert self._lists is not None
        try:
            faiss.write_index(self._lists, str(folder / f"{name}.faiss"))
        except RuntimeError as error:  # faiss knows no other
            raise OSError(f"{name} cannot be written: {error}") from error

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """What `save` wrote: exact rows are mapped, a quantised table is read.

        Raises:
            OSError, ValueError, RuntimeError: a file is missing or is no such table.
        """
        table = cls(np.zeros((0, 1), dtype=np.float32))
        quantised = folder / f"{name}.faiss"
        if quantised.is_file():
            lists = faiss.read_index(str(quantised))
            table._exact, table._lists, table._count = None, lists, lists.ntotal  # type: ignore[assignment]
        else:
            table._exact = np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
            table._count = len(table._exact)
        return table

    def __len__(self) -> int:
        return self._count

    @property
    def quantised(self) -> bool:
        return self._lists is not None

    def nearest(self, vector: Floats) -> tuple[Places, Floats]:
        """Rows and their cosines: every row of an exact table, the nearest `NEAREST` or fewer of a quantised one."""
        if self._exact is not None:
            return np.arange(self._count), self._exact @ vector
        assert self._lists is not None
        scores, places = self._lists.search(vector.reshape(1, -1), min(NEAREST, self._count))
        found = places[0] >= 0
        return places[0][found], scores[0][found]

    def exact(self) -> Floats:
        """The rows themselves. ValueError: the table is quantised."""
        if self._exact is None:
            raise ValueError("a quantised table does not hold its rows exactly")
        return self._exact

    def rows(self, places: Places) -> Floats:
        """Some of the vectors, as they are held."""
        if self._exact is not None:
            return self._exact[places]
        assert self._lists is not None
        held: Floats = self._lists.reconstruct_batch(places)
        return held

    def cosines_of(self, vector: Floats, rows: Places) -> Floats:
        """Of given rows only."""
        cosines: Floats = self.rows(rows) @ vector
        return cosines


class LaterVectors:
    """A table and the vectors of a few later rows behind it, which are always exact."""

    def __init__(self, base: VectorTable, later: Floats) -> None:
        self._base, self._later = base, np.ascontiguousarray(later, dtype=np.float32)

    def __len__(self) -> int:
        return len(self._base) + len(self._later)

    @property
    def quantised(self) -> bool:
        return self._base.quantised

    def nearest(self, vector: Floats) -> tuple[Places, Floats]:
        """As `VectorTable.nearest`; every later row is among them."""
        places, cosines = self._base.nearest(vector)
        behind = np.arange(len(self._later)) + len(self._base)
        return np.concatenate([places, behind]), np.concatenate([cosines, self._later @ vector])

    def rows(self, places: Places) -> Floats:
        """As `VectorTable.rows`."""
        held = np.empty((len(places), self._later.shape[1]), dtype=np.float32)
        later = places >= len(self._base)
        if not later.all():
            held[~later] = self._base.rows(places[~later])
        held[later] = self._later[places[later] - len(self._base)]
        return held

    def cosines_of(self, vector: Floats, rows: Places) -> Floats:
        """As `VectorTable.cosines_of`."""
        cosines: Floats = self.rows(rows) @ vector
        return cosines


def _quantised(vectors: Stored) -> faiss.IndexIVFScalarQuantizer:
    width = vectors.shape[1]
    lists = max(1, round(LISTS_PER_ROOT * len(vectors) ** 0.5))
    coarse = faiss.IndexFlatIP(width)
    index = faiss.IndexIVFScalarQuantizer(
        coarse, width, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.niter = 8
    sample = np.random.default_rng(0).choice(len(vectors), min(len(vectors), lists * _TRAINING_PER_LIST), replace=False)
    index.train(np.ascontiguousarray(vectors[np.sort(sample)], dtype=np.float32))
    for start in range(0, len(vectors), 65_536):
        index.add(np.ascontiguousarray(vectors[start : start + 65_536], dtype=np.float32))
    index.nprobe = PROBES
    index.make_direct_map()
    return index
