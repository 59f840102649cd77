"""Names for threads where the kernel shows them (`top -H`, `/proc/<pid>/task`): Python 3.11 names them only inside."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_PR_SET_NAME: Final = 15
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


def name_thread(name: str) -> None:
    """Name the calling thread; the kernel keeps the first 15 bytes. Elsewhere than on Linux this is a no-op."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)
