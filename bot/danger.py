"""Danger by meaning: sentence vectors of the embedding model, and a kernel machine that draws the border around them.

The guards (rules, letters, sounds) read words; this reader knows a danger told in words that stand in no list. It is
trained from the guards' own sentences at start, in a thread, and its numbers are kept in the data directory under a
hash of the sentences and the model's name. `joined` makes one probability of all readers.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from bot.guard_classifier import NONE, Data
from bot.guards_model import likeliest

_VERSION: Final = 2  # of what is kept; a change makes kept numbers stale
_STRENGTH: Final = 3.0  # C of the border between danger and none
_WIDTH: Final = 0.5  # gamma of its kernel, over the number of dimensions
_LINE_STRENGTH: Final = 20.0  # C of the choice of a line

# Weights of `joined`: a logistic regression over the readers' log odds on messages that no reader had learnt then: 108
# dangers (tests/conversations/kit/fresh_2026_11_27) and 471 openings without one (there, and at half weight in the
# older kits). In the order whole, part, understood, rule; the second set is for when no sentence vector can be had.
_WEIGHTS: Final = (0.46, 0.83, 0.25, 1.03)
_MEANING: Final = 1.67
_BEFORE: Final = -1.11
_WEIGHTS_ALONE: Final = (0.55, 0.87, 0.59, 0.96)
_BEFORE_ALONE: Final = -0.71
_LEAST: Final = 0.005  # no reader is believed to be surer than this
_LEAST_OF_LINE: Final = 0.02  # the same for lines


class SentenceEncoder(Protocol):
    """`knowledge.embedding.Encoder`."""

    name: str

    @property
    def available(self) -> bool: ...

    def queries(self, texts: Sequence[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Danger:
    """`score`: how far on the side of danger, about -2..2, 0 on the border; None where nothing could be read.
    `lines`: how probable each line is, were it a danger."""

    score: float | None = None
    lines: Mapping[str, float] = field(default_factory=dict)


def joined(*, whole: float, part: float, meaning: float | None, understood: float, by_rule: bool) -> float:
    """The probability of a danger, 0..1, from what every reader says.

    Args:
        whole, part: the guard's probabilities of the whole text and of its most alarming part.
        meaning: `Danger.score`.
        understood: the probability of the intent `emergency`.
        by_rule: whether a rule of the guard fired.
    """
    words = (_log_odds(whole), _log_odds(part), _log_odds(understood), float(by_rule))
    weights, score = _WEIGHTS_ALONE, _BEFORE_ALONE
    if meaning is not None:
        weights, score = _WEIGHTS, _BEFORE + _MEANING * meaning
    score += sum(weight * value for weight, value in zip(weights, words, strict=True))
    return 1 / (1 + math.exp(-score))


def line_of(guard: Mapping[str, float], meaning: Mapping[str, float]) -> str:
    """The line that letters, sounds and rules (`GuardFindings.lines`) and the reader of meaning agree on best.

    Neither overrules the other: on messages that neither had learnt from 0.97 right lines together, 0.93 when the rules
    came first (tests/conversations/kit/fresh_2026_11_27, before its messages were learnt).
    """
    return likeliest({line: value * (meaning.get(line, 0.0) + _LEAST_OF_LINE) for line, value in guard.items()})


def _log_odds(probability: float) -> float:
    held = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(held / (1 - held))


@dataclass(frozen=True, slots=True)
class _Learnt:
    """A vector x is scaled to z = (x - mean) / spread; its score is sum(dual * exp(-gamma |support - z|^2)) + bias."""

    mean: Any
    spread: Any
    support: Any
    dual: Any
    bias: float
    gamma: float
    labels: tuple[str, ...]
    line_weights: Any
    line_bias: Any

    @classmethod
    def learn(cls, vectors: Any, labels: Sequence[str]) -> _Learnt:
        truth = np.array(labels)
        mean, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-9
        scaled = (vectors - mean) / spread
        gamma = _WIDTH / vectors.shape[1]
        border = SVC(C=_STRENGTH, gamma=gamma).fit(scaled, truth != NONE)
        dangers = truth != NONE
        lines = LogisticRegression(C=_LINE_STRENGTH, max_iter=500, class_weight="balanced")
        lines.fit(vectors[dangers], truth[dangers])
        return cls(
            mean.astype(np.float32),
            spread.astype(np.float32),
            border.support_vectors_.astype(np.float32),
            border.dual_coef_[0].astype(np.float32),
            float(border.intercept_[0]),
            gamma,
            tuple(str(label) for label in lines.classes_),
            lines.coef_.astype(np.float32),
            lines.intercept_.astype(np.float32),
        )

    @classmethod
    def read(cls, path: Path) -> _Learnt:
        with np.load(path) as kept:
            return cls(
                kept["mean"],
                kept["spread"],
                kept["support"],
                kept["dual"],
                float(kept["bias"]),
                float(kept["gamma"]),
                tuple(str(label) for label in kept["labels"]),
                kept["line_weights"],
                kept["line_bias"],
            )

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half_done = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
        kept: dict[str, Any] = {name: np.asarray(getattr(self, name)) for name in self.__slots__}
        np.savez(half_done, **kept)
        os.replace(half_done, path)

    def score(self, vector: Any) -> float:
        away = self.support - (vector - self.mean) / self.spread
        return float(self.dual @ np.exp(-self.gamma * np.einsum("ij,ij->i", away, away)) + self.bias)

    def lines(self, vector: Any) -> dict[str, float]:
        odds = self.line_weights @ vector + self.line_bias
        shares = np.exp(odds - odds.max())
        return {label: float(share) for label, share in zip(self.labels, shares / shares.sum(), strict=True)}


class MeaningReader:
    """Immutable after loading. `read` encodes one sentence: call it off the event loop."""

    def __init__(self, encoder: SentenceEncoder, learnt: _Learnt) -> None:
        self._encoder = encoder
        self._learnt = learnt

    @classmethod
    def load(cls, encoder: SentenceEncoder, folder: Path, data: Data | None = None) -> MeaningReader:
        """The reader for this data and model; trained (about a minute of one core) where it is not kept yet."""
        examples = (data or Data.load()).emergency
        words = "\n".join(f"{label} {text}" for text, label in examples)
        settings = f"{_VERSION} {_STRENGTH} {_WIDTH} {_LINE_STRENGTH}"
        key = hashlib.sha256(f"{encoder.name}\n{settings}\n{words}".encode()).hexdigest()[:24]
        path = folder / f"danger-{key}.npz"
        if path.exists():
            return cls(encoder, _Learnt.read(path))
        vectors = np.asarray(encoder.queries([text for text, _ in examples]))
        learnt = _Learnt.learn(vectors, [label for _, label in examples])
        learnt.write(path)
        return cls(encoder, learnt)

    def read(self, text: str) -> Danger:
        vector = np.asarray(self._encoder.queries([text]))[0]
        return Danger(self._learnt.score(vector), self._learnt.lines(vector))
