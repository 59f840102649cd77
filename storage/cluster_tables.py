"""Tables that nodes need of each other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import Base


class FirstMessage(Base):
    """The conversation that a client's first message has begun, so that the same message sent again, to whichever
    node, begins no second one. `key`: a hash of its address and its id, forgotten after a day; or `receipt:` and the
    number under which words were noted while the database was away, forgotten after a year."""

    __tablename__ = "first_messages"
    __table_args__ = (Index("ix_first_messages_created_at", "created_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
