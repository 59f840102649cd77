"""Tables of the shift leader: every wait for a person, review sheets of conversations; and the desk's macros."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import Base


class DeskWait(Base):
    """One wait for a person, written in the transaction that changes the conversation (`conversations/waits.py`).

    `again`: it began when a seat gave the conversation back, not when the citizen asked. `ended_by`: empty while it
    lasts; answered (a person came), abandoned (the citizen left), callback (they chose to be called back), went_on
    (they went on with the bot).
    """

    __tablename__ = "desk_waits"
    __table_args__ = (
        Index("ix_desk_waits_asked", "asked_at", "again", "ended_by", "waited_seconds", "channel"),
        Index("ix_desk_waits_conversation", "conversation_id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    channel: Mapped[str] = mapped_column(String(16))
    again: Mapped[bool] = mapped_column(Boolean, default=False)
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(12), default="")
    waited_seconds: Mapped[float | None] = mapped_column(Float)  # from asked_at to ended_at
    seat_id: Mapped[str | None] = mapped_column(String(32))  # who came; none: a telephone that we dialled


class Macro(Base):
    """What a seat does again and again, by one key. `seat_id` none: shared by all. See `seats/macros.py`."""

    __tablename__ = "macros"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    seat_id: Mapped[str | None] = mapped_column(ForeignKey("seats.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    key: Mapped[str] = mapped_column(String(1), default="")  # 1 to 9 in the palette, or none
    reply: Mapped[str] = mapped_column(Text, default="")
    tags: Mapped[list[Any]] = mapped_column(default=list)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # of the order
    code: Mapped[str] = mapped_column(String(32), default="")  # of `seats.wrap_up_codes`
    updated_at: Mapped[datetime]


class ReviewSheet(Base):
    """How well a seat led a conversation, judged by a leader (`seats/review_sheet.py`).

    `points` by criterion, of the version of the criteria that it was written with. `status`: open (the seat has not
    answered), agreed, appealed, settled (a leader has answered the appeal).
    """

    __tablename__ = "review_sheets"
    __table_args__ = (
        Index("ix_review_sheets_seat", "seat_id", "created_at"),
        Index("ix_review_sheets_conversation", "conversation_id", unique=True),  # judged once
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    seat_id: Mapped[str] = mapped_column(String(32))
    reviewer_id: Mapped[str] = mapped_column(String(32))
    criteria_version: Mapped[str] = mapped_column(String(16))
    points: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    total: Mapped[int] = mapped_column(Integer)
    comment: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(12), default="open")
    appeal: Mapped[str] = mapped_column(Text, default="")  # the seat's reason
    answer: Mapped[str] = mapped_column(Text, default="")  # the leader's, to the appeal
    version: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
