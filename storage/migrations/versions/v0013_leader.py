"""Shift leader: waits for a person, macros, review sheets, and what reports over a million contacts are read by"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)

# Of what was before, only the last wait of a conversation is known.
_KNOWN_WAITS = """
INSERT INTO desk_waits (conversation_id, channel, again, asked_at, ended_at, ended_by, seat_id)
SELECT id, channel, :no, waiting_since,
       CASE WHEN status = 'waiting' THEN NULL ELSE COALESCE(claimed_at, ended_at, updated_at) END,
       CASE WHEN status = 'waiting' THEN '' WHEN claimed_at IS NOT NULL THEN 'answered' ELSE 'abandoned' END,
       seat_id
FROM conversations WHERE waiting_since IS NOT NULL AND (outcome IS NULL OR outcome <> 'emergency')
"""
_WAITED = {
    "sqlite": "UPDATE desk_waits SET waited_seconds = ROUND((julianday(ended_at) - julianday(asked_at)) * 86400, 3)",
    "postgresql": "UPDATE desk_waits SET waited_seconds = EXTRACT(EPOCH FROM ended_at - asked_at)",
}


def upgrade() -> None:
    op.create_table(
        "desk_waits",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(length=12), nullable=False),
        sa.Column("waited_seconds", sa.Float(), nullable=True),
        sa.Column("seat_id", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_desk_waits_asked", "desk_waits", ["asked_at", "again", "ended_by", "waited_seconds", "channel"])
    op.create_index("ix_desk_waits_conversation", "desk_waits", ["conversation_id"])
    op.get_bind().execute(sa.text(_KNOWN_WAITS), {"no": False})
    op.execute(_WAITED[op.get_bind().dialect.name])
    op.create_table(
        "macros",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("seat_id", sa.String(length=32), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("key", sa.String(length=1), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_macros_seat_id", "macros", ["seat_id"])
    op.create_table(
        "review_sheets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("seat_id", sa.String(length=32), nullable=False),
        sa.Column("reviewer_id", sa.String(length=32), nullable=False),
        sa.Column("criteria_version", sa.String(length=16), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_review_sheets_seat", "review_sheets", ["seat_id", "created_at"])
    op.create_index("ix_review_sheets_conversation", "review_sheets", ["conversation_id"], unique=True)
    op.create_index("ix_conversations_created", "conversations", ["created_at", "channel", "outcome", "status", "id"])
    op.create_index(
        "ix_orders_filed",
        "orders",
        ["filed_at", "request_type", "category_level1", "category_level2", "district", "street"],
    )


def downgrade() -> None:
    op.drop_index("ix_orders_filed", "orders")
    op.drop_index("ix_conversations_created", "conversations")
    for name in ("review_sheets", "macros", "desk_waits"):
        op.drop_table(name)
