"""Working days against calendars counted by hand, and what may be asked of any calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.clock import CHINA
from base.errors import ConfigurationError
from workorders import deadline_rules
from workorders.deadline_rules import DeadlineRules, Term, default_rules, due, extended, extension_refused
from workorders.working_days import PATH, WorkCalendar, default_calendar

# (filed on, working days, last day), read off a printed calendar with the notices of the State Council beside it.
BY_HAND = (
    ("2026-01-05", 5, "2026-01-12"),  # Mon: Tue Wed Thu Fri, Mon
    ("2025-12-31", 1, "2026-01-04"),  # new year's days until Sat; Sun the 4th is worked instead
    ("2026-02-12", 3, "2026-02-24"),  # Fri 13, Sat 14 (worked), spring festival 15-23, Tue 24
    ("2026-02-27", 2, "2026-03-02"),  # Sat 28 (worked), Sun off, Mon
    ("2026-04-30", 4, "2026-05-09"),  # 1-5 off, Wed Thu Fri, Sat 9 (worked)
    ("2026-09-18", 6, "2026-09-28"),  # Sun 20 (worked), Mon-Thu 21-24, 25-27 off, Mon 28
    ("2026-09-30", 1, "2026-10-08"),  # national day 1-7
    ("2026-10-08", 2, "2026-10-10"),  # Fri, and Sat 10 (worked)
    ("2025-01-24", 3, "2025-02-05"),  # Sun 26 worked, Mon 27, festival 28-4, Wed 5
    ("2025-04-25", 5, "2025-05-06"),  # Sun 27 worked, Mon-Wed 28-30, 1-5 off, Tue 6
    ("2025-09-26", 4, "2025-10-09"),  # Sun 28 worked, Mon 29, Tue 30, 1-8 off, Thu 9
    ("2025-10-09", 2, "2025-10-11"),  # Fri, and Sat 11 (worked)
)


@pytest.mark.parametrize(("filed", "count", "last"), BY_HAND)
def test_calendars_worked_out_by_hand(filed: str, count: int, last: str) -> None:
    assert default_calendar().working_day_after(date.fromisoformat(filed), count) == date.fromisoformat(last)


def test_a_working_deadline_ends_with_the_citys_day() -> None:
    filed = datetime(2026, 2, 12, 15, 30, tzinfo=UTC)  # Thursday 23:30 in the city
    found = due(filed, Term(72, 3))
    assert found.at.astimezone(CHINA) == datetime(2026, 2, 25, tzinfo=CHINA) and found.known  # Tuesday the 24th ends
    after_midnight = due(datetime(2026, 2, 12, 16, 30, tzinfo=UTC), Term(72, 3))  # Friday 00:30: Friday does not count
    assert after_midnight.at.astimezone(CHINA) == datetime(2026, 2, 26, tzinfo=CHINA)


def test_an_extension_goes_on_from_the_day_on_which_it_would_have_ended() -> None:
    at = due(datetime(2026, 9, 28, 2, tzinfo=UTC), Term(48, 2)).at  # Wednesday the 30th ends
    assert at.astimezone(CHINA) == datetime(2026, 10, 1, tzinfo=CHINA)
    later = extended(at, 24, working_days=2)
    assert later.at.astimezone(CHINA) == datetime(2026, 10, 9, tzinfo=CHINA)  # Thursday the 8th ends
    assert extended(at, 24, working_days=0).at == at + timedelta(hours=24)


def test_beyond_the_data_the_week_alone_counts_and_that_is_told() -> None:
    found = due(datetime(2031, 1, 1, 2, tzinfo=UTC), Term(72, 3))  # a Wednesday: Thu, Fri, Mon
    assert found.at.astimezone(CHINA) == datetime(2031, 1, 7, tzinfo=CHINA) and not found.known
    assert not due(datetime(2026, 12, 30, 2, tzinfo=UTC), Term(72, 3)).known  # it ends in a year without data


START = datetime(2025, 1, 1, tzinfo=CHINA)
MOMENTS = st.integers(0, 880 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))


@given(MOMENTS, st.integers(1, 40))
def test_between_filing_and_deadline_lie_exactly_so_many_working_days(filed: datetime, count: int) -> None:
    calendar = default_calendar()
    at = due(filed, Term(24 * count, count)).at.astimezone(CHINA)
    day, days = filed.date() + timedelta(days=1), []
    while day < at.date():
        days.append(day)
        day += timedelta(days=1)
    assert sum(map(calendar.is_working, days)) == count and calendar.is_working(days[-1])
    assert (at.hour, at.minute) == (0, 0)


@given(MOMENTS, MOMENTS, st.integers(1, 20))
def test_who_files_later_is_never_due_earlier(one: datetime, other: datetime, count: int) -> None:
    first, second = sorted((one, other))
    term = Term(24 * count, count)
    assert due(first, term).at <= due(second, term).at


@given(MOMENTS, st.integers(1, 15), st.integers(1, 15))
def test_an_extension_is_worth_its_working_days(filed: datetime, count: int, more: int) -> None:
    whole = due(filed, Term(24 * (count + more), count + more)).at
    assert extended(due(filed, Term(24 * count, count)).at, 24 * more, working_days=count).at == whole


@given(MOMENTS, st.integers(1, 500))
def test_hours_run_round_the_clock(filed: datetime, hours: int) -> None:
    assert due(filed, Term(hours)).at - filed == timedelta(hours=hours)


def test_the_notices_data_is_whole() -> None:
    calendar = default_calendar()
    days = {year: sum(day.year == year for day in calendar.holidays) for year in calendar.years}
    assert days == {2025: 28, 2026: 33}  # the sums of "共N天" in the two notices
    # Each weekday off beyond the 13 statutory days is worked on another day, or was a Saturday or Sunday anyway.
    for year in (2025, 2026):
        weekdays_off = sum(day.weekday() < 5 for day in calendar.holidays if day.year == year)
        assert weekdays_off - sum(day.year == year for day in calendar.worked) <= 13


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[2026-01-01, 2026-01-03]", "[2026-01-03, 2026-01-01]", "元旦"),
        ("[2026-01-01, 2026-01-03]", "[2024-01-01]", "another year"),
        ("2026-01-04,", "2026-01-05,", "Saturday"),
        ("2026-01-04,", "2026-10-03,", "holiday and a day worked"),
        ("worked: [2026", "wroked: [2026", "worked"),
    ],
)
def test_a_broken_calendar_says_what_is_wrong(tmp_path: Path, before: str, after: str, told: str) -> None:
    text = PATH.read_text("utf-8")
    assert before in text
    path = tmp_path / "holidays.yml"
    path.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(ConfigurationError, match=told):
        WorkCalendar.load(path)


def _rules(tmp_path: Path, before: str, after: str) -> DeadlineRules:
    text = deadline_rules.PATH.read_text("utf-8")
    assert before in text
    path = tmp_path / "deadlines.yml"
    path.write_text(text.replace(before, after, 1), "utf-8")
    return DeadlineRules.load(path)


def test_a_rule_may_count_working_days(tmp_path: Path) -> None:
    rules = _rules(
        tmp_path, "days: 7\n    remind_hours: [24]\n    extension: {times: 1, days: 7}",
        "working_days: 5\n    remind_hours: [24]\n    extension: {times: 2, working_days: 3}",
    )  # fmt: skip
    assert rules.of("ordinary").term == Term(120, 5) and rules.of("ordinary").extensions == 2
    assert default_rules().of("ordinary").term == Term(168)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("hours: 2\n", "hours: 0\n"),
        ("hours: 2\n", "hours: 2\n    days: 1\n"),
        ("remind_hours: [4]", "remind_hours: [24]"),
        ("{times: 1, days: 7}", "{times: 1, working_days: 7}"),
        ("complex:", "komplex:"),
        ("days: 15\n", "days: many\n"),
    ],
)
def test_a_broken_rule_is_refused(tmp_path: Path, before: str, after: str) -> None:
    with pytest.raises(ConfigurationError, match=r"deadlines\.yml"):
        _rules(tmp_path, before, after)


def test_an_extension_is_guarded() -> None:
    rule, now = default_rules().of("utility"), datetime(2026, 1, 5, tzinfo=UTC)
    soon = now + timedelta(hours=1)
    assert extension_refused(rule, hours=24, earlier=0, deadline_at=soon, now=now) == ""
    assert "延长过" in extension_refused(rule, hours=24, earlier=1, deadline_at=soon, now=now)
    assert "最多延长1天" in extension_refused(rule, hours=25, earlier=0, deadline_at=soon, now=now)
    assert "已过" in extension_refused(rule, hours=1, earlier=0, deadline_at=now - timedelta(seconds=1), now=now)
    assert "不能延长" in extension_refused(default_rules().of("sudden"), hours=1, earlier=0, deadline_at=soon, now=now)
