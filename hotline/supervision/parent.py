"""Noticing that the program which started us (`make`) has gone or was interrupted alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

POLL_SECONDS = 0.5


def has_gone(parent: int) -> bool:
    """Whether `parent` no longer is our parent, or is a make that was interrupted and now waits for us.

    A `kill -INT` of make alone reaches nobody else: GNU make stays in its handler until its children have ended.
    """
    return os.getppid() != parent or _make_was_interrupted(parent)


async def gone(parent: int) -> None:
    """Returns when it has gone."""
    while not has_gone(parent):  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(POLL_SECONDS)


def _make_was_interrupted(process_id: int) -> bool:
    """A make in its handler: SIGINT is blocked and set back to its default."""
    with contextlib.suppress(OSError, ValueError):
        text = Path(f"/proc/{process_id}/status").read_text("ascii", "replace")
        fields = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
        if fields.get("Name") in ("make", "gmake"):
            blocked, caught = (
                int(fields.get(name, "0"), 16) >> (signal.SIGINT - 1) & 1 for name in ("SigBlk", "SigCgt")
            )
            return bool(blocked and not caught)
    return False
