"""Age erases what a citizen's wish would erase: closed orders and ended conversations, never what is still needed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from test_conversations_erasure import NUMBER, WORDS, _citizen, _left
from test_conversations_erasure import folders as folders

from base.clock import ManualClock
from conversations.erasure import ERASED, Folders
from conversations.retention import Retention, RetentionRules
from seats.audit import AuditLog
from storage.engine import Database
from storage.tables import CallbackTask, Conversation, Order

YEAR = RetentionRules(orders_days=365, conversations_days=365)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def _ended(database: Database, clock: ManualClock, name: str) -> None:
    async with database.write() as session:
        row = await session.get_one(Conversation, name)
        row.status, row.ended_at = "ended", clock.now()
        for task in (await session.execute(select(CallbackTask))).scalars():
            task.status = "done"


async def _erased(database: Database) -> tuple[set[str], set[str]]:
    async with database.read() as session:
        orders = select(Order.order_no).where(Order.erased_at.is_not(None))
        conversations = select(Conversation.id).where(Conversation.erased_at.is_not(None))
        return (
            set((await session.execute(orders)).scalars()),
            set((await session.execute(conversations)).scalars()),
        )


async def test_what_is_old_goes_once_and_is_told_to_the_audit_log(
    database: Database, clock: ManualClock, folders: Folders
) -> None:
    await _citizen(database, clock, "old", NUMBER, "closed")
    await _ended(database, clock, "old")
    recording = folders.recordings / "old.wav"
    recording.write_bytes(b"RIFF")
    clock.advance(timedelta(days=364).total_seconds())
    await _citizen(database, clock, "new", "13900005678", "closed")
    await _ended(database, clock, "new")
    retention = Retention(database, folders, YEAR, clock=clock)
    assert await retention.step() == 0
    clock.advance(timedelta(days=2).total_seconds())
    assert await retention.step() == 1  # the order: its conversation was still kept with it
    assert await _erased(database) == ({"BJ-old"}, set())
    assert await retention.step() == 1
    assert await _erased(database) == ({"BJ-old"}, {"old"})
    assert await retention.step() == 0
    left = await _left(database)
    assert NUMBER not in left and left.count("王小明") == 1 and not recording.exists()
    async with database.read() as session:
        order = await session.get_one(Order, "BJ-old")
    assert (order.title, order.detail, order.status, order.request_type) == (ERASED, ERASED, "closed", "投诉")
    entries = await AuditLog(database).entries(action="retention.erased")
    assert [entry.detail["orders"] for entry in entries] == [[], ["BJ-old"]] and WORDS not in repr(entries)


@pytest.mark.parametrize("status", ["filed", "dispatched", "accepted", "objected", "answered", "visited"])
async def test_an_order_that_is_not_closed_stays_with_its_conversation(
    status: str, database: Database, clock: ManualClock, folders: Folders
) -> None:
    await _citizen(database, clock, "one", NUMBER, status)
    await _ended(database, clock, "one")
    clock.advance(timedelta(days=4_000).total_seconds())
    assert await Retention(database, folders, YEAR, clock=clock).step() == 0
    assert await _erased(database) == (set(), set())


async def test_conversations_wait_for_call_backs_and_stay_where_orders_are_kept(
    database: Database, clock: ManualClock, folders: Folders
) -> None:
    await _citizen(database, clock, "one", NUMBER, "closed")
    async with database.write() as session:
        row = await session.get_one(Conversation, "one")
        row.status, row.ended_at = "ended", clock.now()
    clock.advance(timedelta(days=400).total_seconds())
    only_conversations = Retention(database, folders, RetentionRules(conversations_days=30), clock=clock)
    assert await only_conversations.step() == 0  # its order is kept for good
    both = Retention(database, folders, YEAR, clock=clock)
    assert (await both.step(), await both.step()) == (1, 0)  # somebody is to be called back
    await _ended(database, clock, "one")
    clock.advance(timedelta(days=400).total_seconds())
    assert await both.step() == 1
    assert await _erased(database) == ({"BJ-one"}, {"one"})


async def test_nothing_goes_by_age_unless_it_was_chosen(
    database: Database, clock: ManualClock, folders: Folders, tmp_path: Path
) -> None:
    await _citizen(database, clock, "one", NUMBER, "closed")
    await _ended(database, clock, "one")
    clock.advance(timedelta(days=40_000).total_seconds())
    assert await Retention(database, folders, RetentionRules(), clock=clock).step() == 0
