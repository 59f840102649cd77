"""Degrees, months and households, and what only looks like them."""

from __future__ import annotations

import pytest

from bot.entities import quantity
from bot.entities.quantity import Quantity


def values(found: list[Quantity]) -> list[tuple[float, float, bool]]:
    return [(float(one.low), float(one.high), one.about) for one in found]


@pytest.mark.parametrize(
    ("said", "low", "high", "about"),
    [
        ("十五度", 15, 15, False),
        ("16.5℃", 16.5, 16.5, False),
        ("十六点五度", 16.5, 16.5, False),
        ("屋里也就十三四度吧", 13, 14, True),
        ("不到十五度", 15, 15, True),
        ("大概十四度左右", 14, 14, True),
        ("外面零下三度，屋里十二度", 12, 12, False),
        ("外面零下三度屋里才12度", 12, 12, False),
        ("国家规定十八度，我家才十四度", 14, 14, False),
    ],
)
def test_how_warm_a_room_is(said: str, low: float, high: float, about: bool) -> None:
    assert values(quantity.temperatures(said)) == [(low, high, about)]


@pytest.mark.parametrize(
    "said", ["零下三度", "室外五度", "用了三百度电", "发烧三十八度", "标准是十八度", "温度计", "度假"]
)
def test_degrees_of_something_else(said: str) -> None:
    assert quantity.temperatures(said) == []


@pytest.mark.parametrize(
    ("said", "low", "high", "about"),
    [
        ("四个月", 4, 4, False),
        ("欠了2个月", 2, 2, False),
        ("三四个月", 3, 4, True),
        ("五个多月", 5, 5, True),
        ("三个半月", 3.5, 3.5, False),
        ("俩月没发", 2, 2, False),
        ("半年", 6, 6, False),
        ("一年半", 18, 18, False),
        ("两年了", 24, 24, False),
        ("两年多", 24, 24, True),
        ("一年零三个月", 15, 15, False),
    ],
)
def test_how_many_months(said: str, low: float, high: float, about: bool) -> None:
    assert values(quantity.months(said)) == [(low, high, about)]


@pytest.mark.parametrize(
    "said",
    [
        "十月份",
        "三月",
        "三个月前",
        "几个月",
        "好几个月",
        "2023年欠的",
        "从三月到六月",
        "今年三年级",
        "上个月",
        "三年前",
    ],
)
def test_when_is_not_how_long(said: str) -> None:
    assert quantity.months(said) == []


def test_households() -> None:
    assert values(quantity.households("我们楼三十多户都不热")) == [(30, 30, True)]
    assert values(quantity.households("就我一家")) == values(quantity.households("第三户")) == []
    assert values(quantity.households("找了三家公司")) == []
