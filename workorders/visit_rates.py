"""The three rates (三率) of return visits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.follow_up_tables import ReturnVisit


async def of_units(
    session: AsyncSession, month_start: datetime, month_end: datetime, *, unit: str
) -> list[dict[str, Any]]:
    """响应率, 解决率, 满意率 of each unit, or of one: the share of yes among those who answered that question, 0..1;
    None where nobody did."""
    answered = and_(ReturnVisit.status == "done", ReturnVisit.done_at >= month_start, ReturnVisit.done_at < month_end)
    columns: list[Any] = [ReturnVisit.unit, func.count()]
    for column in (ReturnVisit.responded, ReturnVisit.solved, ReturnVisit.satisfied):
        columns += [func.count(column), func.count().filter(column.is_(True))]
    query = select(*columns).where(answered).group_by(ReturnVisit.unit).order_by(ReturnVisit.unit)
    if unit:
        query = query.where(ReturnVisit.unit == unit)
    rows = (await session.execute(query)).all()
    return [
        {
            "unit": name,
            "visits": visits,
            "response_rate": _share(yes1, of1),
            "solution_rate": _share(yes2, of2),
            "satisfaction_rate": _share(yes3, of3),
        }
        for name, visits, of1, yes1, of2, yes2, of3, yes3 in rows
    ]


def _share(part: int, of: int) -> float | None:
    return round(part / of, 4) if of else None
