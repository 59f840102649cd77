"""The guardian: ends every process of the system when the supervisor has gone without doing so (`kill -9`).

It holds the reading end of a pipe whose other end only the supervisor has. `+123` and `-123` lines tell which process
groups live; `bye` means that all is in order. The end of the pipe without `bye` means the supervisor is dead. The
guardian also holds the lock of the data directory until the last of them is gone, so that a new start waits for it.

Run as `python -m hotline.supervision.guardian PIPE_DESCRIPTOR GRACE_SECONDS`; standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time


def living(groups: set[int]) -> set[int]:
    """Which process groups still have a member that is more than a zombie."""
    found: set[int] = set()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if fields[0] not in (b"Z", b"X") and int(fields[2]) in groups:
            found.add(int(fields[2]))
    return found


def end_groups(groups: set[int], grace_seconds: float) -> None:
    """SIGTERM to every group, SIGKILL to those that remain after the grace."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and living(groups):
        time.sleep(0.05)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and living(groups):
        time.sleep(0.05)


def follow(descriptor: int) -> set[int] | None:
    """Read until the pipe ends; the groups left, or None when the supervisor said good-bye."""
    groups: set[int] = set()
    with os.fdopen(descriptor, "r", encoding="ascii") as pipe:
        for line in pipe:
            word = line.strip()
            if word == "bye":
                return None
            if word.startswith("+"):
                groups.add(int(word[1:]))
            elif word.startswith("-"):
                groups.discard(int(word[1:]))
    return groups


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups = follow(int(arguments[0]))
    if groups:
        end_groups(groups, float(arguments[1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
