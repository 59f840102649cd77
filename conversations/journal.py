"""The last resort: what a citizen said while the database was away is appended to a file and taken in later.

Such a turn is 已记录, never 已受理. The file is appended to with fsync, one JSON object a line; a half-written last
line (power cut) is skipped at replay and kept in the file that is set aside.
"""

from __future__ import annotations

import asyncio
import errno
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from base.logs import get_logger

_log = get_logger(__name__)
_TAKING: Final = ".taking"
_DONE: Final = ".done"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a citizen said. `conversation_id` may be of a conversation that was never stored."""

    conversation_id: str
    channel: str
    kind: str
    text: str
    client_message_id: str | None
    caller_number: str | None
    at: str  # ISO 8601, UTC
    receipt: str = ""  # what the citizen was told that it can be asked for by


class Journal:
    """One file in the data directory; one writer at a time in this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = asyncio.Lock()

    async def append(self, entry: Entry) -> None:
        """Store one entry; it is on disk when this returns.

        Raises:
            OSError: the disk does not take it.
        """
        async with self._lock:
            await asyncio.to_thread(self._append, entry)

    def _append(self, entry: Entry) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(entry), ensure_ascii=False) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            before, whole = os.fstat(descriptor).st_size, line.encode("utf-8")
            if os.write(descriptor, whole) != len(whole):  # a disk that fills up takes a part of it without an error
                os.ftruncate(descriptor, before)  # or the next entry would be glued to half a line
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    async def waiting(self, now: datetime) -> list[Path]:
        """The files that are to be taken in, the oldest first. What is said from now on goes into another one."""
        async with self._lock:
            return await asyncio.to_thread(self._waiting, now)

    def _waiting(self, now: datetime) -> list[Path]:
        if self.path.exists():
            os.replace(self.path, self.path.with_name(f"{self.path.name}.{now:%Y%m%dT%H%M%S%f}{_TAKING}"))
        return sorted(self.path.parent.glob(f"{self.path.name}.*{_TAKING}"))

    async def entries(self, path: Path) -> list[Entry]:
        """All of one file, in the order in which they were said."""
        return await asyncio.to_thread(self._entries, path)

    def _entries(self, path: Path) -> list[Entry]:
        found: list[Entry] = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                found.append(Entry(**json.loads(line)))
            except (ValueError, TypeError):
                _log.warning("a journal line cannot be read", characters=len(line))
        return found

    async def taken_in(self, path: Path) -> None:
        """The entries are in the database: the file is renamed, never deleted."""
        await asyncio.to_thread(os.replace, path, path.with_suffix(_DONE))
