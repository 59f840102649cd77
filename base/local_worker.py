"""A worker process behind a local socket: one model, one thread for it, an event loop that always answers.

Used by the recognisers and the renderer. The worker owns the queue: bounded, fair between calls, with a deadline for
each request. A request whose deadline passed is answered with an error and never computed, for nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from base import wire
from base.errors import ConfigurationError, HotlineError
from base.fair_queue import FairQueue
from base.logs import get_logger

Handler = Callable[[wire.Header, bytes], Iterator[tuple[wire.Header, bytes]]]
"""Computes the answers to one request, each in the model's thread; the last one has `last` true or no `last` at all.

Raises HotlineError for what the client must know."""


@dataclass(frozen=True, slots=True)
class Together:
    """Computes the single answers to several requests at once, in the model's thread; an error for what one client must
    know, None for a request that nobody wanted any more. At most `size` requests, and only those that wait anyway."""

    compute: Callable[[Sequence[Job]], Sequence[wire.Header | HotlineError | None]]
    size: int


_QUEUE_LIMIT_BYTES: Final = 64 * 1024 * 1024
_SLOW_CLIENT_SECONDS: Final = 5.0
_INTERNAL_ERROR: Final = "an internal error; the worker's log has the details"
_SOCKET_NAME_LIMIT_BYTES: Final = 107


@dataclass(slots=True, eq=False)
class _Connection:
    writer: asyncio.StreamWriter
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    closed: bool = False

    async def send(self, header: wire.Header, payload: bytes = b"") -> None:
        """A client that does not read is cut off: it must not hold up the others."""
        if self.closed:
            return
        try:
            async with asyncio.timeout(_SLOW_CLIENT_SECONDS), self.lock:
                self.writer.write(wire.pack(header, payload))
                await self.writer.drain()
        except (OSError, TimeoutError):
            self.closed = True
            self.writer.close()


@dataclass(slots=True, eq=False)
class Job:
    """One request. `background`: it gives way to every request that is not."""

    connection: _Connection
    header: wire.Header
    payload: bytes
    deadline: float
    background: bool = False
    cancelled: bool = False
    answers: Iterator[tuple[wire.Header, bytes]] | None = None

    @property
    def key(self) -> tuple[int, str]:
        return id(self.connection), str(self.header.get("call_id", ""))

    @property
    def wanted(self) -> bool:
        """Somebody still waits for the answer; may become False at any moment."""
        return not self.cancelled and not self.connection.closed

    @property
    def request_id(self) -> object:
        return self.header.get("id")


@dataclass(slots=True)
class Counters:
    """What the worker did since it started."""

    requests: int = 0
    done: int = 0
    late: int = 0
    refused: int = 0
    failed: int = 0
    cancelled: int = 0
    busy_seconds: float = 0.0


class LocalWorker:
    def __init__(
        self,
        path: Path,
        handler: Handler | Together,
        *,
        about: wire.Header,
        queue_limit: int,
        payload_limit_bytes: int,
        deadline_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`about` is told in every status answer; `deadline_seconds` holds for requests that name none."""
        if len(os.fsencode(path)) > _SOCKET_NAME_LIMIT_BYTES:
            raise ConfigurationError(
                f"the socket name {path} is longer than {_SOCKET_NAME_LIMIT_BYTES} bytes: use a shorter data directory"
            )
        self._path = path
        self._handler = handler
        self._about = about
        self._payload_limit_bytes = payload_limit_bytes
        self._deadline_seconds = deadline_seconds
        self._clock = clock
        self._queue: FairQueue[Job] = FairQueue(queue_limit, _QUEUE_LIMIT_BYTES)
        self._arrived = asyncio.Event()
        self._stopping = asyncio.Event()
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self._running: list[Job] = []
        self._log = get_logger(__name__)
        self.counters = Counters()
        self.listening = asyncio.Event()

    def stop(self) -> None:
        """Take no new work, finish the request in hand, tell the waiting ones to go elsewhere, end."""
        self._stopping.set()
        self._arrived.set()

    async def serve(self) -> None:
        """Until `stop()` or SIGTERM/SIGINT.

        Raises:
            ConfigurationError: another living worker owns the socket.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread: a test, which calls stop()
                loop.add_signal_handler(number, self.stop)
        _claim(self._path)
        server = await asyncio.start_unix_server(self._connected, path=self._path, backlog=256)
        os.chmod(self._path, 0o600)
        self.listening.set()
        inode = self._path.stat().st_ino
        executor = ThreadPoolExecutor(1, thread_name_prefix="model")
        try:
            await self._compute(executor)
        finally:
            server.close()
            with contextlib.suppress(FileNotFoundError):
                if self._path.stat().st_ino == inode:
                    self._path.unlink()
            for job in self._queue.remove(lambda _job: True):
                await self._refuse(job, "stopping", "this worker is stopping")
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            executor.shutdown(wait=False, cancel_futures=True)

    async def _compute(self, executor: ThreadPoolExecutor) -> None:
        while not self._stopping.is_set():
            self._running = await self._next_jobs()
            if not self._running:
                self._arrived.clear()
                if not len(self._queue):
                    await self._arrived.wait()
                continue
            started = self._clock()
            try:
                if isinstance(self._handler, Together):
                    await self._answer_together(self._handler, self._running, executor)
                else:
                    await self._answer(self._handler, self._running[0], executor)
            finally:
                self._running = []
                self.counters.busy_seconds += self._clock() - started

    async def _next_jobs(self) -> list[Job]:
        """The next one, and those waiting with it that can share its computation; background ones stay alone, for a
        live one may come at any moment."""
        size = self._handler.size if isinstance(self._handler, Together) else 1
        jobs: list[Job] = []
        while len(jobs) < size and (job := self._queue.pop(live_only=bool(jobs))) is not None:
            if not job.wanted:
                self.counters.cancelled += 1
            elif job.answers is None and self._clock() >= job.deadline:
                self.counters.late += 1
                await self._refuse(job, "late", "the deadline passed while the request was waiting")
            else:
                jobs.append(job)
                if job.background:
                    break
        return jobs

    async def _answer_together(self, handler: Together, jobs: list[Job], executor: ThreadPoolExecutor) -> None:
        try:
            answers = await asyncio.get_running_loop().run_in_executor(executor, handler.compute, jobs)
        except Exception:  # noqa: BLE001 - requests that break the model must not end the worker for the others
            self._log.exception("requests_failed", together=len(jobs))
            answers = [HotlineError(_INTERNAL_ERROR)] * len(jobs)
        for job, answer in zip(jobs, answers, strict=True):
            if isinstance(answer, HotlineError):
                self.counters.failed += 1
                await self._refuse(job, "failed", str(answer))
            elif answer is None:
                self.counters.cancelled += 1
            else:
                self.counters.done += 1
                await job.connection.send({"id": job.request_id, **answer})

    async def _answer(self, handler: Handler, job: Job, executor: ThreadPoolExecutor) -> None:
        """One answer of one request; where more are to come, those go first who still wait for their first."""
        loop = asyncio.get_running_loop()
        if job.answers is None:
            job.answers = handler(job.header, job.payload)
            job.payload = b""
        try:
            answer = await loop.run_in_executor(executor, next, job.answers, None)
            if answer is None:
                self.counters.done += 1
                return
            await job.connection.send({"id": job.request_id, **answer[0]}, answer[1])
            if answer[0].get("last", True):
                self.counters.done += 1
            else:
                self._queue.put(job.key, job, background=job.background, begun=True, force=True)
        except HotlineError as error:
            self.counters.failed += 1
            await self._refuse(job, "failed", str(error))
        except Exception:  # noqa: BLE001 - one request that breaks the model must not end the worker for the others
            self.counters.failed += 1
            self._log.exception("request_failed")
            await self._refuse(job, "failed", _INTERNAL_ERROR)

    async def _refuse(self, job: Job, code: str, message: str) -> None:
        await job.connection.send({"id": job.request_id, "error": message, "code": code})

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = _Connection(writer)
        self._connections[task] = connection
        try:
            while (message := await wire.read(reader, payload_limit_bytes=self._payload_limit_bytes)) is not None:
                await self._received(connection, *message)
        except wire.WireError as error:
            await connection.send({"id": None, "error": str(error), "code": "protocol"})
        except (OSError, asyncio.CancelledError):
            pass  # the client is gone, or the worker ends: in both cases only the clean-up below is left to do
        finally:
            del self._connections[task]
            connection.closed = True
            self.counters.cancelled += len(self._queue.remove(lambda job: job.connection is connection))
            writer.close()

    async def _received(self, connection: _Connection, header: wire.Header, payload: bytes) -> None:
        operation = header.get("op")
        if operation == "status":
            await connection.send({"id": header.get("id"), **self._about, **self.status()})
            return
        if operation == "cancel":
            self._cancel(connection, header.get("id"))
            return
        if operation == "hasten":
            self._hasten(connection, header.get("id"))
            return
        self.counters.requests += 1
        seconds = header.get("deadline_seconds", self._deadline_seconds)
        usable = isinstance(seconds, int | float) and seconds == seconds
        deadline = self._clock() + (min(float(seconds), 3600.0) if usable else 0.0)
        job = Job(connection, header, payload, deadline, background=header.get("lane") == "background")
        if self._stopping.is_set():
            await self._refuse(job, "stopping", "this worker is stopping")
        elif not self._queue.put(job.key, job, weight=len(payload), background=job.background):
            self.counters.refused += 1
            await self._refuse(job, "busy", f"{len(self._queue)} requests are waiting already")
        else:
            self._arrived.set()

    def _cancel(self, connection: _Connection, request_id: object) -> None:
        def wanted(job: Job) -> bool:
            return job.connection is connection and job.request_id == request_id

        self.counters.cancelled += len(self._queue.remove(wanted))
        for job in self._running:
            if wanted(job):
                job.cancelled = True

    def _hasten(self, connection: _Connection, request_id: object) -> None:
        """A background request has become urgent."""
        for job in self._queue.remove(lambda job: job.connection is connection and job.request_id == request_id):
            job.background = False
            self._queue.put(job.key, job, weight=len(job.payload), force=True)

    def status(self) -> wire.Header:
        """Counters, the number waiting and whether the model works just now."""
        counted = {name: getattr(self.counters, name) for name in self.counters.__dataclass_fields__}
        return {**counted, "waiting": len(self._queue), "computing": bool(self._running)}


def _claim(path: Path) -> None:
    """Remove the socket of a worker that was killed; never the socket of one that lives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        return
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.settimeout(1.0)
        probe.connect(str(path))
    except (ConnectionRefusedError, FileNotFoundError):
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be used as a socket: {error.strerror or error}") from error
    else:
        raise ConfigurationError(f"another process already serves {path}: stop it first")
    finally:
        probe.close()
