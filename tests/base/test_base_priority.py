"""Priority and threads as the kernel sees them."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from needs import require

from base.threads import name_thread, timer_slack

ASK = """
import os
from pathlib import Path
from base.priority import change_niceness
group = Path("/proc/self/autogroup")
def told():
    return group.read_text() if group.exists() else ""
before, grouped = os.nice(0), told()
changed = change_niceness(3)
print(changed, os.nice(0) - before, told() == grouped)
"""


@pytest.mark.parametrize("leads", [True, False])
def test_a_process_gives_way_and_leaves_the_group_of_its_session_alone(root: Path, leads: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=root, start_new_session=leads, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "3", "True"]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux")
def test_threads_have_names_and_inherit_their_slack() -> None:
    def look() -> None:
        name_thread("a-name")
        folder = Path(f"/proc/self/task/{threading.get_native_id()}")
        seen.append((folder / "comm").read_text().strip())
        slack = Path(f"/proc/{threading.get_native_id()}/timerslack_ns")
        seen.append(slack.read_text().strip() if slack.exists() else "")

    seen: list[str] = []
    with timer_slack(0.003):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen[0] == "a-name"
    require(bool(seen[1]), "this kernel does not show /proc/<pid>/timerslack_ns")
    assert seen[1] == "3000000"
