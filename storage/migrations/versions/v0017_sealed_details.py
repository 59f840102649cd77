"""Details of outcomes and turns become sealed; the rating among them gets a column of its own, for reports group by it.

Values stay as they are and are sealed in the background (`storage/resealing.py`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_DETAIL: sa.ColumnClause[object] = sa.column("outcome_detail", sa.JSON())
_RATING: sa.ColumnClause[str] = sa.column("rating", sa.String())


def upgrade() -> None:
    op.add_column("conversations", sa.Column("rating", sa.String(16), nullable=True))
    told = _DETAIL["rating"].as_string()
    rated = sa.table("conversations", _DETAIL, _RATING)
    op.execute(sa.update(rated).where(told.is_not(None)).values(rating=told))


def downgrade() -> None:
    op.drop_column("conversations", "rating")
