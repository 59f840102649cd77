"""The desk: seats' skills and states, offers, drafts, tags, snoozing, wrap-up, internal notes, canned replies"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "desk_seats",
        sa.Column("seat_id", sa.String(length=32), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("chats", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=True),
        sa.Column("heard_at", _MOMENT, nullable=True),
        sa.Column("served_at", _MOMENT, nullable=True),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seat_id"),
    )
    op.create_table(
        "desk_cases",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("offered_to", sa.String(length=32), nullable=True),
        sa.Column("offered_until", _MOMENT, nullable=True),
        sa.Column("passed_over", sa.JSON(), nullable=False),
        sa.Column("told_ahead", sa.Integer(), nullable=True),
        sa.Column("told_wait_seconds", sa.Float(), nullable=True),
        sa.Column("told_at", _MOMENT, nullable=True),
        sa.Column("told_of", _MOMENT, nullable=True),
        sa.Column("call_back_offered", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("snoozed_until", _MOMENT, nullable=True),
        sa.Column("wrap_code", sa.String(length=32), nullable=False),
        sa.Column("handled_seconds", sa.Float(), nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("conversation_id"),
        sa.UniqueConstraint("offered_to"),
    )
    op.create_index("ix_desk_cases_finished_at", "desk_cases", ["finished_at"], unique=False)
    op.create_table(
        "desk_notes",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("seat_id", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_desk_notes_conversation_id", "desk_notes", ["conversation_id"], unique=False)
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("seat_id", sa.String(length=32), nullable=True),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_canned_replies_seat_id", "canned_replies", ["seat_id"], unique=False)


def downgrade() -> None:
    for name in ("canned_replies", "desk_notes", "desk_cases", "desk_seats"):
        op.drop_table(name)
