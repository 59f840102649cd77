"""`hotline recordings list|delete|sweep`: the recordings of calls."""

from __future__ import annotations

import argparse
import asyncio

from base import settings
from base.clock import SystemClock, local
from base.errors import HotlineError
from base.settings import Settings
from conversations.recordings import Recordings
from storage import migrate
from storage.engine import Database
from telephony.retention import recorded_files, retention_rules, sweep


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline recordings", description="recordings of calls")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("list", help="the newest recordings and the conversations that they belong to")
    show.add_argument("--limit", type=int, default=20)
    commands.add_parser("delete", help="delete every recording of a conversation, now").add_argument("conversation")
    commands.add_parser("sweep", help="delete what is too old or too much (the phone does so every hour)")
    asked = parser.parse_args(argv)
    chosen = settings.load()
    if asked.command == "sweep":
        return _sweep(chosen)
    return asyncio.run(_with_database(chosen, asked))


def _sweep(chosen: Settings) -> int:
    folder = chosen.var / "recordings"
    try:
        deleted = sweep(folder, retention_rules(chosen.recording), SystemClock().now())
        left = recorded_files(folder)
    except OSError as error:
        raise HotlineError(f"recordings cannot be deleted: {error}") from error
    kept = sum(file.bytes for file in left) / 1e6
    print(f"deleted {deleted.files} ({deleted.bytes / 1e6:.1f} MB), kept {len(left)} ({kept:.1f} MB)")
    return 0


async def _with_database(chosen: Settings, asked: argparse.Namespace) -> int:
    await migrate.upgrade_url(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
    database = Database(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
    try:
        recordings = Recordings(database, chosen.var / "recordings")
        if asked.command == "list":
            for known in await recordings.latest(asked.limit):
                there = "deleted" if known.deleted_at else "there" if known.path.is_file() else "deleted for its age"
                print(f"{known.conversation_id}\t{local(known.created_at):%Y-%m-%d %H:%M}\t{known.name}\t{there}")
            return 0
        if not await recordings.of(asked.conversation):
            raise HotlineError(f"conversation {asked.conversation} has no recording")
        try:
            count = await recordings.delete(asked.conversation)
        except OSError as error:
            raise HotlineError(f"the recording cannot be deleted: {error}") from error
        print(f"{asked.conversation}: {count} deleted")
    finally:
        await database.close()
    return 0
