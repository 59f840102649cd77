"""Accounts and secrets: sealed contact data with their keyed hashes, the audit log, second factors, sessions to end.

Values stay as they are and are sealed in the background (`storage/resealing.py`); what is compared in the database
becomes a keyed hash here, so the key file is made by this upgrade where rows are there already.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.sealed import keyring_of

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_AT_ONCE = 500
_WIDER = (  # table, column, whether it may be null
    ("conversations", "caller_number", True),
    ("orders", "contact_name", True),
    ("orders", "contact_phone", True),
    ("callbacks", "number", True),
    ("outgoing_calls", "number", False),
    ("text_messages", "number", False),
)
_KEYED = (  # table, primary key, plain column, column of the keyed hash
    ("conversations", "id", "caller_number", "caller_number_key"),
    ("orders", "order_no", "contact_phone", "contact_phone_key"),
    ("callbacks", "id", "number", "number_key"),
    ("outgoing_calls", "id", "open_number", "open_number"),
    ("messenger_contacts", "id", "user_id", "user_key"),
)
_APPEND_ONLY_DAYS = 183  # six months: younger entries of the audit log cannot be deleted by anybody


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        op.execute("PRAGMA secure_delete=ON")  # what was plain is overwritten, not only let go of
    _contact_data(sqlite)
    _accounts()
    _audit(sqlite)


def _contact_data(sqlite: bool) -> None:
    op.drop_index("ix_callbacks_number", table_name="callbacks")
    for table, column, nullable in _WIDER:
        _widen(table, column, nullable, sqlite)
    op.execute("ALTER TABLE messenger_contacts RENAME COLUMN user_id TO user_key")
    op.add_column("messenger_contacts", sa.Column("user_id", sa.Text(), nullable=False, server_default=""))
    op.execute("UPDATE messenger_contacts SET user_id = user_key")
    for table, column in (
        ("conversations", "caller_number_key"),
        ("orders", "contact_phone_key"),
        ("callbacks", "number_key"),
    ):
        op.add_column(table, sa.Column(column, sa.String(length=32), nullable=True))
    for table, key, plain, keyed in _KEYED:
        _fill(table, key, plain, keyed)
    op.create_index("ix_conversations_caller_number_key", "conversations", ["caller_number_key"], unique=False)
    op.create_index("ix_orders_contact_phone_key", "orders", ["contact_phone_key"], unique=False)
    op.create_index("ix_callbacks_number_key", "callbacks", ["number_key", "status"], unique=False)


def _widen(table: str, column: str, nullable: bool, sqlite: bool) -> None:
    """A sealed value is longer. SQLite cannot change a type; its tables are not made anew, for others point to them."""
    if not sqlite:
        op.alter_column(table, column, type_=sa.Text())
        return
    default = None if nullable else ""
    wide: sa.ColumnClause[str] = sa.column(f"{column}_wide")
    op.add_column(table, sa.Column(f"{column}_wide", sa.Text(), nullable=nullable, server_default=default))
    op.execute(sa.update(sa.table(table, wide, sa.column(column))).values({wide: sa.column(column)}))
    op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    op.execute(f"ALTER TABLE {table} RENAME COLUMN {column}_wide TO {column}")


def _fill(table: str, key: str, plain: str, keyed: str) -> None:
    connection = op.get_bind()
    rows = sa.table(table, sa.column(key), sa.column(plain), sa.column(keyed))
    found = connection.execute(sa.select(rows.c[key], rows.c[plain]).where(rows.c[plain].is_not(None))).all()
    if not found:
        return
    keys = keyring_of(connection.dialect).keys
    change = sa.update(rows).where(rows.c[key] == sa.bindparam("row_key")).values({keyed: sa.bindparam("hashed")})
    for start in range(0, len(found), _AT_ONCE):
        part = found[start : start + _AT_ONCE]
        connection.execute(change, [{"row_key": row[0], "hashed": keys.looked_up(row[1])} for row in part])


def _accounts() -> None:
    for column in (
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_since", _MOMENT, nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("external_id", sa.String(length=255), nullable=True),
    ):
        op.add_column("seats", column)
    op.create_index("ix_seats_external_id", "seats", ["external_id"], unique=True)
    op.execute("DELETE FROM seat_sessions")  # everybody logs in once more, and gets a session that can be listed
    for column in (
        sa.Column("id", sa.String(length=32), nullable=False, server_default=""),
        sa.Column("stage", sa.String(length=8), nullable=False, server_default="full"),
        sa.Column("address", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("agent", sa.String(length=200), nullable=False, server_default=""),
    ):
        op.add_column("seat_sessions", column)
    op.create_index("ix_seat_sessions_id", "seat_sessions", ["id"], unique=True)
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("seat_id", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["seat_id"], ["seats.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_recovery_codes_seat_id", "recovery_codes", ["seat_id"], unique=False)
    op.create_table(
        "key_check",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _audit(sqlite: bool) -> None:
    op.create_table(
        "audit_entries",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False)
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor", "at"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.Column("removed_seq", sa.Integer(), nullable=False),
        sa.Column("removed_seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute("INSERT INTO audit_head (id, seq, seal, removed_seq, removed_seal) VALUES (1, 0, '', 0, '')")
    for statement in _sqlite_triggers() if sqlite else _postgresql_triggers():
        op.execute(statement)


def _sqlite_triggers() -> tuple[str, ...]:
    return (
        "CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
        "CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries "
        f"WHEN OLD.at > datetime('now', '-{_APPEND_ONLY_DAYS} days') "
        "BEGIN SELECT RAISE(ABORT, 'the audit log is kept for six months'); END",
    )


def _postgresql_triggers() -> tuple[str, ...]:
    return (
        "CREATE FUNCTION audit_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'DELETE' THEN "
        f"IF OLD.at <= now() - interval '{_APPEND_ONLY_DAYS} days' THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'the audit log is kept for six months'; END IF; "
        "RAISE EXCEPTION 'the audit log is append-only'; END $$",
        "CREATE TRIGGER audit_entries_no_change BEFORE UPDATE OR DELETE ON audit_entries "
        "FOR EACH ROW EXECUTE FUNCTION audit_entries_refuse()",
        "CREATE TRIGGER audit_entries_no_truncate BEFORE TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_refuse()",
    )


def downgrade() -> None:
    """Of an empty database, as the tests undo it: sealed values cannot be told apart from plain ones by the schema."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name in ("audit_head", "audit_entries", "key_check", "recovery_codes"):
        op.drop_table(name)
    if not sqlite:
        op.execute("DROP FUNCTION IF EXISTS audit_entries_refuse()")
    op.drop_index("ix_seat_sessions_id", table_name="seat_sessions")
    for column in ("agent", "address", "stage", "id"):
        op.drop_column("seat_sessions", column)
    op.drop_index("ix_seats_external_id", table_name="seats")
    for column in ("external_id", "totp_step", "totp_since", "totp_secret"):
        op.drop_column("seats", column)
    op.drop_index("ix_callbacks_number_key", table_name="callbacks")
    op.drop_index("ix_orders_contact_phone_key", table_name="orders")
    op.drop_index("ix_conversations_caller_number_key", table_name="conversations")
    for table, column in (
        ("conversations", "caller_number_key"),
        ("orders", "contact_phone_key"),
        ("callbacks", "number_key"),
    ):
        op.drop_column(table, column)
    op.drop_column("messenger_contacts", "user_id")
    op.execute("ALTER TABLE messenger_contacts RENAME COLUMN user_key TO user_id")
    op.create_index("ix_callbacks_number", "callbacks", ["number", "status"], unique=False)
