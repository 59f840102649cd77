"""The database: one engine a process, short transactions, SQLite in WAL mode or PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from opentelemetry.trace import SpanKind
from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from base import tracing
from storage.keyring import Keyring, of_database
from storage.outages import name_outages, reaching
from storage.sealed import use_keys
from storage.sqlite_errands import one_errand_a_statement
from storage.tables import Counter

_CONNECT_SECONDS: Final = 5.0


class Database:
    """Opens sessions. A session is one transaction: committed when the block ends, rolled back when it raises.

    On SQLite every transaction begins as a writer (`BEGIN IMMEDIATE`), so two writers wait for each other instead of
    failing at their first write; readers use `read()`, which never takes the write lock.
    """

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_seconds: float = 10.0,
        pool_size: int = 10,
        keyring: Keyring | None = None,
        statement_timeout_seconds: float | None = None,
    ) -> None:
        """
        Args:
            keyring: what opens the sealed columns; left out, the key file of `storage.keyring.of_database`.
            statement_timeout_seconds: so long PostgreSQL may work on one statement, and we wait for it; None: for ever.
        """
        self.url = url
        self.keyring = keyring or of_database(url)
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        if self.is_sqlite:
            self.engine: AsyncEngine = create_async_engine(
                url, connect_args={"timeout": busy_timeout_seconds}, hide_parameters=True
            )
            one_errand_a_statement(self.engine)
            self._prepare_sqlite(busy_timeout_seconds)
        else:
            self.engine = create_async_engine(
                url,
                pool_size=pool_size,
                max_overflow=pool_size,
                pool_pre_ping=True,
                hide_parameters=True,  # an error that is logged must not tell what a citizen said
                connect_args=_patience(statement_timeout_seconds),
            )
            name_outages(self.engine)
        use_keys(self.engine.sync_engine.dialect, self.keyring)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    def _prepare_sqlite(self, busy_timeout_seconds: float) -> None:
        @event.listens_for(self.engine.sync_engine, "connect")
        def on_connect(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver must not begin transactions by itself
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")  # "accepted" is said only of what survives a power cut
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute(f"PRAGMA busy_timeout={int(busy_timeout_seconds * 1000)}")
            cursor.close()

        @event.listens_for(self.engine.sync_engine, "begin")
        def on_begin(connection: Any) -> None:
            read_only = connection.get_execution_options().get("hotline_read", False)
            connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that may write."""
        with tracing.part("store write", kind=SpanKind.CLIENT):
            async with self._sessions() as session, session.begin():
                with reaching():
                    await session.connection()
                yield session

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads."""
        with tracing.part("store read", kind=SpanKind.CLIENT):
            async with self._sessions() as session:
                with reaching():
                    await session.connection(execution_options={"hotline_read": True})
                yield session
                session.expunge_all()  # rows that were read stay usable; a rollback would expire them
                await session.rollback()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads and sees one state of the database, however long it lasts."""
        options: dict[str, Any] = {"hotline_read": True}
        if not self.is_sqlite:  # SQLite's readers are like that anyway
            options["isolation_level"] = "REPEATABLE READ"
        async with self._sessions() as session:
            with reaching():
                await session.connection(execution_options=options)
            yield session
            session.expunge_all()
            await session.rollback()

    async def close(self) -> None:
        await self.engine.dispose()


def _patience(seconds: float | None) -> dict[str, Any]:
    """The server ends a statement that takes longer; a server that says nothing is given up a little later."""
    if seconds is None:
        return {}
    settings = {"statement_timeout": str(int(seconds * 1000))}
    return {"timeout": _CONNECT_SECONDS, "command_timeout": seconds + 1.0, "server_settings": settings}


async def next_value(session: AsyncSession, name: str) -> int:
    """Add one to a named counter inside the caller's transaction and return the new value, starting at 1."""
    query = select(Counter).where(Counter.name == name).with_for_update()
    counter = (await session.execute(query)).scalar_one_or_none()
    if counter is None:  # two writers may find none at once: one inserts, the other waits for it and counts on
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        await session.execute(insert(Counter).values(name=name, value=0).on_conflict_do_nothing())
        counter = (await session.execute(query)).scalar_one()
    counter.value += 1
    await session.flush()
    return counter.value
