"""`hotline audit verify|export|show`: the audit log, for whoever checks it."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import os
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from base import settings
from base.clock import CHINA
from base.errors import HotlineError
from seats.audit import ACTIONS, AuditLog
from storage.for_commands import opened


class AuditError(HotlineError):
    """The log is not whole, or cannot be written out."""


def terminal_actor() -> str:
    """As whom something is logged that was done at the machine's terminal."""
    return f"terminal:{getpass.getuser()}"


def command(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hotline audit", description="who saw and changed what")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="read the whole log; status 1 where an entry was changed or is missing")
    verify.add_argument("--seal", default="", help="the seal of an earlier verify: must still be in the log")
    export = commands.add_parser("export", help="write the log as JSON lines")
    export.add_argument("file", type=Path)
    export.add_argument("--since", type=datetime.fromisoformat, help="a moment, e.g. 2026-01-05T08:00")
    show = commands.add_parser("show", help="the newest entries")
    show.add_argument("--actor", default="")
    show.add_argument("--action", default="", choices=("", *ACTIONS))
    show.add_argument("--subject", default="", help="the number of an order, the id of a conversation or account")
    show.add_argument("--limit", type=int, default=50)
    asked = parser.parse_args(argv)
    work = {"verify": _verify, "export": _export, "show": _show}[asked.command]
    return asyncio.run(_with_log(lambda log: work(log, asked)))


async def _with_log(work: Callable[[AuditLog], Coroutine[Any, Any, int]]) -> int:
    async with opened(settings.load()) as database:
        return await work(AuditLog(database))


async def _verify(log: AuditLog, asked: argparse.Namespace) -> int:
    verdict = await log.verify()
    problems = list(verdict.problems)
    if asked.seal and asked.seal not in {seal async for _, seal in log.all()}:
        problems.append("the seal that was noted earlier is not in the log: it was replaced, or removed for its age")
    for problem in problems:
        print(problem)
    print(f"{verdict.entries} entries, {verdict.first} to {verdict.last}, seal {verdict.seal or 'none'}")
    if problems:
        raise AuditError("the audit log is NOT whole")
    print("whole")
    return 0


async def _export(log: AuditLog, asked: argparse.Namespace) -> int:
    since = asked.since
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=CHINA)
    count = 0
    try:
        descriptor = os.open(asked.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            async for entry, seal in log.all(since=since):
                stream.write(json.dumps({**entry.as_dict(), "seal": seal}, ensure_ascii=False) + "\n")
                count += 1
    except OSError as error:
        raise AuditError(f"{asked.file} cannot be written: {error}") from error
    await log.record("audit.exported", actor=terminal_actor(), detail={"entries": count})
    print(f"{asked.file}: {count} entries")
    return 0


async def _show(log: AuditLog, asked: argparse.Namespace) -> int:
    limit = max(1, min(asked.limit, 10_000))
    found = await log.entries(actor=asked.actor, action=asked.action, subject=asked.subject, limit=limit)
    for entry in reversed(found):
        detail = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
        moment = f"{entry.at.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        print("\t".join((str(entry.seq), moment, entry.action, entry.actor, entry.subject, entry.address, detail)))
    return 0
