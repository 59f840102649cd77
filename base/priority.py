"""How much of the processor a process gets when others want it too.

Where the kernel groups processes by session (`sched_autogroup`, the default of Debian) niceness counts only within one
session: so all processes of one system share their supervisor's session. The group's own niceness
(`/proc/self/autogroup`, `sched(7)`) is left alone: on Linux 6.18, with other sessions busy, groups for which it had
been set got no processor at all for up to 45 seconds, measured under calls.
"""

from __future__ import annotations

import os


def change_niceness(by: int) -> bool:
    """Add to this process's niceness: a positive number gives way to others, a negative one goes before them.

    Returns False where a negative change is not allowed (it needs CAP_SYS_NICE); nothing has changed then.
    """
    try:
        os.nice(by)
    except PermissionError:
        return False
    return True
