"""The sample points that come with the product: a few of each kind, marked 示例, to try the answers with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from base.clock import SystemClock
from base.settings import Settings
from knowledge.points import kinds, store
from knowledge.points.importer import read_points
from knowledge.points.store import Change
from storage.engine import Database

TABLE: Final = Path(__file__).with_name("sample.csv")


def install(settings: Settings) -> Change:
    """Import the sample table (idempotent), unless points of the operator's own are there. Needs the schema.

    Raises:
        KnowledgeError, ImportRefused: the table cannot be read.
    """
    return asyncio.run(_install(settings))


async def _install(settings: Settings) -> Change:
    points = read_points(TABLE, bounds=kinds.default().bounds)
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        async with database.read() as session:
            own = [point for point in await store.listing(session, limit=1_000) if not point.sample]
        if own:
            return Change()
        return await store.save(database, points, now=SystemClock().now())
    finally:
        await database.close()
