"""Answers after which the citizen went on to a person: the last answer of such a conversation did not do."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from storage.tables import Conversation, KnowledgeUse, Unanswered

REASON = "handed_over"


def condition() -> ColumnElement[bool]:
    """Of a row of `KnowledgeUse`: a hit, the last of its conversation, and the conversation went to a person later."""
    later = aliased(KnowledgeUse)
    to_person = exists(Conversation.id).where(
        Conversation.id == KnowledgeUse.conversation_id,
        or_(Conversation.outcome == "seat", Conversation.seat_id.is_not(None)),
        or_(Conversation.claimed_at.is_(None), Conversation.claimed_at >= KnowledgeUse.at),
    )
    followed = exists(later.id).where(
        later.conversation_id == KnowledgeUse.conversation_id, later.event == "hit", later.id > KnowledgeUse.id
    )
    return and_(KnowledgeUse.event == "hit", to_person, ~followed)


async def collect(session: AsyncSession, *, since: datetime) -> int:
    """Put the questions behind such answers among the unanswered ones, each once; returns how many were new."""
    known = exists(Unanswered.id).where(
        Unanswered.conversation_id == KnowledgeUse.conversation_id,
        Unanswered.reason == REASON,
        Unanswered.text == KnowledgeUse.text,
    )
    rows = await session.execute(
        select(KnowledgeUse).where(condition(), KnowledgeUse.at >= since, func.length(KnowledgeUse.text) > 1, ~known)
    )
    found = list(rows.scalars())
    for use in found:
        session.add(
            Unanswered(
                conversation_id=str(use.conversation_id),
                text=use.text,
                reason=REASON,
                offered=[],
                channel=use.channel,
                at=use.at,
            )
        )
    await session.flush()
    return len(found)
