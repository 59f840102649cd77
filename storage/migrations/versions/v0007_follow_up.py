"""Units' accounts, copies of orders, objections, return visits, attachments, text messages, attempts of call-backs"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.add_column(sa.Column("unit", sa.String(length=128), nullable=True))
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.create_index("ix_orders_unit", ["unit", "status", "deadline_at"], unique=False)
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("next_at", _MOMENT, nullable=True))
        batch_op.add_column(sa.Column("result", sa.String(length=16), nullable=False, server_default=""))
        batch_op.create_index("ix_callbacks_number", ["number", "status"], unique=False)
    copies = op.create_table(
        "order_copies",
        _order_no(),
        sa.Column("unit", sa.String(length=128), nullable=False),
        _of_order(),
        sa.PrimaryKeyConstraint("order_no", "unit"),
    )
    op.create_index("ix_order_copies_unit", "order_copies", ["unit"], unique=False)
    _copy_known(copies)
    op.create_table(
        "objections",
        sa.Column("id", sa.String(length=32), nullable=False),
        _order_no(),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("suggested_unit", sa.String(length=128), nullable=False),
        sa.Column("objected_by", sa.String(length=64), nullable=False),
        sa.Column("objected_at", _MOMENT, nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("new_unit", sa.String(length=128), nullable=True),
        _of_order(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_objections_status", "objections", ["status", "objected_at"], unique=False)
    op.create_index("ix_objections_order", "objections", ["order_no", "status"], unique=False)
    op.create_table(
        "return_visits",
        sa.Column("id", sa.String(length=32), nullable=False),
        _order_no(),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("conversation_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=True),
        sa.Column("taken_by", sa.String(length=64), nullable=True),
        sa.Column("responded", sa.Boolean(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("reason_detail", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("done_at", _MOMENT, nullable=True),
        _of_order(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("order_no", "round"),
    )
    op.create_index("ix_return_visits_status", "return_visits", ["status", "next_at"], unique=False)
    op.create_index("ix_return_visits_done", "return_visits", ["status", "done_at"], unique=False)
    op.create_index("ix_return_visits_conversation_id", "return_visits", ["conversation_id"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(length=32), nullable=False),
        _order_no(),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        _of_order(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_attachments_order_no", "attachments", ["order_no"], unique=False)
    op.create_table(
        "text_messages",
        sa.Column("id", sa.String(length=40), nullable=False),
        _order_no(),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        _of_order(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_text_messages_due", "text_messages", ["status", "next_at"], unique=False)
    op.create_index("ix_text_messages_order_no", "text_messages", ["order_no"], unique=False)


def _order_no() -> sa.Column[str]:
    return sa.Column("order_no", sa.String(length=24), nullable=False)


def _of_order() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["order_no"], ["orders.order_no"], ondelete="CASCADE")


def _copy_known(copies: sa.Table) -> None:
    """Orders that were there before: whom they were copied to, as their rows name it."""
    connection = op.get_bind()
    rows: list[dict[str, Any]] = []
    for order_no, stored in connection.execute(sa.text("SELECT order_no, copies FROM orders")):
        units = json.loads(stored) if isinstance(stored, str) else stored
        rows += [{"order_no": order_no, "unit": unit[:128]} for unit in dict.fromkeys(units or []) if unit]
    for start in range(0, len(rows), 500):
        connection.execute(copies.insert(), rows[start : start + 500])


def downgrade() -> None:
    for table in ("text_messages", "attachments", "return_visits", "objections", "order_copies"):
        op.drop_table(table)
    with op.batch_alter_table("callbacks", schema=None) as batch_op:
        batch_op.drop_index("ix_callbacks_number")
        batch_op.drop_column("result")
        batch_op.drop_column("next_at")
        batch_op.drop_column("attempts")
    with op.batch_alter_table("orders", schema=None) as batch_op:
        batch_op.drop_index("ix_orders_unit")
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.drop_column("unit")
