"""The database as the commands of a terminal use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from base.settings import Settings
from storage import migrate
from storage.engine import Database
from storage.keyring import Keyring


@asynccontextmanager
async def opened(chosen: Settings) -> AsyncIterator[Database]:
    """That of these settings, at the newest schema, made where there is none; closed at the end.

    Raises:
        HotlineError: it cannot be reached or upgraded.
    """
    waits = chosen.database.busy_timeout_seconds
    await migrate.upgrade_url(chosen.database_url, busy_timeout_seconds=waits)
    database = Database(chosen.database_url, busy_timeout_seconds=waits, keyring=Keyring(lambda: chosen.key_file))
    try:
        yield database
    finally:
        await database.close()
