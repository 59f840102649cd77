"""Which class a citizen's letter belongs to, learned from letters that people have labelled.

Two letters are alike by what is written (character 1-3-grams, TF-IDF) and by what is meant (sentence vectors of the
embedding model: of the title, and of the whole). Both likenesses are averaged into one kernel, on which a ridge
regression of each class against the rest is solved exactly. For some ten thousand letters: memory grows with their
square (the table of ten thousand takes 400 MB), time with their third power. A reader that was fine-tuned on the same
letters may have a say besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import numpy as np
import numpy.typing as npt
from scipy import linalg

from base.text_model import TextFeatures

Floats = npt.NDArray[np.float32]

# Chosen by cross-validation (decision 0051). Neighbouring values differ by less than the folds do.
_MEANING_SHARE: Final = 0.5
_PENALTY: Final = 0.2
_TUNED_WEIGHT: Final = 0.2  # of log probabilities, beside scores from about -1 to 1
_TITLE_WEIGHT: Final = 2  # a title is repeated: it names the matter, the body tells its story
_OPENING_CHARACTERS: Final = 30  # stands for the title of a letter without one
_WINDOW_CHARACTERS: Final = 200
_WINDOWS: Final = 3
_LEAST_WINDOW_CHARACTERS: Final = 40  # a shorter rest says little for what it costs
_ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """`title` may be empty."""

    title: str
    body: str

    @property
    def written(self) -> str:
        return f"{self.title}。" * _TITLE_WEIGHT + self.body if self.title else self.body

    @property
    def heading(self) -> str:
        return self.title or self.body[:_OPENING_CHARACTERS]

    @property
    def windows(self) -> list[str]:
        """Pieces of title and body, from the beginning; one at least."""
        text = f"{self.title}。{self.body}" if self.title else self.body
        starts = range(0, _WINDOWS * _WINDOW_CHARACTERS, _WINDOW_CHARACTERS)
        pieces = [text[start : start + _WINDOW_CHARACTERS] for start in starts]
        return [pieces[0], *(piece for piece in pieces[1:] if len(piece) >= _LEAST_WINDOW_CHARACTERS)]


class SentenceVectors(Protocol):
    """Unit vectors of texts, one row each: the embedding model, perhaps with a store of what it encoded before."""

    def __call__(self, texts: Sequence[str]) -> Floats: ...


class LetterReader(Protocol):
    """A second reader, which learns from the same letters (`workorders.letter_tuning`)."""

    def fit(self, letters: Sequence[Letter], labels: Sequence[str]) -> object: ...

    def log_probabilities(self, letters: Sequence[Letter]) -> Floats:
        """Natural logarithms, letters × sorted classes."""
        ...


class LetterModel:
    """Fit once, then `answers`.

    Args:
        vectors: None: there is no embedding model, and only what is written is compared.
        tuned: learns with this model and adds to its scores; None: likeness decides alone.
    """

    def __init__(self, vectors: SentenceVectors | None, *, tuned: LetterReader | None = None) -> None:
        self._vectors = vectors
        self._tuned = tuned
        self._features = TextFeatures(sound_weight=0.0, least=2)
        self._written: Any = None
        self._headings, self._wholes = _Centred(), _Centred()
        self._meant: Floats | None = None
        self._weights: Floats | None = None
        self.classes: tuple[str, ...] = ()

    def fit(self, letters: Sequence[Letter], labels: Sequence[str]) -> LetterModel:
        if self._tuned is not None:  # first: it takes long, and may find that its model is missing
            self._tuned.fit(letters, labels)
        self._written = self._features.fit_transform([letter.written for letter in letters])
        self._meant = self._meaning(letters, fit=True)
        self.classes = tuple(sorted(set(labels)))
        truth = np.array(labels)[:, np.newaxis] == np.array(self.classes)
        kernel = self._kernel(self._written, self._meant)
        kernel[np.diag_indices_from(kernel)] += _PENALTY
        targets = np.where(truth, np.float32(1), np.float32(-1))
        # The kernel is its own transpose; seen so it lies as LAPACK wants it, and is not copied.
        factor = linalg.cho_factor(kernel.T, overwrite_a=True, check_finite=False)
        self._weights = linalg.cho_solve(factor, targets, check_finite=False)
        return self

    def answers(self, letters: Sequence[Letter]) -> list[str]:
        """The likeliest class of each.

        Raises:
            RuntimeError: the model was not trained.
        """
        if self._weights is None:
            raise RuntimeError("LetterModel.fit() was not called")
        written = self._features.transform([letter.written for letter in letters])
        scores = self._kernel(written, self._meaning(letters, fit=False)) @ self._weights
        if self._tuned is not None:
            scores += _TUNED_WEIGHT * self._tuned.log_probabilities(letters)
        return [self.classes[index] for index in scores.argmax(axis=1)]

    def _kernel(self, written: Any, meant: Floats | None) -> Floats:
        """Likeness (0..1) to each letter that was learned from, and 1 more, which stands for the intercept."""
        kernel = np.empty((written.shape[0], self._written.shape[0]), dtype=np.float32)
        for start in range(0, len(kernel), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            part = (written[rows] @ self._written.T).toarray()
            if meant is not None and self._meant is not None:
                # Two unit vectors a letter: their dot product of 2 at most makes this a Gaussian kernel on both.
                part *= 1.0 - _MEANING_SHARE
                part += _MEANING_SHARE * np.exp(meant[rows] @ self._meant.T - 2.0)
            kernel[rows] = part + 1.0
        return kernel

    def _meaning(self, letters: Sequence[Letter], *, fit: bool) -> Floats | None:
        """The vectors of title and whole, one after the other."""
        if self._vectors is None:
            return None
        windows = [letter.windows for letter in letters]
        vectors = self._vectors([letter.heading for letter in letters] + [piece for some in windows for piece in some])
        headings, pieces = vectors[: len(letters)], vectors[len(letters) :]
        starts = np.cumsum([0, *(len(some) for some in windows[:-1])])
        wholes = _unit(np.add.reduceat(pieces, starts, axis=0))
        if fit:
            self._headings.fit(headings)
            self._wholes.fit(wholes)
        return np.concatenate([self._headings.of(headings), self._wholes.of(wholes)], axis=1)


class _Centred:
    """Sentence vectors all lie in one narrow cone: without their mean they tell letters apart."""

    def __init__(self) -> None:
        self._mean: Floats = np.zeros(1, dtype=np.float32)

    def fit(self, vectors: Floats) -> None:
        self._mean = vectors.mean(axis=0)

    def of(self, vectors: Floats) -> Floats:
        return _unit(vectors - self._mean)


def _unit(vectors: Floats) -> Floats:
    return cast("Floats", vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))
