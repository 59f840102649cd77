"""`hotline setup`: everything that `hotline run` needs, each part once; run again, it goes on where it stopped."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import time
from types import FrameType
from typing import NoReturn

from base.settings import ROOT, Settings, load
from hotline.setup import parts, tools
from hotline.setup.failures import SetupError, from_os_error
from hotline.setup.steps import run_all


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline setup", description=__doc__)
    parser.add_argument("--for-tests", action="store_true", help="also the programs that the tests drive")
    parser.add_argument("--again", action="append", default=[], metavar="STEP", help="do this step even if up to date")
    arguments = parser.parse_args(argv)
    settings = load()
    steps = parts.all_steps(settings, for_tests=arguments.for_tests)
    unknown = set(arguments.again) - {step.name for step in steps}
    if unknown:
        raise SetupError(f"no step {', '.join(sorted(unknown))}; there are: {', '.join(step.name for step in steps)}")

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    began = time.monotonic()
    lock = take_lock(settings)
    try:
        report = run_all(steps, settings.var / "setup", force=frozenset(arguments.again))
    except KeyboardInterrupt:
        tools.say("setup: stopped; start again to go on from there")
        return 130
    finally:
        os.close(lock)
    for sentence in report.missing:
        tools.say(f"setup: without: {sentence}")
    done = f"{len(report.done)} of {len(steps)} steps done" if report.done else "everything is up to date"
    tools.say(f"setup: {done}, {time.monotonic() - began:.0f} s")
    return 0


def take_lock(settings: Settings) -> int:
    """Two set-ups at once would write over each other.

    Raises:
        SetupError: another one runs, or var/ cannot be written.
    """
    try:
        for folder in (ROOT / "var", settings.var / "setup"):
            folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(ROOT / "var" / "setup.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise from_os_error(error, "setting up") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SetupError("another set-up of this folder is running: wait until it is done") from None
    return descriptor
