"""The orders of one responsible unit (承办单位): its own and those copied to it, and never another's."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, func, or_, select

from storage.engine import Database
from storage.follow_up_tables import OrderCopy
from storage.tables import Order, OrderEvent
from workorders.service import OrderNotFound
from workorders.view import order_view

PAGE_SIZE: Final = 50


class UnitOrders:
    """One instance a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, unit: str, *, status: str = "", copied: bool = False, page: int = 1, page_size: int = PAGE_SIZE
    ) -> dict[str, Any]:
        """A page of cards, the nearest deadline first, and how many orders stand in each state.

        Args:
            status: one state of an order; empty: all of them.
            copied: those that were copied to the unit instead of its own.
        """
        whose = _copied_to(unit) if copied else Order.unit == unit
        counted = select(Order.status, func.count()).where(whose).group_by(Order.status)
        query = select(Order).where(whose)
        if status:
            query = query.where(Order.status == status)
        query = query.order_by(Order.deadline_at, Order.order_no).offset((page - 1) * page_size).limit(page_size)
        async with self._database.read() as session:
            counts = {state: int(number) for state, number in (await session.execute(counted)).all()}
            rows = list((await session.execute(query)).scalars())
        return {
            "items": [_card(order, unit) for order in rows],
            "counts": counts,
            "total": counts.get(status, 0) if status else sum(counts.values()),
            "page": page,
            "page_size": page_size,
        }

    async def waiting(self, unit: str) -> dict[str, Any]:
        """What the unit has not accepted yet: how many orders of its own, and the numbers of those that are urgent, the
        nearest deadline first; of a danger also those that it has to act on beside another unit (双派)."""
        new, urgent = Order.status == "dispatched", Order.urgency == "sudden"
        counted = select(func.count()).select_from(Order).where(Order.unit == unit, new)
        own = select(Order.order_no, Order.deadline_at).where(Order.unit == unit, new, urgent)
        beside = (
            select(Order.order_no, Order.deadline_at)
            .join(OrderCopy, OrderCopy.order_no == Order.order_no)
            .where(OrderCopy.unit == unit, new, urgent, Order.dispatch_mode == "双派")
        )
        nearest = own.union(beside).order_by("deadline_at", "order_no").limit(PAGE_SIZE)
        async with self._database.read() as session:
            count = int((await session.execute(counted)).scalar_one())
            numbers = [row.order_no for row in (await session.execute(nearest)).all()]
        return {"waiting": count, "urgent": numbers}

    async def view(self, unit: str, order_no: str) -> dict[str, Any]:
        """
        Raises:
            OrderNotFound: there is none, or it is not the unit's: the two are never told apart.
        """
        query = select(Order).where(Order.order_no == order_no, or_(Order.unit == unit, _copied_to(unit)))
        async with self._database.read() as session:
            order = (await session.execute(query)).scalar_one_or_none()
            if order is None:
                raise OrderNotFound
            events = select(OrderEvent).where(OrderEvent.order_no == order_no).order_by(OrderEvent.id)
            return order_view(order, list((await session.execute(events)).scalars())).for_unit(unit)


def _copied_to(unit: str) -> ColumnElement[bool]:
    return Order.order_no.in_(select(OrderCopy.order_no).where(OrderCopy.unit == unit))


def _card(order: Order, unit: str) -> dict[str, Any]:
    shown = order_view(order, []).for_unit(unit)
    for name in ("detail", "contact_name", "contact_phone", "events"):
        shown.pop(name)
    return shown
