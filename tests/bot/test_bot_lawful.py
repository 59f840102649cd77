"""Matters that a court, an arbitration or another authority decides."""

from __future__ import annotations

import pytest

from bot import lawful


@pytest.mark.parametrize(
    ("text", "channel"),
    [
        ("我已经起诉了，法院迟迟不开庭", "诉讼"),
        ("劳动仲裁的裁决书下来了公司不执行", "诉讼"),  # 劳动争议调解仲裁法, article 51: a court executes it
        ("仲裁书下来了，一分钱没判给我，我不服", "诉讼"),  # article 50: within fifteen days a court
        ("我和公司的仲裁下周开庭，能不能给仲裁员递句话", "仲裁"),
        ("我申请劳动仲裁了，仲裁委还没出结果，公司也不给钱", "仲裁"),
        ("劳动仲裁上月就审完了，裁决书迟迟不出，你们给仲裁员说说", "仲裁"),
        ("不是受贿那种事，是我们那儿办事窗口的工作人员说话难听", ""),
        ("我们村主任收了包工头的好处费", "纪检监察"),
        ("对交警的处罚决定不服，我要复议", "行政复议"),
        ("处罚决定书送来了，我不认，要求上一级给我重新审一审", "行政复议"),
        ("不予认定工伤的决定，听说能找上级再审一回这个决定", "行政复议"),
        ("一审判了，我要找上级法院再审", "诉讼"),
        ("我那个劳动仲裁五月份立上案了，本来说七月开庭，又给推了", "仲裁"),
        ("我要申请公开拆迁的批复文件", "政府信息公开"),
        ("怎么申请政府公开征地材料，流程是什么", ""),
        ("我要申请政府公开当年征地的材料，递到哪去", "政府信息公开"),
        ("我上访了三年没人管", "信访"),
        ("公司拖欠工资三个月", ""),
        ("我们村后面的厂子偷着排污水", ""),
        ("法律援助在哪里申请", ""),
        ("离婚起诉需要什么材料", ""),
        ("他说爱去哪儿告就去哪儿告。我要申请仲裁，你们立案吧", "仲裁"),
        ("厂里欠我两年的钱。我要申请仲裁，需要带什么材料", ""),
    ],
)
def test_lawful_channels(text: str, channel: str) -> None:
    assert lawful.channel(text) == channel


def test_bodies_that_pass_a_matter_on_are_complained_of() -> None:
    passed_on = "房子买了十年没有产权证，开发商推住建部门，住建推规自，几家互相推诿，请市里协调"
    assert lawful.likely(passed_on) != "纪检监察"
    assert lawful.likely("村主任把低保名额给了自家小舅子，找镇里镇里推诿") == "纪检监察"
