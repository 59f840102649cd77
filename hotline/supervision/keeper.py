"""Keeps a set of processes running: starts them, restarts what ends, and stops all of them together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from base.clock import Clock
from hotline.supervision.backoff import History
from hotline.supervision.child import Child, describe
from hotline.supervision.output import Screen
from hotline.supervision.specification import ProcessSpecification

GUARDIAN_GRACE_SECONDS = 8.0
IMPATIENT_SECONDS = 1.5


class Guardian:
    """Our end of the pipe to the guardian process, see `guardian.py`."""

    def __init__(self, directory: Path, held_descriptors: Sequence[int] = ()) -> None:
        reading, self._writing = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "hotline.supervision.guardian", str(reading), str(GUARDIAN_GRACE_SECONDS)],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(reading, *held_descriptors),
            start_new_session=True,
        )
        os.close(reading)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # killed by hand: the processes are still tied to us by the kernel
            os.write(self._writing, f"{line}\n".encode("ascii"))

    def dismiss(self) -> None:
        """All processes are gone: the guardian has nothing left to do."""
        self.tell("bye")
        os.close(self._writing)
        self._process.wait()


class Keeper:
    """Runs every process until `stop` is called or an essential one cannot be kept."""

    def __init__(
        self,
        processes: Sequence[ProcessSpecification],
        *,
        environment: Mapping[str, str],
        directory: Path,
        screen: Screen,
        guardian: Guardian,
        clock: Clock,
    ) -> None:
        self._processes = processes
        self._environment = environment
        self._directory = directory
        self._screen = screen
        self._guardian = guardian
        self._clock = clock
        self._stopping = asyncio.Event()
        self._force = asyncio.Event()
        self._draining = asyncio.Event()
        self._drain_seconds = 0.0
        self._asked_at: float | None = None
        self.children: dict[str, Child] = {}
        self.lost: str | None = None
        """The essential process that could not be kept running."""

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask for the end; asked again a while later, it uses force.

        One Ctrl-C may arrive twice, from the terminal and from a program in between: that is one request.
        """
        now = self._clock.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at >= IMPATIENT_SECONDS:
            self._force.set()
        self._stopping.set()

    @property
    def draining(self) -> bool:
        return self._draining.is_set()

    def drain(self, seconds: float) -> None:
        """Take nothing new, let what goes on end for at most so long, then stop. `stop` meanwhile stops at once."""
        self._drain_seconds = seconds
        self._draining.set()

    async def run(self) -> None:
        """Returns when every process has ended after `stop`."""
        async with asyncio.TaskGroup() as group:
            draining = group.create_task(self._drain_all(), name="drain")
            group.create_task(self._end_with_stop(draining))
            for specification in self._processes:
                group.create_task(self._keep(specification), name=specification.name)
            group.create_task(self._stop_all())

    async def _keep(self, specification: ProcessSpecification) -> None:
        name, history = specification.name, History()
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            end = await self._run_once(specification)
            if self._stopping.is_set() or (self.draining and specification.awaited):
                return
            ran_seconds = self._clock.monotonic() - began
            history, restart = history.after_end(ran_seconds)
            told = f"{name} ended ({end}) after {ran_seconds:.1f} s"
            if restart.exhausted and specification.essential:
                self._say(f"{told}, {history.failures} times in a row: it cannot be kept running, everything stops")
                self.lost = name
                self._stopping.set()
                return
            if restart.exhausted:
                self._say(
                    f"{told}, {history.failures} times in a row: the rest goes on without it,"
                    f" next try in {restart.delay_seconds:.0f} s; its last lines above say why"
                )
            else:
                self._say(f"{told}: starting it again in {restart.delay_seconds:.1f} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), restart.delay_seconds)

    async def _run_once(self, specification: ProcessSpecification) -> str:
        def show(line: str) -> None:
            self._screen.show(specification.name, line)

        try:
            child = await Child.start(specification, self._environment, self._directory, show)
        except OSError as error:
            return str(error)
        self._guardian.tell(f"+{child.group}")
        self.children[specification.name] = child
        try:
            if self._stopping.is_set():  # asked to stop while it was being started
                await self._stop_one(specification)
            return describe(await child.wait())
        finally:
            self.children.pop(specification.name, None)
            self._guardian.tell(f"-{child.group}")

    async def _end_with_stop(self, task: asyncio.Task[None]) -> None:
        await self._stopping.wait()
        task.cancel()

    async def _drain_all(self) -> None:
        await self._draining.wait()
        by_name = {specification.name: specification for specification in self._processes}
        self._say(f"draining: nothing new is taken, what goes on has {self._drain_seconds:.0f} s")
        awaited = []
        for name, child in self.children.items():
            if by_name[name].drains:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.process.pid, signal.SIGUSR1)
            if by_name[name].awaited:
                awaited.append(asyncio.ensure_future(child.process.wait()))
        if awaited:
            try:
                _, left = await asyncio.wait(awaited, timeout=self._drain_seconds)
            finally:
                for waiter in awaited:
                    waiter.cancel()
            self._say("drained" if not left else "what has not ended by now is cut off")
        self._stopping.set()

    async def _stop_all(self) -> None:
        await self._stopping.wait()
        ranks = {specification.name: specification for specification in self._processes}
        by_rank = sorted(self.children, key=lambda name: -ranks[name].stop_rank)
        for _, names in groupby(by_rank, key=lambda name: ranks[name].stop_rank):
            await asyncio.gather(*(self._stop_one(ranks[name]) for name in names))

    async def _stop_one(self, specification: ProcessSpecification) -> None:
        child = self.children.get(specification.name)
        if child is None:
            return
        child.signal(signal.SIGTERM)
        ended = asyncio.ensure_future(child.process.wait())
        forced = asyncio.ensure_future(self._force.wait())
        await asyncio.wait({ended, forced}, timeout=specification.stop_seconds, return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        if not ended.done():
            self._say(f"{specification.name} did not stop in time and was ended by force")
            child.signal(signal.SIGKILL)
        await ended

    def _say(self, line: str) -> None:
        self._screen.show("supervisor", line)
