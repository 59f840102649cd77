"""`hotline drain`: the hotline of this data directory takes nothing new, lets its calls end, and stops."""

from __future__ import annotations

import argparse
import os
import signal
import time
from typing import Final

from base import settings
from base.errors import HotlineError
from hotline.supervision import instance

_GRACE_SECONDS: Final = 60.0  # to stop, after the calls
_LOOK_SECONDS: Final = 0.2


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline drain", description=__doc__)
    parser.parse_args(argv)
    chosen = settings.load()
    process_id = instance.running(chosen.run)
    if process_id is None:
        raise HotlineError(f"no hotline runs on {chosen.var}")
    seconds = chosen.cluster.drain_seconds
    if seconds == 0:
        print("cluster.drain_seconds is 0: it stops at once")
    os.kill(process_id, signal.SIGTERM)
    patience = seconds + _GRACE_SECONDS
    until = time.monotonic() + patience
    while instance.running(chosen.run) == process_id:
        if time.monotonic() > until:
            raise HotlineError(f"the hotline (process {process_id}) has not stopped within {patience:.0f} s")
        time.sleep(_LOOK_SECONDS)
    print("drained and stopped")
    return 0
