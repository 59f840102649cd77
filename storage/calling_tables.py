"""Tables of calls that we place."""

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
