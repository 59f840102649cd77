"""The company that a story names is taken, what merely resembles a name is asked for."""

from __future__ import annotations

import pytest
from test_bot_policy_pure import run

from bot.decision import Turn
from bot.entities import company
from bot.state import State


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我是外地来的，北京宏达装饰有限公司从今年八月开始拖欠我工资", "北京宏达装饰有限公司"),
        ("我在朝阳区的天成物流有限公司上班", "天成物流有限公司"),
        ("楼下那家店叫老王烧烤，油烟太大", "老王烧烤"),
        ("店名是“金色年华”，办了卡就关门", "金色年华"),
        ("我们公司不发工资", ""),
        ("公司叫什么我忘了", ""),
        ("孙子小名叫石头", ""),
        ("我们有限公司的事", ""),
        ("", ""),
    ],
)
def test_names(text: str, name: str) -> None:
    assert company.find(text) == name


def test_who_named_the_company_is_not_asked_for_it() -> None:
    text = "我要投诉，北京宏达装饰有限公司从今年八月开始拖欠我工资，一共欠了三万二"
    decision, _ = run(State(), Turn(text), "complain")
    assert decision.state.matters[0].subject == "北京宏达装饰有限公司"
