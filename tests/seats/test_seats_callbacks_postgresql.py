"""Call-backs where several transactions decide at the same moment: a real PostgreSQL server."""

from __future__ import annotations

import asyncio

import pytest
from fresh_database import fresh_postgresql
from sqlalchemy.exc import IntegrityError
from test_seats_callbacks import NUMBER, callbacks, clock, promise, rows

from base.clock import ManualClock
from seats.callbacks import CallbackError, Callbacks
from storage.engine import Database
from storage.tables import CallbackTask

database = fresh_postgresql
__all__ = ["callbacks", "clock", "database"]


async def test_promises_at_once_leave_one_open_task_and_every_note(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    numberless = [f"n{index}" for index in range(4)]
    for name in numberless:
        await promise(database, clock, name, number=None)
    told_later = (promise(database, clock, name) for name in numberless)
    await asyncio.gather(*(promise(database, clock, f"c{index}") for index in range(8)), *told_later)
    open_ones = [row for row in (await rows(database)).values() if row.status != "done"]
    assert len(open_ones) == 1 and len(await rows(database)) == 12
    assert all(f"note {name}" in open_ones[0].note for name in (*numberless, *(f"c{index}" for index in range(8))))


async def test_opened_again_and_promised_at_once_there_is_one_task(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    for round_ in range(5):
        await promise(database, clock, f"a{round_}")
        (task,) = await callbacks.tasks()
        await callbacks.set(task["id"], "taken", seat_id="s1")
        await callbacks.set(task["id"], "done", seat_id="s1")
        results = await asyncio.gather(
            callbacks.set(task["id"], "open", seat_id="l1", lead=True),
            promise(database, clock, f"b{round_}"),
            return_exceptions=True,
        )
        assert all(result is None or isinstance(result, dict | CallbackError) for result in results), results
        (left,) = await callbacks.tasks()
        assert left["conversation_id"] == f"b{round_}"
        await callbacks.set(left["id"], "taken", seat_id="s1")
        await callbacks.set(left["id"], "done", seat_id="s1")


async def test_the_database_itself_refuses_a_second_open_task(database: Database, clock: ManualClock) -> None:
    await promise(database, clock, "c1")
    await promise(database, clock, "c2", number=None)
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            second = await session.get_one(CallbackTask, (await rows(database))["c2"].id)
            second.number = NUMBER


async def test_what_was_erased_without_a_time_does_not_stand_before_the_newest(
    database: Database, clock: ManualClock, callbacks: Callbacks
) -> None:
    await promise(database, clock, "c1")
    async with database.write() as session:
        stored = await session.get_one(CallbackTask, (await rows(database))["c1"].id)
        stored.status, stored.result, stored.number, stored.done_at = "done", "erased", None, None
    await promise(database, clock, "c2")
    (task,) = await callbacks.tasks()
    await callbacks.set(task["id"], "taken", seat_id="s1")
    await callbacks.set(task["id"], "done", seat_id="s1")
    assert [task["conversation_id"] for task in await callbacks.tasks("done", limit=1)] == ["c2"]
