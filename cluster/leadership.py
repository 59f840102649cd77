"""Who does what only one of several nodes needs to do: whoever holds an advisory lock of PostgreSQL, on a connection of
its own. The connection is the proof: lost, the node leads no more, and the server gives the lock to the next."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from base.clock import Clock
from base.logs import get_logger
from storage.advisory import PROMPT_LOSS

log = get_logger("cluster.leadership")
_LOCK: Final = 12345_03  # `storage/migrate.py` and `storage/advisory.py` have others
_ASK_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 3.0
_FAILURES: Final = (SQLAlchemyError, OSError, TimeoutError)


class Leadership(Protocol):
    @property
    def leads(self) -> bool:
        """This node is the one, as far as it knows. Another may have begun already: the work must bear that."""
        ...

    @property
    def term(self) -> int:
        """Counts how often this node has become the leader: with a new number, what was known may be out of date."""
        ...

    async def run(self) -> None:
        """Stand for election until `close`."""
        ...

    async def close(self) -> None: ...


class Alone:
    """The only node leads always."""

    leads = True
    term = 1

    async def run(self) -> None:
        return

    async def close(self) -> None:
        return


class Elected:
    """One a process. The server is asked every second; a leader that gets no answer within three leads no more."""

    def __init__(self, url: str, node: str, *, clock: Clock) -> None:
        settings = {**PROMPT_LOSS, "application_name": f"hotline leader {node}"}
        self._engine = create_async_engine(
            url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"server_settings": settings, "timeout": _ANSWER_SECONDS, "command_timeout": _ANSWER_SECONDS},
        )
        self._node = node
        self._clock = clock
        self._connection: AsyncConnection | None = None
        self._has_lock = False
        self._answered = float("-inf")  # when the last question that was answered was asked
        self._closed = asyncio.Event()
        self.term = 0

    @property
    def leads(self) -> bool:
        return self._has_lock and self._clock.monotonic() - self._answered < _ASK_SECONDS + _ANSWER_SECONDS

    async def run(self) -> None:
        while not self._closed.is_set():
            try:
                await self._ask()
            except _FAILURES as error:
                if self._has_lock:
                    log.warning("this node leads no more", node=self._node, error=type(error).__name__)
                await self._let_go()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), _ASK_SECONDS)
        await self._let_go()
        await self._engine.dispose()

    async def close(self) -> None:
        self._closed.set()

    async def _ask(self) -> None:
        asked_at = self._clock.monotonic()
        if self._connection is None:
            self._connection = await self._engine.connect()
        if self._has_lock:
            await self._connection.execute(text("SELECT 1"))
        elif await self._connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}):
            self._has_lock = True
            self.term += 1
            log.info("this node leads", node=self._node, term=self.term)
        self._answered = asked_at

    async def _let_go(self) -> None:
        """The lock goes with the connection."""
        connection, self._connection, self._has_lock = self._connection, None, False
        if connection is None:
            return
        try:
            await connection.invalidate()
            await connection.close()
        except _FAILURES as error:  # the server ends it by itself
            log.warning("the election's connection did not close", error=type(error).__name__)
