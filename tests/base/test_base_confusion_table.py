"""Tables of confusion: counts, and lines that stay in their columns."""

from __future__ import annotations

from base import confusion_table


def test_counts_by_hand() -> None:
    pairs = [("投诉", "投诉"), ("投诉", "求助"), ("投诉", "投诉"), ("咨询", "none")]
    assert confusion_table.count(pairs) == {"咨询": {"none": 1}, "投诉": {"投诉": 2, "求助": 1}}


def test_wide_names_are_numbered_and_aligned() -> None:
    counts = {"咨询": {"none": 1}, "劳动和社会保障": {"劳动和社会保障": 120, "咨询": 3}}
    assert confusion_table.lines(counts) == [
        "expected \\ given    1    2    3",
        "1 none              .    .    .",
        "2 劳动和社会保障    .  120    3",
        "3 咨询              1    .    .",
    ]


def test_nothing_was_counted() -> None:
    assert confusion_table.lines(confusion_table.count([])) == []
