"""Likely repeats are looked for by district, kind of matter and street, over all the days that are looked back."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_repeats", "orders", ["district", "category_level2", "street", "filed_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_orders_repeats", table_name="orders")
