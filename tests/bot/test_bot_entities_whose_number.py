"""Of several numbers in one story the one to call is taken, not the shop's, nor one that is out of use."""

from __future__ import annotations

import pytest

from bot.entities import whose_number

OWN = "13900007701"
OTHER = "13900007702"


@pytest.mark.parametrize(
    "said",
    [
        f"店家的电话{OTHER}老占线，我的是{OWN}",
        f"打{OWN}吧，别打{OTHER}那个",
        f"以前那个号{OTHER}停机了，现在用{OWN}",
        f"{OTHER}这个已经注销了，记{OWN}",
        f"{OTHER}，这号是房东家的，我是{OWN}",
        f"{OWN}，别打电话，发短信",
        f"你们来电显示的就是我，{OWN}",
    ],
)
def test_the_citizens_own(said: str) -> None:
    assert whose_number.told(said, asked=False) == OWN


def test_somebody_elses_is_taken_only_where_a_number_was_asked_for() -> None:
    said = f"物业电话是{OTHER}"
    assert whose_number.told(said, asked=False) is None
    assert whose_number.told(said, asked=True) == OTHER


def test_a_number_that_is_out_of_use_is_never_taken() -> None:
    assert whose_number.told(f"原来的号{OTHER}，停机了", asked=True) is None


def test_a_relatives_number_is_one_to_call() -> None:
    assert whose_number.told(f"我没手机，打我闺女的，{OTHER}", asked=True) == OTHER


def test_a_correction_in_the_same_breath() -> None:
    assert whose_number.told("幺三九零零零零九九幺五不对后四位是九九幺六", spoken=True, asked=True) == "13900009916"
    assert whose_number.told("13900009915，不对，是13800009915", asked=True) == "13800009915"
    assert whose_number.told("我没有手机", asked=True) is None
