"""Deadlines that come near or were missed: each is noted once, on the order and in a log of its own.

Several cores may sweep at the same time: an order is locked while its alert is made, and an alert is unique.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock, local
from base.logs import get_logger
from storage.engine import Database
from storage.order_tables import DeadlineAlert
from storage.tables import Order, OrderEvent
from workorders.deadline_rules import DeadlineRules, default_rules
from workorders.order import RUNNING
from workorders.service import OrderService

_log = get_logger(__name__)
_BATCH: Final = 200
_ENDED_BY: Final = ("answer", "withdraw", "close", "merge", "extend", "dispatch", "reopen")
Kind = Literal["reminder", "breach"]


@dataclass(frozen=True, slots=True)
class Window:
    """Deadlines of one urgency that lie in (now + `later_than`, now + `until`] are due for the alert."""

    urgency: str
    kind: Kind
    minutes_before: int
    later_than: timedelta | None
    until: timedelta

    def holds(self, deadline_at: datetime, now: datetime) -> bool:
        left = deadline_at - now
        return left <= self.until and (self.later_than is None or left > self.later_than)


def windows(rules: DeadlineRules) -> Iterator[Window]:
    """For each urgency its reminders, and the breach. A reminder is not made up for once the next is due."""
    zero = timedelta(0)
    for urgency, rule in rules.rules.items():
        for until, later_than in pairwise((*rule.remind_before, zero)):
            yield Window(urgency, "reminder", int(until / timedelta(minutes=1)), later_than, until)
        yield Window(urgency, "breach", 0, None, zero)


@dataclass(frozen=True, slots=True)
class Swept:
    reminders: int
    breaches: int
    resolved: int


class DeadlineWatch:
    """One instance a core; `sweep` is called every few seconds."""

    def __init__(
        self,
        database: Database,
        orders: OrderService,
        *,
        clock: Clock | None = None,
        rules: DeadlineRules | None = None,
    ) -> None:
        self._database = database
        self._orders = orders
        self._clock = clock or SystemClock()
        self._windows = tuple(windows(rules or default_rules()))

    async def sweep(self) -> Swept:
        """Note what came near or was missed since the last time, and which breaches are over."""
        now = self._clock.now()
        made: dict[Kind, int] = {"reminder": 0, "breach": 0}
        for window in self._windows:
            async with self._database.read() as session:
                numbers = list((await session.execute(_due(window, now))).scalars())
            for number in numbers:
                async with self._database.write() as session:
                    made[window.kind] += await self._note(session, number, window, now)
        resolved = await self._resolve()
        if made["breach"]:
            _log.warning("deadlines missed", orders=made["breach"])
        return Swept(made["reminder"], made["breach"], resolved)

    async def _note(self, session: AsyncSession, number: str, window: Window, now: datetime) -> bool:
        """Whether the alert was made; False when the order moved on, or another core made it, in the meantime."""
        found = select(Order).where(Order.order_no == number).with_for_update()
        order = (await session.execute(found)).scalar_one_or_none()
        if order is None or order.deadline_at is None or order.status not in RUNNING:
            return False
        known = await session.execute(select(DeadlineAlert.id).where(*_alert_of(window), _same_deadline(order)))
        if not window.holds(order.deadline_at, now) or known.first() is not None:
            return False
        session.add(
            DeadlineAlert(
                order_no=number,
                kind=window.kind,
                minutes_before=window.minutes_before,
                unit=order.unit,
                urgency=order.urgency,
                deadline_at=order.deadline_at,
                at=now,
            )
        )
        event: Literal["remind", "breach"] = "remind" if window.kind == "reminder" else "breach"
        note = f"办理期限为{local(order.deadline_at):%Y年%m月%d日%H:%M}"
        self._orders.alert(session, order, event, now=now, note=note)
        return True

    async def _resolve(self) -> int:
        """Breaches whose order no longer waits for that answer get the moment from which it did not."""
        over = (
            select(DeadlineAlert, Order)
            .join(Order, Order.order_no == DeadlineAlert.order_no)
            .where(DeadlineAlert.kind == "breach", DeadlineAlert.resolved_at.is_(None))
            .where(Order.status.not_in(RUNNING) | (Order.deadline_at > DeadlineAlert.deadline_at))
            .limit(_BATCH)
        )
        async with self._database.read() as session:
            if (await session.execute(over.limit(1))).first() is None:
                return 0
        count = 0
        async with self._database.write() as session:
            for alert, order in (await session.execute(over)).all():
                ended = select(func.min(OrderEvent.at)).where(
                    OrderEvent.order_no == order.order_no, OrderEvent.event.in_(_ENDED_BY), OrderEvent.at >= alert.at
                )
                alert.resolved_at = (await session.execute(ended)).scalar_one_or_none() or order.updated_at
                count += 1
        return count


def _alert_of(window: Window) -> tuple[ColumnElement[bool], ...]:
    return DeadlineAlert.kind == window.kind, DeadlineAlert.minutes_before == window.minutes_before


def _same_deadline(order: Order) -> ColumnElement[bool]:
    return and_(DeadlineAlert.order_no == order.order_no, DeadlineAlert.deadline_at == order.deadline_at)


def _due(window: Window, now: datetime) -> Any:
    made = exists().where(
        DeadlineAlert.order_no == Order.order_no, DeadlineAlert.deadline_at == Order.deadline_at, *_alert_of(window)
    )
    query = select(Order.order_no).where(
        Order.status.in_(RUNNING),
        Order.urgency == window.urgency,
        Order.deadline_at <= now + window.until,
        ~made,
    )
    if window.later_than is not None:
        query = query.where(Order.deadline_at > now + window.later_than)
    return query.order_by(Order.deadline_at).limit(_BATCH)
