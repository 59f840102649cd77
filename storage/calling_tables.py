"""Tables of calls that we place, and of who had which of the tasks that they are placed for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Keyed, Sealed
from storage.tables import Base


class OutgoingCall(Base):
    """An attempt to reach somebody by telephone (see `seats/outgoing_calls.py`).

    `status`: placed, ringing, answered, ended. `open_number` is the number, as a keyed hash, until the call has ended:
    unique, so that nobody is rung up twice at the same time.
    """

    __tablename__ = "outgoing_calls"
    __table_args__ = (
        Index("ix_outgoing_calls_status", "status", "created_at"),
        Index("ix_outgoing_calls_subject", "purpose", "subject_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # the call's name on the phone link
    number: Mapped[str] = mapped_column(Sealed("outgoing_calls.number"))
    open_number: Mapped[str | None] = mapped_column(Keyed(), unique=True)
    purpose: Mapped[str] = mapped_column(String(12))  # callback, visit
    subject_id: Mapped[str] = mapped_column(String(32))  # of the call-back or return visit
    seat_id: Mapped[str | None] = mapped_column(String(32))  # None: the bot calls
    status: Mapped[str] = mapped_column(String(12))
    result: Mapped[str] = mapped_column(String(16), default="")
    sip_status: Mapped[int | None] = mapped_column(Integer)
    sip_call_id: Mapped[str | None] = mapped_column(String(128))
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)  # of a call that was answered
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CallTaskEvent(Base):
    """What happened to a call-back or a return visit: never updated. Nothing of a citizen is in it.

    `event`: taken, given_back, released (by a leader, or because it was held too long), unreachable, done, given_up,
    reopened. `actor`: a seat's id, bot, or system.
    """

    __tablename__ = "call_task_events"
    __table_args__ = (Index("ix_call_task_events_subject", "purpose", "subject_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    purpose: Mapped[str] = mapped_column(String(12))  # callback, visit
    subject_id: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
