"""A text's row is the one that scikit-learn makes."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer

from base import tfidf_rows

TEXTS = ["路灯不亮了，不亮好几天", "楼上漏水 Leak 3  次", "暖气不热", "井盖丢了，井盖！"]


def pairs_of(text: str) -> list[str]:
    return [first + second for first, second in pairwise(text)]


@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True),
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32),
        TfidfVectorizer(analyzer="word", token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(analyzer=pairs_of, sublinear_tf=True),
    ],
)
def test_rows_are_those_of_scikit_learn(vectorizer: TfidfVectorizer) -> None:
    vectorizer.fit(TEXTS)
    asked = [*TEXTS, "", "。", "路灯亮亮亮", "x" * 500, "LEAK\n\n3"]
    ours, theirs = tfidf_rows.transform(vectorizer, asked), vectorizer.transform(asked)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    assert abs(ours - theirs).max() < 1e-6
    for text in asked:
        assert abs(tfidf_rows.transform(vectorizer, [text]) - vectorizer.transform([text])).max() < 1e-6


def test_what_was_not_learnt_is_told() -> None:
    with pytest.raises(NotFittedError):
        tfidf_rows.transform(TfidfVectorizer(sublinear_tf=True), ["路灯"])
    with pytest.raises(ValueError, match="logarithm"):
        tfidf_rows.transform(TfidfVectorizer().fit(["a light", "a lamp"]), ["light"])


def test_a_vectorizer_that_nobody_holds_goes() -> None:
    vectorizer = TfidfVectorizer(analyzer="char", sublinear_tf=True).fit(TEXTS)
    tfidf_rows.transform(vectorizer, TEXTS[:1])
    held = weakref.ref(vectorizer)
    del vectorizer
    gc.collect()
    assert held() is None
