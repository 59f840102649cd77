"""Starting and stopping one process: in a process group of its own, tied to the supervisor's life."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from base.priority import change_niceness
from hotline.supervision.output import LineSplitter
from hotline.supervision.specification import ProcessSpecification

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_READ_BYTES: Final = 65_536
_LAST_WORDS_SECONDS: Final = 1.0


def tie_to_parent(parent: int, niceness: int) -> Callable[[], None]:
    """What the new process does before it becomes its program: SIGTERM when the supervisor dies, and its priority."""

    def prepare() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:  # it died between the fork and the line above
                os._exit(1)
        if niceness:
            change_niceness(niceness)

    return prepare


class Child:
    """A running process whose output is handed on line by line."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.Task[None]) -> None:
        self.process = process
        self._reader = reader

    @property
    def group(self) -> int:
        """Its process group: the number that reaches its own children too."""
        return self.process.pid

    @classmethod
    async def start(
        cls,
        specification: ProcessSpecification,
        environment: Mapping[str, str],
        directory: Path,
        show: Callable[[str], None],
    ) -> Child:
        """Raises OSError when the program cannot be started."""
        # A pipe of our own: asyncio's would keep `wait` waiting while a grandchild still holds its other end.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *specification.command,
                cwd=directory,
                env={**environment, **specification.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                process_group=0,  # not a session: see base.priority
                preexec_fn=tie_to_parent(os.getpid(), specification.niceness),
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return cls(process, asyncio.create_task(_hand_on(reading, show)))

    async def wait(self) -> int:
        """Until it and what it started have ended: its exit status, negative for a signal.

        Its last lines are shown before this returns.
        """
        status = await self.process.wait()
        self.signal(signal.SIGKILL)  # its own children that did not follow it
        with contextlib.suppress(TimeoutError):  # something has left the group and still holds the pipe
            await asyncio.wait_for(self._reader, _LAST_WORDS_SECONDS)
        return status

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, number)


async def _hand_on(descriptor: int, show: Callable[[str], None]) -> None:
    splitter = LineSplitter()
    stream = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        while piece := await stream.read(_READ_BYTES):
            for line in splitter.feed(piece):
                show(line)
        for line in splitter.close():
            show(line)
    finally:
        transport.close()


def describe(status: int) -> str:
    """An exit status for a person: `status 1`, `signal SIGKILL`."""
    if status >= 0:
        return f"status {status}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-status).name}"
    return f"signal {-status}"
