"""Keeps one attachment in a process of its own, which ends at a chosen moment:
`python attaching_process.py DATABASE_URL FOLDER ORDER_NO MOMENT`.

`MOMENT`: `event` (row and event are written, nothing is committed), `moved` (the file is in its place), `committed`, or
`never`: then it prints what was kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from storage.engine import Database
from storage.sealed_files import FileSafe
from workorders import attachments
from workorders.attachments import Attachments
from workorders.outbox.enqueue import Enqueuer
from workorders.outbox.targets import Target
from workorders.service import OrderService

PICTURE = b"\x89PNG\r\n\x1a\n" + b"0" * 4_000


def killed_after(done: Callable[..., Any]) -> Callable[..., Any]:
    def wrapped(*given: Any, **named: Any) -> Any:
        done(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return wrapped


async def content() -> AsyncIterator[bytes]:
    yield PICTURE


async def main(url: str, folder: str, number: str, moment: str) -> None:
    database = Database(url)
    outbox = Enqueuer([Target("city", "http://127.0.0.1:9/", b"s" * 32)])
    orders = OrderService(database, outbox=outbox)
    room = Attachments(database, orders, FileSafe(database.keyring), Path(folder), limit_bytes=100_000, limit_count=5)
    if moment == "event":
        orders.attached = killed_after(orders.attached)  # type: ignore[method-assign]
    if moment == "moved":
        attachments._move = killed_after(attachments._move)
    kept = await room.add(number, "照片.png", content(), actor=f"citizen:{number}")
    if moment == "committed":
        os.kill(os.getpid(), signal.SIGKILL)
    print(json.dumps(kept))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
