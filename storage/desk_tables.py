"""Tables of the desk: what seats can do, where they are, and what they keep beside a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Sealed, SealedJson
from storage.tables import Base


class DeskSeat(Base):
    """A seat at work. `state`: available, wrap_up, break, offline (seats/presence.py).

    `heard_at` is written in batches, a few seconds apart: between cores it says who has a living page somewhere.
    """

    __tablename__ = "desk_seats"

    seat_id: Mapped[str] = mapped_column(ForeignKey("seats.id", ondelete="CASCADE"), primary_key=True)
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    chats: Mapped[int | None] = mapped_column(Integer)  # at once; none: as the settings say
    state: Mapped[str] = mapped_column(String(12), default="offline")
    reason: Mapped[str] = mapped_column(String(40), default="")  # of a break
    since: Mapped[datetime]
    until: Mapped[datetime | None]  # when a wrap-up ends by itself
    heard_at: Mapped[datetime | None]
    served_at: Mapped[datetime | None]  # when something was last offered to this seat or taken by it
    missed: Mapped[int] = mapped_column(Integer, default=0)  # offers without an answer, running


class DeskCase(Base):
    """What the desk keeps of a conversation. `offered_to` is unique: a seat has one offer at a time.

    `passed_over`: seat -> moment (ISO) until which it is not offered to that seat again.
    """

    __tablename__ = "desk_cases"
    __table_args__ = (Index("ix_desk_cases_finished_at", "finished_at"),)

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    offered_to: Mapped[str | None] = mapped_column(String(32), unique=True)
    offered_until: Mapped[datetime | None]
    passed_over: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    told_ahead: Mapped[int | None] = mapped_column(Integer)  # what the citizen was last told of the queue
    told_wait_seconds: Mapped[float | None] = mapped_column(Float)
    told_at: Mapped[datetime | None]
    told_of: Mapped[datetime | None]  # the `waiting_since` that this belongs to: who waits anew is told anew
    call_back_offered: Mapped[bool] = mapped_column(Boolean, default=False)
    draft: Mapped[str] = mapped_column(Sealed("desk_cases.draft"), default="")
    form: Mapped[dict[str, Any]] = mapped_column(
        SealedJson("desk_cases.form"), default=dict
    )  # fields that a seat has touched
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    snoozed_until: Mapped[datetime | None]
    wrap_code: Mapped[str] = mapped_column(String(32), default="")
    handled_seconds: Mapped[float | None] = mapped_column(Float)  # from claim to end
    finished_at: Mapped[datetime | None]


class DeskNote(Base):
    """An internal note; it never becomes a turn. `mentions`: seats who are told of it."""

    __tablename__ = "desk_notes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    seat_id: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Sealed("desk_notes.text"))
    mentions: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]


class CannedReply(Base):
    """A reply that is often given. `seat_id` none: shared by all."""

    __tablename__ = "canned_replies"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    seat_id: Mapped[str | None] = mapped_column(ForeignKey("seats.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
