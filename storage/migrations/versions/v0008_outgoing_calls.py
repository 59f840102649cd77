"""Calls that we place: to whom, what for, and what came of them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outgoing_calls",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("open_number", sa.String(length=32), nullable=True),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("seat_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=False),
        sa.Column("sip_status", sa.Integer(), nullable=True),
        sa.Column("sip_call_id", sa.String(length=128), nullable=True),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("open_number"),
    )
    op.create_index("ix_outgoing_calls_status", "outgoing_calls", ["status", "created_at"], unique=False)
    op.create_index(
        "ix_outgoing_calls_subject", "outgoing_calls", ["purpose", "subject_id", "created_at"], unique=False
    )
    op.create_index(op.f("ix_outgoing_calls_conversation_id"), "outgoing_calls", ["conversation_id"], unique=False)


def downgrade() -> None:
    op.drop_table("outgoing_calls")
