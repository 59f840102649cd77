"""A node that stands for election in a process of its own: `python far_candidate.py URL NAME SECONDS`.

Whenever it begins to believe that it leads, or ceases to, it writes so with the time (of the monotonic clock that all
processes share) to its error output. It ends after so many seconds.
"""

from __future__ import annotations

import asyncio
import sys
import time

from base.clock import SystemClock
from cluster.leadership import Elected


async def main(url: str, name: str, seconds: float) -> None:
    elected = Elected(url, name, clock=SystemClock())
    task = asyncio.create_task(elected.run())
    led = False
    for _ in range(int(seconds / 0.02)):
        if elected.leads != led:
            led = elected.leads
            print("leads" if led else "leads-no-more", time.monotonic(), file=sys.stderr, flush=True)
        await asyncio.sleep(0.02)
    await elected.close()
    await task


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
