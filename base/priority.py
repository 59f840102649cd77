"""How much of the processor a process gets when others want it too.

Niceness alone is not enough: where the kernel groups processes by session (`sched_autogroup`, the default of Debian),
it only counts within one session, and each of our processes has a session of its own. The group's own niceness, in
`/proc/self/autogroup` (`sched(7)`), must be set as well.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

_AUTOGROUP: Final = Path("/proc/self/autogroup")


def change_niceness(by: int) -> bool:
    """Add to this process's niceness: a positive number gives way to others, a negative one goes before them.

    Returns False where a negative change is not allowed (it needs CAP_SYS_NICE); nothing has changed then. A process
    that leads its session speaks for all of the session.
    """
    try:
        niceness = os.nice(by)
    except PermissionError:
        return False
    if os.getsid(0) == os.getpid():
        # No such file: another kernel, or no grouping. Refused: asked too often at once; the process's own value holds.
        with contextlib.suppress(OSError):
            _AUTOGROUP.write_text(str(niceness), encoding="ascii")
    return True
