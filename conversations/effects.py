"""What a decision makes happen besides words: orders, records of danger, call-backs, transfers, answers to return
visits. Every function works inside the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from base.masking import mask_text
from bot.decision import CallBack, Decision, Escalate, FileOrder, Unanswerable, VisitAnswered
from bot.state import State
from conversations import cards, drafts, store
from conversations.messages import Transfer
from storage.tables import Conversation, Unanswered
from workorders.model import FiledOrder
from workorders.service import OrderService
from workorders.visits import Answers, answered_in_chat

_EMERGENCY_PRIORITY: Final = 100
_LONGEST_QUESTION: Final = 1_000  # characters
_ACTOR: Final = "bot:policy"


async def file_orders(
    session: AsyncSession, orders: OrderService, row: Conversation, decision: Decision, now: datetime
) -> dict[int, FiledOrder]:
    """File what the decision wants filed: by the number of the matter. Filed again they are the same orders."""
    filed: dict[int, FiledOrder] = {}
    for effect in decision.effects:
        matter = decision.state.matter(effect.number) if isinstance(effect, FileOrder) else None
        if matter is None:
            continue
        draft = drafts.draft_of(decision.state, matter, conversation_id=row.id, channel=row.channel)
        key = f"{row.id}:{matter.number}"
        filed[matter.number] = await orders.file(session, draft, key=key, now=now, actor=_ACTOR)
    return filed


async def record_danger(
    session: AsyncSession, orders: OrderService, row: Conversation, decision: Decision, now: datetime
) -> None:
    """A danger becomes an urgent order of its own, sent to the police and the local authority in the same moment.

    One a conversation: what is told later is added to it (`Dialogue.decide`). Its number stands in the state's detail.
    """
    state = decision.state
    lines = [effect.target for effect in decision.effects if isinstance(effect, Escalate) and effect.target != "seat"]
    if not lines or drafts.DANGER_RECORD in state.detail:
        return
    draft = drafts.of_danger(state, lines[0], caller_number=row.caller_number or "", conversation_id=row.id)
    filed = await orders.file(session, draft, key=f"{row.id}:emergency", now=now, actor=_ACTOR)
    state.detail = {**state.detail, drafts.DANGER_RECORD: filed.order_no}


async def carry_out(session: AsyncSession, row: Conversation, decision: Decision, now: datetime) -> Transfer | None:
    """Carry out all other effects; returns where the conversation goes next, None where it stays."""
    transfer: Transfer | None = None
    state = decision.state
    for effect in decision.effects:
        match effect:
            case Unanswerable():
                session.add(_unanswered(row, effect, now))
            case VisitAnswered():
                said = Answers(**{key: value for key, value in asdict(effect).items() if key != "visit_id"})
                await answered_in_chat(session, effect.visit_id, said, by=f"citizen:{row.id}", now=now)
            case CallBack():
                note, due_at = cards.note_for_call_back(state), now + store.CALL_BACK_WITHIN
                await _promise(session, row, state, effect.reason, note, due_at, now)
            case Escalate():
                transfer = Transfer(effect.target, effect.reason)
                if effect.target != "seat":
                    await _alarm(session, row, state, effect.target, now)
    return transfer


async def _alarm(session: AsyncSession, row: Conversation, state: State, line: str, now: datetime) -> None:
    """Danger: first in the queue, and called back at once should the call break off."""
    row.priority = _EMERGENCY_PRIORITY
    note = f"紧急：已告知拨打{line}。{cards.summary(state)}"
    await _promise(session, row, state, f"emergency {line}", note, now, now)


async def _promise(
    session: AsyncSession, row: Conversation, state: State, reason: str, note: str, due_at: datetime, now: datetime
) -> None:
    number = state.contact_phone or row.caller_number
    await store.promise_call_back(session, row, reason=reason, number=number, note=note, due_at=due_at, now=now)


def _unanswered(row: Conversation, effect: Unanswerable, now: datetime) -> Unanswered:
    return Unanswered(
        conversation_id=row.id,
        text=mask_text(effect.text)[:_LONGEST_QUESTION],
        reason=effect.reason,
        offered=list(effect.offered),
        channel=row.channel,
        at=now,
    )
