"""The databases that we claim to support."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fresh_database import emptied

from storage.engine import Database


@pytest.fixture
async def postgresql(postgresql_url: str) -> AsyncIterator[Database]:
    """An empty PostgreSQL database (a fresh `public` schema)."""
    database = await emptied(postgresql_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}")
    yield database
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Every database that we claim to support."""
    found: Database = request.getfixturevalue(request.param)
    return found
