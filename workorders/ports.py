"""What the work-order room's service asks of others: to hear of events, and to know units."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Order, OrderEvent


class Outbox(Protocol):
    """`workorders/outbox/enqueue.py`."""

    def enqueue(self, session: AsyncSession, order: Order, event: OrderEvent) -> None: ...


class Units(Protocol):
    """`workorders/unit_names.py`."""

    async def check(self, *names: str) -> None: ...


class Notices(Protocol):
    """`workorders/text_messages.py`."""

    def put(
        self,
        session: AsyncSession,
        order: Order,
        kind: Literal["filed", "answered", "extended", "changed"],
        key: str,
        *,
        now: datetime,
        code: str = "",
        note: str = "",
    ) -> None: ...

    def tell_units(self, session: AsyncSession, order: Order, event: OrderEvent) -> None: ...
