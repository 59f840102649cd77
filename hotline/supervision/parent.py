"""Noticing that the program which started us (`make`) has gone or was interrupted alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

_POLL_SECONDS = 0.5


async def gone(parent: int) -> None:
    """Returns when `parent` no longer is our parent, or when it is a make that was interrupted and waits for us.

    A `kill -INT` of make alone reaches nobody else: GNU make then takes no further signal of that kind and waits for
    its children. That it no longer catches SIGINT is how the children can know.
    """
    catches = _catches_interrupt(parent)
    while os.getppid() == parent:
        if catches and _catches_interrupt(parent) is False:
            return
        await asyncio.sleep(_POLL_SECONDS)


def _catches_interrupt(process_id: int) -> bool | None:
    """Whether a process has a handler for SIGINT; None when that cannot be known."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{process_id}/status").read_text("ascii", "replace").splitlines()
        caught = next(line.split()[1] for line in lines if line.startswith("SigCgt:"))
        return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
    return None
