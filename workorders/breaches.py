"""The log of missed deadlines, for whoever answers for the units' work: no personal data, no words of citizens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from base.clock import Clock, SystemClock
from storage.engine import Database
from storage.order_tables import DeadlineAlert
from storage.tables import Order
from workorders.order import RUNNING, STATUS_TEXT
from workorders.told import Way, ways


class BreachLog:
    def __init__(self, database: Database, *, clock: Clock | None = None, kept: timedelta = timedelta(days=30)) -> None:
        """`kept`: so long is known what was delivered to units' systems (`outbox.keep_days`)."""
        self._database = database
        self._clock = clock or SystemClock()
        self._kept = kept

    def _told(self, alert: DeadlineAlert, order: Order, told: dict[int, list[Way]], now: datetime) -> list[Way] | None:
        """An erased order's messages are gone with it, and old deliveries are forgotten."""
        return None if order.erased_at is not None or alert.at < now - self._kept else told[alert.id]

    async def list(
        self, *, days: float, unit: str = "", only_open: bool = False, page: int = 1, page_size: int = 50
    ) -> dict[str, Any]:
        """A page of the breaches of the last `days`, newest first, and for each unit how many it has.

        `hours_late` of a breach that is not resolved counts up to now. `told`: how the unit was (`workorders/told.py`);
        None: that is no longer known.
        """
        now = self._clock.now()
        first = (page - 1) * page_size
        wanted = self._wanted(select(DeadlineAlert, Order), now, days, unit, only_open)
        counted = self._wanted(select(func.count(DeadlineAlert.id)), now, days, unit, only_open)
        still = func.count(DeadlineAlert.id) - func.count(DeadlineAlert.resolved_at)
        by_unit = self._wanted(
            select(DeadlineAlert.unit, func.count(DeadlineAlert.id), still), now, days, unit, only_open
        ).group_by(DeadlineAlert.unit)
        async with self._database.read() as session:
            rows = (
                await session.execute(wanted.order_by(DeadlineAlert.id.desc()).offset(first).limit(page_size))
            ).all()
            total = (await session.execute(counted)).scalar_one()
            units = (await session.execute(by_unit)).all()
            told = await ways(session, [alert for alert, _ in rows])
        return {
            "items": [
                {**_item(alert, order, now), "told": self._told(alert, order, told, now)} for alert, order in rows
            ],
            "units": [
                {"unit": name or "", "breaches": count, "open": unresolved}
                for name, count, unresolved in sorted(units, key=lambda row: (-row[1], row[0] or ""))
            ],
            "total": total,
            "page": page,
            "page_size": page_size,
        }

    async def reminders(self, *, unit: str = "", page: int = 1, page_size: int = 50) -> dict[str, Any]:
        """Orders whose deadline is near enough for a reminder and not over, the nearest first, as a page."""
        now = self._clock.now()
        last = (
            select(func.max(DeadlineAlert.id)).where(DeadlineAlert.kind == "reminder").group_by(DeadlineAlert.order_no)
        )
        still = (
            DeadlineAlert.id.in_(last),
            DeadlineAlert.deadline_at == Order.deadline_at,
            Order.deadline_at > now,
            Order.status.in_(RUNNING),
            *([Order.unit == unit] if unit else []),
        )
        joined = select(DeadlineAlert, Order).join(Order, Order.order_no == DeadlineAlert.order_no).where(*still)
        counted = select(func.count()).select_from(joined.subquery())
        first = (page - 1) * page_size
        async with self._database.read() as session:
            query = joined.order_by(Order.deadline_at, Order.order_no).offset(first).limit(page_size)
            rows = (await session.execute(query)).all()
            total = (await session.execute(counted)).scalar_one()
            told = await ways(session, [alert for alert, _ in rows])
        items = [{**_item(alert, order, now), "told": self._told(alert, order, told, now)} for alert, order in rows]
        return {"items": items, "total": total, "page": page, "page_size": page_size}

    @staticmethod
    def _wanted(query: Any, now: datetime, days: float, unit: str, only_open: bool) -> Any:
        query = query.join(Order, Order.order_no == DeadlineAlert.order_no).where(
            DeadlineAlert.kind == "breach", DeadlineAlert.at >= now - timedelta(days=days)
        )
        if unit:
            query = query.where(DeadlineAlert.unit == unit)
        return query.where(DeadlineAlert.resolved_at.is_(None)) if only_open else query


def _item(alert: DeadlineAlert, order: Order, now: datetime) -> dict[str, Any]:
    late = (alert.resolved_at or now) - alert.deadline_at
    return {
        "order_no": alert.order_no,
        "unit": alert.unit or "",
        "urgency": alert.urgency,
        "category": order.category_level1,
        "district": order.district,
        "status": order.status,
        "status_text": STATUS_TEXT.get(order.status, order.status),
        "deadline_at": alert.deadline_at.isoformat(),
        "noticed_at": alert.at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "hours_late": round(late / timedelta(hours=1), 1),
    }
