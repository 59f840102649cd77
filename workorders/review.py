"""The reviewer's desk for objections (退单): what is open, and the decision about it."""

from __future__ import annotations

from typing import Any, Final, Literal

from sqlalchemy import select

from storage.engine import Database
from storage.follow_up_tables import Objection
from storage.tables import Order
from workorders.service import OrderNotFound, OrderService
from workorders.view import OrderView

Decision = Literal["uphold", "overrule"]
STATUSES: Final = ("open", "upheld", "rejected", "void")


class ObjectionReview:
    """One instance a process."""

    def __init__(self, database: Database, orders: OrderService) -> None:
        self._database = database
        self._orders = orders

    async def list(self, *, status: str = "open", limit: int = 100) -> list[dict[str, Any]]:
        """Objections with what a reviewer needs of their orders, no contact data; the oldest first where they are open,
        else the newest."""
        order = Objection.objected_at if status == "open" else Objection.objected_at.desc()
        query = (
            select(Objection, Order)
            .join(Order, Order.order_no == Objection.order_no)
            .where(Objection.status == status)
            .order_by(order)
            .limit(max(1, min(limit, 500)))
        )
        async with self._database.read() as session:
            return [_shown(row, matter) for row, matter in (await session.execute(query)).all()]

    async def decide(
        self,
        objection_id: str,
        decision: Decision,
        *,
        actor: str,
        reason: str,
        unit: str = "",
        mode: str = "",
        copies: tuple[str, ...] | None = None,
    ) -> OrderView:
        """Uphold an objection (`unit`: who gets the order; `mode` and `copies` follow from it where they are left out)
        or overrule it. The same decision again changes nothing.

        Raises:
            OrderNotFound: there is no such objection.
            OrderStateError: it was decided differently, the reason or the unit is missing, or it is the same unit.
        """
        async with self._database.read() as session:
            row = await session.get(Objection, objection_id)
        if row is None:
            raise OrderNotFound
        data: dict[str, Any] = {"objection": row.id}
        if decision == "uphold":
            data |= {"unit": unit.strip()} | ({"mode": mode} if mode else {})
            data |= {} if copies is None else {"copies": list(copies)}
        # one decision for one objection, whatever the reviewer's browser sends twice
        return await self._orders.change(
            row.order_no, decision, actor=actor, note=reason, data=data, event_id=f"{decision}:{row.id}"
        )


def _shown(row: Objection, order: Order) -> dict[str, Any]:
    return {
        "id": row.id,
        "order_no": row.order_no,
        "unit": row.unit,
        "reason": row.reason,
        "suggested_unit": row.suggested_unit,
        "objected_at": row.objected_at.isoformat(),
        "status": row.status,
        "decision": row.decision,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "new_unit": row.new_unit,
        "request_type": order.request_type,
        "title": order.title,
        "detail": order.detail,
        "district": order.district,
        "street": order.street,
        "address": order.address,
        "category": [order.category_level1, order.category_level2, order.category_level3],
        "deadline_at": order.deadline_at.isoformat() if order.deadline_at else None,
    }
