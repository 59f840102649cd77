"""The life cycle of entries, hot topics, uses of answers, clusters of unanswered questions"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from base.masking import mask_text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _entries()
    with op.batch_alter_table("knowledge_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("published_at", _MOMENT, nullable=True))
    op.execute("UPDATE knowledge_versions SET published_at = at")  # whatever was stored until now was published
    with op.batch_alter_table("unanswered", schema=None) as batch_op:
        batch_op.add_column(sa.Column("channel", sa.String(length=16), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("cluster_id", sa.String(length=32), nullable=True))
        batch_op.create_index(batch_op.f("ix_unanswered_cluster_id"), ["cluster_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_unanswered_at"), ["at"], unique=False)
    _mask_unanswered()
    op.create_table(
        "knowledge_steps",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_knowledge_steps_subject_id", "knowledge_steps", ["subject_id"])
    op.create_table(
        "hot_topics",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_hot_topics_status", "hot_topics", ["status"])
    op.create_table(
        "knowledge_uses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("item_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("event", sa.String(length=12), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=300), nullable=False),
        sa.Column("topic", sa.String(length=300), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_knowledge_uses_item", "knowledge_uses", ["item_id", "at"])
    op.create_index("ix_knowledge_uses_conversation_id", "knowledge_uses", ["conversation_id"])
    op.create_index("ix_knowledge_uses_at", "knowledge_uses", ["at"])
    op.create_table(
        "question_clusters",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("conversations", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=True),
        sa.Column("near_id", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("first_at", _MOMENT, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_question_clusters_status", "question_clusters", ["status"])
    op.create_table(
        "knowledge_hints",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("entry_id", sa.String(length=64), nullable=False),
        sa.Column("other_id", sa.String(length=80), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_knowledge_hints_kind", "knowledge_hints", ["kind"])
    op.create_index("ix_knowledge_hints_entry_id", "knowledge_hints", ["entry_id"])


_COLUMNS = (
    ("question", 300),
    ("topic", 300),
    ("owner", 300),
    ("scope", 64),
    ("audience", 12),
    ("sensitivity", 12),
)


def _entries() -> None:
    with op.batch_alter_table("knowledge_entries", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("coming", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("work", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("work_status", sa.String(length=12), nullable=False, server_default="none"))
        batch_op.add_column(sa.Column("editors", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("submitted_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("reviewed_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("publish_at", _MOMENT, nullable=True))
        for name, length in _COLUMNS:
            batch_op.add_column(sa.Column(name, sa.String(length=length), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("words", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("updated_by", sa.String(length=64), nullable=False, server_default=""))
        for name in ("work_status", "publish_at", "topic", "owner"):
            batch_op.create_index(batch_op.f(f"ix_knowledge_entries_{name}"), [name], unique=False)
    connection = op.get_bind()
    fill = sa.text(
        "UPDATE knowledge_entries SET question=:question, topic=:topic, owner=:owner, scope=:scope, "
        "audience=:audience, sensitivity=:sensitivity, words=:words WHERE id=:id"
    )
    rows: list[dict[str, Any]] = []
    for identifier, stored in connection.execute(sa.text("SELECT id, body FROM knowledge_entries")).all():
        body = json.loads(stored) if isinstance(stored, str) else stored
        values = {name: str(body.get(name) or "")[:length] for name, length in _COLUMNS}
        words = "\n".join([values["question"], *body.get("ask", ()), str(body.get("answer") or "")]).lower()
        rows.append({**values, "words": words, "id": identifier})
    if rows:
        connection.execute(fill, rows)


def _mask_unanswered() -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, text FROM unanswered")).all()
    masked = [{"id": number, "text": mask_text(text)} for number, text in rows if mask_text(text) != text]
    if masked:
        connection.execute(sa.text("UPDATE unanswered SET text=:text WHERE id=:id"), masked)


def downgrade() -> None:
    for table in ("knowledge_hints", "question_clusters", "knowledge_uses", "hot_topics", "knowledge_steps"):
        op.drop_table(table)
    with op.batch_alter_table("unanswered", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_unanswered_at"))
        batch_op.drop_index(batch_op.f("ix_unanswered_cluster_id"))
        batch_op.drop_column("cluster_id")
        batch_op.drop_column("channel")
    with op.batch_alter_table("knowledge_versions", schema=None) as batch_op:
        batch_op.drop_column("published_at")
    with op.batch_alter_table("knowledge_entries", schema=None) as batch_op:
        for name in ("work_status", "publish_at", "topic", "owner"):
            batch_op.drop_index(batch_op.f(f"ix_knowledge_entries_{name}"))
        names = ("version", "coming", "work", "work_status", "editors", "submitted_by", "reviewed_by", "publish_at")
        for name in (*names, *(name for name, _ in _COLUMNS), "words", "updated_by"):
            batch_op.drop_column(name)
