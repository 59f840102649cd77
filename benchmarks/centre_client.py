"""The citizens of a rehearsal: orders are filed one after another, each under a key of its own, until it is confirmed.

    python -m benchmarks.centre_client URL FILE [--once SECONDS]

What was confirmed, and when, is written to FILE, one JSON object a line, after the commit returned: as the bot says
已受理. A key whose filing failed is filed again under the same key until a confirmation comes. `--once`: one order,
given up after so long; prints whether it was confirmed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, TextIO

from sqlalchemy.exc import SQLAlchemyError

from storage import migrate
from storage.engine import Database
from workorders.model import OrderDraft
from workorders.service import OrderService

_PATIENCE_SECONDS: Final = 2.0  # of one statement
_PAUSE_SECONDS: Final = 0.05


async def file(database: Database, orders: OrderService, key: str) -> str:
    """The number of the order, once it is committed.

    Raises:
        SQLAlchemyError, OSError, TimeoutError: not confirmed; it may stand or not.
    """
    draft = OrderDraft("投诉", "", "演练：路灯不亮", "phone", district="海淀区", street="学院路街道")
    async with database.write() as session:
        filed = await orders.file(session, draft, key=key, now=datetime.now(UTC), actor="bot:policy")
    return filed.order_no


async def serve(url: str, told: TextIO) -> None:
    database = Database(url, pool_size=2, statement_timeout_seconds=_PATIENCE_SECONDS)
    await migrate.upgrade(database)
    orders = OrderService(database)
    for number in count():
        failures = 0
        while True:
            try:
                order_no = await file(database, orders, f"rehearsal:{number}")
                break
            except (SQLAlchemyError, OSError, TimeoutError):
                failures += 1
                await asyncio.sleep(_PAUSE_SECONDS)
        line = {"key": f"rehearsal:{number}", "order_no": order_no, "at": time.time(), "failures": failures}
        told.write(json.dumps(line) + "\n")
        told.flush()
        await asyncio.sleep(_PAUSE_SECONDS)


async def once(url: str, seconds: float) -> bool:
    database = Database(url, statement_timeout_seconds=seconds)
    try:
        await file(database, OrderService(database), "rehearsal:cut off")
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("url")
    options.add_argument("file", type=Path)
    options.add_argument("--once", type=float, metavar="SECONDS")
    asked = options.parse_args()
    if asked.once is not None:
        print("confirmed" if asyncio.run(once(asked.url, asked.once)) else "not confirmed")
        return
    with asked.file.open("w") as told:
        asyncio.run(serve(asked.url, told))


if __name__ == "__main__":
    main()
