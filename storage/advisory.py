"""PostgreSQL's advisory locks: who may go on with something, over all nodes. On SQLite there is one node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from base.logs import get_logger
from storage.outages import name_outages, reaching
from storage.sealed import keyring_of

_log = get_logger(__name__)
CONVERSATIONS: Final = 12345_02  # a space of lock numbers; `storage/migrate.py` has another
NUMBERS: Final = 12345_03  # of telephone numbers that are promised a call
_CONNECT_SECONDS: Final = 5.0
_WAIT_MS: Final = 8_000
_HELD_AT_MOST_MS: Final = 120_000  # a node that hangs with a lock loses it
# A node that was cut off the network keeps no lock for longer than about ten seconds.
PROMPT_LOSS: Final[dict[str, str]] = {
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


class AdvisoryLocks:
    """Locks by name, each on a connection of a pool of its own, so that work under a lock never waits for that pool."""

    def __init__(self, url: str, *, at_once: int) -> None:
        """`at_once`: so many locks are held or waited for at the same time; more wait for a connection."""
        options: dict[str, Any] = {
            **PROMPT_LOSS,
            "lock_timeout": str(_WAIT_MS),
            "idle_in_transaction_session_timeout": str(_HELD_AT_MOST_MS),
        }
        self._engine = create_async_engine(
            url,
            pool_size=at_once,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={
                "server_settings": options,
                "timeout": _CONNECT_SECONDS,
                "command_timeout": _WAIT_MS / 1000 + 1.0,
            },
        )
        name_outages(self._engine)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Wait for the lock, then hold it. Other names may share its number: then they wait for each other too.

        Raises:
            SQLAlchemyError: the database is away, or the lock was not to be had within eight seconds.
        """
        connection = self._engine.connect()
        with reaching():
            await connection.start()
        try:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:space, hashtext(:name))"), {"space": CONVERSATIONS, "name": name}
            )
            yield
        finally:
            await _release(connection)

    async def close(self) -> None:
        await self._engine.dispose()


async def _release(connection: AsyncConnection) -> None:
    """The lock goes with the transaction; it has gone already where the connection is lost."""
    try:
        await connection.rollback()
    except SQLAlchemyError as error:
        _log.warning("a lock was lost before its end", error=type(error).__name__)
        await connection.invalidate()
    await connection.close()


async def alone_with_number(session: AsyncSession, number: str | None) -> None:
    """Until this transaction ends, no other one decides about call-backs to the number: what it finds stays so.

    Take it before a lock on a row of the number's tasks. SQLite has one writer at a time anyway.
    """
    dialect = session.get_bind().dialect
    if number and dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:space, hashtext(:name))")
        name = keyring_of(dialect).keys.looked_up(number)
        await session.execute(lock, {"space": NUMBERS, "name": name})
