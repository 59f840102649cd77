"""Numbers as they are read out."""

from __future__ import annotations

from base.spelling import spell, with_extension


def test_numbers_are_read_out_in_groups() -> None:
    assert spell("260105000017") == "二六零幺，零五零零，零零幺七"
    assert spell("123456789", 3) == "幺二三，四五六，七八九"
    assert spell("13900001111") == "幺三九，零零零零，幺幺幺幺"
    assert spell("B-26") == "B-二六"


def test_an_extension_stands_behind_its_number() -> None:
    assert with_extension("01055501234", "608") == "01055501234转608"
    assert with_extension("13900001111", "") == "13900001111"
    assert with_extension("", "608") == ""
