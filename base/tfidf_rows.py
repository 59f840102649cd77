"""A few texts as TF-IDF rows: what scikit-learn's `transform` gives, without what it checks at each call.

For one sentence a tenth of the time, and a turn of the dialogue reads a sentence with four such vectorizers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

_FEW: Final = 16  # texts; scikit-learn is as fast with more


def transform(fitted: TfidfVectorizer, texts: Sequence[str]) -> Any:
    """`fitted.transform(texts)`, a sparse matrix of one row a text.

    Args:
        fitted: a vectorizer with its own vocabulary, rows of length one, `use_idf` and `sublinear_tf`.

    Raises:
        sklearn.exceptions.NotFittedError: it was not fitted.
    """
    if len(texts) > _FEW:
        return fitted.transform(texts)
    rows = _ROWS.get(fitted)
    if rows is None:
        rows = _ROWS[fitted] = _Rows(fitted)
    return rows.of(texts)


class _Rows:
    def __init__(self, fitted: TfidfVectorizer) -> None:
        if not (fitted.sublinear_tf and fitted.use_idf and fitted.norm == "l2" and not fitted.binary):
            raise ValueError("only rows of length one, with idf and the logarithm of counts, are made here")
        self._weights = np.asarray(fitted.idf_)  # raises where it was not fitted
        # Of a copy: what is held here must not hold the vectorizer that it is found by, which else would never go.
        self._analyse: Callable[[str], Iterable[str]] = copy(fitted).build_analyzer()
        self._vocabulary: dict[str, int] = fitted.vocabulary_
        self._type = fitted.dtype

    def of(self, texts: Sequence[str]) -> Any:
        columns: list[int] = []
        parts: list[Any] = []
        ends = [0]
        known = self._vocabulary.get
        for text in texts:
            counts = Counter(column for token in self._analyse(text) if (column := known(token)) is not None)
            found = sorted(counts)
            values = (1.0 + np.log(np.fromiter((counts[column] for column in found), np.float64, len(found)))) * (
                self._weights[found] if found else 1.0
            )
            length = float(np.sqrt(values @ values))
            parts.append(values / length if length else values)
            columns += found
            ends.append(len(columns))
        data = np.concatenate(parts).astype(self._type) if parts else np.zeros(0, self._type)
        shape = (len(texts), len(self._weights))
        return sparse.csr_matrix((data, np.array(columns, np.int32), np.array(ends, np.int32)), shape=shape)


_ROWS: Final[WeakKeyDictionary[TfidfVectorizer, _Rows]] = WeakKeyDictionary()
