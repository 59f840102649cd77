"""A small linear text classifier: characters and sounds, one-against-rest least squares, probabilities by temperature.

Trains on thousands of short texts in a second or two, reads one in half a millisecond, knows homophones.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import RidgeClassifier

from base import tfidf_rows
from base.pinyin import spell_numbers, syllables

Floats = npt.NDArray[np.float64]
_SOUND_WEIGHT: Final = 0.5
_READ_CHARACTERS: Final = 600


def sounds(text: str) -> list[str]:
    """Syllables and pairs of them."""
    row = list(syllables(text[:_READ_CHARACTERS]))
    return row + [f"{first} {second}" for first, second in pairwise(row)]


class TextFeatures:
    """Character 1-3-grams and, at half weight, syllable 1-2-grams; both TF-IDF."""

    def __init__(self, *, sound_weight: float = _SOUND_WEIGHT, longest: int = 3, least: int = 1) -> None:
        self._sound_weight = sound_weight
        self._characters = TfidfVectorizer(
            analyzer="char",
            ngram_range=(1, longest),
            min_df=least,
            preprocessor=spell_numbers,
            sublinear_tf=True,
            dtype=np.float32,
        )
        self._sounds = TfidfVectorizer(analyzer=sounds, min_df=least, sublinear_tf=True, dtype=np.float32)

    def fit_transform(self, texts: Sequence[str]) -> Any:
        characters = self._characters.fit_transform(texts)
        if not self._sound_weight:
            return characters
        return sparse.hstack([characters, self._sounds.fit_transform(texts) * self._sound_weight], format="csr")

    def transform(self, texts: Sequence[str]) -> Any:
        characters = tfidf_rows.transform(self._characters, texts)
        if not self._sound_weight:
            return characters
        return sparse.hstack([characters, tfidf_rows.transform(self._sounds, texts) * self._sound_weight], format="csr")


class LinearModel:
    """The classifier over features that were made already. Fit once, then `probabilities`; threads may share it.

    Args:
        alpha: the penalty of large weights.
        tolerance: how exactly the weights are found; with hundreds of classes a tenth of the time at 0.001.
    """

    def __init__(self, *, alpha: float = 1.0, tolerance: float = 1e-4) -> None:
        self._alpha = alpha
        self._tolerance = tolerance
        self._weights: Floats | None = None
        self._intercept: Floats = np.zeros(1)
        self.classes: tuple[str, ...] = ()
        self.temperature = 0.1

    def fit(self, matrix: Any, labels: Sequence[str], *, telling: Sequence[bool] | None = None) -> LinearModel:
        """Train on all rows of `matrix`; the temperature is found on a quarter of those that are `telling` (all by
        default).

        `telling` is false for rows that repeat others (a leaf's examples joined): held out or not, they would make the
        model look surer than it is, so they take no part in finding the temperature.
        """
        truth = np.array(labels)
        self.classes = tuple(str(name) for name in np.unique(truth))
        rows = np.flatnonzero(np.ones(len(truth), dtype=bool) if telling is None else np.array(telling))
        np.random.default_rng(0).shuffle(rows)
        held_out, kept = rows[: max(1, len(rows) // 4)], rows[max(1, len(rows) // 4) :]
        part = self._ridge().fit(matrix[kept], truth[kept])
        known = np.isin(truth[held_out], part.classes_)
        if len(part.classes_) > 2 and known.any():
            scores = part.decision_function(matrix[held_out[known]])
            self.temperature = _best_temperature(scores, np.searchsorted(part.classes_, truth[held_out[known]]))
        model = self._ridge().fit(matrix, truth)
        # One row a feature: scipy would otherwise copy the whole table for each text.
        self._weights = np.ascontiguousarray(np.atleast_2d(model.coef_).T)
        self._intercept = np.atleast_1d(model.intercept_)
        return self

    def _ridge(self) -> RidgeClassifier:
        return RidgeClassifier(alpha=self._alpha, tol=self._tolerance)

    def probabilities(self, matrix: Any) -> Floats:
        """One row a text, columns in the order of `classes`.

        Raises:
            RuntimeError: the model was not trained.
        """
        if self._weights is None:
            raise RuntimeError("fit() was not called")
        scores = matrix @ self._weights + self._intercept
        if scores.shape[1] == 1:  # two classes: one column, its sign tells
            scores = np.concatenate([-scores, scores], axis=1)
        return softmax(scores / self.temperature)


class TextModel:
    """The same over texts."""

    def __init__(self, features: TextFeatures | None = None, *, alpha: float = 1.0) -> None:
        self._features = features or TextFeatures()
        self._model = LinearModel(alpha=alpha)

    @property
    def classes(self) -> tuple[str, ...]:
        return self._model.classes

    @property
    def temperature(self) -> float:
        return self._model.temperature

    def fit(self, texts: Sequence[str], labels: Sequence[str], *, telling: Sequence[bool] | None = None) -> TextModel:
        """See `LinearModel.fit`."""
        self._model.fit(self._features.fit_transform(texts), labels, telling=telling)
        return self

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """One row a text, columns in the order of `classes`.

        Raises:
            RuntimeError: the model was not trained.
        """
        return self._model.probabilities(self._features.transform(texts))


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return cast("Floats", powers / powers.sum(axis=1, keepdims=True))


def _best_temperature(scores: Floats, truth: npt.NDArray[np.intp]) -> float:
    rows = np.arange(len(truth))
    candidates = np.geomspace(0.02, 1.0, 24)
    losses = [-np.log(softmax(scores / t)[rows, truth] + 1e-9).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])
