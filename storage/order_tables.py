"""Tables around orders: what is to be told to the units' systems, and which deadlines were near or missed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Sealed
from storage.tables import Base


class OutboxMessage(Base):
    """One event of an order for one target, written in the transaction of the event itself.

    `id` gives the order of an order's messages: it is drawn while the order's row is locked. `status`: waiting,
    delivered, dead (given up until somebody looks), dropped (a person decided that it need not be delivered).
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "target", "status", "next_at"),
        Index("ix_outbox_order", "target", "order_no", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(40), unique=True)  # the receiver's key against repeats
    target: Mapped[str] = mapped_column(String(64))
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(24))
    body: Mapped[str] = mapped_column(Sealed("outbox.body"))  # JSON as it is sent, the same at each attempt
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    lease_owner: Mapped[str | None] = mapped_column(String(40))
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(200), default="")
    finished_at: Mapped[datetime | None]


class DeadlineAlert(Base):
    """A deadline came near (`reminder`, so many minutes before) or was missed (`breach`, 0 minutes).

    A deadline that moves has alerts of its own. `resolved_at`: when the order no longer waited for its answer.
    """

    __tablename__ = "deadline_alerts"
    __table_args__ = (
        UniqueConstraint("order_no", "kind", "deadline_at", "minutes_before"),
        Index("ix_deadline_alerts_kind", "kind", "at"),
        Index("ix_deadline_alerts_open", "kind", "resolved_at"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12))
    minutes_before: Mapped[int] = mapped_column(Integer, default=0)
    unit: Mapped[str | None] = mapped_column(String(128))
    urgency: Mapped[str] = mapped_column(String(16))
    deadline_at: Mapped[datetime]
    at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
