"""A first message sent twice, to one node or to two, begins one conversation."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from storage.cluster_tables import FirstMessage
from storage.engine import Database

REMEMBERED: Final = timedelta(days=1)
RECEIPT: Final = "receipt:"  # keys of another kind (`receipts.py`), asked for by people
_RECEIPTS_REMEMBERED: Final = timedelta(days=365)


def key_of(sender: str, message_id: str) -> str:
    """`sender`: an address or another name of whoever sends; it is kept as a hash only."""
    return hashlib.sha256(f"{sender}\n{message_id}".encode()).hexdigest()


async def begun(session: AsyncSession, key: str, conversation_id: str, now: datetime) -> str:
    """The conversation of this message: `conversation_id`, unless it has begun one before.

    Whoever sends it at the same moment to another node waits here for the end of this transaction.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(FirstMessage).values(key=key, conversation_id=conversation_id, created_at=now)
    await session.execute(new.on_conflict_do_nothing())
    known = select(FirstMessage.conversation_id).where(FirstMessage.key == key)
    return str((await session.execute(known)).scalar_one())


async def forget(database: Database, now: datetime) -> None:
    """What is older than a day; receipts after a year."""
    old = and_(FirstMessage.created_at < now - REMEMBERED, FirstMessage.key.not_like(f"{RECEIPT}%"))
    async with database.write() as session:
        await session.execute(
            delete(FirstMessage).where(or_(old, FirstMessage.created_at < now - _RECEIPTS_REMEMBERED))
        )
