"""One turn at a time in each conversation: a lock per id, kept only while somebody needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Across(Protocol):
    """A lock by name that holds over all nodes (`storage/advisory.py`)."""

    def hold(self, name: str) -> AbstractAsyncContextManager[None]: ...


@dataclass(slots=True)
class _Entry:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class KeyedLocks:
    """The map holds as many entries as there are conversations with a turn under way, and no more."""

    def __init__(self, across: Across | None = None) -> None:
        """`across`: of several nodes; one turn of a conversation at a time then waits at the database from each."""
        self._entries: dict[str, _Entry] = {}
        self._across = across

    def __len__(self) -> int:
        return len(self._entries)

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        """Wait for the turn before, then hold the conversation; first come, first served.

        Raises:
            SQLAlchemyError: of several nodes, the database is away.
        """
        entry = self._entries.setdefault(key, _Entry())
        entry.users += 1
        try:
            async with entry.lock:
                if self._across is None:
                    yield
                else:
                    async with self._across.hold(key):
                        yield
        finally:
            entry.users -= 1
            if entry.users == 0:
                del self._entries[key]
