"""When it happened, as people read it beside the citizen's words."""

from __future__ import annotations

from typing import Any

import pytest
from outbox_helpers import file_order

from base.clock import ManualClock
from storage.engine import Database
from workorders import event_moments
from workorders.service import OrderService


def at(moment: str) -> str:
    return f"{moment}+08:00"


@pytest.mark.parametrize(
    ("wording", "start", "end", "shown"),
    [
        ("昨天晚上", "2026-11-29T18:00", "2026-11-29T23:00", "11月29日18时至23时"),
        ("昨天晚上十点半", "2026-11-29T22:30", "2026-11-29T22:30", "11月29日22时30分"),
        ("昨天零点", "2026-11-29T00:00", "2026-11-29T00:00", "11月29日0时"),
        ("昨天凌晨", "2026-11-29T00:00", "2026-11-29T06:00", "11月29日0时至6时"),
        ("前天夜里", "2026-11-28T22:00", "2026-11-29T00:00", "11月28日22时至24时"),
        ("前天晚上十点到早上六点", "2026-11-28T22:00", "2026-11-29T06:00", "11月28日22时至11月29日6时"),
        ("昨天", "2026-11-29T00:00", "2026-11-30T00:00", "11月29日"),
        ("三天了", "2026-11-27T00:00", "2026-11-30T08:15", "11月27日至30日"),
        ("上个月", "2026-10-01T00:00", "2026-11-01T00:00", "10月1日至31日"),
        ("快一个月了", "2026-10-30T00:00", "2026-11-30T08:15", "约10月30日至11月30日"),
        ("昨天下午三点多", "2026-11-29T15:00", "2026-11-29T15:00", "约11月29日15时"),
        ("去年", "2025-01-01T00:00", "2026-01-01T00:00", "2025年1月1日至12月31日"),
        ("从去年十二月开始", "2025-12-01T00:00", "2026-11-30T08:15", "2025年12月1日至2026年11月30日"),
    ],
)
def test_moments_are_written_as_people_write_them(wording: str, start: str, end: str, shown: str) -> None:
    assert event_moments.spelled(wording, at(start), at(end), year=2026) == shown


def test_without_a_year_to_be_taken_for_granted_it_is_named() -> None:
    assert event_moments.spelled("昨天", "2026-11-28T16:00Z", "2026-11-29T16:00Z") == "2026年11月29日"


@pytest.mark.parametrize(
    ("start", "end"),
    [("", ""), (None, None), (at("2026-11-29T18:00"), ""), ("昨天", "今天"), ("2026-11-29T18:00", "2026-11-29T23:00")],
)
def test_what_is_no_pair_of_moments_is_not_shown(start: str | None, end: str | None) -> None:
    assert event_moments.spelled("昨天晚上", start, end, year=2026) == ""


async def test_whoever_handles_an_order_reads_them_and_its_citizen_does_not(database: Database) -> None:
    orders, clock = OrderService(database, clock=ManualClock()), ManualClock()
    extra = event_moments.kept(at("2026-01-04T18:00"), at("2026-01-04T23:00"))
    number = await file_order(database, orders, "c:1", clock, event_time="昨天晚上", extra=extra)
    view = await orders.view(number, seat="s")
    for shown in (view.desk(), view.for_unit(view.unit)):
        assert (shown["event_time"], shown["event_moments"]) == ("昨天晚上", "1月4日18时至23时")
        assert (shown["event_start"], shown["event_end"]) == (at("2026-01-04T18:00"), at("2026-01-04T23:00"))
    assert not {"event_start", "event_moments"} & view.public().keys()


async def test_an_order_of_before_keeps_its_wording_alone(database: Database) -> None:
    orders, clock = OrderService(database, clock=ManualClock()), ManualClock()
    number = await file_order(database, orders, "c:1", clock, event_time="昨天晚上")
    view = await orders.view(number, seat="s")
    nothing: dict[str, Any] = {"event_start": None, "event_end": None, "event_moments": ""}
    for shown in (view.desk(), view.for_unit(view.unit)):
        assert nothing.items() <= shown.items() and shown["event_time"] == "昨天晚上"
