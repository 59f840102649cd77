"""The tables, in one place: SQLite by default, ready for PostgreSQL.

All moments are aware and in UTC. Rows that two writers may race for carry a `version` that each update checks.
Migrations live in `storage/migrations`; a change here needs one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Moment(TypeDecorator[datetime]):
    """An aware datetime; naive values are refused on the way in and UTC is put back on the way out (SQLite)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime: every moment carries its zone")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON, list[Any]: JSON, datetime: Moment}


class Conversation(Base):
    """One citizen, one contact, any channel. Ends in exactly one outcome."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_open", "status", "updated_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    trace_id: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="open")  # open, waiting, with_seat, ended
    version: Mapped[int] = mapped_column(Integer, default=0)
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the dialogue state, bot/state.py
    asking: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str | None] = mapped_column(String(32), index=True)
    outcome_detail: Mapped[dict[str, Any]] = mapped_column(default=dict)  # emergency line, lawful channel, request type
    disposition: Mapped[str | None] = mapped_column(String(32))  # what a seat made of it
    caller_number: Mapped[str | None] = mapped_column(String(32))
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
    text: Mapped[str] = mapped_column(Text)
    spoken: Mapped[str | None] = mapped_column(Text)
    client_message_id: Mapped[str | None] = mapped_column(String(64))
    in_reply_to: Mapped[int | None] = mapped_column(Integer)  # seq of the citizen's turn that a reply answers
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)  # citations, confidences, timings, what was not played
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
    title: Mapped[str] = mapped_column(String(200))
    detail: Mapped[str] = mapped_column(Text)
    district: Mapped[str | None] = mapped_column(String(32))
    street: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(Text)
    event_time: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str | None] = mapped_column(Text)
    appeal: Mapped[str | None] = mapped_column(Text)
    contact_name: Mapped[str | None] = mapped_column(String(64))
    contact_phone: Mapped[str | None] = mapped_column(String(32))
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
        default=dict
    )  # answers to category questions, confidence of each field
    created_by: Mapped[str] = mapped_column(String(40), default="bot")
    created_at: Mapped[datetime]
    filed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class OrderEvent(Base):
    """Everything that ever happened to an order, with who and when; never updated, never deleted."""

    __tablename__ = "order_events"
    __table_args__ = (Index("ix_order_events_event", "event", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    order_no: Mapped[str] = mapped_column(ForeignKey("orders.order_no", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    public: Mapped[bool] = mapped_column(Boolean, default=True)  # may be shown to the citizen
    at: Mapped[datetime]


class CallbackTask(Base):
    """A promise to call somebody back. One task a conversation, one open task a number."""

    __tablename__ = "callbacks"
    __table_args__ = (Index("ix_callbacks_number", "number", "status"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), unique=True)
    number: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(12), default="open")  # open, taken, done, unreachable
    seat_id: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="")
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
    created_at: Mapped[datetime]


class SeatSession(Base):
    """A login. Only a hash of the token is stored."""

    __tablename__ = "seat_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    seat_id: Mapped[str] = mapped_column(ForeignKey("seats.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class KnowledgeEntry(Base):
    """An editor's question and answer. `body` is what is live, `work` the copy that is being worked on.

    `status` tells of `body`: none (never published), published, withdrawn, archived; whether it is in force follows
    from its dates. `work_status`: none, draft, submitted, reviewed. `coming` is an approved successor that waits for
    the day from which its rule applies, while `body` is still served. The columns from `question` on repeat what lists
    are filtered by: of the working copy where nothing is live, else of what is live.
    """

    __tablename__ = "knowledge_entries"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, index=True)  # of the last change of what is live
    version: Mapped[int] = mapped_column(Integer, default=0)  # of the last change of anything
    status: Mapped[str] = mapped_column(String(12), default="published")
    sample: Mapped[bool] = mapped_column(Boolean, default=False)  # 示例: not checked, cites nothing, never sure
    body: Mapped[dict[str, Any]]  # knowledge/entry.py
    coming: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    work: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    work_status: Mapped[str] = mapped_column(String(12), default="none", index=True)
    editors: Mapped[list[Any]] = mapped_column(default=list)  # who wrote the working copy
    submitted_by: Mapped[str | None] = mapped_column(String(64))
    reviewed_by: Mapped[str | None] = mapped_column(String(64))
    publish_at: Mapped[datetime | None] = mapped_column(Moment, index=True)
    effective_from: Mapped[datetime | None]
    effective_to: Mapped[datetime | None]
    question: Mapped[str] = mapped_column(String(300), default="")
    topic: Mapped[str] = mapped_column(String(300), default="", index=True)
    owner: Mapped[str] = mapped_column(String(300), default="", index=True)
    scope: Mapped[str] = mapped_column(String(64), default="")
    audience: Mapped[str] = mapped_column(String(12), default="")
    sensitivity: Mapped[str] = mapped_column(String(12), default="")
    words: Mapped[str] = mapped_column(Text, default="")  # every wording and the answer, for the editors' search
    updated_by: Mapped[str] = mapped_column(String(64), default="")
    updated_at: Mapped[datetime]


class KnowledgeVersion(Base):
    """What an entry said once, with who, when and why. `published_at`: when it first went out; None: it never did."""

    __tablename__ = "knowledge_versions"
    __table_args__ = (UniqueConstraint("entry_id", "number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    entry_id: Mapped[str] = mapped_column(ForeignKey("knowledge_entries.id", ondelete="CASCADE"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    body: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class KnowledgeStep(Base):
    """One step in the life of an entry or a hot topic; never updated, never deleted."""

    __tablename__ = "knowledge_steps"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    subject_id: Mapped[str] = mapped_column(String(64), index=True)
    event: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")
    number: Mapped[int | None] = mapped_column(Integer)  # of the version that the step was about
    at: Mapped[datetime]


class HotTopic(Base):
    """A card that is matched before everything else while it lasts. `status`: draft, published, ended."""

    __tablename__ = "hot_topics"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(String(12), default="draft", index=True)
    body: Mapped[dict[str, Any]]  # knowledge/topics.py
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class KnowledgeUse(Base):
    """An answer was given, liked, disliked or turned down: what every count of hits is made of.

    `text` is the question in the citizen's words, masked; `owner` and `topic` are those of the entry at that time.
    """

    __tablename__ = "knowledge_uses"
    __table_args__ = (Index("ix_knowledge_uses_item", "item_id", "at"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    item_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(8))  # entry, clause, topic
    event: Mapped[str] = mapped_column(String(12))  # hit, helpful, unhelpful, turned_down
    conversation_id: Mapped[str | None] = mapped_column(String(32), index=True)
    channel: Mapped[str] = mapped_column(String(16), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    owner: Mapped[str] = mapped_column(String(300), default="")
    topic: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(Moment, index=True)


class QuestionCluster(Base):
    """Questions that no entry answered and that mean the same. `status`: open, drafted, answered, dismissed."""

    __tablename__ = "question_clusters"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    status: Mapped[str] = mapped_column(String(12), default="open", index=True)
    question: Mapped[str] = mapped_column(Text)  # the one nearest to all others
    count: Mapped[int] = mapped_column(Integer, default=0)
    conversations: Mapped[int] = mapped_column(Integer, default=0)
    entry_id: Mapped[str | None] = mapped_column(String(64))  # the entry that was made of it
    near_id: Mapped[str | None] = mapped_column(String(64))  # the live entry nearest to it
    note: Mapped[str] = mapped_column(Text, default="")
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    made_at: Mapped[datetime]


class KnowledgeHint(Base):
    """Something that an editor should look at, found by the last check of the whole base."""

    __tablename__ = "knowledge_hints"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(24), index=True)
    entry_id: Mapped[str] = mapped_column(String(64), index=True)
    other_id: Mapped[str] = mapped_column(String(80), default="")
    message: Mapped[str] = mapped_column(Text)
    score: Mapped[float] = mapped_column(Float, default=0.0)
    at: Mapped[datetime]


class KnowledgeDocument(Base):
    """A law or notice imported whole. A newer version of the same title supersedes, never overwrites."""

    __tablename__ = "knowledge_documents"
    __table_args__ = (UniqueConstraint("title", "version_date", "content_hash"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, index=True)
    title: Mapped[str] = mapped_column(String(300), index=True)
    issuing_body: Mapped[str] = mapped_column(String(300), default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    version_date: Mapped[str] = mapped_column(String(10), default="")  # ISO date, or empty where the text tells none
    scope: Mapped[str] = mapped_column(String(32), default="")  # 北京 or 全国
    content_hash: Mapped[str] = mapped_column(String(64))
    superseded_by: Mapped[str | None] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text, default="")
    imported_at: Mapped[datetime]


class KnowledgeClause(Base):
    """One article (第X条) of a document."""

    __tablename__ = "knowledge_clauses"
    __table_args__ = (UniqueConstraint("document_id", "position"),)

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("knowledge_documents.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(Integer)
    chapter: Mapped[str] = mapped_column(String(200), default="")
    article: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)


class ServicePoint(Base):
    """A place that citizens go to: a counter, a clinic, a toilet. Longitude and latitude are degrees of WGS-84."""

    __tablename__ = "service_points"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40), index=True)
    address: Mapped[str] = mapped_column(String(200))
    longitude: Mapped[float] = mapped_column(Float)
    latitude: Mapped[float] = mapped_column(Float)
    district: Mapped[str] = mapped_column(String(200), default="")
    street: Mapped[str] = mapped_column(String(200), default="")
    hours: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(200), default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    updated_on: Mapped[str] = mapped_column(String(10), default="")  # ISO date, or empty where the table tells none
    sample: Mapped[bool] = mapped_column(Boolean, default=False)
    updated_at: Mapped[datetime]


class Embedding(Base):
    """A cached text vector: `key` is a hash of model and text; `vector` is float16, little endian."""

    __tablename__ = "embeddings"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class Unanswered(Base):
    """A question the bot could not answer, or whose answer the citizen turned down: the editors' raw material.

    `text` is masked: telephone and identity numbers are not kept.
    """

    __tablename__ = "unanswered"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(String(32), index=True)
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(24))  # nothing_near, turned_down, unsure
    offered: Mapped[list[Any]] = mapped_column(default=list)
    channel: Mapped[str] = mapped_column(String(16), default="")
    cluster_id: Mapped[str | None] = mapped_column(String(32), index=True)
    at: Mapped[datetime] = mapped_column(Moment, index=True)


class Counter(Base):
    """Named counters (orders of a day, the knowledge revision), bumped inside the transaction that needs them."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[int] = mapped_column(Integer, default=0)
