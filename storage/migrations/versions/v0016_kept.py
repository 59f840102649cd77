"""How long personal data is kept: when it was erased; titles and times of orders become sealed, so they are longer.

Values stay as they are and are sealed in the background (`storage/resealing.py`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_KEPT = (("conversations", "ended_at"), ("orders", "updated_at"))


def upgrade() -> None:
    for column, nullable in (("title", False), ("event_time", True)):
        _widen("orders", column, nullable=nullable)
    for table, age in _KEPT:
        op.add_column(table, sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
        op.create_index(f"ix_{table}_kept", table, ["erased_at", age], unique=False)


def _widen(table: str, column: str, *, nullable: bool) -> None:
    """SQLite cannot change a type; its tables are not made anew, for others point to them."""
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(table, column, type_=sa.Text())
        return
    wide: sa.ColumnClause[str] = sa.column(f"{column}_wide")
    op.execute("PRAGMA secure_delete=ON")  # what was plain is overwritten, not only let go of
    default = None if nullable else ""
    op.add_column(table, sa.Column(f"{column}_wide", sa.Text(), nullable=nullable, server_default=default))
    op.execute(sa.update(sa.table(table, wide, sa.column(column))).values({wide: sa.column(column)}))
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {column}_wide TO {column}")


def downgrade() -> None:
    for table, _ in _KEPT:
        op.drop_index(f"ix_{table}_kept", table_name=table)
        op.drop_column(table, "erased_at")
