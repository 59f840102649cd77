"""Channels that WeChat carries: contacts, what came in, what goes out, media, shared tokens and cursors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "messenger_contacts",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=128), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("elsewhere", sa.Boolean(), nullable=False),
        sa.Column("scene", sa.String(length=128), nullable=False),
        sa.Column("allowance_left", sa.Integer(), nullable=False),
        sa.Column("allowance_until", _MOMENT, nullable=True),
        sa.Column("answering_until", _MOMENT, nullable=True),
        sa.Column("sender", sa.String(length=40), nullable=True),
        sa.Column("sending_until", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "account", "user_id"),
    )
    op.create_table(
        "messenger_conversations",
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        _contact_id(),
        sa.Column("told_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        _of_contact(),
        sa.PrimaryKeyConstraint("conversation_id"),
    )
    op.create_index("ix_messenger_conversations_contact_id", "messenger_conversations", ["contact_id"], unique=False)
    op.create_table(
        "messenger_inbox",
        sa.Column("id", sa.String(length=64), nullable=False),
        _contact_id(),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=12), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        _of_contact(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_messenger_inbox_contact_id", "messenger_inbox", ["contact_id"], unique=False)
    op.create_index("ix_messenger_inbox_status", "messenger_inbox", ["status", "received_at"], unique=False)
    op.create_table(
        "messenger_outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        _contact_id(),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("remote_id", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=False),
        _of_contact(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_messenger_outbox_due", "messenger_outbox", ["status", "next_at"], unique=False)
    op.create_index("ix_messenger_outbox_contact", "messenger_outbox", ["contact_id", "status", "id"], unique=False)
    op.create_index("ix_messenger_outbox_remote_id", "messenger_outbox", ["remote_id"], unique=False)
    op.create_table(
        "messenger_media",
        sa.Column("id", sa.String(length=32), nullable=False),
        _contact_id(),
        sa.Column("conversation_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("order_no", sa.String(length=24), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        _of_contact(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_messenger_media_contact_id", "messenger_media", ["contact_id"], unique=False)
    op.create_index("ix_messenger_media_conversation_id", "messenger_media", ["conversation_id"], unique=False)
    op.create_table(
        "messenger_tokens",
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("fetching_until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("account"),
    )
    op.create_table(
        "messenger_cursors",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("cursor", sa.String(length=256), nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )


def _contact_id() -> sa.Column[str]:
    return sa.Column("contact_id", sa.String(length=32), nullable=False)


def _of_contact() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["contact_id"], ["messenger_contacts.id"], ondelete="CASCADE")


def downgrade() -> None:
    for name in ("cursors", "tokens", "media", "outbox", "inbox", "conversations", "contacts"):
        op.drop_table(f"messenger_{name}")
