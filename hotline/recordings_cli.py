"""`hotline recordings list|save|delete|sweep`: the recordings of calls."""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import closing
from pathlib import Path

from base import settings
from base.clock import SystemClock, local
from base.errors import HotlineError
from base.settings import Settings
from conversations.recordings import KnownRecording, Recordings
from seats.audit import AuditLog
from seats.audit_cli import terminal_actor
from storage.for_commands import opened
from storage.sealed_files import CHUNK_BYTES, FileSafe
from telephony.retention import recorded_files, retention_rules, sweep


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline recordings", description="recordings of calls")
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("list", help="the newest recordings and the conversations that they belong to")
    show.add_argument("--limit", type=int, default=20)
    commands.add_parser("delete", help="delete every recording of a conversation, now").add_argument("conversation")
    save = commands.add_parser("save", help="opened copies of a conversation's recordings, as WAV files; it is logged")
    save.add_argument("conversation")
    save.add_argument("folder", type=Path)
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
    async with opened(chosen) as database:
        files = FileSafe(database.keyring)
        recordings = Recordings(database, chosen.var / "recordings")
        if asked.command == "list":
            for known in await recordings.latest(asked.limit):
                there = await asyncio.to_thread(_standing, files, known)
                print(f"{known.conversation_id}\t{local(known.created_at):%Y-%m-%d %H:%M}\t{known.name}\t{there}")
            return 0
        if not await recordings.of(asked.conversation):
            raise HotlineError(f"conversation {asked.conversation} has no recording")
        if asked.command == "save":
            await _save(recordings, files, AuditLog(database), asked.conversation, asked.folder)
            return 0
        try:
            count = await recordings.delete(asked.conversation)
        except OSError as error:
            raise HotlineError(f"the recording cannot be deleted: {error}") from error
        print(f"{asked.conversation}: {count} deleted")
    return 0


def _standing(files: FileSafe, known: KnownRecording) -> str:
    """`cut off`: the call was cut off by a crash, is still going on, or somebody has cut the file."""
    if known.deleted_at:
        return "deleted"
    try:
        with closing(files.open(known.path)) as file:
            return ("there" if file.complete else "cut off") + ("" if file.sealed else ", plain")
    except FileNotFoundError:
        return "deleted for its age"
    except (HotlineError, OSError) as error:
        return f"cannot be opened: {error}"


async def _save(recordings: Recordings, files: FileSafe, audit: AuditLog, conversation: str, folder: Path) -> None:
    """
    Raises:
        HotlineError: a file does not open, or cannot be written.
    """
    await audit.record("recording.heard", actor=terminal_actor(), subject=conversation, detail={"saved": True})
    for known in await recordings.of(conversation):
        if known.deleted_at is None:
            try:
                target = await asyncio.to_thread(_copy, files, known, folder)
            except OSError as error:
                raise HotlineError(f"{known.name} cannot be saved: {error}") from error
            print(target)


def _copy(files: FileSafe, known: KnownRecording, folder: Path) -> Path:
    """What can be read of a recording, in a file that its owner alone reads."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / known.path.name
    with (
        closing(files.open(known.path)) as file,
        os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
    ):
        at = 0
        while piece := file.read(at, CHUNK_BYTES):
            out.write(piece)
            at += len(piece)
    return target
