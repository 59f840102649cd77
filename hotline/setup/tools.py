"""Running an outside tool: its output goes to a log, a sign of life to the screen. Standard library only."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from hotline.setup.failures import SetupError, from_os_error, from_output

_SIGN_OF_LIFE_SECONDS = 10.0
_KEPT_CHARACTERS = 20_000
_running: set[subprocess.Popen[bytes]] = set()


def run(
    command: Sequence[str],
    what: str,
    *,
    log: Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    limit_seconds: float = 3600.0,
) -> str:
    """Run a tool to its end and return the tail of what it printed (stdout and stderr together).

    Its whole output is appended to `log`; every ten seconds one line tells that it still works.

    Raises:
        SetupError: the tool could not be started, failed, or took longer than `limit_seconds`.
    """
    began = time.monotonic()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            list(command),
            cwd=None if cwd is None else str(cwd),
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise from_os_error(error, what) from error
    _running.add(process)
    kept = [""]
    reader = threading.Thread(target=_drain, args=(process, log, kept), daemon=True)
    reader.start()
    try:
        while True:
            try:
                status = process.wait(_SIGN_OF_LIFE_SECONDS)
                break
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - began
                if seconds > limit_seconds:
                    late = f"{what} took longer than {limit_seconds:.0f} s and was stopped: see {log}"
                    raise SetupError(late) from None
                say(f"  … {what}, {seconds:.0f} s")
    finally:
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            if process.poll() is None:
                process.kill()
                process.wait()
        _running.discard(process)
        reader.join(5)
    if status != 0:
        raise from_output(kept[0], what)
    return kept[0]


def stop_all() -> None:
    """Ask every tool that runs to end: `run`, in whichever thread, then tells of its failure."""
    for process in list(_running):
        process.terminate()


def _drain(process: subprocess.Popen[bytes], log: Path, kept: list[str]) -> None:
    stream = process.stdout
    if stream is None:
        return
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(log.open("ab"))
        except OSError:
            file = stack.enter_context(open(os.devnull, "wb"))
        while True:
            piece = os.read(stream.fileno(), 65536)
            if not piece:
                return
            kept[0] = (kept[0] + piece.decode("utf-8", "replace"))[-_KEPT_CHARACTERS:]
            try:
                file.write(piece)
                file.flush()
            except OSError as error:  # a full disk must not stop the tool's own report of it
                kept[0] += f"\n{error}"


def say(text: str) -> None:
    """One line for the person who waits."""
    print(text, flush=True)


def complain(program: str, error: Exception) -> None:
    """One line on standard error: what happened and what to do."""
    print(f"{program}: {error}", file=sys.stderr, flush=True)
