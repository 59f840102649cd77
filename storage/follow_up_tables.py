"""Tables of what follows an order: who has a copy, objections, return visits, attachments, messages to the citizen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Sealed
from storage.tables import Base


class OrderCopy(Base):
    """A unit that an order was copied to, as `Order.copies` names it: for the lists of units."""

    __tablename__ = "order_copies"
    __table_args__ = (Index("ix_order_copies_unit", "unit"),)

    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"), primary_key=True)
    unit: Mapped[str] = mapped_column(String(128), primary_key=True)


class Objection(Base):
    """退单: a unit says that an order is not its own, and a reviewer decides. Upheld ones teach the dispatch.

    `status`: open, upheld (the order went to `new_unit`), rejected, void (the order was withdrawn or merged meanwhile).
    """

    __tablename__ = "objections"
    __table_args__ = (
        Index("ix_objections_status", "status", "objected_at"),
        Index("ix_objections_order", "order_no", "status"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"))
    unit: Mapped[str] = mapped_column(String(128))
    reason: Mapped[str] = mapped_column(Sealed("objections.reason"))
    suggested_unit: Mapped[str] = mapped_column(String(128), default="")  # by the unit: whose it is instead
    objected_by: Mapped[str] = mapped_column(String(64))
    objected_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(12), default="open")
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str] = mapped_column(Sealed("objections.decision"), default="")  # the reviewer's reason
    new_unit: Mapped[str | None] = mapped_column(String(128))


class ReturnVisit(Base):
    """回访: whether the citizen was contacted, helped and satisfied, asked after each answer of a unit.

    `status`: open (to be asked), asked (the question stands in the chat), taken (a visitor calls), answered (the order
    is still to be moved by the answers), done, lapsed (nobody could be asked). `round` counts the answers from 1.
    """

    __tablename__ = "return_visits"
    __table_args__ = (
        UniqueConstraint("order_no", "round"),
        Index("ix_return_visits_status", "status", "next_at"),
        Index("ix_return_visits_done", "status", "done_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"))
    round: Mapped[int] = mapped_column(Integer)
    unit: Mapped[str] = mapped_column(String(128))  # whose answer it is about
    channel: Mapped[str] = mapped_column(String(8))  # chat, phone
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    status: Mapped[str] = mapped_column(String(12), default="open")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    taken_by: Mapped[str | None] = mapped_column(String(64))
    taken_at: Mapped[datetime | None]
    responded: Mapped[bool | None] = mapped_column(Boolean)
    solved: Mapped[bool | None] = mapped_column(Boolean)
    satisfied: Mapped[bool | None] = mapped_column(Boolean)
    reason: Mapped[str] = mapped_column(String(32), default="")  # why not satisfied, first stage
    reason_detail: Mapped[str] = mapped_column(String(64), default="")  # second stage
    note: Mapped[str] = mapped_column(Sealed("return_visits.note"), default="")
    done_by: Mapped[str | None] = mapped_column(String(64))
    done_at: Mapped[datetime | None]


class Attachment(Base):
    """A picture, a document or a voice message that belongs to an order; its content lies under the data directory."""

    __tablename__ = "attachments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # also the name of the file
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))  # as whoever sent it called it
    media_type: Mapped[str] = mapped_column(String(64))  # by its content
    size_bytes: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    added_by: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]


class TextMessage(Base):
    """A short message to a citizen or a unit, written in the transaction of what it tells. `status`: waiting, sent,
    failed, called (it failed, and a person calls instead). One to a unit has its number only once it leaves.

    Text and number are forgotten as soon as the message is sent or given up: the text may hold a tracking code.
    """

    __tablename__ = "text_messages"
    __table_args__ = (Index("ix_text_messages_due", "status", "next_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # filed, answered, extended; workorders/unit_notices.py
    number: Mapped[str] = mapped_column(Sealed("text_messages.number"))
    text: Mapped[str] = mapped_column(Sealed("text_messages.text"))
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # what the gateway said of it
