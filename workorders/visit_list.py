"""Return visits as those who make them see the list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.follow_up_tables import ReturnVisit
from storage.tables import Order, OrderEvent
from workorders import task_history


async def rows(session: AsyncSession, *, person: str, limit: int) -> list[dict[str, Any]]:
    """Those to be made by telephone, the first due first. `mine`: `person` has it; `holder`: the name of who has."""
    query = (
        select(ReturnVisit, Order)
        .join(Order, Order.order_no == ReturnVisit.order_no)
        .where(ReturnVisit.channel == "phone", ReturnVisit.status.in_(("open", "taken")))
        .order_by(ReturnVisit.next_at)
        .limit(limit)
    )
    found = (await session.execute(query)).all()
    answers = await _last_answers(session, [order.order_no for _, order in found])
    names = await task_history.names_of(session, [visit.taken_by for visit, _ in found])
    history = await task_history.of(session, "visit", [visit.id for visit, _ in found])
    return [
        {
            **shown(visit),
            "title": order.title,
            "request_type": order.request_type,
            "answer": answers.get(order.order_no, ""),
            "mine": visit.taken_by == person,
            "holder": names.get(visit.taken_by or "", ""),
            "history": history.get(visit.id, []),
        }
        for visit, order in found
    ]


def shown(row: ReturnVisit) -> dict[str, Any]:
    """A visit without whom it is about."""
    return {
        "id": row.id,
        "order_no": row.order_no,
        "round": row.round,
        "unit": row.unit,
        "status": row.status,
        "taken_by": row.taken_by,
        "attempts": row.attempts,
        "next_at": row.next_at.isoformat(),
        "note": row.note,
    }


async def _last_answers(session: AsyncSession, numbers: list[str]) -> dict[str, str]:
    query = (
        select(OrderEvent.order_no, OrderEvent.note)
        .where(OrderEvent.order_no.in_(numbers), OrderEvent.event.in_(("answer", "follow")))
        .order_by(OrderEvent.id)
    )
    return {row.order_no: row.note for row in (await session.execute(query)).all()}
