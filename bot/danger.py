"""Danger by meaning and words together: a kernel machine on sentence vectors, letters and sounds.

The guards (rules, letters, sounds) read words; a sentence vector knows a danger told in words that stand in no list.
The vector is that of the model's last layer, made to find what is alike, and of its middle layer, which tells better
who does what.
One border is drawn through both: its kernel is the mean of a Gaussian of the vectors and of the cosine of the letters
and sounds. It is trained from the guards' own sentences at start, in a thread, and its numbers are kept in the data
directory under a hash of the sentences and the model's name. `joined` makes one probability of it, the guard and the
intent.
"""

from __future__ import annotations

import hashlib
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.svm import SVC

from base import files
from bot import guard_classifier
from bot.guard_classifier import NONE, Classifier, Data
from bot.guards_model import likeliest

_KEPT_FILES: Final = "danger-*.npz"
_VERSION: Final = 4  # of what is kept; a change makes kept numbers stale
_STRENGTH: Final = 3.0  # C of the border between danger and none
_WIDTH: Final = 0.5  # gamma of the vectors' kernel, over the number of dimensions
_VECTORS: Final = 0.5  # the share of the vectors in the kernel; the rest is that of letters and sounds
_LINE_STRENGTH: Final = 20.0  # C of the choice of a line
_BLOCK: Final = 512  # rows of the kernel that are made at once
_FIRST_ROWS: Final = 5_000  # texts that the first border is drawn through
_MORE_ROWS: Final = 3_000  # at most so many are added before it is drawn again: what bounds the memory
_SEED: Final = 12345  # of which these are
_PRECISION: Final = 0.01  # how far inside the margin a text may lie that was left out

# Weights of `joined`: half way between those of decision 0054 and a logistic regression over 2,900 first messages of
# measuring sets, which the readers had not learnt; that one misses more at as many alarms (decision 0056). The most
# alarming part counts little beside the whole: it is there for stories. The second set is for when no sentence vector
# can be had (decision 0028).
_WHOLE, _PART, _MEANING, _UNDERSTOOD, _RULE, _BEFORE = 0.6, 0.2, 1.6, 0.3, 1.7, -0.3
_PART_ALONE, _UNDERSTOOD_ALONE, _RULE_ALONE, _BEFORE_ALONE = 1.13, 0.2, 1.92, -0.71
_LEAST: Final = 0.005  # no reader is believed to be surer than this
_LEAST_OF_LINE: Final = 0.02  # the same for lines


class SentenceEncoder(Protocol):
    """`knowledge.embedding.Encoder`."""

    name: str

    @property
    def available(self) -> bool: ...

    def layers(self, texts: Sequence[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Danger:
    """`score`: how far on the side of danger, about -3..3, 0 on the border; None where nothing could be read.
    `lines`: how probable each line is, were it a danger."""

    score: float | None = None
    lines: Mapping[str, float] = field(default_factory=dict)


def joined(*, whole: float, part: float, meaning: float | None, understood: float, by_rule: bool) -> float:
    """The probability of a danger, 0..1.

    Args:
        whole: the guard's probability of the text.
        part: the guard's probability of the most alarming part of the text, which may be all of it.
        meaning: `Danger.score`.
        understood: the probability of the intent `emergency`.
        by_rule: whether a rule of the guard fired.
    """
    if meaning is None:
        score = _PART_ALONE * log_odds(part) + _UNDERSTOOD_ALONE * log_odds(understood)
        score += _RULE_ALONE * by_rule + _BEFORE_ALONE
    else:
        score = _WHOLE * log_odds(whole) + _PART * log_odds(part) + _MEANING * meaning
        score += _UNDERSTOOD * log_odds(understood) + _RULE * by_rule + _BEFORE
    return 1 / (1 + math.exp(-score))


def line_of(guard: Mapping[str, float], meaning: Mapping[str, float]) -> str:
    """The line that letters, sounds and rules (`GuardFindings.lines`) and the reader of meaning agree on best.

    Neither overrules the other: on messages that neither had learnt from 0.97 right lines together, 0.93 when the rules
    came first (tests/conversations/kit/fresh_2026_11_27, before its messages were learnt).
    """
    return likeliest({line: value * (meaning.get(line, 0.0) + _LEAST_OF_LINE) for line, value in guard.items()})


def log_odds(probability: float) -> float:
    """Of a reader's probability, which is never believed to be quite sure."""
    held = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(held / (1 - held))


def _unit(words: Any) -> Any:
    """Rows of letters and sounds, of length one."""
    return normalize(words, copy=False)


@dataclass(frozen=True, slots=True)
class _Learnt:
    """A vector x is scaled to z = (x - mean) / spread; with the letters and sounds t of a text its score is
    sum(dual * exp(-gamma |support - z|^2)) + words . t + bias."""

    mean: Any
    spread: Any
    support: Any
    dual: Any
    words: Any
    bias: float
    gamma: float
    labels: tuple[str, ...]
    line_weights: Any
    line_bias: Any
    lengths: Any = field(init=False, repr=False)  # |support|^2, so that a distance needs one product and no difference

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", np.einsum("ij,ij->i", self.support, self.support))

    @classmethod
    def learn(cls, vectors: Any, words: Any, labels: Sequence[str]) -> _Learnt:
        """`words`: `Classifier.features` of the same texts."""
        truth = np.array(labels)
        dangers = truth != NONE
        mean, spread = vectors.mean(axis=0), vectors.std(axis=0) + 1e-9
        scaled, words = (vectors - mean) / spread, _unit(words)
        gamma = _WIDTH / vectors.shape[1]
        support, dual, bias = _border(scaled, words, gamma, dangers)
        lines = LogisticRegression(C=_LINE_STRENGTH, max_iter=500, class_weight="balanced")
        lines.fit(vectors[dangers], truth[dangers])
        return cls(
            mean.astype(np.float32),
            spread.astype(np.float32),
            scaled[support].astype(np.float32),
            (_VECTORS * dual).astype(np.float32),
            ((1 - _VECTORS) * (words[support].T @ dual)).astype(np.float32),
            bias,
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
                kept["words"],
                float(kept["bias"]),
                float(kept["gamma"]),
                tuple(str(label) for label in kept["labels"]),
                kept["line_weights"],
                kept["line_bias"],
            )

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        half_done = path.with_name(f".{path.stem}.{os.getpid()}.part.npz")
        kept: dict[str, Any] = {part.name: np.asarray(getattr(self, part.name)) for part in fields(self) if part.init}
        np.savez(half_done, **kept)
        os.replace(half_done, path)

    def score(self, vector: Any, words: Any) -> float:
        scaled = (vector - self.mean) / self.spread
        away = self.lengths + scaled @ scaled - 2 * (self.support @ scaled)
        by_vector = self.dual @ np.exp(-self.gamma * np.maximum(away, 0.0))
        return float(by_vector + (_unit(words) @ self.words)[0] + self.bias)

    def lines(self, vector: Any) -> dict[str, float]:
        odds = self.line_weights @ vector + self.line_bias
        shares = np.exp(odds - odds.max())
        return {label: float(share) for label, share in zip(self.labels, shares / shares.sum(), strict=True)}


def _border(scaled: Any, words: Any, gamma: float, dangers: Any) -> tuple[Any, Any, float]:
    """The rows that hold the border between dangers and the rest, their weights, and the bias.

    A border is held by the texts beside it alone, a third of all. So it is drawn through some, then through those that
    held it and those that lie on its wrong side or too near, until there are none: what a border through all would be
    ("chunking", Vapnik 1982), with the memory of a kernel of about half the texts, 8 bytes for each pair.
    """
    side = np.where(dangers, 1.0, -1.0)
    chance = np.random.default_rng(_SEED)
    rows = np.sort(chance.permutation(len(side))[:_FIRST_ROWS])
    kernel = _kernel(scaled, words, rows, rows, gamma)
    while True:
        border = SVC(C=_STRENGTH, kernel="precomputed")
        border.fit(kernel, dangers[rows])
        support, dual, bias = rows[border.support_], border.dual_coef_[0], float(border.intercept_[0])
        left_out = np.setdiff1d(np.arange(len(side)), rows)
        blocks = np.array_split(left_out, len(left_out) // _BLOCK + 1)
        scores = np.concatenate([_alike(scaled, block, support, gamma) @ dual for block in blocks]) * _VECTORS + bias
        scores += (1 - _VECTORS) * (words[left_out] @ (words[support].T @ dual))
        wanted = left_out[side[left_out] * scores < 1 - _PRECISION]
        if not len(wanted):
            return support, dual, bias
        wanted = np.sort(chance.permutation(wanted)[:_MORE_ROWS])
        kernel = kernel[np.ix_(border.support_, border.support_)]  # the whole one is let go before the next is made
        kernel = _grown(kernel, scaled, words, support, wanted, gamma)
        rows = np.concatenate([support, wanted])


def _grown(kernel: Any, scaled: Any, words: Any, rows: Any, further: Any, gamma: float) -> Any:
    """The kernel of `rows` with that of `further` rows behind it."""
    held = len(rows)
    grown = np.empty((held + len(further), held + len(further)))
    grown[:held, :held] = kernel
    grown[:held, held:] = _kernel(scaled, words, rows, further, gamma)
    grown[held:, :held] = grown[:held, held:].T
    grown[held:, held:] = _kernel(scaled, words, further, further, gamma)
    return grown


def _kernel(scaled: Any, words: Any, rows: Any, others: Any, gamma: float) -> Any:
    """What texts have in common with others, each with each, 0..1."""
    kernel = _alike(scaled, rows, others, gamma)
    kernel *= _VECTORS
    other_words = words[others].T.tocsr()
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        kernel[block] += (1 - _VECTORS) * (words[rows[block]] @ other_words).toarray()
    return kernel


def _alike(scaled: Any, rows: Any, others: Any, gamma: float) -> Any:
    """The Gaussian of the distance between vectors, each with each."""
    some, rest = scaled[rows], scaled[others]
    lengths, other_lengths = np.einsum("ij,ij->i", some, some), np.einsum("ij,ij->i", rest, rest)
    alike = np.empty((len(some), len(rest)))
    for start in range(0, len(some), _BLOCK):
        block = slice(start, start + _BLOCK)
        away = lengths[block, None] + other_lengths[None] - 2 * some[block] @ rest.T
        np.exp(-gamma * np.maximum(away, 0.0), out=alike[block])
    return alike


class MeaningReader:
    """Immutable after loading. `read` encodes one sentence: call it off the event loop."""

    def __init__(self, encoder: SentenceEncoder, words: Classifier, learnt: _Learnt) -> None:
        self._encoder = encoder
        self._words = words
        self._learnt = learnt

    @classmethod
    def load(cls, encoder: SentenceEncoder, folder: Path, data: Data | None = None) -> MeaningReader:
        """The reader for this data and model; trained (one to four minutes, 2.5 GB more) where it is not kept yet."""
        examples = (data or guard_classifier.default_data()).emergency
        words = guard_classifier.prepare(folder) if data is None else Classifier(examples)
        sentences = "\n".join(f"{label} {text}" for text, label in examples)
        settings = f"{_VERSION} {_STRENGTH} {_WIDTH} {_VECTORS} {_LINE_STRENGTH}"
        key = hashlib.sha256(f"{encoder.name}\n{settings}\n{sentences}".encode()).hexdigest()[:24]
        path = folder / f"danger-{key}.npz"
        with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # missing or damaged: trained again
            return cls(encoder, words, _Learnt.read(path))
        reader = cls.learn(encoder, words, examples)
        reader._learnt.write(path)
        if data is None:
            files.keep_newest(folder, _KEPT_FILES)
        return reader

    @classmethod
    def learn(cls, encoder: SentenceEncoder, words: Classifier, examples: Sequence[tuple[str, str]]) -> MeaningReader:
        texts = [text for text, _ in examples]
        vectors = np.asarray(encoder.layers(texts))
        return cls(encoder, words, _Learnt.learn(vectors, words.features(texts), [label for _, label in examples]))

    def read(self, text: str) -> Danger:
        vector = np.asarray(self._encoder.layers([text]))[0]
        return Danger(self._learnt.score(vector, self._words.features([text])), self._learnt.lines(vector))
