"""From SQLite to PostgreSQL: every table, every value, all or nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fresh_database import emptied
from sqlalchemy import JSON, Boolean, Float, Integer, LargeBinary, Table, func, insert, inspect, select, text

from base import settings
from base.errors import HotlineError
from base.sections.node import DataSettings
from base.settings import Settings
from hotline import data_cli
from hotline.cli import COMMANDS
from hotline.supervision import instance
from storage import migrate
from storage.base import Base, Moment
from storage.engine import Database
from storage.keyring import Keyring
from storage.move import MoveError, move
from storage.sealed import SealedJson
from storage.tables import Conversation, Turn

ROWS = 3


def value_of(column: Any, number: int) -> Any:
    """Something that fits, different in each row; every third optional value is missing."""
    if column.nullable and number == 2:
        return None
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2 == 0
    if isinstance(kind, Integer):
        return 100 + number
    if isinstance(kind, Float):
        return number / 3
    if isinstance(kind, Moment):
        return datetime(2026, 1, 5, 2, 0, 0, 123456, tzinfo=UTC) + timedelta(days=number)
    if isinstance(kind, JSON | SealedJson):
        return {"行": number, "list": [None, 1.5, "“引号”\n"]}
    if isinstance(kind, LargeBinary):
        return bytes([0, 255, number])
    length = getattr(kind, "length", None) or getattr(getattr(kind, "impl", None), "length", None) or 40
    return (hashlib.sha256(f"{column.table.name}.{column.name}".encode()).hexdigest()[:6] + f"值{number}")[
        : int(length)
    ]


async def fill(database: Database) -> dict[str, int]:
    """Some rows in every table, in the order of their references; returns how many."""
    made: dict[str, list[dict[str, Any]]] = {}
    async with database.write() as session:
        for table in Base.metadata.sorted_tables:
            await session.execute(table.delete())
            rows = []
            for number in range(1 if table.name in ("audit_head", "key_check") else ROWS):
                row = {column.name: value_of(column, number) for column in table.columns}
                for column in table.columns:
                    for key in column.foreign_keys:
                        if row[column.name] is not None:
                            row[column.name] = made[key.column.table.name][number][key.column.name]
                rows.append(row)
            made[table.name] = rows
            await session.execute(insert(table), rows)
    return {name: len(rows) for name, rows in made.items()}


async def everything(database: Database, table: Table) -> list[str]:
    """As our code reads it, opened where it was sealed."""
    async with database.read() as session:
        return sorted(repr(tuple(row)) for row in (await session.execute(select(table))).all())


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(lambda: tmp_path / "contact_keys.json")


@pytest.fixture
async def source(tmp_path: Path, keyring: Keyring) -> Any:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'hotline.db'}", keyring=keyring)
    await migrate.upgrade(database)
    yield database
    await database.close()


async def test_every_row_of_every_table_arrives_and_numbers_go_on(
    source: Database, postgresql: Database, keyring: Keyring
) -> None:
    filled = await fill(source)
    heard: list[str] = []
    moved = await move(source, postgresql, told=lambda name, rows: heard.append(name))
    assert moved.rows == filled and heard == list(filled)
    target = Database(postgresql.url, keyring=keyring)
    try:
        for table in Base.metadata.sorted_tables:
            assert await everything(target, table) == await everything(source, table), table.name
        assert (await migrate.state(target)).up_to_date
        now = datetime(2026, 2, 1, tzinfo=UTC)
        async with target.write() as session:
            known = (await session.execute(select(Conversation.id).limit(1))).scalar_one()
            turn = Turn(conversation_id=known, seq=999, role="bot", kind="text", text="您好", meta={}, created_at=now)
            session.add(turn)
            await session.flush()
            assert turn.id > 100 + ROWS - 1
        with pytest.raises(MoveError, match="empty"):
            await move(source, target)
    finally:
        await target.close()


async def test_what_does_not_fit_leaves_the_target_empty(source: Database, postgresql: Database) -> None:
    await fill(source)
    async with source.write() as session:
        await session.execute(text("UPDATE conversations SET channel = :long"), {"long": "x" * 200})
    with pytest.raises(MoveError, match="conversations") as told:
        await move(source, postgresql)
    assert "xxx" not in str(told.value), "values are personal"
    async with postgresql.engine.connect() as connection:
        assert await connection.run_sync(lambda made: inspect(made).get_table_names()) == []
    async with source.read() as session:
        assert (await session.execute(select(func.count()).select_from(Turn))).scalar_one() == ROWS


async def test_a_database_of_an_older_schema_is_upgraded_first(tmp_path: Path, postgresql: Database) -> None:
    old = Database(f"sqlite+aiosqlite:///{tmp_path / 'old.db'}")
    await migrate.upgrade(old, "0004")
    with pytest.raises(MoveError, match="db upgrade"):
        await move(old, postgresql)
    await old.close()


def test_the_command_moves_what_the_settings_name(
    tmp_path: Path, postgresql_url: str, migrated_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert COMMANDS[("data",)][0] == "hotline.data_cli:command"
    chosen = Settings(data=DataSettings(directory=tmp_path / "var"))
    monkeypatch.setattr(settings, "load", lambda: chosen)
    for address, words in (("mysql://x/y", "postgresql"), (postgresql_url, "no SQLite database")):
        with pytest.raises(HotlineError, match=words):
            data_cli.command(["move", "--to", address])
    chosen.var.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(migrated_file, chosen.var / "hotline.db")

    async def empty() -> None:
        await (await emptied(postgresql_url)).close()

    asyncio.run(empty())
    assert data_cli.command(["move", "--to", postgresql_url]) == 0
    assert "tables moved and compared" in capsys.readouterr().out
    lock = instance.take_lock(chosen.run)  # as a running hotline holds it
    with pytest.raises(instance.AlreadyRunning):
        data_cli.command(["move", "--to", postgresql_url])
    os.close(lock)
