"""Reports and the wall: every figure equals what a plain walk over the rows of the database finds."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from base.clock import ManualClock, local
from seats import wallboard
from seats.reports import Reports
from seats.reports_rise import rise
from seats.reports_time import SLOTS, Slot, Span, before, fold, slot_of
from seats.wallboard import AtWork, Machine, Waits
from storage.calling_tables import OutgoingCall
from storage.engine import Database
from storage.follow_up_tables import ReturnVisit
from storage.leader_tables import DeskWait
from storage.tables import Conversation, Order

NOW = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)  # a Wednesday, ten in the morning in the city
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def contact(chance: random.Random, number: int) -> Conversation:
    at = BEGAN + timedelta(seconds=chance.uniform(0, (NOW - BEGAN).total_seconds()))
    status = chance.choices(("ended", "open", "waiting", "with_seat"), (90, 4, 3, 3))[0]
    outcome = chance.choice(("answered", "order_filed", "lawful_channel", "seat", "callback", "closed", "emergency"))
    return Conversation(
        id=f"c{number}",
        channel=chance.choice(("phone", "web", "wechat")),
        trace_id="t",
        status=status,
        outcome=outcome if status == "ended" else None,
        created_at=at,
        updated_at=at,
    )


def waits_of(chance: random.Random, row: Conversation) -> list[DeskWait]:
    if row.status != "waiting" and chance.random() < 0.6:
        return []
    asked_at = row.created_at + timedelta(seconds=chance.randint(0, 90))
    found = []
    for again in (False, True)[: chance.randint(1, 2)]:
        waited = chance.choice((0.0, 3.5, 15.0, 15.001, 16.0, 240.0))
        how = chance.choice(("answered", "answered", "abandoned", "callback", "went_on"))
        wait = DeskWait(
            conversation_id=row.id,
            channel=row.channel,
            again=again,
            asked_at=asked_at,
            ended_by=how,
            ended_at=asked_at + timedelta(seconds=waited),
            waited_seconds=waited,
        )
        if row.status == "waiting":
            wait.ended_by, wait.ended_at, wait.waited_seconds = "", None, None
        found.append(wait)
        asked_at += timedelta(seconds=waited + 30)
    return found


def order(chance: random.Random, row: Conversation) -> Order:
    return Order(
        order_no=f"o{row.id}",
        tracking_hash="x",
        idempotency_key=row.id,
        status="filed",
        channel=row.channel,
        request_type=chance.choice(("投诉", "咨询", "求助")),
        title="t",
        detail="d",
        district=chance.choice(("海淀区", "朝阳区")),
        street=chance.choice(("学院路街道", "望京街道", None)),
        category_level1="城乡建设",
        category_level2=chance.choice(("市政", "供热", "物业")),
        deadline_hours=24,
        created_at=row.created_at,
        updated_at=row.created_at,
        filed_at=row.created_at + timedelta(minutes=3),
    )


def visit(chance: random.Random, filed: Order) -> ReturnVisit:
    assert filed.filed_at is not None
    return ReturnVisit(
        id=f"v{filed.order_no}"[:32],
        order_no=filed.order_no,
        round=1,
        unit="u",
        channel="phone",
        status=chance.choice(("done", "done", "open")),
        next_at=filed.filed_at,
        created_at=filed.filed_at,
        responded=chance.choice((True, False, None)),
        solved=chance.choice((True, False, None)),
        satisfied=chance.choice((True, False, None)),
        done_at=filed.filed_at + timedelta(hours=chance.randint(1, 60)),
    )


class Rows:
    """A database of random contacts, and the same rows in memory."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.contacts = [contact(chance, number) for number in range(500)]
        self.waits = [wait for row in self.contacts for wait in waits_of(chance, row)]
        self.orders = [order(chance, row) for row in self.contacts if row.outcome == "order_filed"]
        self.visits = [visit(chance, one) for one in self.orders]
        self.placed = {row.id for row in chance.sample(self.contacts, 15)}

    async def store(self, database: Database) -> None:
        calls = [
            OutgoingCall(
                id=f"k{known}",
                number="1",
                purpose="callback",
                subject_id="x",
                status="ended",
                conversation_id=known,
                created_at=BEGAN,
            )
            for known in self.placed
        ]
        async with database.write() as session:
            session.add_all(self.contacts)
            await session.flush()
            session.add_all([*self.waits, *self.orders, *calls])
            await session.flush()
            session.add_all(self.visits)

    def expected(self, slot: Slot, name: str | None, span: Span) -> dict[str, Any]:
        """Counted row by row; `name` None: the whole span."""

        def here(moment: datetime | None) -> bool:
            if moment is None or not span.begins <= moment < span.ends:
                return False
            return name is None or slot_of(slot, moment) == name

        rows = [row for row in self.contacts if here(row.created_at) and row.id not in self.placed]
        waits = [wait for wait in self.waits if here(wait.asked_at) and not wait.again]
        answered = [wait for wait in waits if wait.ended_by == "answered"]
        in_time = [wait for wait in answered if (wait.waited_seconds or 0) <= 15]
        left = [wait for wait in waits if wait.ended_by not in ("", "answered")]
        soon = [wait for wait in left if (wait.waited_seconds or 0) <= 15]
        late = [wait for wait in waits if not wait.ended_by and (NOW - wait.asked_at).total_seconds() > 15]
        counted = len(answered) + len(left) - len(soon) + len(late)
        abandoned = [wait for wait in left if wait.ended_by == "abandoned"]
        asked_for = {wait.conversation_id for wait in self.waits}
        told = [row for row in rows if row.status == "ended" and row.outcome != "closed"]
        alone = [row for row in told if row.outcome in wallboard.CONTAINED and row.id not in asked_for]
        visits = [one for one in self.visits if one.status == "done" and here(one.done_at)]
        solved = [one.solved for one in visits if one.solved is not None]
        orders = [one for one in self.orders if here(one.filed_at)]
        return {
            "contacts": len(rows),
            "channels": dict(Counter(row.channel for row in rows)),
            "outcomes": dict(Counter(row.outcome or "open" for row in rows)),
            "asked": len(waits),
            "answered_in_time": len(in_time),
            "service_level": len(in_time) / counted if counted else None,
            "abandonment": len(abandoned) / (len(answered) + len(left)) if answered or left else None,
            "told": len(told),
            "containment": len(alone) / len(told) if told else None,
            "orders": len(orders),
            "types": dict(Counter(one.request_type for one in orders)),
            "visits": len(visits),
            "solution_rate": sum(solved) / len(solved) if solved else None,
        }


@pytest.fixture
async def rows(database: Database) -> Rows:
    made = Rows(seed=6)
    await made.store(database)
    return made


@pytest.mark.parametrize("slot", SLOTS)
async def test_figures_equal_the_database(rows: Rows, database: Database, slot: Any) -> None:
    span = Span.whole(slot, date(2026, 2, 20), date(2026, 3, 18))
    report = await Reports(database, clock=ManualClock(NOW)).of(span)
    assert [row["slot"] for row in report["slots"]] == span.slots()
    for row in report["slots"]:
        expected = rows.expected(slot, row["slot"], span)
        assert {key: row[key] for key in expected} == expected, row["slot"]
    expected = rows.expected(slot, None, span)
    assert {key: report["totals"][key] for key in expected} == expected
    top = Counter(
        (one.category_level1, one.category_level2)
        for one in rows.orders
        if one.filed_at is not None and span.begins <= one.filed_at < span.ends
    )
    assert [((one["level1"], one["level2"]), one["count"]) for one in report["categories"]] == sorted(
        top.items(), key=lambda item: (-item[1], item[0])
    )
    assert all(one["street"] for one in report["streets"])


async def test_the_usual_is_the_median_of_the_same_days_before(rows: Rows, database: Database) -> None:
    span = Span("day", date(2026, 3, 12), date(2026, 3, 18))
    report = await Reports(database, clock=ManualClock(NOW)).of(span)
    for row in report["slots"]:
        earlier = [
            sum(local(one.created_at).date().isoformat() == day and one.id not in rows.placed for one in rows.contacts)
            for day in before("day", row["slot"], 8)
        ]
        assert (row["usual"], row["unusual"]) == (
            rise(row["contacts"], earlier).usual,
            rise(row["contacts"], earlier).unusual,
        )


async def test_the_wall_equals_the_database(rows: Rows, database: Database) -> None:
    reports = Reports(database, clock=ManualClock(NOW))
    begins = Span("day", date(2026, 3, 18), date(2026, 3, 18)).begins - timedelta(days=3)
    shown = await reports.wall(begins)
    span = Span("day", date(2026, 3, 15), date(2026, 3, 18))
    expected = rows.expected("day", None, span)
    assert {
        key: shown[key] for key in ("contacts", "asked", "service_level", "abandonment", "told", "containment")
    } == {key: expected[key] for key in ("contacts", "asked", "service_level", "abandonment", "told", "containment")}
    counted = wallboard.counts(await reports.open_contacts())
    for kind, wanted in (("calls", True), ("chats", False)):
        of_kind = [row for row in rows.contacts if (row.channel == "phone") is wanted and row.status != "ended"]
        assert counted[kind]["all"] == len(of_kind)
        assert counted[kind]["waiting"] == sum(row.status == "waiting" for row in of_kind)


async def test_an_empty_database_has_zeros_and_no_shares(database: Database) -> None:
    report = await Reports(database, clock=ManualClock(NOW)).of(Span.whole("week", date(2026, 3, 4), date(2026, 3, 18)))
    assert [row["slot"] for row in report["slots"]] == ["2026-03-02", "2026-03-09", "2026-03-16"]
    totals = report["totals"]
    assert totals["contacts"] == 0 and totals["service_level"] is None and totals["satisfaction_rate"] is None
    assert report["categories"] == [] and report["streets"] == []


def test_service_level_by_hand() -> None:
    # 8 came in time, 2 late; 1 went at once, 3 later (2 of them gave up); 1 waits too long, 1 has just come.
    waits = Waits(answered=10, in_time=8, left=4, left_soon=1, abandoned=2, waiting=2, waiting_late=1)
    assert waits.service_level == 8 / 14 and waits.abandonment == 2 / 14 and waits.asked == 16
    assert Waits().service_level is None and Waits(waiting=1).service_level is None


def test_slots_are_those_of_the_city() -> None:
    late = datetime(2025, 12, 31, 16, 30, tzinfo=UTC)  # half past midnight on New Year's Day
    slots: list[Slot] = ["hour", "day", "week", "month"]
    assert [slot_of(slot, late) for slot in slots] == [
        "2026-01-01 00",
        "2026-01-01",
        "2025-12-29",
        "2026-01",
    ]
    assert before("month", "2026-02", 3) == ["2026-01", "2025-12", "2025-11"]
    assert before("hour", "2026-03-02 09", 1) == ["2026-02-23 09"]
    assert fold("month", "2026-03-31") == "2026-03"
    assert len(Span("hour", date(2026, 3, 1), date(2026, 3, 2)).slots()) == 48
    whole = Span.whole("month", date(2026, 2, 10), date(2026, 2, 11))
    assert (whole.first_day, whole.last_day) == (date(2026, 2, 1), date(2026, 2, 28))
    for first, last in ((date(2026, 3, 2), date(2026, 3, 1)), (date(2026, 1, 1), date(2026, 3, 1))):
        with pytest.raises(ValueError, match="。"):
            Span("hour", first, last)


def test_one_bad_day_of_the_past_does_not_hide_a_rise() -> None:
    usual = [20, 22, 19, 400, 21, 18, 20, 23]
    assert rise(60, usual).unusual and rise(60, usual).usual == 20.5
    assert not rise(27, usual).unusual
    assert not rise(4, [0] * 8).unusual and rise(9, [0] * 8).unusual and rise(9, [0] * 8).ratio is None
    assert rise(50, [1, 2]).usual is None
    assert not rise(150, [100, 160, 90, 140, 60, 130, 80, 150]).unusual  # it goes up and down like that


def test_queue_by_skill_and_seats_and_alarms() -> None:
    now = NOW

    def waits(known: str, channel: str, seconds: float, needs: str = "") -> dict[str, Any]:
        since = (now - timedelta(seconds=seconds)).isoformat()
        return {
            "conversation_id": known,
            "channel": channel,
            "status": "waiting",
            "waiting_since": since,
            "needs": needs,
        }

    danger = {"conversation_id": "d", "channel": "phone", "status": "with_seat", "seat_id": "s1", "alarm": True}
    cards = [waits("a", "phone", 70, "企业服务"), waits("b", "web", 5), waits("c", "web", 9), danger]
    assert wallboard.queues(cards, now) == [
        {"skill": "企业服务", "waiting": 1, "longest_seconds": 70.0},
        {"skill": "不限", "waiting": 2, "longest_seconds": 9.0},
    ]
    known = [
        AtWork("s1", "安", "available", "", now, True),
        AtWork("s2", "白", "break", "用餐", now, True),
        AtWork("s3", "陈", "offline", "", now, False),
    ]
    shown = wallboard.seats(known, cards)
    assert [(row["name"], row["state"], row["calls"], row["chats"]) for row in shown] == [
        ("安", "available", 1, 0),
        ("白", "break", 0, 0),
    ]

    def kinds(machine: Machine, *, alarm_seconds: float = 60, breaches: int = 0) -> list[str]:
        found = wallboard.alarms(cards, now, alarm_seconds=alarm_seconds, machine=machine, breaches=breaches)
        return [alarm["kind"] for alarm in found]

    well = Machine(0.4, 1.0, True, 1)
    assert kinds(well) == ["danger", "waiting"] and kinds(well, alarm_seconds=71) == ["danger"]
    assert kinds(Machine(1.2, 1.0, True, 1), breaches=2) == ["danger", "waiting", "recogniser", "breaches"]
    assert kinds(Machine(None, 1.0, False, 0)) == ["danger", "waiting", "recogniser", "phone"]
