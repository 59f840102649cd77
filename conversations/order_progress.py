"""How far an earlier order has got, as the dialogue may tell it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import local
from bot import unit_answer
from bot.decision import OVER, OrderKnown
from storage.tables import Order, OrderEvent

LATELY: Final = timedelta(days=15)
"""After its answer an order is still the same matter for so long: the longest term of an ordinary matter
(`deadlines.yml`), by whose end a repair has held or not. Later the same trouble is new, and an order of its own."""
_ANSWERS: Final = ("answer", "follow")
_EXTENDS: Final = ("extend", "follow_extend")
_TOLD: Final = (*_ANSWERS, *_EXTENDS, "close", "withdraw", "reopen")


async def events_of(session: AsyncSession, numbers: Sequence[str]) -> list[OrderEvent]:
    """The events of some orders that are told, oldest first; by the index of their numbers."""
    found = select(OrderEvent).where(OrderEvent.order_no.in_(numbers), OrderEvent.event.in_(_TOLD))
    return list((await session.execute(found.order_by(OrderEvent.id))).scalars())


def known(order: Order, events: Sequence[OrderEvent], *, contents: bool) -> OrderKnown:
    """What may be told of an order. `events`: of this and other orders. `contents`: with what its unit wrote."""
    ours = _since_reopened(order, events)
    answered, closed = _last(ours, _ANSWERS), _last(ours, ("close",))
    extended = _last(ours, _EXTENDS)

    def told(event: OrderEvent | None) -> str:
        return unit_answer.without_persons(event.note, order.contact_name) if contents and event is not None else ""

    return OrderKnown(
        True,
        order.order_no,
        order.status,
        order.unit or "",
        f"{local(order.deadline_at):%m月%d日%H点}" if order.deadline_at else "",
        told(extended),
        _day(answered),
        _day(closed),
        told(answered) if order.status in OVER else "",
    )


def lately_over(order: Order, events: Sequence[OrderEvent], now: datetime, *, asked_for: bool) -> bool:
    """Whether an order that is over is one to tell of: answered, and ended not long ago. One that is not closed is
    told of however old its answer is to whoever asks for it. What the citizen withdrew is none."""
    ours = _since_reopened(order, events)
    answered = _last(ours, _ANSWERS)
    if answered is None or _last(ours, ("withdraw",)) is not None:
        return False
    ended = _last(ours, ("close",)) or answered
    return ended.at >= now - LATELY or (asked_for and order.status != "closed")


def secret(order: Order) -> bool:
    """Whoever reports somebody (举报) is kept secret unasked."""
    return order.confidential or order.request_type == "举报"


def _since_reopened(order: Order, events: Sequence[OrderEvent]) -> list[OrderEvent]:
    ours: list[OrderEvent] = []
    for event in events:
        if event.order_no == order.order_no:
            ours = [] if event.event == "reopen" else [*ours, event]
    return ours


def _last(events: Sequence[OrderEvent], names: Sequence[str]) -> OrderEvent | None:
    return next((event for event in reversed(events) if event.event in names), None)


def _day(event: OrderEvent | None) -> str:
    if event is None:
        return ""
    at = local(event.at)
    return f"{at.month}月{at.day}日"
