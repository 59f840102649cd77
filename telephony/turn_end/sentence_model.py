"""Are these words a whole sentence? A small linear model over the end of the recognised text.

Features are the last one to four characters, the first ones, the whole text where it is short, and the length; their
weights are looked up by hash. Trained at set-up from our own sentences cut at random places (`sentence_training`), so
it knows what callers of a hotline say. Reading takes some ten microseconds; no library but numpy is needed.
"""

from __future__ import annotations

import math
import re
import zlib
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from telephony.errors import TelephonyError

FILE_NAME: Final = "sentences.npz"
BUCKETS: Final = 1 << 15

_NO_WORDS: Final = re.compile(r"[^\u4e00-\u9fffa-zA-Z0-9]+")
_LONGEST_SUFFIX: Final = 4
_SHORT_CHARACTERS: Final = 6
_LONGEST_LENGTH: Final = 12


def bare(text: str) -> str:
    """Without punctuation: a recogniser puts a full stop behind everything."""
    return _NO_WORDS.sub("", text)


def features(text: str) -> list[int]:
    """Buckets of the text's features, each once."""
    words = "^" + bare(text)
    found = [f"e{words[-size:]}" for size in range(1, _LONGEST_SUFFIX + 1) if len(words) >= size]
    found += [f"p{words[-3:-1]}", f"l{min(len(words) - 1, _LONGEST_LENGTH)}"]
    if len(words) - 1 <= _SHORT_CHARACTERS:
        found.append(f"w{words}")
    found += [f"b{words[1 : 1 + size]}" for size in (1, 2) if len(words) > size + 2]
    return sorted({zlib.crc32(feature.encode()) % BUCKETS for feature in found})


class SentenceModel:
    """Safe to share."""

    def __init__(self, weights: npt.NDArray[np.float32], bias: float) -> None:
        if weights.shape != (BUCKETS,):
            raise ValueError(f"{BUCKETS} weights are needed, not {weights.shape}")
        self._weights = weights
        self._bias = bias

    @classmethod
    def load(cls, directory: Path) -> SentenceModel:
        """
        Raises:
            TelephonyError: the model is missing or was made for other features.
        """
        path = directory / FILE_NAME
        try:
            with np.load(path) as stored:
                return cls(stored["weights"].astype(np.float32), float(stored["bias"]))
        except (OSError, ValueError, KeyError) as error:
            raise TelephonyError(f"no model of whole sentences at {path}: {error}") from error

    def save(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        unfinished = directory / f".{FILE_NAME}"
        with unfinished.open("wb") as file:
            np.savez_compressed(file, weights=self._weights, bias=np.float32(self._bias))
        unfinished.replace(directory / FILE_NAME)

    def finished(self, text: str) -> float:
        """The probability that the text is whole; 0.5 is no opinion, which is also what an empty text gets."""
        if not bare(text):
            return 0.5
        score = self._bias + float(self._weights[features(text)].sum())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
