"""Who has a return visit, and who does not have it any more; what a citizen tells a seat in another call."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from base.clock import ManualClock
from storage.calling_tables import CallTaskEvent, OutgoingCall
from storage.engine import Database
from storage.follow_up_tables import ReturnVisit
from workorders import visit_calls
from workorders.model import Assignment, OrderDraft
from workorders.service import OrderService
from workorders.visits import Answers, ReturnVisits, UnknownVisit, VisitError

HEAT = "市热力集团"
YES = Answers(True, True, True)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()  # 10:00 in the city


@pytest.fixture
def orders(database: Database, clock: ManualClock) -> OrderService:
    return OrderService(database, clock=clock)


@pytest.fixture
def visits(database: Database, orders: OrderService, clock: ManualClock) -> ReturnVisits:
    return ReturnVisits(database, orders, clock=clock)


async def _answered(database: Database, orders: OrderService, *, number: str = "13900001234") -> str:
    assignment = Assignment(HEAT, "直派", (), "ordinary", 168, "职责")
    draft = OrderDraft("投诉", "", "暖气不热", "phone", contact_phone=number, assignment=assignment)
    async with database.write() as session:
        filed = await orders.file(session, draft, key="c:1", now=ManualClock().now(), actor="bot:policy")
    for event in ("accept", "answer"):
        await orders.change(filed.order_no, event, actor=f"unit:{HEAT}", note="已修好")
    return filed.order_no


async def _visit(database: Database) -> ReturnVisit:
    async with database.read() as session:
        return (await session.execute(select(ReturnVisit))).scalar_one()


async def _steps(database: Database) -> list[tuple[str, str]]:
    async with database.read() as session:
        found = await session.execute(select(CallTaskEvent).order_by(CallTaskEvent.id))
        return [(row.event, row.actor) for row in found.scalars()]


async def test_a_visit_is_given_back_or_taken_away_by_a_leader(
    database: Database, orders: OrderService, visits: ReturnVisits
) -> None:
    await _answered(database, orders)
    await visits.sweep()
    (task,) = await visits.tasks(person="v1")
    with pytest.raises(VisitError):
        await visits.give_back(task["id"], person="l1", lead=True)  # nobody has it
    await visits.take(task["id"], person="v1")
    with pytest.raises(VisitError):
        await visits.give_back(task["id"], person="v2")
    await visits.give_back(task["id"], person="v1")
    await visits.take(task["id"], person="v2")
    (task,) = await visits.tasks(person="v1")
    assert (task["status"], task["mine"], task["holder"]) == ("taken", False, "v2")
    await visits.give_back(task["id"], person="l1", lead=True)
    with pytest.raises(VisitError):
        await visits.record(task["id"], YES, person="v2")
    (task,) = await visits.tasks(person="v1")
    assert [step["text"] for step in task["history"]] == ["领取", "退回", "领取", "收回"]
    await visits.take(task["id"], person="v1")
    await visits.record(task["id"], YES, person="v1")
    assert (await _steps(database))[-1] == ("done", "v1")
    with pytest.raises(UnknownVisit):
        await visits.give_back("v_none", person="v1")


async def test_a_visitor_who_went_home_does_not_keep_the_order_open(
    database: Database, orders: OrderService, visits: ReturnVisits, clock: ManualClock
) -> None:
    number = await _answered(database, orders)
    await visits.sweep()
    (task,) = await visits.tasks(person="v1")
    await visits.take(task["id"], person="v1")
    clock.advance(timedelta(hours=3).total_seconds())
    await visits.take(task["id"], person="v1")  # the same person again: no longer for it
    await visits.sweep()
    assert (await _visit(database)).taken_by == "v1"
    clock.advance(timedelta(hours=1, seconds=1).total_seconds())
    await asyncio.gather(*(visits.sweep() for _ in range(3)))
    assert (await _visit(database)).status == "open" and (await _steps(database))[-1] == ("released", "system")
    assert len(await _steps(database)) == 2
    await visits.take(task["id"], person="v2")
    await visits.record(task["id"], YES, person="v2")
    assert (await orders.view(number, seat="s")).status == "closed"


async def test_a_call_of_the_bot_is_not_cut_short(
    database: Database, orders: OrderService, visits: ReturnVisits, clock: ManualClock
) -> None:
    await _answered(database, orders)
    await visits.sweep()
    visit_id = (await _visit(database)).id
    async with database.write() as session:
        assert await visit_calls.take(session, visit_id, now=clock.now()) is not None
        session.add(
            OutgoingCall(
                id="o1", number="13900001234", open_number="13900001234", purpose="visit", subject_id=visit_id,
                status="answered", created_at=clock.now(),
            )
        )  # fmt: skip
    clock.advance(timedelta(hours=5).total_seconds())
    await visits.sweep()
    with pytest.raises(VisitError):
        await visits.give_back(visit_id, person="l1", lead=True)
    assert (await _visit(database)).taken_by == visit_calls.BOT
    async with database.write() as session:
        (await session.get_one(OutgoingCall, "o1")).status = "ended"
    await visits.sweep()
    assert (await _visit(database)).taken_by is None


async def test_a_citizen_who_calls_by_themselves_answers_the_visit(
    database: Database, orders: OrderService, visits: ReturnVisits
) -> None:
    number = await _answered(database, orders)
    await visits.told(number, Answers(True, True, False, "办理速度"), person="s1")  # before any sweep
    row = await _visit(database)
    assert (row.status, row.done_by, row.satisfied) == ("done", "seat:s1", False)
    view = await orders.view(number, seat="s")
    assert view.status == "closed" and view.events[-2]["actor"] == "seat:s1"
    with pytest.raises(VisitError):
        await visits.told(number, YES, person="s1")
    with pytest.raises(UnknownVisit):
        await visits.told("2601050099999", YES, person="s1")


async def test_whoever_left_no_number_may_tell_a_seat_and_nobody_asks_over_a_visitor(
    database: Database, orders: OrderService, visits: ReturnVisits
) -> None:
    number = await _answered(database, orders)
    await visits.sweep()
    (task,) = await visits.tasks(person="v1")
    await visits.take(task["id"], person="v1")
    with pytest.raises(VisitError, match="回访人员"):
        await visits.told(number, YES, person="s1")
    await visits.give_back(task["id"], person="v1")
    await visits.told(number, Answers(True, False, False, "办理结果"), person="s1")
    assert (await orders.view(number, seat="s")).status == "dispatched"  # not solved: once more
    for event in ("accept", "answer"):
        await orders.change(number, event, actor=f"unit:{HEAT}", note="又修了")
    await visits.told(number, YES, person="s2")
    assert (await orders.view(number, seat="s")).status == "closed"


async def test_nobody_can_be_asked_but_they_call(
    database: Database, orders: OrderService, visits: ReturnVisits
) -> None:
    number = await _answered(database, orders, number="")
    await visits.told(number, YES, person="s1")
    assert ((await _visit(database)).status, (await _visit(database)).solved) == ("done", True)
