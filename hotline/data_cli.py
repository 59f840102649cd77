"""`hotline data move --to postgresql://…`: everything that is stored goes from SQLite to a PostgreSQL server."""

from __future__ import annotations

import argparse
import asyncio
import os

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from base import settings
from base.errors import HotlineError
from hotline.supervision import instance
from storage import keyring
from storage.backup import database_file
from storage.engine import Database
from storage.move import Moved, move


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline data", description="move the database to a server")
    parser.add_argument("action", choices=("move",))
    parser.add_argument("--to", required=True, help="postgresql://USER@HOST/DATABASE, empty; password: PGPASSWORD")
    asked = parser.parse_args(argv)
    chosen, target = settings.load(), _target(asked.to)
    path = database_file(chosen)
    if path is None or not path.is_file():
        raise HotlineError("there is no SQLite database to move: database.url names a server, or nothing is stored yet")
    chosen.run.mkdir(parents=True, exist_ok=True)
    lock = instance.take_lock(chosen.run)  # nothing may be written meanwhile
    try:
        moved = asyncio.run(_move(chosen, target))
    finally:
        os.close(lock)
    shown = target.render_as_string(hide_password=True)
    print(f"{moved.total} rows of {len(moved.rows)} tables moved and compared. Now set database.url to {shown}")
    print(f"and start. {path} was only read; keys, recordings and attachments stay in {chosen.var}.")
    return 0


def _target(address: str) -> URL:
    """
    Raises:
        HotlineError: it is no address of a PostgreSQL server.
    """
    try:
        target = make_url(address)
    except ArgumentError as error:
        raise HotlineError("--to is no address of a database") from error
    if target.get_backend_name() != "postgresql":
        raise HotlineError("--to must be postgresql://…")
    if target.password is None and (password := os.environ.get("PGPASSWORD")):
        target = target.set(password=password)
    return target.set(drivername="postgresql+asyncpg")


async def _move(chosen: settings.Settings, target: URL) -> Moved:
    source = Database(chosen.database_url, keyring=keyring.of_database(chosen.database_url))
    there = Database(target.render_as_string(hide_password=False))
    try:
        return await move(source, there, told=lambda name, rows: print(f"{name:<28} {rows:>10}"))
    finally:
        await source.close()
        await there.close()
