"""How near texts are: with the embedding model's vectors, words and sound, or without a model by the last two alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from knowledge.embedding import Encoder, Vectors, VectorStore, encode_missing, held_vectors
from knowledge.mining import likeness
from knowledge.mining.likeness import Features, Learned, Matrix

_BASE_MOST: Final = 3_000


@dataclass(frozen=True, slots=True)
class Meaning:
    """Everything here may block: what was not encoded before is encoded, and held on disk under its hash."""

    encoder: Encoder | None = None
    store: VectorStore | None = None

    @property
    def learned(self) -> Learned:
        return likeness.load()["characters" if self.encoder is None or self.store is None else "model"]

    def features(self, texts: Sequence[str], base: Sequence[str] = ()) -> Features:
        """`base`: the standard questions of the published entries, which tell what is common to all questions."""
        some = base[:: max(1, -(-len(base) // _BASE_MOST))]
        return likeness.features(texts, self._vectors(texts), some, self._vectors(some))

    def chances(self, texts: Sequence[str], base: Sequence[str] = ()) -> Matrix:
        """A symmetric sparse table: how likely each two of the texts ask the same."""
        return likeness.chances(self.features(texts, base), self.learned.weights)

    def nearest(self, texts: Sequence[str], others: Sequence[str]) -> list[int | None]:
        """For each text the place of the likeliest of the others, None where none is worth a look."""
        if not others:
            return [None] * len(texts)
        found = self.features([*texts, *others])
        near: list[int | None] = []
        for row in likeness.between(found, len(texts), self.learned.weights):
            best = int(np.argmax(row))
            near.append(best if row[best] >= self.learned.near_at else None)
        return near

    def _vectors(self, texts: Sequence[str]) -> Vectors | None:
        if self.encoder is None or self.store is None or not texts:
            return None
        encode_missing(self.encoder, self.store, texts)
        return held_vectors(self.store, self.encoder.name, texts)[0].astype(np.float32)
