"""A first message sent twice, to one node or to two, begins one conversation."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from conversations.messages import CitizenTurn
from storage.cluster_tables import FirstMessage
from storage.engine import Database

REMEMBERED: Final = timedelta(days=1)
_APART: Final = timedelta(hours=1)
RECEIPT: Final = "receipt:"  # keys of another kind (`receipts.py`), asked for by people
_RECEIPTS_REMEMBERED: Final = timedelta(days=365)


def key_of(sender: str, message_id: str) -> str:
    """`sender`: an address or another name of whoever sends; it is kept as a hash only."""
    return hashlib.sha256(f"{sender}\n{message_id}".encode()).hexdigest()


def again(ended_id: str, turn: CitizenTurn) -> str | None:
    """The key of a message that begins anew after the end of a conversation; None where it could not be told again."""
    return key_of(ended_id, turn.client_message_id) if turn.client_message_id is not None else None


async def begun(session: AsyncSession, key: str, conversation_id: str, now: datetime) -> str:
    """The conversation of this message: `conversation_id`, unless it has begun one before.

    Whoever sends it at the same moment to another node waits here for the end of this transaction.
    """
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(FirstMessage).values(key=key, conversation_id=conversation_id, created_at=now)
    await session.execute(new.on_conflict_do_nothing())
    known = select(FirstMessage.conversation_id).where(FirstMessage.key == key)
    return str((await session.execute(known)).scalar_one())


class Forgetting:
    """Forgets, an hour apart, what is older than a day, and receipts after a year."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._forgot_at: datetime | None = None

    async def sweep(self) -> None:
        now = self._clock.now()
        if self._forgot_at is not None and now - self._forgot_at < _APART:
            return
        old = and_(FirstMessage.created_at < now - REMEMBERED, FirstMessage.key.not_like(f"{RECEIPT}%"))
        async with self._database.write() as session:
            await session.execute(
                delete(FirstMessage).where(or_(old, FirstMessage.created_at < now - _RECEIPTS_REMEMBERED))
            )
        self._forgot_at = now
