"""Likely repeats are looked for by district, kind of matter and street, over all the days that are looked back.

0018 has built the index already; a database that was brought to 0018 before it did gets it here.
"""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["district", "category_level2", "street", "filed_at"]
    op.create_index("ix_orders_repeats", "orders", columns, unique=False, if_not_exists=True)


def downgrade() -> None:
    op.drop_index("ix_orders_repeats", table_name="orders")
