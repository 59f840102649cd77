"""Tables of the knowledge base: entries and their life, documents, points, questions, what was used and how often."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import Base, Moment


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
