"""The wording is kept, and what can be told in moments is told: on a Wednesday noon, 7 January 2026 in the city."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.clock import CHINA
from bot.entities import misheard, time

NOW = datetime(2026, 1, 7, 4, 0, tzinfo=UTC)


def _at(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("昨天晚上九点", _at(1, 6, 21), _at(1, 6, 21)),
        ("昨儿中午", _at(1, 6, 11), _at(1, 6, 13)),
        ("前天", _at(1, 5), _at(1, 6)),
        ("今天下午三点半", _at(1, 7, 15, 30), _at(1, 7, 15, 30)),
        ("上周一", _at(12, 29, year=2025), _at(12, 30, year=2025)),
        ("周一", _at(1, 5), _at(1, 6)),
        ("星期六", _at(1, 3), _at(1, 4)),
        ("上周六买的", _at(1, 3), _at(1, 4)),
        ("1月3号", _at(1, 3), _at(1, 4)),
        ("十二月二十五号", _at(12, 25, year=2025), _at(12, 26, year=2025)),
        ("2026-01-05", _at(1, 5), _at(1, 6)),
        ("去年十二月", _at(12, 1, year=2025), _at(1, 1)),
        ("上个月底", _at(12, 24, year=2025), _at(1, 1)),
        ("3号那天", _at(1, 3), _at(1, 4)),
    ],
)
def test_resolves(said: str, start: datetime, end: datetime) -> None:
    finding = time.find(said, NOW)
    assert finding is not None
    assert (finding.start, finding.end) == (start, end)


@pytest.mark.parametrize(
    ("said", "start"),
    [
        ("有两个月了", _at(11, 7, year=2025)),
        ("三天前开始的", _at(1, 4)),
        ("十一月十五号供暖以后一直不热", _at(11, 15, year=2025)),
        ("半个小时之前", _at(1, 7, 11, 30)),
        ("从上周一到现在", _at(12, 29, year=2025)),
        ("2008年到现在", _at(1, 1, year=2008)),
    ],
)
def test_until_now(said: str, start: datetime) -> None:
    finding = time.find(said, NOW, asked=True)
    assert finding is not None
    assert (finding.start, finding.end) == (start, NOW)
    assert finding.moments == (start.isoformat(timespec="minutes"), "2026-01-07T12:00+08:00")


@pytest.mark.parametrize("said", ["每天晚上都这样", "天天半夜", "他们老是夜里干活"])
def test_recurring(said: str) -> None:
    finding = time.find(said, NOW)
    assert finding is not None
    assert finding.recurring


@pytest.mark.parametrize(
    "said", ["记不清了", "3号楼2单元", "我今年七十九了", "欠我们三个月工资", "13812345678", "不知道"]
)
def test_says_nothing_about_when(said: str) -> None:
    assert time.find(said, NOW) is None


def test_an_answer_keeps_its_wording() -> None:
    finding = time.find("嗯，就是每天晚上，差不多五点到十点吧", NOW, asked=True)
    assert finding is not None
    assert finding.text == "每天晚上，差不多五点到十点"


def test_an_impossible_date_keeps_its_wording_without_moments() -> None:
    finding = time.find("2月30号", NOW)
    assert finding is not None
    assert (finding.text, finding.start) == ("2月30号", None)


def test_a_naive_now_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        time.find("昨天", datetime(2026, 1, 7))  # noqa: DTZ001


@given(st.text(alphabet="一二三十零两半个年月日号周上下本今昨前天点分钟了到从-:0123456789", max_size=24))
def test_no_row_of_time_words_breaks_it(said: str) -> None:
    finding = time.find(said, NOW)
    if finding and finding.start and finding.end:
        assert finding.start <= finding.end or finding.start > NOW


@pytest.mark.parametrize(
    ("heard", "wording", "start", "end"),
    [
        ("今天下午山点半", "今天下午三点半", _at(1, 7, 15, 30), _at(1, 7, 15, 30)),
        ("昨天三点办停的水", "昨天三点半", _at(1, 6, 3, 30), _at(1, 6, 3, 30)),
        ("一月五好上午", "一月五号上午", _at(1, 5, 8), _at(1, 5, 12)),
        ("二零二五年山月无号", "二零二五年三月五号", _at(3, 5, year=2025), _at(3, 6, year=2025)),
        ("十二月二十舞号", "十二月二十五号", _at(12, 25, year=2025), _at(12, 26, year=2025)),
    ],
)
def test_what_the_recogniser_misspells_is_repaired(heard: str, wording: str, start: datetime, end: datetime) -> None:
    finding = time.find(heard, NOW, spoken=True)
    assert finding is not None
    assert (finding.text, finding.start, finding.end) == (wording, start, end)


@pytest.mark.parametrize(
    "said", ["明天三点办理业务", "五月五好不好", "他三点办公", "无号可挂", "五月份好多了", "下午似乎有点吵"]
)
def test_other_words_are_not_repaired(said: str) -> None:
    assert misheard.repaired(said) == said


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("昨天早上八点到十点", _at(1, 6, 8), _at(1, 6, 10)),
        ("昨天下午两点到四点半", _at(1, 6, 14), _at(1, 6, 16, 30)),
        ("昨天晚上十点到早上六点", _at(1, 6, 22), _at(1, 7, 6)),
        ("今天上午九点一刻", _at(1, 7, 9, 15), _at(1, 7, 9, 15)),
    ],
)
def test_spans_and_quarters_of_hours(said: str, start: datetime, end: datetime) -> None:
    finding = time.find(said, NOW)
    assert finding is not None
    assert (finding.text, finding.start, finding.end) == (said, start, end)


@pytest.mark.parametrize("said", ["大年初一", "腊月二十三", "农历正月十五", "除夕"])
def test_days_of_the_old_calendar_keep_their_wording(said: str) -> None:
    assert time.find(f"{said}晚上开始的", NOW) is not None
    finding = time.find(said, NOW)
    assert finding is not None
    assert (finding.text, finding.start) == (said, None)


def test_the_front_of_a_temple_is_no_day() -> None:
    assert time.find("怀柔雁栖，红螺寺跟前儿", NOW) is None
    found = time.find("前儿个晚上", NOW)
    assert found is not None and found.text.startswith("前儿")
    long_ago = time.find("住了五十来年了", NOW)
    assert long_ago is not None and long_ago.text == "五十来年了"


@pytest.mark.parametrize(
    "said",
    [
        *("每周六晚上", "每个月15号", "每天晚上十点到早上六点", "天天", "一直到现在"),
        *("晚上十点", "半夜", "早上八点多"),  # of which day is not said
        *("去年冬天", "两年前的3月5号"),
    ],
)
def test_what_names_no_day_has_no_moments(said: str) -> None:
    finding = time.find(said, NOW, asked=True)
    assert finding is not None
    assert (finding.text, finding.start, finding.end, finding.moments) == (said, None, None, ("", ""))


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("三天前", _at(1, 4), _at(1, 5)),
        ("三天前的晚上十点", _at(1, 4, 22), _at(1, 4, 22)),
        ("从上周开始每天晚上十点", _at(12, 29, year=2025), NOW),
        ("住了三十年了，昨天晚上漏的水", _at(1, 6, 18), _at(1, 6, 23)),
        ("上周三到周五", _at(12, 31, year=2025), _at(1, 3)),
        ("前天到昨天晚上", _at(1, 5), _at(1, 7)),
        ("去年十月一号到七号", _at(10, 1, year=2025), _at(10, 8, year=2025)),
        ("去年9月到11月", _at(9, 1, year=2025), _at(12, 1, year=2025)),
        ("2024年11月到2025年3月", _at(11, 1, year=2024), _at(4, 1, year=2025)),
    ],
)
def test_the_whole_answer_tells_which_days(said: str, start: datetime, end: datetime) -> None:
    finding = time.find(said, NOW, asked=True)
    assert finding is not None
    assert (finding.start, finding.end) == (start, end)


def test_moments_in_the_wrong_order_are_none() -> None:
    assert time.TimeFinding("", _at(1, 7), _at(1, 6)).moments == ("", "")
