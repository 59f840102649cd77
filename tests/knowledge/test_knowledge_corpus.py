"""Where the texts of each item lie, and which of them counts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from knowledge.corpus import Corpus


def corpus(owners: list[int], items: int) -> Corpus:
    texts = [f"text {number}" for number in range(len(owners))]
    return Corpus("entries", tuple(f"e{n}" for n in range(items)), texts, np.array(owners, dtype=np.int64))


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_an_item_counts_as_its_best_text(counts: list[int]) -> None:
    owners = [item for item, count in enumerate(counts) for _ in range(count)]
    values = np.random.default_rng(len(owners)).random(len(owners), dtype=np.float32)
    rows = corpus(owners, len(counts)).rows()
    assert rows is not None
    best = [max(values[place] for place, owner in enumerate(owners) if owner == item) for item in range(len(counts))]
    assert rows.best(values).tolist() == best
    some = np.arange(0, len(counts), 2)
    assert rows.of(some).tolist() == [place for place, owner in enumerate(owners) if owner % 2 == 0]


def test_texts_out_of_order_or_missing_have_no_rows() -> None:
    assert corpus([0, 1, 0], 2).rows() is None
    assert corpus([0, 2], 3).rows() is None
    assert corpus([], 0).rows() is None
