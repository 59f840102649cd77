"""Return visits that the bot makes by telephone: which are due, and what came of a call. The questions themselves are
asked by the conversation, as in a chat (`bot/policy/visit.py`)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.calling_hours import CallingRules
from storage.follow_up_tables import ReturnVisit
from storage.tables import Conversation, Order
from workorders import task_history

BOT: Final = "bot"  # who has taken a visit that the bot makes
_NO_LINE_PAUSE: Final = timedelta(minutes=1)


async def due(session: AsyncSession, rules: CallingRules, *, now: datetime, limit: int) -> list[str]:
    """Visits that may be made by telephone now, the first due first."""
    if not rules.allowed(now):
        return []
    query = (
        select(ReturnVisit.id)
        .join(Order, Order.order_no == ReturnVisit.order_no)
        .where(ReturnVisit.channel == "phone", ReturnVisit.status == "open", ReturnVisit.next_at <= now)
        .where(Order.status == "answered")
        .order_by(ReturnVisit.next_at)
        .limit(limit)
    )
    return list((await session.execute(query)).scalars())


async def take(session: AsyncSession, visit_id: str, *, now: datetime) -> tuple[ReturnVisit, str] | None:
    """The visit, now the bot's, and the number to call (perhaps empty); None where somebody else has it."""
    row = await _locked(session, visit_id)
    if row is None or row.channel != "phone" or row.status != "open":
        return None
    order = await session.get_one(Order, row.order_no)
    conversation = await session.get(Conversation, order.conversation_id or "")
    row.status, row.taken_by, row.taken_at = "taken", BOT, now
    task_history.happened(session, "visit", row.id, "taken", actor=BOT, now=now)
    return row, order.contact_phone or (conversation.caller_number if conversation is not None else None) or ""


async def called(
    session: AsyncSession, visit_id: str, rules: CallingRules, *, attempt: bool, note: str, now: datetime
) -> None:
    """The call is over. What the citizen answered has been kept by their turns; else it was an attempt in vain, or
    (`attempt` false) none at all, and comes again."""
    row = await _locked(session, visit_id)
    if row is None or row.status != "taken" or row.taken_by != BOT:
        return
    row.note = "\n".join(part for part in (row.note, note) if part)[:4_000]
    row.taken_by = row.taken_at = None
    if not attempt:
        row.status, row.next_at = "open", now + _NO_LINE_PAUSE
        task_history.happened(session, "visit", row.id, "given_back", actor=BOT, now=now)
        return
    row.attempts += 1
    again = rules.again(row.attempts, now)
    event: task_history.Event = "unreachable" if again is not None else "given_up"
    task_history.happened(session, "visit", row.id, event, actor=BOT, now=now)
    row.status, row.next_at = ("open", again) if again is not None else ("answered", now)  # with nothing said: lapses


async def forgotten(session: AsyncSession, before: datetime, *, limit: int) -> list[ReturnVisit]:
    """Visits that somebody took before this moment (or nobody knows when), locked; none that the bot is making."""
    query = (
        select(ReturnVisit)
        .where(ReturnVisit.status == "taken", ~task_history.under_way("visit", ReturnVisit.id))
        .where(or_(ReturnVisit.taken_at.is_(None), ReturnVisit.taken_at < before))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list((await session.execute(query)).scalars())


async def _locked(session: AsyncSession, visit_id: str) -> ReturnVisit | None:
    found = select(ReturnVisit).where(ReturnVisit.id == visit_id).with_for_update()
    return (await session.execute(found)).scalar_one_or_none()
