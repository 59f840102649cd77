"""How often each word, and each pair of neighbouring words, stands in the texts of a knowledge base."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import jieba
import numpy as np

from knowledge.text import normalise

HAN: Final = re.compile(r"[㐀-鿿]+")
START: Final = "^"  # stands before the first word of each run of Chinese characters


@dataclass(frozen=True, slots=True)
class WordCounts:
    """Grows by `add`. Cutting is slow (some minutes of one core for 180,000 entries), so that it is kept on disk."""

    words: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            for run in HAN.findall(normalise(text)):
                words = jieba.lcut(run)
                self.words.update(words)
                self.pairs.update(zip([START, *words], words, strict=False))
                self.words[START] += 1

    def save(self, folder: Path) -> None:
        place = {word: number for number, word in enumerate(self.words)}
        (folder / "words.txt").write_text("\n".join(place), encoding="utf-8")
        np.save(folder / "words.npy", np.fromiter(self.words.values(), dtype=np.int64, count=len(place)))
        pairs = [(place[first], place[second], count) for (first, second), count in self.pairs.items()]
        np.save(folder / "word-pairs.npy", np.array(pairs, dtype=np.int32).reshape(-1, 3))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises OSError, ValueError: a file is missing or does not fit the others."""
        words = (folder / "words.txt").read_text(encoding="utf-8").split("\n")
        counts = np.load(folder / "words.npy").tolist()
        pairs = np.load(folder / "word-pairs.npy").tolist()
        return cls(
            Counter(dict(zip(words, counts, strict=True))),
            Counter({(words[first], words[second]): count for first, second, count in pairs}),
        )
