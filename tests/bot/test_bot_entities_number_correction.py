"""A known number is corrected in part, or anew; what says nothing of a number changes none."""

from __future__ import annotations

import pytest

from bot.entities import number_correction


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("最后一位是六", "13900009916"),
        ("错了，后四位应该是九九幺六", "13900009916"),
        ("后两位是幺六", "13900009916"),
        ("幺三八零零零零幺幺幺幺", "13800001111"),
        ("不对，中间四位是零零幺零", "13900109915"),
        ("中间那四位错了，应该是幺二三四", "13912349915"),
        ("前三位不对，是幺三七", "13700009915"),
        ("尾号1234", "13900001234"),
        ("手机号最后四位错了，是1234", "13900001234"),
        ("倒数第二位是六", "13900009965"),
        ("第三位是七", "13700009915"),
        ("后面三号楼", None),
        ("不是139是138", "13800009915"),
        ("是9916，不是9915", "13900009916"),
        ("哦不，9916", "13900009916"),
        ("第十二位是七", None),
        (" 不好意思后面打反了 是9951", "13900009951"),
        ("不对，是九九幺六", "13900009916"),
        ("不对，是零零幺零", "13900109915"),
        ("不对，是五号楼", None),
        ("不对，是三零二零室", None),
        ("不对，是二零一九年的事", None),
        ("不对，是八七六五", None),
        ("不对", None),
        ("后四位是九九", None),
    ],
)
def test_amend(said: str, expected: str | None) -> None:
    assert number_correction.amend("13900009915", said) == expected


def test_the_area_code_is_told_later() -> None:
    assert number_correction.amend("55501234", "前面加区号010") == "01055501234"
    assert number_correction.amend("13900009915", "前面加区号010") is None
