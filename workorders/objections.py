"""退单 (条例 article 12), the rows: a unit objects with its reason, a reviewer upholds it (the order goes to another
unit) or rejects it (the order is theirs after all). Each step is an event of the order; what is kept here teaches the
dispatch: an upheld objection says that `unit` was wrong for the order and `new_unit` right.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.ids import new_id
from storage.follow_up_tables import Objection
from storage.tables import Order
from workorders.order import OrderStateError


def raised(session: AsyncSession, order: Order, *, actor: str, reason: str, suggested: str, now: datetime) -> Objection:
    """A unit has objected; in the transaction of the event."""
    row = Objection(
        id=new_id("ob_"),
        order_no=order.order_no,
        unit=order.unit or "",
        reason=reason[:4_000],
        suggested_unit=suggested.strip()[:128],
        objected_by=actor[:64],
        objected_at=now,
        status="open",
        decision="",
    )
    session.add(row)
    return row


async def settled(
    session: AsyncSession, order: Order, event: str, *, actor: str, reason: str, now: datetime, objection_id: str = ""
) -> None:
    """An order leaves the state `objected` by `event`: its objection is decided with it, or void.

    Raises:
        OrderStateError: the decision is about another objection than the one that stands.
    """
    query = select(Objection).where(Objection.order_no == order.order_no, Objection.status == "open")
    row = (await session.execute(query.with_for_update())).scalar_one_or_none()
    if objection_id and (row is None or row.id != objection_id):
        raise OrderStateError("这条派单异议已经处理过了，请刷新后再看。")
    if row is None:  # objected to before objections were kept
        return
    row.status = {"uphold": "upheld", "dispatch": "upheld", "overrule": "rejected"}.get(event, "void")
    row.decided_by, row.decided_at, row.decision = actor[:64], now, reason[:4_000]
    if row.status == "upheld":
        row.new_unit = order.unit
