"""Labelled letters in parts of which each is held out once, near-duplicates together.

Many people write about one matter, and one person writes again and again in nearly the same words: a letter whose like
was learned from says nothing about how well the next ones will be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csgraph
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import NearestNeighbors

NEAR_DUPLICATE: Final = 0.5  # cosine of character pairs, TF-IDF; two letters on one subject seldom reach it


def groups(texts: Sequence[str]) -> npt.NDArray[np.intp]:
    """A number for each text, the same for near-duplicates and for theirs."""
    pairs = TfidfVectorizer(analyzer="char", ngram_range=(2, 2), sublinear_tf=True, dtype=np.float32)
    matrix = pairs.fit_transform(texts)
    near = NearestNeighbors(radius=1.0 - NEAR_DUPLICATE, metric="cosine", algorithm="brute").fit(matrix)
    _, numbers = csgraph.connected_components(near.radius_neighbors_graph(matrix), directed=False)
    return np.asarray(numbers, dtype=np.intp)


def folds(texts: Sequence[str], strata: Sequence[str], *, count: int, seed: int = 0) -> list[npt.NDArray[np.intp]]:
    """The positions held out in each fold; every stratum is spread evenly, as far as its groups allow.

    Raises:
        ValueError: `count` is below two, or there are fewer texts of each stratum than folds.
    """
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    return [held_out for _, held_out in splitter.split(np.zeros(len(texts)), list(strata), groups(texts))]
