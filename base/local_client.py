"""The client's end of a worker's local socket: many requests at once over one connection."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from base import wire
from base.errors import UnavailableError

_ANSWERS_LIMIT: Final = 512


class ConnectionLost(UnavailableError):
    """The worker went away; whether it did the work is not known. Safe to ask another one."""


class LocalConnection:
    """Open with `await LocalConnection.open(path)`; close with `await close()`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, payload_limit_bytes: int) -> None:
        self._reader = reader
        self._writer = writer
        self._payload_limit_bytes = payload_limit_bytes
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Queue[tuple[wire.Header, bytes] | None]] = {}
        self._lost = False
        self._pump = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, path: Path, *, payload_limit_bytes: int = 4 * 1024 * 1024) -> LocalConnection:
        """
        Raises:
            ConnectionLost: nobody listens there.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(path)
        except OSError as error:
            raise ConnectionLost(f"no worker answers at {path.name}: {error.strerror or error}") from error
        return cls(reader, writer, payload_limit_bytes)

    @property
    def in_flight(self) -> int:
        return len(self._waiting)

    @property
    def lost(self) -> bool:
        return self._lost

    def new_id(self) -> str:
        """A name for a request that something is to be said about later (`tell`)."""
        return str(next(self._numbers))

    def tell(self, operation: str, request_id: str) -> None:
        """About a request under way ("cancel", "hasten"); there is no answer, and none is needed if it is over."""
        if not self._lost and request_id in self._waiting:
            with contextlib.suppress(OSError):
                self._writer.write(wire.pack({"op": operation, "id": request_id}))

    async def request(
        self, header: wire.Header, payload: bytes = b"", *, request_id: str | None = None
    ) -> AsyncGenerator[tuple[wire.Header, bytes], None]:
        """Send one request and yield its answers until the caller stops asking; leaving early cancels the rest.

        Raises:
            ConnectionLost: the worker went away before it answered.
        """
        if self._lost:
            raise ConnectionLost("the worker's connection is closed")
        request_id = request_id or self.new_id()
        answers: asyncio.Queue[tuple[wire.Header, bytes] | None] = asyncio.Queue(_ANSWERS_LIMIT)
        self._waiting[request_id] = answers
        finished = False
        try:
            await self._write({**header, "id": request_id}, payload)
            while (answer := await answers.get()) is not None:
                finished = "error" in answer[0] or answer[0].get("last", True)
                yield answer
                if finished:
                    return
            finished = True
            raise ConnectionLost("the worker went away in the middle of a request")
        finally:
            if not finished:  # not wanted any more (deadline, hang-up, barge-in): spare the worker the work
                self.tell("cancel", request_id)
            self._waiting.pop(request_id, None)

    async def _write(self, header: wire.Header, payload: bytes) -> None:
        try:
            self._writer.write(wire.pack(header, payload))
            await self._writer.drain()
        except OSError as error:
            raise ConnectionLost("the worker went away") from error

    async def _read(self) -> None:
        try:
            while True:
                message = await wire.read(self._reader, payload_limit_bytes=self._payload_limit_bytes)
                if message is None:
                    return
                answers = self._waiting.get(str(message[0].get("id")))
                if answers is not None:
                    answers.put_nowait(message)
        except (OSError, wire.WireError, asyncio.QueueFull):
            return  # the clean-up below tells every waiting request
        finally:
            self._lost = True
            self._writer.close()
            for answers in self._waiting.values():
                while answers.full():
                    answers.get_nowait()
                answers.put_nowait(None)

    async def close(self) -> None:
        self._pump.cancel()
        await asyncio.gather(self._pump, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
