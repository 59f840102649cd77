"""How likely two questions ask the same: meaning, words and sound together, as a calibrated chance. Pure.

The vectors of the embedding model lie close together (two unrelated sentences have a cosine of 0.83), mostly along a
few directions that all short questions share. So they are whitened first by what questions of this base look like.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import yaml
from scipy import sparse

from knowledge.embedding import Vectors
from knowledge.errors import KnowledgeError
from knowledge.phonetic import syllable_terms
from knowledge.text import Codes, Owners, character_terms, normalise

PATH: Final = Path(__file__).with_name("likeness.yml")
_SHRINK: Final = 3.0
"""So many times the mean variance is added to every direction: the base is small, and its rare directions are noise."""
_BLOCK: Final = 512
_FLOOR: Final = 0.01
"""Chances below count as none: a table of all pairs of thousands of questions would be full of them."""

Matrix = Any
"""A `scipy.sparse` matrix in rows; scipy tells no types."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the logistic function. `meaning`, `words` and `sound` weigh cosines."""

    bias: float
    meaning: float
    words: float
    sound: float


@dataclass(frozen=True, slots=True)
class Learned:
    """`same_at`: mean chance from which groups of questions are one. `double_at`: from which one of two entries is one
    too many. `near_at`: from which an entry is worth a look beside a question that it does not answer."""

    weights: Weights
    same_at: float
    double_at: float
    near_at: float


def parse(data: Mapping[str, Any]) -> dict[str, Learned]:
    """Raises KnowledgeError: a number is missing or unknown."""
    try:
        return {
            name: Learned(
                Weights(**{key: float(value) for key, value in row["weights"].items()}),
                float(row["same_at"]),
                float(row["double_at"]),
                float(row["near_at"]),
            )
            for name, row in data.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KnowledgeError(f"likeness.yml: {error!r}") from error


@lru_cache(maxsize=1)
def load() -> dict[str, Learned]:
    """`model`: with the embedding model; `characters`: without."""
    return parse(yaml.safe_load(PATH.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Features:
    """Of a list of texts, one row each: unit vectors of meaning (None: no model), of words and of sounds."""

    meaning: Vectors | None
    words: Matrix
    sound: Matrix

    def cosines(self, rows: slice, columns: slice) -> list[npt.NDArray[np.float32]]:
        """Of meaning, words and sound, in this order."""
        shape = (len(range(*rows.indices(self.words.shape[0]))), len(range(*columns.indices(self.words.shape[0]))))
        meaning = np.zeros(shape, np.float32) if self.meaning is None else self.meaning[rows] @ self.meaning[columns].T
        sparse_ones = [(table[rows] @ table[columns].T).toarray() for table in (self.words, self.sound)]
        return [meaning, *sparse_ones]


def features(
    texts: Sequence[str], vectors: Vectors | None, base: Sequence[str], base_vectors: Vectors | None
) -> Features:
    """`base`: other questions (those of the published entries), which tell what is common; their vectors beside."""
    told = [normalise(text) for text in (*texts, *base)]
    whitened = None
    if vectors is not None:
        held = vectors if base_vectors is None or not len(base_vectors) else np.concatenate([vectors, base_vectors])
        whitened = _whitened(held)[: len(texts)]
    return Features(
        whitened, _weighed(character_terms, told)[: len(texts)], _weighed(syllable_terms, told)[: len(texts)]
    )


def chances(found: Features, weights: Weights) -> Matrix:
    """The chance of each pair that is not next to nothing; symmetric, nothing on the diagonal."""
    count = found.words.shape[0]
    rows: list[Matrix] = []
    for start in range(0, count, _BLOCK):
        block = slice(start, min(start + _BLOCK, count))
        table = _chance(found.cosines(block, slice(0, count)), weights)
        table[np.arange(table.shape[0]), np.arange(block.start, block.stop)] = 0.0
        table[table < _FLOOR] = 0.0
        rows.append(sparse.csr_matrix(table))
    return sparse.vstack(rows, format="csr") if rows else sparse.csr_matrix((0, 0), dtype=np.float32)


def between(found: Features, split: int, weights: Weights) -> npt.NDArray[np.float32]:
    """Chances of the texts before `split` (rows) with those from there on (columns)."""
    count = found.words.shape[0]
    return _chance(found.cosines(slice(0, split), slice(split, count)), weights)


def _chance(cosines: Sequence[npt.NDArray[np.float32]], weights: Weights) -> npt.NDArray[np.float32]:
    meaning, words, sound = cosines
    total = weights.bias + weights.meaning * meaning + weights.words * words + weights.sound * sound
    chance: npt.NDArray[np.float32] = (1.0 / (1.0 + np.exp(-total))).astype(np.float32)
    return chance


def _whitened(vectors: Vectors) -> Vectors:
    centred = vectors - vectors.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / max(len(centred), 1))
    variances = np.maximum(variances, 0.0)
    spread = np.sqrt(variances + _SHRINK * max(float(variances.mean()), 1e-12))
    turned = centred @ (directions / spread)
    unit: Vectors = (turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


def _weighed(cut: Callable[[Sequence[str]], tuple[Codes, Owners]], texts: Sequence[str]) -> Matrix:
    """Unit rows of terms: the root of how often each stands in the text, times how rare it is."""
    codes, owners = cut(texts)
    terms, columns = np.unique(codes, return_inverse=True)
    table = sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.float32), (owners, columns)), shape=(len(texts), max(len(terms), 1))
    )
    table.data = np.sqrt(table.data)
    holding = np.maximum(np.diff(table.tocsc().indptr), 1)
    table = table @ sparse.diags(np.log1p(len(texts) / holding).astype(np.float32))
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1))).ravel()
    return (sparse.diags((1.0 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ table).tocsr()
