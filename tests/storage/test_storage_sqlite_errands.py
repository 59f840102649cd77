"""A statement is one errand to the connection's thread, and whoever is cancelled in the middle leaves nothing open."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from storage.engine import Database


@pytest.fixture
async def small(tmp_path: Path) -> Any:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'small.db'}", busy_timeout_seconds=5.0)
    async with database.write() as session:
        await session.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    yield database
    await database.close()


async def names(database: Database) -> set[str]:
    async with database.read() as session:
        return set((await session.execute(text("SELECT name FROM things"))).scalars())


async def add(database: Database, *added: str) -> None:
    async with database.write() as session:
        await session.execute(text("INSERT INTO things VALUES (:name)"), [{"name": name} for name in added])


async def test_a_read_is_three_errands(small: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await names(small)
    errands: list[object] = []
    once: Any = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *arguments: Any) -> Any:
        errands.append(arguments[0])
        return await once(self, *arguments)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    await names(small)
    assert len(errands) == 3, "BEGIN, SELECT, and the end of the transaction"


async def test_many_rows_at_once_and_a_failure_among_them_leaves_none(small: Database) -> None:
    await add(small, "a", "b", "c")
    with pytest.raises(IntegrityError):
        await add(small, "d", "a")
    assert await names(small) == {"a", "b", "c"}
    async with small.write() as session:
        done: Any = await session.execute(text("DELETE FROM things WHERE name > 'a'"))
        assert done.rowcount == 2


async def test_rows_may_be_streamed(small: Database) -> None:
    await add(small, *(f"n{number:03}" for number in range(200)))
    async with small.read() as session:
        rows = await session.stream(text("SELECT name FROM things ORDER BY name"))
        assert [row.name async for row in rows][:2] == ["n000", "n001"]


async def test_whoever_is_cancelled_leaves_no_transaction_behind(small: Database) -> None:
    chance, confirmed = random.Random(5), set()

    async def one(name: str) -> None:
        await add(small, name)
        confirmed.add(name)

    for turn in range(25):
        tasks = [asyncio.create_task(one(f"{turn}-{number}")) for number in range(4)]
        await asyncio.sleep(chance.uniform(0.0, 0.006))
        for task in tasks[:3]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not tasks[3].cancelled() and tasks[3].exception() is None, "nobody else holds the database"
    assert confirmed <= await names(small)
    await add(small, "last")
    assert "last" in await names(small)
