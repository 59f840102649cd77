"""A deadline that comes near or is missed is noted once, whoever looks, and until the order is answered."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from base.clock import ManualClock
from storage.engine import Database
from workorders.alerts import DeadlineWatch, Swept
from workorders.breaches import BreachLog
from workorders.model import Assignment, OrderDraft, Urgency
from workorders.order import OrderStateError
from workorders.service import OrderService

UNIT = "海淀区供热办"


class Room:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = ManualClock()
        self.orders = OrderService(database, clock=self.clock)
        self.watch = DeadlineWatch(database, self.orders, clock=self.clock)
        self.log = BreachLog(database, clock=self.clock)
        self._count = 0

    async def file(self, urgency: Urgency = "utility", hours: int = 24, working_days: int = 0) -> str:
        self._count += 1
        assignment = Assignment(UNIT, "直派", (), urgency, hours, "供热直派", working_days=working_days)
        draft = OrderDraft("投诉", "", f"暖气不热，第{self._count}户", "web", assignment=assignment)
        async with self.database.write() as session:
            filed = await self.orders.file(
                session, draft, key=f"c{self._count}:1", now=self.clock.now(), actor="bot:policy"
            )
        return filed.order_no

    async def events(self, number: str) -> list[str]:
        return [event["event"] for event in (await self.orders.view(number, seat="s1")).events]

    async def breaches(self, **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.log.list(days=30, **asked))["items"]
        return found


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


async def test_reminded_then_missed_then_answered(room: Room) -> None:
    number = await room.file()
    assert await room.watch.sweep() == Swept(0, 0, 0)
    room.clock.advance(20 * 3600)
    assert await room.watch.sweep() == Swept(1, 0, 0)
    assert await room.watch.sweep() == Swept(0, 0, 0)
    room.clock.advance(4 * 3600)
    assert await room.watch.sweep() == Swept(0, 1, 0)
    room.clock.advance(3 * 3600)
    assert [(row["hours_late"], row["resolved_at"]) for row in await room.breaches(only_open=True)] == [(3.0, None)]
    await room.orders.change(number, "accept", actor=f"unit:{UNIT}")
    assert (await room.watch.sweep()).resolved == 0
    await room.orders.change(number, "answer", actor=f"unit:{UNIT}", note="已修好")
    answered = room.clock.now()
    room.clock.advance(600)
    assert await room.watch.sweep() == Swept(0, 0, 1)
    (row,) = await room.breaches()
    assert (row["resolved_at"], row["hours_late"]) == (answered.isoformat(), 3.0)
    assert await room.breaches(only_open=True) == []
    assert await room.events(number) == ["file", "dispatch", "remind", "breach", "accept", "answer"]
    view = await room.orders.view(number, seat="s1")
    assert not {"remind", "breach"} & {event["event"] for event in view.public()["events"]}
    assert [event["text"] for event in view.desk()["events"]][2:4] == ["办理期限将至", "已超过办理期限"]


async def test_an_alert_does_not_disturb_whoever_edits_the_order(room: Room) -> None:
    number = await room.file()
    before = await room.orders.view(number, seat="s1")
    room.clock.advance(30 * 3600)
    await room.watch.sweep()
    after = await room.orders.change(number, "accept", actor="seat:s1", expected_version=before.version)
    assert after.status == "accepted"


async def test_several_cores_note_it_once(room: Room) -> None:
    numbers = [await room.file() for _ in range(5)]
    room.clock.advance(25 * 3600)
    others = [DeadlineWatch(room.database, room.orders, clock=room.clock) for _ in range(3)]
    swept = await asyncio.gather(*(watch.sweep() for watch in (room.watch, *others)))
    assert sum(one.breaches for one in swept) == len(numbers)
    for number in numbers:
        assert (await room.events(number)).count("breach") == 1
    found = await room.log.list(days=30, page_size=2, page=3)
    assert (len(found["items"]), found["total"]) == (1, 5)
    assert found["units"] == [{"unit": UNIT, "breaches": 5, "open": 5}]


async def test_after_an_outage_only_the_nearest_reminder_is_given(room: Room) -> None:
    number = await room.file("complex", 360)
    room.clock.advance((360 - 20) * 3600)  # both reminders, 72 and 24 hours before, were missed
    assert await room.watch.sweep() == Swept(1, 0, 0)
    assert (await room.events(number)).count("remind") == 1


async def test_an_extension_moves_the_reminders_and_is_given_once(room: Room) -> None:
    number = await room.file()
    room.clock.advance(21 * 3600)
    assert (await room.watch.sweep()).reminders == 1
    await room.orders.change(number, "extend", actor=f"unit:{UNIT}", note="等配件", data={"deadline_hours": 24})
    with pytest.raises(OrderStateError, match="延长过"):
        await room.orders.change(number, "extend", actor=f"unit:{UNIT}", note="再等", data={"deadline_hours": 1})
    room.clock.advance(10 * 3600)
    assert await room.watch.sweep() == Swept(0, 0, 0)
    room.clock.advance(15 * 3600)
    assert (await room.watch.sweep()).reminders == 1
    public = (await room.orders.view(number, seat="s1")).public()
    told = next(event for event in public["events"] if event["event"] == "extend")
    assert told["note"] == "等配件"
    await room.orders.change(number, "accept", actor="seat:s1")
    await room.orders.change(number, "answer", actor="seat:s1", note="好了")
    await room.orders.change(number, "reopen", actor="seat:s1", note="又坏了")
    await room.orders.change(number, "extend", actor="seat:s1", note="等配件", data={"deadline_hours": 24})


async def test_what_is_answered_or_merged_is_left_alone(room: Room) -> None:
    main, merged = await room.file(), await room.file()
    await room.orders.change(merged, "merge", actor="seat:s1", note="同一户", data={"main": main})
    await room.orders.change(main, "accept", actor="seat:s1")
    await room.orders.change(main, "answer", actor="seat:s1", note="好了")
    room.clock.advance(90 * 3600)
    assert await room.watch.sweep() == Swept(0, 0, 0)


async def test_working_days_reach_the_order_and_its_extension(room: Room) -> None:
    room.clock.moment += timedelta(days=38)  # Thursday 2026-02-12, 10:00 in the city
    number = await room.file("ordinary", 72, working_days=3)
    view = await room.orders.view(number, seat="s1")
    assert view.deadline_at is not None and view.deadline_at.isoformat() == "2026-02-24T16:00:00+00:00"
    after = await room.orders.change(number, "extend", actor="seat:s1", note="节后办理", data={"deadline_hours": 48})
    assert after.deadline_at is not None and after.deadline_at.isoformat() == "2026-02-26T16:00:00+00:00"
