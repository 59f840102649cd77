"""Tables of the channels that WeChat carries: who writes to us, what came in, what goes out, and what nodes share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.sealed import Keyed, Sealed, SealedJson
from storage.tables import Base


class MessengerContact(Base):
    """A citizen in one account of WeChat. `user_id` (openid, external_userid) is personal.

    `allowance_left` messages may be sent until `allowance_until`: WeChat's rule, counted by us. While `answering_until`
    lasts, a message is being answered in its own response, and nothing else is sent. `sender` holds the contact until
    `sending_until`: one node sends at a time, in order.
    """

    __tablename__ = "messenger_contacts"
    __table_args__ = (UniqueConstraint("channel", "account", "user_key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))
    user_key: Mapped[str] = mapped_column(Keyed(128))
    user_id: Mapped[str] = mapped_column(Sealed("messenger_contacts.user_id"))
    conversation_id: Mapped[str | None] = mapped_column(String(32))  # the one that goes on
    reachable: Mapped[bool] = mapped_column(Boolean, default=True)  # False: unsubscribed, or never was a follower
    elsewhere: Mapped[bool] = mapped_column(Boolean, default=False)  # a servicer of WeCom has the session
    scene: Mapped[str] = mapped_column(String(128), default="")  # of the QR code or link that brought the citizen
    allowance_left: Mapped[int] = mapped_column(Integer, default=0)
    allowance_until: Mapped[datetime | None]
    answering_until: Mapped[datetime | None]
    sender: Mapped[str | None] = mapped_column(String(40))
    sending_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class MessengerConversation(Base):
    """Whose conversation it is. `told_seq`: turns of seats and system up to here are in the outbox."""

    __tablename__ = "messenger_conversations"

    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("messenger_contacts.id", ondelete="CASCADE"), index=True)
    told_seq: Mapped[int] = mapped_column(Integer, default=0)


class MessengerInbox(Base):
    """A message that WeChat delivered, perhaps several times. `id` is a hash of what makes it the same message.

    `status`: received, done. `mode`: passive (answered in the response), custom (through the API). `payload` is
    forgotten when it is done, `reply` with the row.
    """

    __tablename__ = "messenger_inbox"
    __table_args__ = (Index("ix_messenger_inbox_status", "status", "received_at"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    contact_id: Mapped[str] = mapped_column(ForeignKey("messenger_contacts.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(12), default="received")
    mode: Mapped[str] = mapped_column(String(12))
    payload: Mapped[dict[str, Any]] = mapped_column(SealedJson("messenger_inbox.payload"), default=dict)
    reply: Mapped[str] = mapped_column(Sealed("messenger_inbox.reply"), default="")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    lease_until: Mapped[datetime | None]
    received_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class MessengerOutbox(Base):
    """Something to be told to a contact. `status`: waiting, sending, held (until the citizen writes), sent, failed.

    `body` (text, or the data of a notice) is forgotten once it was sent. `remote_id`: WeChat's id of the message.
    """

    __tablename__ = "messenger_outbox"
    __table_args__ = (
        Index("ix_messenger_outbox_due", "status", "next_at"),
        Index("ix_messenger_outbox_contact", "contact_id", "status", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)  # told once for each
    contact_id: Mapped[str] = mapped_column(ForeignKey("messenger_contacts.id", ondelete="CASCADE"))
    conversation_id: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8))  # text, notice, welcome
    role: Mapped[str] = mapped_column(String(8), default="system")  # bot, seat, system: who wrote it
    body: Mapped[dict[str, Any]] = mapped_column(SealedJson("messenger_outbox.body"), default=dict)
    status: Mapped[str] = mapped_column(String(12), default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    remote_id: Mapped[str | None] = mapped_column(String(64), index=True)
    detail: Mapped[str] = mapped_column(String(200), default="")


class MessengerMedia(Base):
    """A picture, a voice or a video that a citizen sent. `order_no`: the order that has it as an attachment now."""

    __tablename__ = "messenger_media"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)  # also the name of the file
    contact_id: Mapped[str] = mapped_column(ForeignKey("messenger_contacts.id", ondelete="CASCADE"), index=True)
    conversation_id: Mapped[str] = mapped_column(String(32), index=True)
    name: Mapped[str] = mapped_column(String(120))
    size_bytes: Mapped[int] = mapped_column(Integer)
    order_no: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime]


class MessengerToken(Base):
    """An access token, encrypted with a key made of the account's secret; one for all nodes."""

    __tablename__ = "messenger_tokens"

    account: Mapped[str] = mapped_column(String(80), primary_key=True)
    token: Mapped[str] = mapped_column(Text, default="")
    expires_at: Mapped[datetime]
    fetching_until: Mapped[datetime | None]  # a node is fetching a new one


class MessengerCursor(Base):
    """How far the messages of a WeCom account were read."""

    __tablename__ = "messenger_cursors"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[str] = mapped_column(String(256), default="")
    updated_at: Mapped[datetime]
