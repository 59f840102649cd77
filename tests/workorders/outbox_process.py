"""A sender in a process of its own, to be killed: `python outbox_process.py DATABASE_URL RECEIVER_URL`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from base.sections.orders import OutboxSettings
from storage.engine import Database
from workorders.outbox.sender import OutboxSender
from workorders.outbox.targets import Target

SECRET = b"a secret of the receiver, long enough"


async def main(database_url: str, url: str) -> None:
    settings = OutboxSettings(
        timeout_seconds=0.4, lease_margin_seconds=0.2, first_retry_seconds=0.05, poll_seconds=0.02, parallel=4
    )

    async def pause(seconds: float) -> bool:
        await asyncio.sleep(seconds)
        return False

    await OutboxSender(Database(database_url), [Target("city", url, SECRET)], settings).run(pause)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
