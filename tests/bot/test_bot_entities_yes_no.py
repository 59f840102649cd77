"""Secrecy is wished for, and waived, in many words that do not name it."""

from __future__ import annotations

import pytest

from bot.entities import yes_no


@pytest.mark.parametrize(
    "said",
    [
        "不敢让他们晓得",
        "不希望被人知道",
        "不公开",
        "千万别暴露我",
        "把我的名字隐去",
        "只让办事的人看就行",
        "除了你们谁也别说",
        "我怕让他知道",
        "这哪能让他知道",
        "不准把我的电话给他",
        "别直接说是我",
        "让他知道了会找我麻烦",
        "他要是知道了我就没法干了",
        "我还在那儿上班呢",
        "孩子还在他班上",
        "低头不见抬头见的，不想得罪",
        "你们替我瞒着点",
        "嘴严一点就好",
        "信息不要外泄",
        "名字电话不给他们",
        "我跟他一个单位的",
        "东家知道了要撵我",
        "最好是",
        "我害怕",
        "别给物业看我的号",
    ],
)
def test_answers_that_ask_for_secrecy(said: str) -> None:
    assert yes_no.confidential(said) is True


@pytest.mark.parametrize(
    "said",
    [
        "保密啥，不用",
        "不用，这有啥保密的",
        "有什么好保密的",
        "知道就知道呗",
        "知道了又能怎么样",
        "他早知道是我",
        "就说是我反映的",
        "你们直接告诉他也行",
        "让物业直接跟我联系",
        "可以把我的电话给他",
        "光明正大的",
        "我怕啥",
        "不太需要",
        "照常处理吧",
        "可以跟他讲是我",
        "让店里打我电话就行",
        "有什么好怕的",
        "没那个必要",
        "不用特意保密",
        "我不忌讳这个",
        "随他怎么想",
        "他们早有我电话",
        "可以公布",
        "没必要遮遮掩掩",
        "不敢说多大事，不用保密",
    ],
)
def test_answers_that_waive_it(said: str) -> None:
    assert yes_no.confidential(said) is False


@pytest.mark.parametrize(
    "said",
    ["可不敢让厂里知道", "去的时候请勿透露投诉人", "不方便透露身份", "抹掉我的名字"],
)
def test_a_wish_that_nobody_asked_for(said: str) -> None:
    assert yes_no.wishes_secrecy(f"夜里偷着排污水，{said}") is True


@pytest.mark.parametrize(
    "said",
    [
        "老板说工资要保密，还欠着三个月",
        "店家要求不要告诉别人，卖的是假货",
        "学校规定不能告诉家长食堂的事",
        "我还在那儿上班呢，工资没发",
        "村里的账从不公开",
        "有人匿名给我寄信吓唬我",
        "医院不给看病历，说要保密",
    ],
)
def test_what_others_keep_secret_is_no_wish_of_the_citizen(said: str) -> None:
    assert yes_no.wishes_secrecy(said) is None
