"""Tables of the channel API: which channels there are, and which of their requests we have seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Sealed
from storage.tables import Base


class ChannelAccount(Base):
    """A door that somebody else keeps: Weibo, an app, a portal. `name` is the channel of its conversations and orders.

    `old_secret` is taken until `old_until`, if that is set. `url` empty: the channel fetches what is to be told.
    """

    __tablename__ = "channels"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    title: Mapped[str] = mapped_column(String(64))
    secret: Mapped[str] = mapped_column(Sealed("channels.secret"))
    old_secret: Mapped[str | None] = mapped_column(Sealed("channels.old_secret"))
    old_until: Mapped[datetime | None]
    url: Mapped[str] = mapped_column(String(500), default="")
    messages_a_minute: Mapped[int] = mapped_column(Integer)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    created_at: Mapped[datetime]


class ChannelNonce(Base):
    """A signed request that was taken: it is not taken again as long as its time stamp would be."""

    __tablename__ = "channel_nonces"

    channel: Mapped[str] = mapped_column(ForeignKey("channels.name", ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)
