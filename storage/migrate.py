"""Bring the database's schema to the newest version. Run at set-up, by `hotline db upgrade` and by every start.

The migrations are part of the package (`storage/migrations`), so no `alembic.ini` is needed. Two processes that
upgrade at once wait for each other: SQLite by its write lock, PostgreSQL by an advisory lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from base.errors import UnavailableError
from storage.engine import Database

_FOLDER = Path(__file__).resolve().parent / "migrations"
_UPGRADE_LOCK = 12345_01  # any number that no other program takes as an advisory lock on this database


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`current` is None for an empty database."""

    current: str | None
    newest: str

    @property
    def up_to_date(self) -> bool:
        return self.current == self.newest


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


@cache
def newest_revision() -> str:
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:  # pragma: no cover - a package without migrations is broken
        raise UnavailableError(f"no migrations in {_FOLDER}: the installation is incomplete, install it again")
    return revision


def upgrade_within(connection: Connection, revision: str) -> None:
    """In the transaction of the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # a migration may take its time
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def upgrade(database: Database, revision: str = "head") -> SchemaState:
    """Apply every missing migration in one transaction; nothing happens where there is none.

    Raises:
        UnavailableError: the database cannot be opened.
    """
    if revision == "head" and (found := await state(database)).up_to_date:
        return found  # without reading all migrations, as at nearly every start
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(upgrade_within, revision)
            return SchemaState(await connection.run_sync(_current), newest_revision())
    except (OperationalError, OSError) as error:
        raise UnavailableError(f"the database cannot be opened for its upgrade: {_reason(error)}") from error


async def state(database: Database) -> SchemaState:
    """Which version the database has and which is the newest.

    Raises:
        UnavailableError: the database cannot be opened.
    """
    try:
        async with database.engine.connect() as connection:
            return SchemaState(await connection.run_sync(_current), newest_revision())
    except (OperationalError, OSError) as error:
        raise UnavailableError(f"the database cannot be opened: {_reason(error)}") from error


async def upgrade_url(url: str, *, busy_timeout_seconds: float = 10.0) -> SchemaState:
    """`upgrade` for callers that hold no `Database`: makes the SQLite file's folder, opens, upgrades, closes."""
    database = Database(url, busy_timeout_seconds=busy_timeout_seconds)
    if database.is_sqlite and database.engine.url.database:
        Path(database.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    try:
        return await upgrade(database)
    finally:
        await database.close()


def _reason(error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    return str(original).splitlines()[0] if str(original) else type(original).__name__
