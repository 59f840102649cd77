"""Bring the rooms up in the background, in the order in which they need each other, and keep them tidy afterwards."""

from __future__ import annotations

from pathlib import Path

from base.logs import get_logger
from gateway.core import Core, Part
from storage import migrate
from storage.resealing import check_keys

log = get_logger("gateway.loading")


async def load_database(core: Core) -> None:
    """Upgrade the schema, and make sure that the key file is this database's.

    Raises:
        UnavailableError: the database cannot be opened.
        KeyFileError: the key file is another's, damaged, or readable by others.
    """
    database = core.database
    if database.is_sqlite and database.engine.url.database:
        Path(database.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    state = await migrate.upgrade(database)
    await check_keys(database)
    core.parts["database"] = Part(ok=True, detail="就绪", extra={"schema": state.current})
    log.info("database ready", schema=state.current)
