"""Each wait for a person is a row of its own: from the citizen's asking to whoever came, or to what they did instead.

Service level and abandonment are counted from these rows, for a conversation's own row keeps only its last wait. They
are written in the transaction that changes the conversation's status. The alarm of danger is no wait: nobody asked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.leader_tables import DeskWait
from storage.tables import Conversation

End = Literal["answered", "abandoned", "callback", "went_on"]


async def follow(
    session: AsyncSession, row: Conversation, before: str, now: datetime, *, again: bool = False, left: bool = False
) -> None:
    """Note what the change of `row.status` from `before` means for the wait.

    Args:
        again: a seat had the conversation, and it waits once more.
        left: the citizen is gone.
    """
    if row.status == before:
        return
    if row.status == "waiting" and row.outcome != "emergency":
        session.add(DeskWait(conversation_id=row.id, channel=row.channel, again=again, asked_at=now, ended_by=""))
    elif before == "waiting":
        await _end(session, row, _how(row, left=left), now)


def _how(row: Conversation, *, left: bool) -> End:
    if row.status == "with_seat":
        return "answered"
    if left:
        return "abandoned"
    return "callback" if row.outcome == "callback" else "went_on"


async def answered(session: AsyncSession, row: Conversation, now: datetime) -> None:
    """A telephone that we do not see took the call over: the wait is at its end although no seat claimed it."""
    await _end(session, row, "answered", now)


async def _end(session: AsyncSession, row: Conversation, how: End, now: datetime) -> None:
    still = select(DeskWait).where(DeskWait.conversation_id == row.id, DeskWait.ended_at.is_(None))
    for wait in (await session.execute(still)).scalars():
        wait.ended_at, wait.ended_by = now, how
        wait.waited_seconds = (now - wait.asked_at).total_seconds()
        wait.seat_id = row.seat_id if how == "answered" else None
