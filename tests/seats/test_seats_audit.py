"""The audit log: added to only, and whatever is changed, left out or cut off shows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from fresh_database import fresh_postgresql as fresh_postgresql
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, DBAPIError

from base.clock import ManualClock
from seats.audit import AuditLog
from storage.engine import Database

_CHANGES = (
    "UPDATE audit_entries SET actor = 'seat:nobody' WHERE seq = 2",
    "DELETE FROM audit_entries WHERE seq = 2",
    "DELETE FROM audit_entries",
)


async def _run(database: Database, *statements: str) -> None:
    async with database.engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def _without_triggers(database: Database, *statements: str) -> None:
    """What somebody could do who owns the database."""
    drop = ("DROP TRIGGER audit_entries_no_update", "DROP TRIGGER audit_entries_no_delete")
    await _run(database, *drop, *statements)


@pytest.fixture
async def log(database: Database) -> AuditLog:
    """With five entries."""
    log = AuditLog(database)
    for number in range(5):
        await log.record(
            "order.viewed", actor="seat:s1", subject=f"BJ{number}", detail={"numbers": [1, 2.5], "字": "真"}
        )
    return log


async def test_a_log_that_nobody_touched_is_whole(log: AuditLog) -> None:
    verdict = await log.verify()
    assert (verdict.entries, verdict.first, verdict.last, verdict.problems) == (5, 1, 5, ())
    assert [entry.subject for entry in await log.entries(limit=2)] == ["BJ4", "BJ3"]
    assert [entry.seq for entry in await log.entries(subject="BJ2")] == [3]


@pytest.mark.parametrize("change", _CHANGES)
async def test_the_database_refuses_changes(log: AuditLog, database: Database, change: str) -> None:
    with pytest.raises(DatabaseError, match="audit log"):
        await _run(database, change)
    assert (await log.verify()).problems == ()


async def test_postgresql_refuses_changes(fresh_postgresql: Database) -> None:
    log = AuditLog(fresh_postgresql)
    await asyncio.gather(*(log.record("order.viewed", actor="seat:s1", subject=f"BJ{n}") for n in range(8)))
    for change in (*_CHANGES, "TRUNCATE audit_entries"):
        with pytest.raises(DBAPIError, match="audit log"):
            await _run(fresh_postgresql, change)
    verdict = await log.verify()
    assert (verdict.entries, verdict.problems) == (8, ())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE audit_entries SET actor = 'seat:nobody' WHERE seq = 3", "entry 3 is not as it was written"),
        ("UPDATE audit_entries SET detail = '{}' WHERE seq = 3", "entry 3 is not as it was written"),
        ("DELETE FROM audit_entries WHERE seq = 3", "1 missing from 3 on"),
        ("DELETE FROM audit_entries WHERE seq <= 2", "2 missing from 1 on"),
        ("DELETE FROM audit_entries WHERE seq >= 4", "2 missing at the end, from 4 on"),
        (
            "UPDATE audit_entries SET seal = (SELECT seal FROM audit_entries WHERE seq = 1) WHERE seq = 5",
            "entry 5 is not as it was written",
        ),
    ],
)
async def test_whoever_gets_around_that_is_noticed(log: AuditLog, database: Database, change: str, told: str) -> None:
    await _without_triggers(database, change)
    assert told in (await log.verify()).problems


async def test_writers_at_once_make_one_chain(database: Database) -> None:
    log = AuditLog(database)
    await asyncio.gather(*(log.record("login", actor="seat:s1", subject=str(number)) for number in range(12)))
    verdict = await log.verify()
    assert (verdict.entries, verdict.last, verdict.problems) == (12, 12, ())


async def test_entries_go_by_age_and_never_before_six_months(database: Database) -> None:
    clock = ManualClock(datetime.now(UTC) - timedelta(days=400))
    log = AuditLog(database, clock=clock)
    for days in (0, 1, 250, 290, 400):
        clock.moment = datetime.now(UTC) - timedelta(days=400 - days)
        await log.record("login", actor="seat:s1", subject=str(days))
    assert await log.remove_older(1) == 2  # a shorter time than six months is none
    verdict = await log.verify()
    assert (verdict.first, verdict.entries, verdict.problems) == (3, 4, ())
    assert [entry.action for entry in await log.entries(limit=1)] == ["audit.removed"]
    assert await log.remove_older(200) == 0
