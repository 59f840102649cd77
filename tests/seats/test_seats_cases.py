"""What the desk keeps: offers that the database decides, drafts, states, notes, replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from base.clock import ManualClock
from seats.cases import Cases
from seats.notes import CannedReplies, Notes
from seats.roster import Roster
from seats.waiting_time import Told
from storage import migrate
from storage.engine import Database
from storage.tables import Conversation, Seat

PAUSE = timedelta(seconds=60)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}")
    await migrate.upgrade(database)
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def cases(database: Database, clock: ManualClock) -> Cases:
    now = clock.now()
    async with database.write() as session:
        for name in ("c1", "c2", "c3"):
            session.add(Conversation(id=name, channel="web", trace_id="t", created_at=now, updated_at=now))
        for name in ("ann", "bob"):
            session.add(Seat(id=name, login=name, display_name=name.title(), password_hash="x", created_at=now))
    return Cases(database, clock=clock)


async def test_of_many_who_offer_at_once_one_wins_and_a_seat_has_one_offer(cases: Cases) -> None:
    together = await asyncio.gather(*(cases.offer("c1", seat, seconds=15) for seat in ("ann", "bob") * 5))
    assert sum(together) == 1
    offered = (await cases.one("c1")).offered_to
    assert not await cases.offer("c2", str(offered), seconds=15)
    other = "bob" if offered == "ann" else "ann"
    assert await cases.offer("c2", other, seconds=15)


async def test_turned_down_or_not_answered_it_goes_past_that_seat_for_a_while(cases: Cases, clock: ManualClock) -> None:
    await cases.offer("c1", "ann", seconds=15)
    assert not await cases.turn_down("c1", "bob", pause=PAUSE)  # it is not bob's to turn down
    assert await cases.turn_down("c1", "ann", pause=PAUSE)
    case = await cases.one("c1")
    assert case.offered_to is None and case.passed_over == {"ann"} and case.turned_down
    await cases.offer("c1", "bob", seconds=15)
    assert await cases.expire(pause=PAUSE) == []
    clock.advance(15)
    assert await cases.expire(pause=PAUSE) == [("c1", "bob")] and await cases.expire(pause=PAUSE) == []
    assert (await cases.one("c1")).passed_over == {"ann", "bob"}
    clock.advance(50)
    assert (await cases.one("c1")).passed_over == {"bob"}
    await cases.taken("c1")
    assert not (await cases.one("c1")).turned_down


async def test_an_offer_ends_with_the_wait_and_with_the_seat(cases: Cases) -> None:
    await cases.offer("c1", "ann", seconds=15)
    await cases.offer("c2", "bob", seconds=15)
    assert await cases.withdraw(still_waiting=["c1", "c2"], at_desk=["ann", "bob"]) == 0
    assert await cases.withdraw(still_waiting=["c2"], at_desk=["ann"]) == 2
    assert (await cases.one("c1")).passed_over == frozenset()  # nobody is to blame


async def test_a_citizen_is_told_once_for_each_wait(cases: Cases, clock: ManualClock) -> None:
    since, told = clock.now(), Told(2, 300.0, clock.now())
    both = await asyncio.gather(*(cases.told("c1", told, of=since, call_back_offered=True) for _ in range(3)))
    assert sum(both) == 1
    clock.advance(100)
    assert await cases.told("c1", Told(1, 100.0, clock.now()), of=since, call_back_offered=False)
    case = await cases.one("c1")
    assert case.told == Told(1, 100.0, clock.now()) and case.told_of == since and case.call_back_offered
    assert await cases.told("c1", Told(0, 0.0, clock.now()), of=clock.now(), call_back_offered=False)
    assert not (await cases.one("c1")).call_back_offered  # waits anew


async def test_what_was_typed_is_kept_until_the_end_and_the_time_is_measured(cases: Cases, clock: ManualClock) -> None:
    await cases.keep({"c1": "请问"}, {"c1": {"title": "路灯"}, "c2": {"title": "井盖"}})
    case = await cases.one("c1")
    assert case.draft == "请问" and case.form == {"title": "路灯"}
    assert await cases.tag("c1", ["噪音", " 噪音", "", "老人" * 20]) == ["噪音", ("老人" * 20)[:20]]
    await cases.snooze("c1", clock.now() + timedelta(minutes=5))
    await cases.finished("c1", code=None, seconds=200.0)
    case = await cases.one("c1")
    assert case.draft == "" and case.form == {"title": "路灯"} and case.snoozed_until is None
    await cases.finished("c1", code="filed", seconds=None)
    assert (await cases.one("c1")).form == {}
    clock.advance(1)
    await cases.finished("c2", code="consulted", seconds=100.0)
    assert await cases.measured() == [100.0, 200.0]
    clock.advance(2 * 86_400)
    assert await cases.measured() == []


async def test_the_roster_outlives_a_restart(cases: Cases, database: Database, clock: ManualClock) -> None:
    roster = Roster(database, clock=clock, wrap_up=timedelta(seconds=20))
    assert await roster.enlist("ann", skills=["minors"], chats=5) and not await roster.enlist("nobody", chats=5)
    await roster.came("ann")
    await roster.choose("ann", "break", reason="用餐")
    clock.advance(30)
    await roster.heard({"ann": 4.0})
    known = (await Roster(database, clock=clock).all())["ann"]
    assert (known.at_desk.state, known.at_desk.reason, known.chats) == ("break", "用餐", 5)
    assert known.skills == {"minors"} and known.heard_at == clock.now() - timedelta(seconds=4)
    assert (await roster.came("ann")).state == "break"
    await roster.left(["ann"])
    assert (await roster.came("ann")).state == "available"
    assert (await roster.missed("ann")).state == "available"
    await roster.served("ann", answered=True)
    assert (await roster.missed("ann")).state == "available"
    assert (await roster.missed("ann")).state == "break"


async def test_notes_and_replies(cases: Cases, database: Database, clock: ManualClock) -> None:
    notes, replies = Notes(database, clock=clock), CannedReplies(database, clock=clock)
    await notes.add("c1", "ann", "第二次来电", ["bob", "nobody"])
    (note,) = await notes.of("c1")
    assert (note["author"], note["text"], note["mentions"]) == ("Ann", "第二次来电", ["bob"])
    assert await notes.mentions("c1", "bob") and not await notes.mentions("c1", "ann")
    own = await replies.add("ann", "问候", "您好")
    shared = await replies.add(None, "结束", "感谢来电")
    assert {row["title"] for row in await replies.of("ann")} == {"问候", "结束"}
    assert [row["title"] for row in await replies.of("bob")] == ["结束"]
    assert not await replies.remove(shared["id"], seat_id="ann", may_share=False)
    assert not await replies.remove(own["id"], seat_id="bob", may_share=True)
    assert await replies.remove(shared["id"], seat_id="ann", may_share=True)
