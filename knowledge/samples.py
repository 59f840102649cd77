"""The sample entries that come with the product, put into the database at set-up."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from base.clock import SystemClock
from base.settings import Settings
from knowledge import store
from knowledge.entry import read_folder
from knowledge.store import Change
from storage.engine import Database

FOLDER: Final = Path(__file__).with_name("sample")


def install(settings: Settings) -> Change:
    """Import the sample entries (idempotent: equal entries are left alone). Needs the database's schema.

    Raises:
        KnowledgeError: the folder holds no entries. ImportRefused: an entry does not fit.
    """
    return asyncio.run(_install(settings))


async def _install(settings: Settings) -> Change:
    entries = read_folder(FOLDER)
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        return await store.save_entries(
            database, entries, now=SystemClock().now(), actor="set-up", reason="sample entries"
        )
    finally:
        await database.close()
