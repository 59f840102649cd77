"""The channel API: channels with their sealed secrets, and the nonces of their requests"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", _MOMENT, nullable=True),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("messages_a_minute", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "channel_nonces",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("until", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["channel"], ["channels.name"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("channel", "nonce"),
    )
    op.create_index("ix_channel_nonces_until", "channel_nonces", ["until"], unique=False)


def downgrade() -> None:
    op.drop_table("channel_nonces")
    op.drop_table("channels")
