"""The desk's search among orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Order
from workorders import numbers
from workorders.view import OrderView, order_view

_SEARCHED: Final = 5_000  # a few dozen milliseconds of opening
_OPENED_AT_ONCE: Final = 250
_FOUND: Final = 200


async def found(
    session: AsyncSession, *, status: str | None, text: str, conversation_id: str | None, limit: int
) -> list[OrderView]:
    """As `OrderService.search`."""
    query = select(Order).order_by(Order.created_at.desc(), Order.order_no.desc()).limit(max(1, min(limit, 200)))
    only = [Order.status == status] if status is not None else []
    if conversation_id is not None:
        only.append(Order.conversation_id == conversation_id)
    query = query.where(*only)
    if term := text.strip():
        query = query.where(
            or_(
                Order.order_no == numbers.normalise(term),
                Order.contact_phone_key == term,
                Order.order_no.in_(await _with_words(session, term, only)),
                Order.street == term,
                Order.district == term,
            )
        )
    return [order_view(order, []) for order in (await session.execute(query)).scalars()]


async def _with_words(session: AsyncSession, term: str, only: Sequence[ColumnElement[bool]]) -> list[str]:
    """Orders with these words in title or address. Both are sealed, so the newest of those that are asked for are
    opened and looked through, a few hundred at a time: other tasks have their turn in between."""
    query = select(Order.order_no, Order.title, Order.address).where(*only)
    newest = query.order_by(Order.created_at.desc(), Order.order_no.desc())
    rows = await session.stream(newest.limit(_SEARCHED).execution_options(yield_per=_OPENED_AT_ONCE))
    found: list[str] = []
    async for order_no, title, address in rows:
        if term in title or term in (address or ""):
            found.append(order_no)
            if len(found) == _FOUND:
                break
    await rows.close()
    return found
