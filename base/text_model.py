"""A small linear text classifier: characters and sounds, one-against-rest least squares, probabilities by temperature.

Trains on thousands of short texts in a second or two, reads one in about two milliseconds, knows homophones.
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
        characters = self._characters.transform(texts)
        if not self._sound_weight:
            return characters
        return sparse.hstack([characters, self._sounds.transform(texts) * self._sound_weight], format="csr")


class TextModel:
    """Fit once, then `probabilities`; safe to share between threads."""

    def __init__(self, features: TextFeatures | None = None, *, alpha: float = 1.0) -> None:
        self._features = features or TextFeatures()
        self._alpha = alpha
        self._weights: Floats | None = None
        self._intercept: Floats = np.zeros(1)
        self.classes: tuple[str, ...] = ()
        self.temperature = 0.1

    def fit(self, texts: Sequence[str], labels: Sequence[str], *, telling: Sequence[bool] | None = None) -> TextModel:
        """Train on all `texts`; the temperature is found on a quarter of those that are `telling` (all by default).

        `telling` is false for rows that repeat others (a leaf's examples joined): held out or not, they would make the
        model look surer than it is, so they take no part in finding the temperature.
        """
        matrix = self._features.fit_transform(texts)
        truth = np.array(labels)
        self.classes = tuple(str(name) for name in np.unique(truth))
        rows = np.flatnonzero(np.ones(len(truth), dtype=bool) if telling is None else np.array(telling))
        np.random.default_rng(0).shuffle(rows)
        held_out, kept = rows[: max(1, len(rows) // 4)], rows[max(1, len(rows) // 4) :]
        part = RidgeClassifier(alpha=self._alpha).fit(matrix[kept], truth[kept])
        known = np.isin(truth[held_out], part.classes_)
        if len(part.classes_) > 2 and known.any():
            scores = part.decision_function(matrix[held_out[known]])
            self.temperature = _best_temperature(scores, np.searchsorted(part.classes_, truth[held_out[known]]))
        model = RidgeClassifier(alpha=self._alpha).fit(matrix, truth)
        # One row a feature: scipy would otherwise copy the whole table for each text.
        self._weights = np.ascontiguousarray(np.atleast_2d(model.coef_).T)
        self._intercept = np.atleast_1d(model.intercept_)
        return self

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """One row a text, columns in the order of `classes`.

        Raises:
            RuntimeError: the model was not trained.
        """
        if self._weights is None:
            raise RuntimeError("TextModel.fit() was not called")
        scores = self._features.transform(texts) @ self._weights + self._intercept
        if scores.shape[1] == 1:  # two classes: one column, its sign tells
            scores = np.concatenate([-scores, scores], axis=1)
        return softmax(scores / self.temperature)


def softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return cast("Floats", powers / powers.sum(axis=1, keepdims=True))


def _best_temperature(scores: Floats, truth: npt.NDArray[np.intp]) -> float:
    rows = np.arange(len(truth))
    candidates = np.geomspace(0.02, 1.0, 24)
    losses = [-np.log(softmax(scores / t)[rows, truth] + 1e-9).mean() for t in candidates]
    return float(candidates[int(np.argmin(losses))])
