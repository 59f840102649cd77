"""Call-backs: the hours, the attempts and their spacing, one open task a number, and who calls again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from base.calling_hours import CallingRules
from base.clock import ManualClock, local
from conversations import store
from seats.callbacks import CallbackError, Callbacks
from storage.engine import Database
from storage.tables import CallbackTask, Conversation

NUMBER = "13900001234"
NIGHT = datetime(2026, 1, 5, 15, 30, tzinfo=UTC)  # 23:30 in the city


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()  # 10:00 in the city


@pytest.fixture
def callbacks(database: Database, clock: ManualClock) -> Callbacks:
    return Callbacks(database, clock=clock, dial_uri="sip:9{number}@pbx.example.cn")


async def promise(
    database: Database, clock: ManualClock, name: str, *, number: str | None = NUMBER, reason: str = "missed"
) -> None:
    now = clock.now()
    async with database.write() as session:
        row = await session.get(Conversation, name)
        if row is None:
            row = Conversation(id=name, channel="phone", trace_id="t", status="ended", created_at=now, updated_at=now)
            session.add(row)
            await session.flush()
        await store.promise_call_back(
            session, row, reason=reason, number=number, note=f"note {name}", due_at=now + timedelta(hours=2), now=now
        )


async def rows(database: Database) -> dict[str, CallbackTask]:
    async with database.read() as session:
        return {row.conversation_id: row for row in (await session.execute(select(CallbackTask))).scalars()}


@given(st.integers(0, 366 * 24 * 60), st.integers(0, 11), st.integers(12, 24))
def test_nobody_is_rung_up_at_night(minutes: int, first: int, last: int) -> None:
    rules, aware = CallingRules(first, last), datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    earliest = rules.earliest(aware)
    assert earliest >= aware and rules.allowed(earliest)
    assert earliest == aware or local(earliest).hour == first
    assert earliest - aware < timedelta(days=1)
    assert rules.again(rules.attempts, aware) is None


async def test_attempts_are_spaced_and_end(database: Database, clock: ManualClock, callbacks: Callbacks) -> None:
    await promise(database, clock, "c1")
    (task,) = await callbacks.tasks()
    for attempt in (1, 2, 3):
        await callbacks.set(task["id"], "taken", seat_id="s1")
        told = await callbacks.dial(task["id"], seat_id="s1")
        assert told["uri"] == f"sip:9{NUMBER}@pbx.example.cn"
        after = await callbacks.set(task["id"], "unreachable", seat_id="s1", note="无人接听")
        assert after["attempts"] == attempt
        if attempt < 3:
            with pytest.raises(CallbackError):
                await callbacks.set(task["id"], "taken", seat_id="s2")
            clock.advance(3600)
    assert (after["status"], after["result"]) == ("done", "given_up") and await callbacks.tasks() == []


async def test_who_may_dial_and_when(database: Database, clock: ManualClock, callbacks: Callbacks) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c2", number="13800000000", reason="emergency 119")
    await promise(database, clock, "c3", number=None)
    tasks = {task["conversation_id"]: task["id"] for task in await callbacks.tasks()}
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c1"], seat_id="s1")  # nobody's yet
    for identifier in tasks.values():
        await callbacks.set(identifier, "taken", seat_id="s1")
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c1"], seat_id="s2")
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c3"], seat_id="s1")  # no number
    clock.moment = NIGHT
    with pytest.raises(CallbackError):
        await callbacks.dial(tasks["c1"], seat_id="s1")
    assert (await callbacks.dial(tasks["c2"], seat_id="s1"))["number"] == "13800000000"  # danger has no hours
    assert {task["conversation_id"]: task["callable"] for task in await callbacks.tasks()} == {
        "c1": False, "c2": True, "c3": False,
    }  # fmt: skip


async def test_a_number_has_one_open_task_with_everything_that_was_noted(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    (first,) = await callbacks.tasks()
    await callbacks.set(first["id"], "taken", seat_id="s1")
    clock.advance(600)
    await promise(database, clock, "c2", reason="dropped")
    (task,) = await callbacks.tasks()
    assert (task["conversation_id"], task["status"], task["seat_id"]) == ("c2", "taken", "s1")
    assert "note c1" in task["note"] and "note c2" in task["note"] and task["due_at"] == first["due_at"]
    assert (await rows(database))["c1"].result == "superseded"
    await asyncio.gather(*(promise(database, clock, f"m{index}") for index in range(5)))
    assert len(await callbacks.tasks()) == 1


async def test_whoever_calls_again_and_is_served_needs_no_call(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c2", number="13800000000", reason="emergency 119")
    async with database.write() as session:
        for number in (NUMBER, "13800000000", None):
            again = Conversation(id="c9", caller_number=number, outcome_detail={})
            await store.called_again(session, again, now=clock.now())
    found = await rows(database)
    assert (found["c1"].status, found["c1"].result) == ("done", "called_again")
    assert found["c2"].status == "open"  # danger is followed up
    await promise(database, clock, "c1")
    assert (await rows(database))["c1"].status == "open"  # promised anew
