"""The keeper with real processes: restarts, stops, and leaves nothing behind, whatever happens to it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from base.clock import SystemClock
from hotline.supervision import backoff, keeper
from hotline.supervision.keeper import Guardian, Keeper
from hotline.supervision.output import Screen
from hotline.supervision.specification import ProcessSpecification

ROOT = Path(__file__).resolve().parents[2]

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
WITH_CHILD = (
    "import subprocess, sys, time;"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print('child', child.pid, flush=True); time.sleep(600)"
)


def process(name: str, code: str, **options: object) -> ProcessSpecification:
    return ProcessSpecification(name, (sys.executable, "-c", code), **options)  # type: ignore[arg-type]


class Stage:
    """A keeper running its processes, and what it has put on the screen."""

    def __init__(self, *processes: ProcessSpecification) -> None:
        self.stream = io.StringIO()
        self.screen = Screen(self.stream, coloured=False)
        self.guardian = Guardian(ROOT)
        self.keeper = Keeper(
            processes,
            environment=os.environ,
            directory=ROOT,
            screen=self.screen,
            guardian=self.guardian,
            clock=SystemClock(),
        )

    async def __aenter__(self) -> Stage:
        self.task = asyncio.create_task(self.keeper.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.keeper.stop()
        await asyncio.wait_for(self.task, 20)
        self.guardian.dismiss()
        self.screen.close()

    @property
    def shown(self) -> str:
        return self.stream.getvalue()

    async def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, self.shown
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def _no_process_is_left() -> Iterator[None]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not left


async def test_a_killed_process_comes_back_while_the_others_live_on() -> None:
    async with Stage(process("core", SLEEPER, essential=True), process("phone", SLEEPER)) as stage:
        await stage.until(lambda: stage.shown.count("| up") == 2)
        core, phone = stage.keeper.children["core"].process.pid, stage.keeper.children["phone"].process.pid
        os.kill(core, signal.SIGKILL)
        await stage.until(lambda: stage.shown.count("core         | up") == 2)
        assert stage.keeper.children["core"].process.pid != core
        assert stage.keeper.children["phone"].process.pid == phone
        assert "core ended (signal SIGKILL)" in stage.shown
    assert stage.keeper.lost is None


async def test_stop_ends_all_in_parallel_also_those_that_refuse() -> None:
    async with Stage(
        process("core", SLEEPER),
        process("deaf", STUBBORN, stop_seconds=0.5),
        process("deaf2", STUBBORN, stop_seconds=0.5),
    ) as stage:
        await stage.until(lambda: stage.shown.count("| up") == 3)
        began = time.monotonic()
        stage.keeper.stop()
        await asyncio.wait_for(asyncio.shield(stage.task), 10)
        assert time.monotonic() - began < 3.0
    assert stage.shown.count("was ended by force") == 2


async def test_a_second_request_to_stop_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Stage(process("deaf", STUBBORN, stop_seconds=60)) as stage:
        await stage.until(lambda: "| up" in stage.shown)
        stage.keeper.stop()
        stage.keeper.stop()  # the same Ctrl-C, arriving twice
        await asyncio.sleep(0.2)
        assert not stage.task.done()
        monkeypatch.setattr(keeper, "IMPATIENT_SECONDS", 0.1)
        stage.keeper.stop()
        await asyncio.wait_for(asyncio.shield(stage.task), 5)


async def test_stopping_while_processes_are_only_starting() -> None:
    for delay in (0.0, 0.001, 0.02):
        async with Stage(*(process(f"p{number}", SLEEPER) for number in range(4))):
            await asyncio.sleep(delay)


async def test_what_a_process_started_itself_goes_with_it() -> None:
    async with Stage(process("rasa", WITH_CHILD)) as stage:
        await stage.until(lambda: "child " in stage.shown)
        grandchild = psutil.Process(int(stage.shown.split("child ")[1].split()[0]))
        os.kill(stage.keeper.children["rasa"].process.pid, signal.SIGKILL)
        await stage.until(lambda: stage.shown.count("child ") == 2)
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


async def test_an_essential_process_that_cannot_be_kept_ends_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_DELAY_SECONDS", 0.01)
    stage = Stage(
        process("core", "print('no database'); raise SystemExit(3)", essential=True), process("phone", SLEEPER)
    )
    async with stage:
        await asyncio.wait_for(asyncio.shield(stage.task), 20)
    assert stage.keeper.lost == "core"
    assert stage.shown.count("no database") == backoff.QUICK_TRIES
    assert "it cannot be kept running, everything stops" in stage.shown


async def test_any_other_process_that_fails_leaves_the_rest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_DELAY_SECONDS", 0.01)
    missing = ProcessSpecification("renderer", ("/nonexistent/program",))
    async with Stage(process("core", SLEEPER, essential=True), missing) as stage:
        await stage.until(lambda: "the rest goes on without it" in stage.shown)
        assert "core" in stage.keeper.children
        assert "No such file" in stage.shown


async def test_priority_and_environment_reach_the_process() -> None:
    leads = "os.getpgid(0) == os.getpid(), os.getsid(0) == os.getpid()"  # its group, but no session: base.priority
    code = f"import os; print(os.nice(0), os.environ['COLOUR'], {leads}, flush=True); " + SLEEPER
    async with Stage(process("renderer", code, niceness=4, environment={"COLOUR": "red"})) as stage:
        await stage.until(lambda: "red" in stage.shown)
        assert f"{os.nice(0) + 4} red True False" in stage.shown


def test_nothing_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(
        f"""
        import asyncio, os, sys
        from pathlib import Path
        from base.clock import SystemClock
        from hotline.supervision import instance
        from hotline.supervision.keeper import Guardian, Keeper
        from hotline.supervision.output import Screen
        from hotline.supervision.specification import ProcessSpecification

        async def main():
            run = Path({str(tmp_path)!r})
            lock = instance.take_lock(run)
            guardian = Guardian(Path({str(ROOT)!r}), [lock])
            print("guardian", guardian.process_id, flush=True)
            processes = [
                ProcessSpecification("sleeper", (sys.executable, "-c", {SLEEPER!r})),
                ProcessSpecification("deaf", (sys.executable, "-c", {STUBBORN!r})),
                ProcessSpecification("parent", (sys.executable, "-c", {WITH_CHILD!r})),
            ]
            await Keeper(processes, environment=os.environ, directory=Path({str(ROOT)!r}),
                         screen=Screen(sys.stdout, coloured=False), guardian=guardian, clock=SystemClock()).run()

        import hotline.supervision.keeper as keeper
        keeper.GUARDIAN_GRACE_SECONDS = 1.0
        asyncio.run(main())
        """
    )
    supervisor = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert supervisor.stdout is not None
    members: list[psutil.Process] = []
    try:
        seen = ""
        while seen.count("| up") < 2 or "child " not in seen:
            line = supervisor.stdout.readline()
            assert line, seen
            seen += line
        members = psutil.Process(supervisor.pid).children(recursive=True)
        assert len(members) == 5  # the guardian, three processes, one child of a process
        supervisor.kill()
        supervisor.wait()
        # A new start waits for the leftovers and then gets the lock.
        from hotline.supervision import instance

        os.close(instance.take_lock(tmp_path))
        alive = [member for member in members if member.is_running() and member.status() != psutil.STATUS_ZOMBIE]
        guardian = int(seen.split("guardian ")[1].split()[0])
        assert [member.pid for member in alive if member.pid != guardian] == []
    finally:
        supervisor.kill()
        supervisor.wait()
        supervisor.stdout.close()
        for member in members:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()


DRAINED = (
    "import signal, sys; signal.signal(signal.SIGUSR1, lambda *_: sys.exit(0)); print('up', flush=True);"
    "[signal.pause() for _ in range(9)]"
)
BUSY = (
    "import signal; signal.signal(signal.SIGUSR1, lambda *_: print('told', flush=True)); print('up', flush=True);"
    "[signal.pause() for _ in range(9)]"
)


async def test_what_drains_ends_by_itself_and_then_the_others_are_stopped() -> None:
    calls = process("calls", DRAINED, drains=True, awaited=True)
    async with Stage(calls, process("core", BUSY, drains=True), process("helper", SLEEPER)) as stage:
        await stage.until(lambda: stage.shown.count("up") == 3, 60)
        stage.keeper.drain(600)
        await asyncio.wait_for(asyncio.shield(stage.task), 60)
    assert "told" in stage.shown and "drained" in stage.shown
    assert "calls ended" not in stage.shown, "it is not started again"


async def test_what_does_not_drain_in_time_is_stopped_and_a_stop_does_not_wait() -> None:
    for seconds in (0.2, 600.0):
        async with Stage(process("calls", BUSY, drains=True, awaited=True)) as stage:
            await stage.until(lambda: "up" in stage.shown, 60)
            stage.keeper.drain(seconds)
            await stage.until(lambda: "told" in stage.shown, 60)
            if seconds > 1:
                stage.keeper.stop()
            await asyncio.wait_for(asyncio.shield(stage.task), 60)
        assert ("cut off" in stage.shown) == (seconds < 1)
