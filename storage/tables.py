"""The tables of contacts, orders and seats, and the counters; the knowledge base's are known here too.

Rows that two writers may race for carry a `version` that each update checks. Migrations live in `storage/migrations`; a
change here needs one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base as Base
from storage.base import Moment as Moment
from storage.knowledge_tables import Embedding as Embedding
from storage.knowledge_tables import HotTopic as HotTopic
from storage.knowledge_tables import KnowledgeClause as KnowledgeClause
from storage.knowledge_tables import KnowledgeDocument as KnowledgeDocument
from storage.knowledge_tables import KnowledgeEntry as KnowledgeEntry
from storage.knowledge_tables import KnowledgeHint as KnowledgeHint
from storage.knowledge_tables import KnowledgeStep as KnowledgeStep
from storage.knowledge_tables import KnowledgeUse as KnowledgeUse
from storage.knowledge_tables import KnowledgeVersion as KnowledgeVersion
from storage.knowledge_tables import QuestionCluster as QuestionCluster
from storage.knowledge_tables import ServicePoint as ServicePoint
from storage.knowledge_tables import Unanswered as Unanswered
from storage.sealed import Keyed, Sealed, SealedJson, follow


class Conversation(Base):
    """One citizen, one contact, any channel. Ends in exactly one outcome."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_open", "status", "updated_at"),
        Index("ix_conversations_created", "created_at", "channel", "outcome", "status", "id"),  # all that reports read
        Index("ix_conversations_kept", "erased_at", "ended_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    trace_id: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="open")  # open, waiting, with_seat, ended
    version: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[dict[str, Any]] = mapped_column(
        SealedJson("conversations.state"), default=dict
    )  # the dialogue state, bot/state.py
    asking: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str | None] = mapped_column(String(32), index=True)
    outcome_detail: Mapped[dict[str, Any]] = mapped_column(
        SealedJson("conversations.outcome_detail"), default=dict
    )  # emergency line and the words for it, lawful channel, request type, a seat's closing note
    rating: Mapped[str | None] = mapped_column(String(16))  # that of `outcome_detail`, for reports
    disposition: Mapped[str | None] = mapped_column(String(32))  # what a seat made of it
    caller_number: Mapped[str | None] = mapped_column(Sealed("conversations.caller_number"))
    caller_number_key: Mapped[str | None] = mapped_column(Keyed(), index=True)
    call_id: Mapped[str | None] = mapped_column(String(64), index=True)
    seat_id: Mapped[str | None] = mapped_column(String(32), index=True)
    priority: Mapped[int] = mapped_column(Integer, default=0)
    waiting_since: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    owner: Mapped[str | None] = mapped_column(String(32))  # the process incarnation that holds the call
    heard_at: Mapped[datetime | None]  # last sign of life of the call's process
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]  # nothing of the citizen is left (conversations/erasure.py, retention.py)


class Turn(Base):
    """One thing said, by anyone. `seq` counts within the conversation from 1 without gaps."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_message_id", "role"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(String(8))  # citizen, bot, seat, system
    kind: Mapped[str] = mapped_column(String(12))  # text, speech, dtmf, silence, event
    text: Mapped[str] = mapped_column(Sealed("turns.text"))
    spoken: Mapped[str | None] = mapped_column(Sealed("turns.spoken"))
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    in_reply_to: Mapped[int | None] = mapped_column(Integer)  # seq of the citizen's turn that a reply answers
    meta: Mapped[dict[str, Any]] = mapped_column(
        SealedJson("turns.meta"), default=dict
    )  # citations, confidences, timings, what was not played
    created_at: Mapped[datetime]


class Recording(Base):
    """The file of a recorded call, by its name under the recordings' folder. `deleted_at`: deleted on demand."""

    __tablename__ = "recordings"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class Order(Base):
    """A work order: one matter, one order."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("ix_orders_status", "status", "deadline_at"),
        Index("ix_orders_unit", "unit", "status", "deadline_at"),
        Index(
            "ix_orders_filed",
            *("filed_at", "request_type", "category_level1", "category_level2", "district", "street"),
        ),
        Index("ix_orders_kept", "erased_at", "updated_at"),
        Index("ix_orders_repeats", "district", "category_level2", "street", "filed_at"),
    )

    order_no: Mapped[str] = mapped_column(String(24), primary_key=True)
    tracking_hash: Mapped[str] = mapped_column(String(64))  # of the tracking code; the code itself is told once
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    matter: Mapped[int] = mapped_column(Integer, default=1)
    version: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(
        String(16)
    )  # draft, filed, dispatched, accepted, objected, answered, visited, closed
    channel: Mapped[str] = mapped_column(String(16))
    request_type: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(Sealed("orders.title"))
    detail: Mapped[str] = mapped_column(Sealed("orders.detail"))
    district: Mapped[str | None] = mapped_column(String(32))
    street: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(Sealed("orders.address"))
    event_time: Mapped[str | None] = mapped_column(Sealed("orders.event_time"))
    subject: Mapped[str | None] = mapped_column(Sealed("orders.subject"))
    appeal: Mapped[str | None] = mapped_column(Sealed("orders.appeal"))
    contact_name: Mapped[str | None] = mapped_column(Sealed("orders.contact_name"))
    contact_phone: Mapped[str | None] = mapped_column(Sealed("orders.contact_phone"))
    contact_phone_key: Mapped[str | None] = mapped_column(Keyed(), index=True)
    confidential: Mapped[bool] = mapped_column(Boolean, default=False)
    category_level1: Mapped[str | None] = mapped_column(String(64))
    category_level2: Mapped[str | None] = mapped_column(String(64))
    category_level3: Mapped[str | None] = mapped_column(String(64))
    category_confidence: Mapped[float | None] = mapped_column(Float)
    category_code: Mapped[str | None] = mapped_column(String(16))
    catalogue_version: Mapped[str | None] = mapped_column(String(64))  # the one that the category was taken from
    urgency: Mapped[str] = mapped_column(String(16), default="ordinary")  # sudden, utility, ordinary, complex
    deadline_hours: Mapped[int] = mapped_column(Integer)
    deadline_working_days: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # 0: by the hours
    deadline_at: Mapped[datetime | None]
    unit: Mapped[str | None] = mapped_column(String(128))
    dispatch_mode: Mapped[str | None] = mapped_column(String(16))  # 直派, 区级协调, 双派
    copies: Mapped[list[Any]] = mapped_column(default=list)
    duplicate_of: Mapped[str | None] = mapped_column(String(24))
    extra: Mapped[dict[str, Any]] = mapped_column(
        SealedJson("orders.extra"), default=dict
    )  # answers to a category's questions, the moments of its time, what a channel of its own needs
    created_by: Mapped[str] = mapped_column(String(40), default="bot")
    created_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]  # as a conversation's


class OrderEvent(Base):
    """Everything that ever happened to an order, with who and when; never updated, never deleted."""

    __tablename__ = "order_events"
    __table_args__ = (Index("ix_order_events_event", "event", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Sealed("order_events.note"), default="")
    data: Mapped[dict[str, Any]] = mapped_column(SealedJson("order_events.data"), default=dict)
    public: Mapped[bool] = mapped_column(Boolean, default=True)  # may be shown to the citizen
    at: Mapped[datetime]


class CallbackTask(Base):
    """A promise to call somebody back. One task a conversation, one open task a number."""

    __tablename__ = "callbacks"
    __table_args__ = (
        Index("ix_callbacks_number_key", "number_key", "status"),
        Index(
            "uq_callbacks_open_number",
            "number_key",
            unique=True,
            sqlite_where=text("status != 'done'"),
            postgresql_where=text("status != 'done'"),
        ),
        Index("ix_callbacks_done", "status", "done_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), unique=True)
    number: Mapped[str | None] = mapped_column(Sealed("callbacks.number"))
    number_key: Mapped[str | None] = mapped_column(Keyed())
    reason: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="open")  # open, taken, done, unreachable
    seat_id: Mapped[str | None] = mapped_column(String(32))
    taken_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Sealed("callbacks.note"), default="")
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")  # that reached nobody
    next_at: Mapped[datetime | None]  # not to be tried again before
    result: Mapped[str] = mapped_column(String(16), default="", server_default="")  # seats/callbacks.py


class Seat(Base):
    """A seat's account."""

    __tablename__ = "seats"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16), default="seat")  # seats/permissions.py
    unit: Mapped[str | None] = mapped_column(String(128))  # of the role `unit`: whose orders the account sees
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    totp_secret: Mapped[str | None] = mapped_column(Sealed("seats.totp_secret"))
    totp_since: Mapped[datetime | None]  # when the first code was told; none: not in use yet
    totp_step: Mapped[int | None] = mapped_column(Integer)  # of the last code that was taken: none is good twice
    external_id: Mapped[str | None] = mapped_column(String(255), unique=True, index=True)  # at the identity provider
    created_at: Mapped[datetime]


class SeatSession(Base):
    """A login. Only a hash of the token is stored."""

    __tablename__ = "seat_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    seat_id: Mapped[str] = mapped_column(ForeignKey("seats.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    id: Mapped[str] = mapped_column(String(32), unique=True, index=True)  # by which it is listed and ended
    stage: Mapped[str] = mapped_column(String(8), default="full", server_default="full")  # full, code, enrol
    address: Mapped[str] = mapped_column(String(64), default="", server_default="")
    agent: Mapped[str] = mapped_column(String(200), default="", server_default="")  # of the browser


class RecoveryCode(Base):
    """Good once instead of a code from the telephone; only its hash is stored."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    seat_id: Mapped[str] = mapped_column(ForeignKey("seats.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[str] = mapped_column(String(200))
    used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who saw or changed what; written once, by `seats/audit.py`. The database itself refuses to change it.

    `seal` is a keyed hash of this entry and of the seal before it.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_at", "at"), Index("ix_audit_entries_actor", "actor", "at"))

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(32))
    actor: Mapped[str] = mapped_column(String(80))
    subject: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(64), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    seal: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """One row: the newest entry, and the last one that was removed for its age."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Integer)
    seal: Mapped[str] = mapped_column(String(64))
    removed_seq: Mapped[int] = mapped_column(Integer, default=0)
    removed_seal: Mapped[str] = mapped_column(String(64), default="")


class KeyCheck(Base):
    """One row: the fingerprint of the key file that this database was filled with."""

    __tablename__ = "key_check"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(String(32))


class Counter(Base):
    """Named counters (orders of a day, the knowledge revision), bumped inside the transaction that needs them."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column(Integer, default=0)


follow(Conversation, "caller_number", "caller_number_key")
follow(Conversation, "outcome_detail", "rating", lambda detail: detail.get("rating"))
follow(Order, "contact_phone", "contact_phone_key")
follow(CallbackTask, "number", "number_key")
