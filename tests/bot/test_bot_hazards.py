"""An open manhole is an order of two hours until somebody is in it."""

from __future__ import annotations

import pytest

from bot import hazards


@pytest.mark.parametrize(
    "told",
    [
        "人行道上有个井盖没了，就剩个黑窟窿",
        "路边那个井，盖儿丢了，我拿把椅子挡着呢",
        "刚才车轱辘差点儿掉进去，那个井盖碎了",
        "井盖没有了，还没人掉下去，赶快派人来盖上",
        "黑灯瞎火的，路当间儿井盖丢了，我后轮差点儿就栽进去",
    ],
)
def test_nobody_is_in_it(told: str) -> None:
    assert hazards.nobody_in_it(told)


@pytest.mark.parametrize(
    "told",
    [
        "井盖没了，我妈掉下去了",
        "那个没盖的井，底下有人喊",
        "井盖缝里往外冒煤气味儿",
        "雨大把井盖冲开了，前头的姑娘一下没影了",
        "路灯不亮",
    ],
)
def test_somebody_is_or_it_is_something_else(told: str) -> None:
    assert not hazards.nobody_in_it(told)


def test_an_electric_bicycle_that_nearly_fell_is_not_in_it() -> None:
    assert hazards.nobody_in_it("井盖没了 刚才一个骑电动车的差点栽进去 我拿单车先挡着了")
    assert not hazards.nobody_in_it("井盖没了，骑电动车的栽进去了")
