"""Names and plain answers."""

from __future__ import annotations

import pytest

from bot.entities import person, yes_no


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("我叫李娟", "李娟"),
        ("我的名字叫欧阳建国", "欧阳建国"),
        ("免贵姓夏", "夏某"),
        ("我姓丁，你就写丁女士吧", "丁女士"),
        ("嗯，毛先生", "毛先生"),
        ("叫我老贾就行", "老贾"),
        ("李娟", "李娟"),
        ("不方便说", "匿名"),
        ("匿名吧，不留名字", "匿名"),
        ("武某", "武某"),
        ("王秀兰，王是三横王", "王秀兰"),
    ],
)
def test_name_asked_for(said: str, name: str) -> None:
    finding = person.find(said, asked=True)
    assert finding is not None
    assert finding.name == name


@pytest.mark.parametrize("said", ["不用", "什么意思", "你问这个干什么", "就是管子老了", "13812345678"])
def test_no_name(said: str) -> None:
    assert person.find(said, asked=True) is None


def test_a_third_person_is_not_the_speaker() -> None:
    assert person.find("那个张经理态度特别差") is None
    finding = person.find("我是张经理，投诉物业")
    assert finding is not None
    assert finding.name == "张经理"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("对", "yes"),
        ("嗯", "yes"),
        ("嗯嗯。", "yes"),
        ("是的，没错", "yes"),
        ("没问题", "yes"),
        ("没有问题", "yes"),
        ("好的好的", "yes"),
        ("行吧", "yes"),
        ("不对", "no"),
        ("不是这个意思", "no"),
        ("没有", "no"),
        ("不用了谢谢", "no"),
        ("错了错了", "no"),
        ("对不对啊", None),
        ("是五号楼", "yes"),
        ("你们几点下班？", None),
        ("暖气不热", None),
    ],
)
def test_yes_and_no(said: str, expected: str | None) -> None:
    assert yes_no.answer(said) == expected
