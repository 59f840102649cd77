"""Tasks of people who call citizens: since when one is taken, what happened to it, and one open call-back a number.

Where a number has several open call-backs, one of them takes the others over, as a new promise would. The index of
0020 is built here, before anything is locked for good: on a large table it takes a while, in which call-backs, return
visits and orders can still be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.base import Moment
from storage.sealed import Sealed

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LONGEST_NOTE = 4_000
_CALLBACKS = sa.table(
    "callbacks",
    sa.column("id", sa.String()),
    sa.column("number_key", sa.String()),
    sa.column("reason", sa.String()),
    sa.column("status", sa.String()),
    sa.column("result", sa.String()),
    sa.column("note", Sealed("callbacks.note")),
    sa.column("due_at", Moment()),
    sa.column("created_at", Moment()),
    sa.column("done_at", Moment()),
    sa.column("taken_at", Moment()),
)
_VISITS = sa.table("return_visits", sa.column("status", sa.String()), sa.column("taken_at", Moment()))


def upgrade() -> None:
    op.create_index("ix_orders_repeats", "orders", ["district", "category_level2", "street", "filed_at"], unique=False)
    now = datetime.now(UTC)
    for table, rows in (("callbacks", _CALLBACKS), ("return_visits", _VISITS)):
        op.add_column(table, sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True))
        op.execute(sa.update(rows).where(rows.c.status == "taken").values(taken_at=now))
    _one_a_number(now)
    op.create_index(
        "uq_callbacks_open_number",
        "callbacks",
        ["number_key"],
        unique=True,
        sqlite_where=sa.text("status != 'done'"),
        postgresql_where=sa.text("status != 'done'"),
    )
    op.create_index("ix_callbacks_done", "callbacks", ["status", "done_at"], unique=False)
    op.create_table(
        "call_task_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_task_events_subject", "call_task_events", ["purpose", "subject_id", "id"], unique=False)


def _one_a_number(now: datetime) -> None:
    """The one about danger stays, else the one that somebody has, else the newest."""
    bind, rows = op.get_bind(), _CALLBACKS
    open_ones = sa.select(rows).where(rows.c.status != "done", rows.c.number_key.is_not(None))
    several = sa.select(rows.c.number_key).where(rows.c.status != "done").group_by(rows.c.number_key)
    several = several.having(sa.func.count() > 1)
    found = bind.execute(open_ones.where(rows.c.number_key.in_(several))).all()
    for number in {row.number_key for row in found}:
        kept, *others = sorted((row for row in found if row.number_key == number), key=_weight, reverse=True)
        _take_over(bind, kept, others, now)


def _weight(row: Any) -> tuple[bool, bool, datetime, str]:
    return row.reason.startswith("emergency"), row.status == "taken", row.created_at, row.id


def _take_over(bind: sa.Connection, kept: Any, others: Sequence[Any], now: datetime) -> None:
    rows = _CALLBACKS
    note = "\n".join(row.note for row in (kept, *others) if row.note)[:_LONGEST_NOTE]
    due_at = min(row.due_at for row in (kept, *others))
    bind.execute(sa.update(rows).where(rows.c.id == kept.id).values(note=note, due_at=due_at))
    closed = sa.update(rows).where(rows.c.id.in_([row.id for row in others]))
    bind.execute(closed.values(status="done", result="superseded", done_at=now))


def downgrade() -> None:
    op.drop_index("ix_orders_repeats", table_name="orders", if_exists=True)
    op.drop_table("call_task_events")
    op.drop_index("ix_callbacks_done", table_name="callbacks")
    op.drop_index("uq_callbacks_open_number", table_name="callbacks")
    for table in ("callbacks", "return_visits"):
        op.drop_column(table, "taken_at")
