"""Tables of the web chat."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.tables import Base


class ChatPicture(Base):
    """A picture that was sent from the chat page. `order_no`: the order that has it as an attachment now; `attempts`:
    how often it could not be attached."""

    __tablename__ = "chat_pictures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # also the name of the file
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(64))  # by its content
    size_bytes: Mapped[int] = mapped_column(Integer)
    order_no: Mapped[str | None] = mapped_column(String(24))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(index=True)
