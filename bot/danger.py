"""A second opinion on danger by meaning: sentence vectors of the embedding model and a logistic regression.

The guards (rules, letters, sounds) decide alone whenever they are sure. Where they are in doubt this reader is asked:
it knows a danger told in words that stand in no list. It is trained from the guards' own sentences at start, in a
thread, and its few numbers are kept in the data directory under a hash of the sentences and the model's name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from sklearn.linear_model import LogisticRegression

from bot.guard_classifier import NONE, Data

_STRENGTH: Final = 20.0
_BATCH: Final = 64


class SentenceEncoder(Protocol):
    """`knowledge.embedding.Encoder`."""

    name: str

    @property
    def available(self) -> bool: ...

    def queries(self, texts: Sequence[str]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Danger:
    """How probable a danger is, 0..1, and the line it would belong to; 0 and empty where nothing is known."""

    probability: float = 0.0
    line: str = ""


class MeaningReader:
    """Immutable after loading. `read` encodes one sentence: call it off the event loop."""

    def __init__(self, encoder: SentenceEncoder, labels: Sequence[str], weights: Any, bias: Any) -> None:
        self._encoder = encoder
        self._labels = tuple(labels)
        self._weights = weights
        self._bias = bias

    @classmethod
    def load(cls, encoder: SentenceEncoder, folder: Path, data: Data | None = None) -> MeaningReader:
        """The reader for this data and model; trained (some ten seconds) where it is not kept yet."""
        examples = (data or Data.load()).emergency
        words = "\n".join(f"{label} {text}" for text, label in examples)
        key = hashlib.sha256(f"{encoder.name}\n{_STRENGTH}\n{words}".encode()).hexdigest()[:24]
        path = folder / f"danger-{key}.npz"
        if path.exists():
            with np.load(path) as kept:
                return cls(encoder, [str(label) for label in kept["labels"]], kept["weights"], kept["bias"])
        vectors = np.concatenate(
            [
                np.asarray(encoder.queries([text for text, _ in examples[start : start + _BATCH]]))
                for start in range(0, len(examples), _BATCH)
            ]
        )
        model = LogisticRegression(C=_STRENGTH, max_iter=500, class_weight="balanced")
        model.fit(vectors, [label for _, label in examples])
        labels = [str(label) for label in model.classes_]
        weights, bias = np.asarray(model.coef_), np.asarray(model.intercept_)
        folder.mkdir(parents=True, exist_ok=True)
        half_done = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
        np.savez(half_done, labels=np.array(labels), weights=weights, bias=bias)
        os.replace(half_done, path)
        return cls(encoder, labels, weights, bias)

    def read(self, text: str) -> Danger:
        vector = np.asarray(self._encoder.queries([text]))[0]
        scores = self._weights @ vector + self._bias
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        none = self._labels.index(NONE)
        line = max((float(share), label) for share, label in zip(shares, self._labels, strict=True) if label != NONE)
        return Danger(1.0 - float(shares[none]), line[1])
