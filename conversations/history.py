"""What is known of the citizen of a conversation: earlier contacts and orders under the same number or open id, and
orders that may be about the same matter. For the seat that has the conversation; every look is logged by the caller."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from bot.state import State
from storage.engine import Database
from storage.messenger_tables import MessengerConversation
from storage.tables import Conversation, Order
from workorders import duplicates
from workorders.order import STATUS_TEXT

_CONTACTS: Final = 20
_ORDERS: Final = 20
_COMPARED: Final = 200
_SHOWN: Final = 5
_SUMMARY_CHARACTERS: Final = 120


class History:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def of(self, conversation_id: str) -> dict[str, Any]:
        """Earlier contacts and orders of the same citizen, newest first; empty where nothing tells who it is."""
        async with self._database.read() as session:
            row = await session.get(Conversation, conversation_id)
            if row is None:
                return {"contacts": [], "orders": []}
            numbers = _numbers(row)
            contacts = await _contacts(session, row, numbers)
            orders = await _orders(session, numbers, [contact.id for contact in contacts])
        return {
            "contacts": [_contact(contact) for contact in contacts],
            "orders": [_order(order, same_citizen=True) for order in orders],
        }

    async def similar(
        self, conversation_id: str, *, phone: str, district: str, street: str, detail: str
    ) -> list[dict[str, Any]]:
        """Open orders of the last days in a place that agrees and with similar words, the likeliest first; those of
        this conversation are no duplicates of what is told in it.

        Those of the same citizen are the ones that repeat a request; of others they show that many have the same
        trouble.
        """
        since = self._clock.now() - timedelta(days=duplicates.LOOK_BACK_DAYS)
        async with self._database.read() as session:
            row = await session.get(Conversation, conversation_id)
            numbers = {number for number in (phone, *(_numbers(row) if row else ())) if number}
            found = await _open_orders(session, numbers, district, street, since)
        likely = []
        for order in found:
            if order.conversation_id == conversation_id or not duplicates.same_place(
                (order.district, order.street), (district or None, street or None)
            ):
                continue
            likeness = duplicates.similarity(f"{order.detail}{order.address or ''}", detail)
            if likeness >= duplicates.SIMILAR_ENOUGH:
                likely.append((order.contact_phone in numbers, likeness, order))
        likely.sort(key=lambda one: (one[0], one[1]), reverse=True)
        return [_order(order, same_citizen=same) for same, _, order in likely[:_SHOWN]]


def _numbers(row: Conversation) -> tuple[str, ...]:
    given = State.from_dict(row.state).contact_phone if row.state else ""
    return tuple({number for number in (row.caller_number, given) if number})


async def _contacts(session: AsyncSession, row: Conversation, numbers: Iterable[str]) -> list[Conversation]:
    mine = select(MessengerConversation.contact_id).where(MessengerConversation.conversation_id == row.id)
    theirs = select(MessengerConversation.conversation_id).where(MessengerConversation.contact_id.in_(mine))
    same = or_(Conversation.caller_number_key.in_(list(numbers)), Conversation.id.in_(theirs))
    query = select(Conversation).where(same, Conversation.id != row.id)
    return list((await session.execute(query.order_by(Conversation.created_at.desc()).limit(_CONTACTS))).scalars())


async def _orders(session: AsyncSession, numbers: Iterable[str], conversations: list[str]) -> list[Order]:
    same = or_(Order.contact_phone_key.in_(list(numbers)), Order.conversation_id.in_(conversations))
    query = select(Order).where(same).order_by(Order.created_at.desc()).limit(_ORDERS)
    return list((await session.execute(query)).scalars())


async def _open_orders(
    session: AsyncSession, numbers: Iterable[str], district: str, street: str, since: datetime
) -> list[Order]:
    near: list[ColumnElement[bool]] = [Order.contact_phone_key.in_(list(numbers))]
    if district and street:
        near.append((Order.district == district) & (Order.street == street))
    query = (
        select(Order)
        .where(Order.created_at >= since, Order.status.not_in(("closed", "draft")), or_(*near))
        .order_by(Order.created_at.desc())
        .limit(_COMPARED)
    )
    return list((await session.execute(query)).scalars())


def _contact(row: Conversation) -> dict[str, Any]:
    state = State.from_dict(row.state or {})
    words = "；".join(matter.text for matter in state.matters if matter.text)
    return {
        "conversation_id": row.id,
        "channel": row.channel,
        "outcome": row.outcome,
        "disposition": row.disposition,
        "at": row.created_at.isoformat(),
        "summary": words[:_SUMMARY_CHARACTERS],
    }


def _order(order: Order, *, same_citizen: bool) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "status": order.status,
        "status_text": STATUS_TEXT.get(order.status, order.status),
        "title": order.title,
        "place": "".join(part for part in (order.district, order.street) if part),
        "unit": order.unit,
        "at": order.created_at.isoformat(),
        "same_citizen": same_citizen,
    }
