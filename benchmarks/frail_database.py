"""A way to PostgreSQL that can be closed and opened while nodes are at work, as if the server had died meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.servers import FrailLink

_SOCKET: Final = ".s.PGSQL.5432"
_SECONDS: Final = 30.0


class FrailDatabase:
    """`url`: for the nodes; they share it with nobody else."""

    def __init__(self, folder: Path, url: str) -> None:
        """`url`: of a server on a unix socket."""
        user, _, there = url.partition("?host=")
        self.url = f"{user}?host={folder}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="frail-database", daemon=True)
        self._thread.start()
        self._link = FrailLink(folder / _SOCKET, Path(there) / _SOCKET)

    def open(self) -> None:
        self._do(self._link.open())

    def close(self) -> None:
        """Connections break, new ones are refused."""
        self._do(self._link.close())

    def end(self) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_SECONDS)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)


@contextmanager
def frail(folder: Path, url: str) -> Iterator[FrailDatabase]:
    folder.mkdir(parents=True)
    database = FrailDatabase(folder, url)
    database.open()
    try:
        yield database
    finally:
        database.end()
