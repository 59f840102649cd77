"""Writes an event's messages, inside the transaction in which the event happens: either both are stored or neither."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from base.ids import new_id
from storage.order_tables import OutboxMessage
from storage.tables import Order, OrderEvent
from workorders.outbox.message import body
from workorders.outbox.targets import Target, concerned


class Enqueuer:
    """Given to `OrderService`."""

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = tuple(targets)

    def enqueue(self, session: AsyncSession, order: Order, event: OrderEvent) -> None:
        """Add one message for each target that wants the event. The order's row is locked by the caller, or new."""
        units = concerned(order.unit, order.copies, event.event, event.data)
        for target in self._targets:
            if not target.wants(event.event, units):
                continue
            message_id = new_id("msg_")
            session.add(
                OutboxMessage(
                    message_id=message_id,
                    target=target.name,
                    order_no=order.order_no,
                    event=event.event,
                    body=body(message_id, order, event, personal=target.personal),
                    status="waiting",
                    attempts=0,
                    created_at=event.at,
                    next_at=event.at,
                    last_error="",
                )
            )
