"""The dispatch desk of the centre: orders that nobody has yet, because nobody knows where it is or to whom it belongs.

Those are orders that the rules gave to the centre itself, dangers of which it has a copy because their place is
unknown, and orders that were taken out of another one and not yet given to a unit again.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select

from storage.engine import Database
from storage.follow_up_tables import OrderCopy
from storage.tables import Order
from workorders.dispatch import CENTRE
from workorders.order import URGENCY_TEXT, OrderStateError
from workorders.view import names_of, without_person

SHOWN: Final = 100
_GIVEN: Final = ("filed", "dispatched", "accepted")
_SAID: Final = ("title", "detail", "address", "event_time", "subject", "appeal")


class DispatchDesk:
    """One instance a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, *, limit: int = SHOWN) -> dict[str, Any]:
        """What waits, the nearest deadline first, without persons; `total` counts all of it."""
        query = select(Order).where(_waits()).order_by(Order.deadline_at, Order.order_no).limit(limit)
        counted = select(func.count()).select_from(Order).where(_waits())
        async with self._database.read() as session:
            total = (await session.execute(counted)).scalar_one()
            rows = list((await session.execute(query)).scalars())
        return {"items": [_card(order) for order in rows], "total": total}

    async def news(self) -> dict[str, Any]:
        """By what a list that was read before is known to be old: how many orders wait, and when one of them last
        changed."""
        query = select(func.count(), func.max(Order.updated_at)).where(_waits())
        async with self._database.read() as session:
            total, changed_at = (await session.execute(query)).one()
        return {"total": total, "changed_at": changed_at.isoformat() if changed_at else None}

    async def check(self, order_no: str) -> None:
        """
        Raises:
            OrderStateError: the order does not wait at the desk (any more), or there is none.
        """
        query = select(Order.order_no).where(Order.order_no == order_no, _waits())
        async with self._database.read() as session:
            if (await session.execute(query)).first() is None:
                raise OrderStateError("这个工单不在待分派之列，可能已由他人分派，请刷新后再看。")


def _waits() -> ColumnElement[bool]:
    copied = Order.order_no.in_(select(OrderCopy.order_no).where(OrderCopy.unit == CENTRE))
    ours = and_(Order.status.in_(_GIVEN), or_(Order.unit == CENTRE, copied))
    return or_(ours, Order.status == "filed")


def _card(order: Order) -> dict[str, Any]:
    return {
        "order_no": order.order_no,
        "status": order.status,
        "request_type": order.request_type,
        **{name: without_person(getattr(order, name), *names_of(order)) for name in _SAID},
        "district": order.district,
        "street": order.street,
        "category": [order.category_level1, order.category_level2, order.category_level3],
        "urgency": order.urgency,
        "urgency_text": URGENCY_TEXT.get(order.urgency, order.urgency),
        "confidential": order.confidential,
        "has_contact": bool(order.contact_name or order.contact_phone),
        "unit": order.unit or "",
        "copies": list(order.copies),
        "deadline_at": order.deadline_at.isoformat() if order.deadline_at else None,
        "version": order.version,
    }
