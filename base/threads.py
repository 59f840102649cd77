"""What the kernel knows of our threads: their names (`top -H`, `/proc/<pid>/task`), and how exactly they wake up.

Python 3.11 names threads only inside. Elsewhere than on Linux all of this is a no-op.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from collections.abc import Iterator
from typing import Final

_PR_SET_NAME: Final = 15
_PR_SET_TIMERSLACK: Final = 29
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def name_thread(name: str) -> None:
    """Name the calling thread; the kernel keeps the first 15 bytes."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


@contextlib.contextmanager
def timer_slack(seconds: float) -> Iterator[None]:
    """Threads that are started within, and those that they start, may wake up this much late from a sleep.

    So the kernel can wake many of them at once: a stack with a thread a call that sleeps in steps of 4 ms costs a
    third less. `PR_SET_TIMERSLACK` of `prctl(2)`; a thread inherits it from the one that creates it.
    """
    if _LIBC is None:
        yield
        return
    _LIBC.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(int(seconds * 1e9)), 0, 0, 0)
    try:
        yield
    finally:
        _LIBC.prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(0), 0, 0, 0)  # 0: back to the process's default
