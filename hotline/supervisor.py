"""`hotline run`: sets up what is missing, then starts every process and serves until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from base.clock import SystemClock
from base.errors import HotlineError
from base.settings import ROOT, Settings, load
from hotline.supervision import addresses, instance, parent, plan, readiness
from hotline.supervision.child import tie_to_parent
from hotline.supervision.keeper import Guardian, Keeper
from hotline.supervision.output import Screen


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline run", description=__doc__)
    parser.add_argument("--no-setup", action="store_true", help="do not look for missing parts first")
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when the program that started this ends")
    arguments = parser.parse_args(argv)
    settings = load()
    stop_with = os.getppid() if arguments.stop_with_parent else None
    lock = prepare(settings)
    addresses.require_free(addresses.wanted(settings))
    if not arguments.no_setup:
        status = set_up(stop_with)
        if status != 0:
            return status
    return asyncio.run(serve(settings, lock, stop_with))


def prepare(settings: Settings) -> int:
    """The folder for sockets, the lock of this data directory and a fresh internal token; returns the lock.

    Raises:
        HotlineError: the folder cannot be written, or another supervisor serves it.
    """
    try:
        settings.run.mkdir(parents=True, exist_ok=True)
        settings.run.chmod(0o700)
        lock = instance.take_lock(settings.run)
        instance.write_token(settings.run)
    except OSError as error:
        reason = f"{settings.run} cannot be used ({error.strerror}): choose another data.directory"
        raise HotlineError(reason) from error

    return lock


def set_up(stop_with: int | None = None) -> int:
    """Run `hotline setup` as a process of its own: what it loads does not stay in the supervisor's memory."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hotline.cli", "setup"], cwd=ROOT, preexec_fn=tie_to_parent(os.getpid(), 0)
    )

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(parent.POLL_SECONDS)
            if stop_with is not None and parent.has_gone(stop_with):
                raise KeyboardInterrupt
    except (KeyboardInterrupt, SystemExit):
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
            process.wait(15)
        process.kill()
        process.wait()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


async def serve(settings: Settings, lock: int, stop_with: int | None) -> int:
    """Start, watch and at the end stop everything; 0 after a wanted stop, 1 when the core could not be kept."""
    clock = SystemClock()
    began = clock.monotonic()
    chosen = plan.make(settings)
    coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    screen = Screen(sys.stdout, coloured=coloured)
    guardian = Guardian(ROOT, [lock])
    temporary = settings.var / "tmp"  # also what libraries cache aside stays in the data directory
    temporary.mkdir(exist_ok=True)
    environment = {"TMPDIR": str(temporary), **os.environ}
    keeper = Keeper(
        chosen.processes, environment=environment, directory=ROOT, screen=screen, guardian=guardian, clock=clock
    )

    def say(line: str) -> None:
        screen.show("supervisor", line)

    def stop(reason: str) -> None:
        say(f"{reason}: stopping everything")
        announcement.cancel()
        keeper.stop()

    def asked_to_end() -> None:
        if settings.cluster.drain_seconds > 0 and not keeper.draining:
            announcement.cancel()
            keeper.drain(settings.cluster.drain_seconds)
        else:
            stop(signal.SIGTERM.name)

    async def announce() -> None:
        await readiness.wait(readiness.base_url(settings), clock, say)
        seconds = clock.monotonic() - began
        screen.plain(welcome(settings, chosen, seconds, await first_seat(say)))

    async def follow_parent(process_id: int) -> None:
        await parent.gone(process_id)
        if not keeper.stopping:
            stop("the program that started this has ended")

    announcement = asyncio.create_task(announce())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asked_to_end)
    for number in (signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup: outlive the terminal
            loop.add_signal_handler(number, stop, signal.Signals(number).name)
    for sentence in chosen.left_out:
        say(sentence)
    say(f"starting {', '.join(process.name for process in chosen.processes)}")
    others = [announcement]
    if stop_with is not None:
        others.append(asyncio.create_task(follow_parent(stop_with)))
    try:
        await keeper.run()
    finally:
        for task in others:
            task.cancel()
        for failure in await asyncio.gather(*others, return_exceptions=True):
            if isinstance(failure, Exception):
                say(f"the supervisor could not watch: {failure!r}")
        guardian.dismiss()
        say("everything has stopped")
        screen.close()
    return 0 if keeper.lost is None else 1


async def first_seat(say: Callable[[str], None]) -> tuple[str, str] | None:
    """Login and password of the account that a new system begins with; None where there are accounts."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hotline.setup.first_seat", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, preexec_fn=tie_to_parent(os.getpid(), 0),
    )  # fmt: skip
    output, problem = await process.communicate()
    if process.returncode != 0:
        say(f"no first seat account could be made ({problem.decode(errors='replace').strip()[-200:]})")
    words = output.decode().split()
    return (words[0], words[1]) if len(words) == 2 else None


def welcome(settings: Settings, chosen: plan.Plan, seconds: float, seat: tuple[str, str] | None) -> str:
    """What a person needs when everything is up."""
    url = settings.web.public_url.rstrip("/")
    if settings.web.public_url == "http://127.0.0.1:8345":  # not set: then the address that we really listen on
        url = readiness.base_url(settings)
    lines = [
        "",
        f"  The hotline is ready ({seconds:.0f} s).",
        f"    citizen page   {url}/",
        f"    seat desk      {url}/seat",
    ]
    if seat is not None:
        lines.append(f"    first seat     login {seat[0]}, password {seat[1]} (shown only now)")
    if settings.telephony.enabled:
        telephony = settings.telephony
        lines.append(f"    phone          sip:{telephony.sip_user}@{telephony.sip_host}:{telephony.sip_port}")
    lines += [f"    state          {url}/readyz and {url}/metrics"]
    lines += [f"    note           {sentence}" for sentence in chosen.left_out]
    lines += ["    stop           Ctrl-C", ""]
    return "\n".join(lines)
