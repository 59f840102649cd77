"""What nobody needs any more is erased by age, as a citizen's wish would erase it (`conversations/erasure.py`).

Orders count from the day on which they last changed, and only closed ones; conversations from their end, and only
where every order that was filed in them has been erased and nobody is to be called back. Each step is an entry of the
audit log. Kept are the same records of the administration as after a citizen's wish.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from conversations.erasure import Folders, Found, erase, unlink
from seats.audit import AuditLog
from storage.engine import Database
from storage.tables import CallbackTask, Conversation, Order

ACTOR: Final = "system:retention"
_AT_ONCE: Final = 50  # in one transaction: others write too
_CLOSED: Final = "closed"
_DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """In days; 0: kept for good."""

    orders_days: int = 0
    conversations_days: int = 0


class Retention:
    """One instance a process."""

    def __init__(
        self, database: Database, folders: Folders, rules: RetentionRules, *, clock: Clock | None = None
    ) -> None:
        self._database = database
        self._folders = folders
        self._rules = rules
        self._clock = clock or SystemClock()
        self._audit = AuditLog(database, clock=self._clock)

    async def step(self) -> int:
        """Erase the next few orders and conversations that are due; how many there were, 0 when nothing is left."""
        now = self._clock.now()
        async with self._database.write() as session:
            orders = await self._due_orders(session, now)
            conversations = await self._due_conversations(session, now)
            due = Found(tuple(orders), tuple(conversations), ())
            if not orders and not conversations:
                return 0
            files = await erase(session, due, self._folders, now=now)
            detail = {"orders": orders, "conversations": conversations, "files": len(files)}
            await self._audit.add(session, "retention.erased", actor=ACTOR, detail=detail)
        await asyncio.to_thread(unlink, files)
        return len(orders) + len(conversations)

    async def _due_orders(self, session: AsyncSession, now: datetime) -> list[str]:
        if not self._rules.orders_days:
            return []
        before = now - timedelta(days=self._rules.orders_days)
        due = (
            select(Order.order_no)
            .where(Order.erased_at.is_(None), Order.updated_at < before, Order.status == _CLOSED)
            .order_by(Order.updated_at)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return list((await session.execute(due)).scalars())

    async def _due_conversations(self, session: AsyncSession, now: datetime) -> list[str]:
        if not self._rules.conversations_days:
            return []
        before = now - timedelta(days=self._rules.conversations_days)
        kept_order = select(Order.order_no).where(Order.conversation_id == Conversation.id, Order.erased_at.is_(None))
        call_back = select(CallbackTask.id).where(
            CallbackTask.conversation_id == Conversation.id, CallbackTask.status != _DONE
        )
        due = (
            select(Conversation.id)
            .where(
                Conversation.erased_at.is_(None),
                Conversation.ended_at < before,
                ~kept_order.exists(),
                ~call_back.exists(),
            )
            .order_by(Conversation.ended_at)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        return list((await session.execute(due)).scalars())
