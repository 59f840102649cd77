"""An empty database of the newest schema for every test: upgraded once a session, then copied; PostgreSQL: made anew.

A folder's `conftest.py` takes it over by importing `database`; a file of tests on PostgreSQL by
`database = fresh_postgresql`. `migrated_file` and `postgresql_url` are imported by `tests/conftest.py` alone: imported
by a file, a fixture of the session is set up again for that file.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage import migrate
from storage.engine import Database


async def emptied(postgresql_url: str) -> Database:
    """The database there with nothing in its schema; close it."""
    database = Database(postgresql_url)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        await connection.exec_driver_sql("CREATE SCHEMA public")
    return database


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQLite, closed: to be copied, never opened."""
    path = tmp_path_factory.mktemp("schema") / "hotline.db"

    async def make() -> None:
        database = Database(url_of(path))
        await migrate.upgrade(database)
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def database(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """The test's own, in its `tmp_path` as `hotline.db`."""
    path = tmp_path / "hotline.db"
    shutil.copyfile(migrated_file, path)
    database = Database(url_of(path))
    yield database
    await database.close()


@pytest.fixture
async def fresh_postgresql(postgresql_url: str) -> AsyncIterator[Database]:
    """On the server of `tests/postgresql_server.py`."""
    database = await emptied(postgresql_url)
    await migrate.upgrade(database)
    yield database
    await database.close()
