"""`hotline db upgrade|show`, `hotline backup FILE.tar`, `hotline restore FILE.tar`."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from sqlalchemy.engine import make_url

from base import settings
from base.clock import SystemClock
from storage import backup, migrate
from storage.engine import Database


def db_command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline db", description="the database's schema")
    parser.add_argument("action", choices=("upgrade", "show"))
    asked = parser.parse_args(argv)
    return asyncio.run(_db(asked.action))


async def _db(action: str) -> int:
    chosen = settings.load()
    shown = make_url(chosen.database_url).render_as_string(hide_password=True)
    if action == "upgrade":
        state = await migrate.upgrade_url(
            chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds
        )
        print(f"{shown}: schema {state.current}")
        return 0
    path = backup.database_file(chosen)
    if path is not None and not path.is_file():  # looking must not make an empty database
        print(f"{shown}: there is no database yet; newest schema {migrate.newest_revision()}")
        return 0
    database = Database(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
    try:
        state = await migrate.state(database)
    finally:
        await database.close()
    text = "up to date" if state.up_to_date else f"newest {state.newest}: run `hotline db upgrade`"
    print(f"{shown}: schema {state.current or 'none'}, {text}")
    return 0


def backup_command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline backup", description="consistent while everything runs")
    parser.add_argument("file", type=Path, help="the tar file to make; it must not exist yet")
    asked = parser.parse_args(argv)
    made = backup.backup(settings.load(), asked.file, now=SystemClock().now())
    if not made.with_database:
        print("the database is a server: back it up with pg_dump; this file holds recordings, journal and keys")
    print(f"{made.path}: {made.members} files, {made.bytes / 1e6:.1f} MB. It holds personal data: keep it as safe.")
    return 0


def restore_command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline restore", description="into an empty data folder")
    parser.add_argument("file", type=Path)
    asked = parser.parse_args(argv)
    chosen = settings.load()
    restored = backup.restore(chosen, asked.file)
    if restored.with_database:
        state = asyncio.run(
            migrate.upgrade_url(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
        )
        print(f"schema {state.current}")
    print(f"{chosen.var}: {restored.members} files restored, {restored.bytes / 1e6:.1f} MB")
    return 0
