from __future__ import annotations

import json
from typing import Any

import pytest

from base import alternatives
from base.alternatives import Alternative


def test_what_is_told_is_read_again() -> None:
    given = (Alternative("居住证怎么办", -0.25), Alternative("居住证怎么半", -1.5))
    assert alternatives.read(json.loads(json.dumps(alternatives.told(given)))) == given


@pytest.mark.parametrize(
    "rows",
    [None, "居住证", {"text": "居住证"}, [["居住证"]], [[1, 2.0]], [["居住证", "多"]], [["", 0.0]], [["居住证", True]],
     [["长" * 301, 0.0]], [["居住证", float("nan")]]],
)  # fmt: skip
def test_what_is_of_another_form_is_left_out(rows: Any) -> None:
    assert alternatives.read(rows) == ()


def test_no_more_are_read_than_a_search_can_use() -> None:
    assert len(alternatives.read([["居住证", 0.0]] * 50)) == alternatives.MOST
