"""A yes or no that is read off a question's sentence vector: a logistic regression taught by sentences of ours.

The few numbers of a reader are kept beside its data for the embedding model that comes with the product; for another
model it is learned at the first start and kept in the data directory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from knowledge.embedding import Encoder, Vectors

STRENGTH: Final = 1.0  # of the regression; 0.3 to 10 made no difference
SCALE: Final = 4.0  # e5 vectors lie close together: their differences are small numbers
_FOLDS: Final = 5

Told = Sequence[tuple[str, bool]]
"""Sentences, and whether each is of the kind that is read."""


@dataclass(frozen=True, slots=True)
class SentenceReader:
    """Immutable. `mean` is the mean vector of the examples, `weights` and `bias` those of the log-odds."""

    mean: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    bias: float

    @classmethod
    def learn(cls, vectors: Vectors, wanted: npt.NDArray[np.bool_]) -> Self:
        mean = vectors.mean(axis=0)
        model = LogisticRegression(C=STRENGTH, max_iter=2000, class_weight="balanced")
        model.fit((vectors - mean) * SCALE, wanted)
        return cls(mean, (model.coef_[0] * SCALE).astype(np.float32), float(model.intercept_[0]))

    @classmethod
    def load(cls, encoder: Encoder, told: Callable[[], Told], *, key: str, places: Sequence[Path]) -> Self:
        """The reader that one of `places` keeps under `key`; else learned (some ten seconds of one core) and kept in
        the last of them. Blocking."""
        for path in places:
            if path.is_file():
                with np.load(path, allow_pickle=False) as kept:
                    if str(kept["key"]) == key:
                        return cls(kept["mean"], kept["weights"], float(kept["bias"]))
        examples = told()
        reader = cls.learn(encoder.queries([text for text, _ in examples]), np.array([yes for _, yes in examples]))
        reader.save(places[-1], key)
        return reader

    def save(self, path: Path, key: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half_done = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
        np.savez(half_done, mean=self.mean, weights=self.weights, bias=np.array(self.bias), key=np.array(key))
        os.replace(half_done, path)

    def odds(self, vector: Vectors) -> float:
        """Log-odds; above 0: more likely than not."""
        return float((vector - self.mean) @ self.weights + self.bias)


def key_of(model: str, data: bytes) -> str:
    """Changes with the embedding model, the data and how a reader learns."""
    return sha256(f"{model}\n{STRENGTH} {SCALE}\n".encode() + data).hexdigest()[:24]


def out_of_fold(vectors: Vectors, wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The log-odds of each example by a reader that has not seen it."""
    fold = np.random.default_rng(0).permutation(len(wanted)) % _FOLDS
    found = np.zeros(len(wanted))
    for number in range(_FOLDS):
        reader = SentenceReader.learn(vectors[fold != number], wanted[fold != number])
        found[fold == number] = [reader.odds(vector) for vector in vectors[fold == number]]
    return found
