"""Calls that broke off through no wish of the caller's: the process that held them died, or the line to it was cut.

Whoever rings from the same number is offered to go on with what was being taken down (`bot/policy/going_on.py`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import policy
from bot.state import State
from storage.tables import CallbackTask, Conversation

INFORMED: Final = "informed"  # hung up in the waiting room, where a hot topic had been heard to its end
_SERVED: Final = ("answered", "order_filed", "lawful_channel", "seat")
_BROKEN_OFF: Final = ("lost", "rtp_timeout", "error")  # why a call ended: `docs/internals.md`, the phone link
_REMEMBERED: Final = timedelta(hours=24)
# The phone tells every five seconds which calls live: who has missed two beats is probably gone, and the caller who
# rings again at once is met before the sweeper has made a call-back of it.
_SILENT: Final = timedelta(seconds=12)
_LOOKED_AT: Final = 5  # latest calls of a number
_LATEST: Final = (
    select(Conversation)
    .where(
        Conversation.caller_number_key == bindparam("number"),
        Conversation.channel == "phone",
        Conversation.created_at >= bindparam("since"),
    )
    .order_by(Conversation.created_at.desc())
    .limit(_LOOKED_AT)
)


def served(outcome: str | None, ended_by: str | None) -> bool:
    """Whether whoever rang was served, so that what was promised to them before is done with. Who heard a hot topic
    and hung up had no question answered that anybody knows of: earlier promises stand."""
    return outcome in _SERVED and ended_by != INFORMED


async def unfinished(session: AsyncSession, number: str, now: datetime) -> tuple[str, dict[str, Any]] | None:
    """The number's last call that broke off while something was taken down, and what can be gone on with; None where
    there is none, where they were served since, or where somebody has called them back."""
    for row in (await session.execute(_LATEST, {"number": number, "since": now - _REMEMBERED})).scalars():
        if row.status == "ended" and served(row.outcome, row.outcome_detail.get("ended_by")):
            return None
        if not _broke_off(row, now):
            continue
        left = policy.unfinished(State.from_dict(row.state))
        return (row.id, left) if left and not await _called_back(session, row.id) else None
    return None


async def served_since(session: AsyncSession, row: Conversation) -> str | None:
    """A call that the same number made after `row` began, and in which it was served."""
    if not row.caller_number:
        return None
    query = (
        select(Conversation.id, Conversation.outcome_detail)
        .where(
            Conversation.caller_number_key == row.caller_number,
            Conversation.channel == "phone",
            Conversation.created_at > row.created_at,
            Conversation.outcome.in_(_SERVED),
            Conversation.status == "ended",
        )
        .order_by(Conversation.created_at.desc())
        .limit(_LOOKED_AT)
    )
    later = (await session.execute(query)).all()
    return next((name for name, detail in later if detail.get("ended_by") != INFORMED), None)


def _broke_off(row: Conversation, now: datetime) -> bool:
    if row.status == "ended":
        return row.outcome == "callback" and row.outcome_detail.get("ended_by") in _BROKEN_OFF
    return row.heard_at is not None and now - row.heard_at >= _SILENT


async def _called_back(session: AsyncSession, conversation_id: str) -> bool:
    query = select(CallbackTask.status, CallbackTask.result).where(CallbackTask.conversation_id == conversation_id)
    task = (await session.execute(query)).one_or_none()
    return task is not None and task.status == "done" and task.result != "superseded"
