"""Days that no calendar has are asked for again; ordinary ones, houses and numbers are none of them."""

from __future__ import annotations

import pytest
from test_bot_policy_pure import run

from bot.decision import Turn
from bot.entities import impossible_date
from bot.state import Matter, Place, State


@pytest.mark.parametrize("said", ["2月30号", "二月三十号晚上", "13月5号", "十三月", "6月31日", "25点", "二十五点钟"])
def test_no_calendar_has_it(said: str) -> None:
    assert impossible_date.find(said) and impossible_date.find(said) in said


@pytest.mark.parametrize(
    "said", ["2月29号", "十二月二十五号", "32号楼", "三个月", "四十点五度", "二十四点", "三月十几号", "每月十五号", ""]
)
def test_a_calendar_has_it(said: str) -> None:
    assert impossible_date.find(said) == ""


def test_a_day_that_does_not_exist_is_asked_for_once_more_and_then_believed() -> None:
    matter = Matter(1, "order", "商店不退钱", request_type="投诉", place=Place("门口", "朝阳区", "双井街道"))
    state = State(matters=[matter], asking="event_time", asked={"event_time": 1}, question_text="请问是什么时候的事？")
    first, _ = run(state, Turn("2月30号"))
    assert "2月30号" in first.replies[0].text and first.state.asking == "event_time"
    right, _ = run(first.state, Turn("2月28号"))
    assert right.state.matters[0].event_time == "2月28号"
    again, _ = run(first.state, Turn("2月30号"))
    assert again.state.matters[0].event_time == "2月30号"
