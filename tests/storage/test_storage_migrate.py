"""The migrations make exactly the tables of `storage/tables.py`, on every database that we claim to support."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Connection, bindparam, event, inspect, select, text

from storage import migrate
from storage.base import Moment
from storage.engine import Database, next_value
from storage.tables import Base, CallbackTask, Conversation


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_an_empty_database_is_upgraded_to_the_model(database: Database) -> None:
    assert (await migrate.state(database)).current is None
    after = await migrate.upgrade(database)
    assert after.up_to_date
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
        names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    assert set(Base.metadata.tables) <= names


async def test_a_table_that_the_migrations_forgot_would_be_noticed(sqlite: Database) -> None:
    await migrate.upgrade(sqlite)
    async with sqlite.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE callbacks DROP COLUMN note")
        await connection.exec_driver_sql("DROP INDEX ix_orders_status")
        found = await connection.run_sync(_differences)
    assert {str(difference[0]) for difference in found} == {"add_column", "add_index"}


async def test_upgrading_twice_and_at_once_is_harmless(database: Database) -> None:
    first, second = await asyncio.gather(migrate.upgrade(database), migrate.upgrade(database))
    assert first.up_to_date and second.up_to_date
    assert (await migrate.upgrade(database)).up_to_date


async def test_rows_go_in_and_come_out_with_their_zone(database: Database) -> None:
    await migrate.upgrade(database)
    now = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    async with database.write() as session:
        session.add(
            Conversation(id="c1", channel="web", trace_id="t", state={"问": ["一", 2]}, created_at=now, updated_at=now)
        )
        assert await next_value(session, "orders:260105") == 1
        assert await next_value(session, "orders:260105") == 2
    async with database.read() as session:
        row = (await session.execute(select(Conversation))).scalar_one()
    assert row.created_at == now and row.created_at.tzinfo is not None
    assert row.state == {"问": ["一", 2]}


async def test_counters_count_every_writer_once(database: Database) -> None:
    await migrate.upgrade(database)

    async def one() -> int:
        async with database.write() as session:
            return await next_value(session, "orders:260106")

    assert sorted(await asyncio.gather(*(one() for _ in range(12)))) == list(range(1, 13))


async def test_the_upgrade_can_be_undone_on_an_empty_database(sqlite: Database) -> None:
    from alembic import command

    await migrate.upgrade(sqlite)

    def down(connection: Connection) -> None:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    async with sqlite.engine.begin() as connection:
        await connection.run_sync(down)
        left = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    assert left <= {"alembic_version"}


async def test_ratings_that_were_given_before_they_had_a_column_are_counted(database: Database) -> None:
    await migrate.upgrade(database, "0016")
    insert = text(
        "INSERT INTO conversations (id, channel, trace_id, status, version, state, outcome_detail, priority, "
        "created_at, updated_at) VALUES (:id, 'phone', 't', 'ended', 0, '{}', :detail, 0, :now, :now)"
    ).bindparams(bindparam("now", type_=Moment), bindparam("detail", type_=JSON))
    now = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    async with database.engine.begin() as connection:
        for name, detail in (("c1", {"rating": "fair"}), ("c2", {"reason": "asked"}), ("c3", {})):
            await connection.execute(insert, {"id": name, "detail": detail, "now": now})
    await migrate.upgrade(database)
    async with database.read() as session:
        rated = (await session.execute(select(Conversation.id, Conversation.rating).order_by(Conversation.id))).all()
    assert [tuple(row) for row in rated] == [("c1", "fair"), ("c2", None), ("c3", None)]


async def test_several_open_call_backs_of_a_number_become_one(database: Database) -> None:
    await migrate.upgrade(database, "0017")
    now = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
    await _promises(database, now, [
        ("a", "k1", "missed", "taken", 3), ("b", "k1", "dropped", "open", 4), ("c", "k1", "missed", "done", 5),
        ("d", "k2", "emergency 110", "open", 1), ("e", "k2", "missed", "taken", 2),
        ("f", "k3", "missed", "open", 1), ("g", None, "missed", "open", 1), ("h", None, "missed", "open", 1),
    ])  # fmt: skip
    await migrate.upgrade(database)
    async with database.read() as session:
        found = {row.id: row for row in (await session.execute(select(CallbackTask))).scalars()}
    assert {name for name, row in found.items() if row.status != "done"} == {"a", "d", "f", "g", "h"}
    assert {name for name, row in found.items() if row.result == "superseded"} == {"b", "e"}
    assert found["a"].note == "note a\nnote b" and found["a"].taken_at and found["a"].due_at == now
    assert found["d"].reason == "emergency 110" and "note e" in found["d"].note and found["b"].done_at


async def test_orders_are_indexed_before_a_table_is_locked_for_good(postgresql: Database) -> None:
    await migrate.upgrade(postgresql, "0017")
    said: list[str] = []
    event.listen(
        postgresql.engine.sync_engine, "before_cursor_execute", lambda *given: said.append(" ".join(given[2].split()))
    )
    await migrate.upgrade(postgresql)
    first = next(at for at, one in enumerate(said) if one.startswith("ALTER TABLE"))
    built = next(at for at, one in enumerate(said) if one.startswith("CREATE INDEX ix_orders_repeats"))
    assert built < first


async def test_an_index_that_an_earlier_upgrade_left_to_a_later_one_is_made(database: Database) -> None:
    await migrate.upgrade(database, "0019")
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DROP INDEX ix_orders_repeats")
    await migrate.upgrade(database)
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def _promises(database: Database, now: datetime, tasks: list[tuple[str, str | None, str, str, int]]) -> None:
    """Rows as the version before knew them: name, key of the number, reason, status, hours since it was promised."""
    moments = [bindparam(name, type_=Moment) for name in ("now", "due")]
    conversation = text(
        "INSERT INTO conversations (id, channel, trace_id, status, version, state, outcome_detail, priority, "
        "created_at, updated_at) VALUES (:id, 'phone', 't', 'ended', 0, '{}', '{}', 0, :now, :now)"
    ).bindparams(moments[0])
    task = text(
        "INSERT INTO callbacks (id, conversation_id, number_key, reason, status, note, due_at, created_at) "
        "VALUES (:id, :id, :key, :reason, :status, :note, :due, :now)"
    ).bindparams(*moments)
    async with database.engine.begin() as connection:
        for name, key, reason, status, hours in tasks:
            made = now - timedelta(hours=hours)
            await connection.execute(conversation, {"id": name, "now": made})
            told = {"id": name, "key": key, "reason": reason, "status": status, "note": f"note {name}"}
            due = now + timedelta(hours=4 - hours)
            await connection.execute(task, {**told, "due": due, "now": made})
