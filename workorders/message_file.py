"""Short messages as lines of a file: to try the hotline out, or for a program that follows the file and sends them.

The file is set aside under a name with its moment when it has grown too large or too old, and a new one begins. Nothing
is deleted: a follower that still has the old one open reads it to its end, and the operator decides how long the
others stay. Several processes may write: whoever holds the file's lock writes, and never to one that was set aside.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from base.clock import Clock, SystemClock
from workorders.text_messages import Message, TextMessageError

_OWNER_ONLY: Final = 0o600
_FIRST_LINE_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class RotationRules:
    """A file that would grow beyond `limit_bytes`, or whose first line is older than `limit_age`, is set aside."""

    limit_bytes: int = 10 * 1024 * 1024
    limit_age: timedelta = timedelta(days=30)

    def due(self, size_bytes: int, more_bytes: int, began: datetime | None, now: datetime) -> bool:
        """`began`: the moment of the file's first line; None where it tells none. An empty file is never set aside."""
        if size_bytes == 0:
            return False
        return size_bytes + more_bytes > self.limit_bytes or (began is not None and now - began > self.limit_age)


class FileGateway:
    """Appends one JSON object a line; only the service's user can read the file."""

    def __init__(self, path: Path, *, rules: RotationRules | None = None, clock: Clock | None = None) -> None:
        self._path = path
        self._rules = rules or RotationRules()
        self._clock = clock or SystemClock()

    async def send(self, message: Message) -> None:
        now = self._clock.now()
        line = {"id": message.id, "at": now.isoformat(), "number": message.number, "text": message.text}
        try:
            await asyncio.to_thread(self._append, json.dumps(line, ensure_ascii=False).encode() + b"\n", now)
        except OSError as error:
            raise TextMessageError(f"the file cannot be written: {error.strerror}") from error

    def _append(self, line: bytes, now: datetime) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with self._locked() as file:
                if not self._is_current(file):
                    continue  # another process has set it aside while we waited for the lock
                size = os.fstat(file.fileno()).st_size
                if self._rules.due(size, len(line), _began(file), now):
                    self._set_aside(now)
                    continue
                _write_whole(file, line, size)
                return

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
        with os.fdopen(handle, "rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file

    def _is_current(self, file: BinaryIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def _set_aside(self, now: datetime) -> None:
        """A name that exists is never taken: a link, unlike a rename, replaces nothing."""
        number = 0
        while True:
            again = f"-{number}" if number else ""
            aside = self._path.with_name(f"{self._path.stem}-{now:%Y%m%dT%H%M%SZ}{again}{self._path.suffix}")
            try:
                os.link(self._path, aside)
            except FileExistsError:
                number += 1
                continue
            self._path.unlink()
            return

    async def close(self) -> None:
        return


def _began(file: BinaryIO) -> datetime | None:
    file.seek(0)
    first = file.read(_FIRST_LINE_BYTES).partition(b"\n")[0]
    try:
        return datetime.fromisoformat(json.loads(first)["at"])
    except (ValueError, KeyError, TypeError):
        return None


def _write_whole(file: BinaryIO, line: bytes, size: int) -> None:
    """The line is on the disk, or not there at all: half a line would spoil the next one too."""
    try:
        if (written := file.write(line)) != len(line):
            raise OSError(None, f"only {written} of {len(line)} bytes were taken")
        os.fsync(file.fileno())
    except OSError:
        os.truncate(file.fileno(), size)
        raise
