"""`hotline orders export FILE`, `hotline orders dead-letters list|retry|drop`, `hotline orders learn [--install]`."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from base import settings
from base.clock import CHINA, SystemClock, local
from base.errors import ConfigurationError, HotlineError
from seats.audit import AuditLog
from seats.audit_cli import terminal_actor
from storage import backup
from storage.engine import Database
from workorders import learning
from workorders.catalogue import DEFAULT_PATH, Catalogue
from workorders.duties import duties_of
from workorders.export import export
from workorders.learned import Learned, learned_path, read_examples, write_examples
from workorders.outbox.store import OutboxStore


def command(argv: list[str]) -> int:
    asked = _parser().parse_args(argv)
    commands = {"export": _export, "dead-letters": _dead_letters, "learn": _learn}
    return asyncio.run(commands[asked.command](asked))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hotline orders", description="work orders as a whole")
    commands = parser.add_subparsers(dest="command", required=True)
    export_to = commands.add_parser("export", help="orders and all that belongs to them, JSON Lines, from one snapshot")
    export_to.add_argument("file", type=Path)
    export_to.add_argument("--personal", action="store_true", help="also names, numbers, addresses and all free text")
    export_to.add_argument("--since", type=_moment, help="only what changed since YYYY-MM-DD or YYYY-MM-DDTHH:MM")
    export_to.add_argument("--resume", action="store_true", help="go on with a file that was cut off")
    letters = commands.add_parser("dead-letters", help="messages to other systems that were given up")
    actions = letters.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="oldest first").add_argument("--target")
    retry = actions.add_parser("retry", help="try again, from the first attempt")
    retry.add_argument("ids", nargs="*", metavar="MESSAGE_ID")
    retry.add_argument("--target", help="all of this target")
    retry.add_argument("--all", action="store_true", help="all of every target")
    drop = actions.add_parser("drop", help="need not be delivered: what waits behind it goes on")
    drop.add_argument("ids", nargs="+", metavar="MESSAGE_ID")
    learn = commands.add_parser("learn", help="retrain categories and duties from the orders here")
    learn.add_argument("--install", action="store_true", help="use what was learned, if it is better")
    return parser


def _moment(text: str) -> datetime:
    """A moment on the city's clock unless it names its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment like 2026-01-31 or 2026-01-31T08:00") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=CHINA)


@asynccontextmanager
async def open_database() -> AsyncIterator[Database]:
    """
    Raises:
        ConfigurationError: there is no database yet.
    """
    chosen = settings.load()
    path = backup.database_file(chosen)
    if path is not None and not path.is_file():  # looking must not make an empty database
        raise ConfigurationError(f"{path}: there is no database yet")
    database = Database(chosen.database_url, busy_timeout_seconds=chosen.database.busy_timeout_seconds)
    try:
        yield database
    finally:
        await database.close()


async def _export(asked: argparse.Namespace) -> int:
    async with open_database() as database:
        done = await export(
            database, asked.file, personal=asked.personal, since=asked.since, resume=asked.resume
        )  # fmt: skip
        if asked.personal:
            detail = {"orders": done.orders, **done.further, "personal": True}
            await AuditLog(database).record("orders.exported", actor=terminal_actor(), detail=detail)
    repeated = f", {done.repeated} of them changed since the first part" if done.repeated else ""
    warning = " It holds personal data: keep it as safe." if asked.personal else ""
    further = ", ".join(f"{count} {kind}" for kind, count in done.further.items())
    print(f"{asked.file}: {done.orders} orders{repeated}; {further}.{warning}")
    return 0


async def _dead_letters(asked: argparse.Namespace) -> int:
    now = SystemClock().now()
    async with open_database() as database:
        store = OutboxStore(database)
        if asked.action == "list":
            found = await store.dead_letters(asked.target)
            for row, held in found:
                print(
                    f"{row.message_id} {row.target} {row.order_no} {row.event} {local(row.created_at):%Y-%m-%d %H:%M} "
                    f"attempts={row.attempts} behind={held} {row.last_error}"
                )
            print(f"{len(found)} dead letters")
            return 0
        if asked.action == "drop":
            count = await store.drop(now=now, message_ids=asked.ids)
        else:
            if bool(asked.ids) + bool(asked.target) + asked.all != 1:
                raise HotlineError("name messages, or --target NAME, or --all")
            count = await store.revive(now=now, message_ids=asked.ids, target=asked.target)
    print(f"{count} dead letters {'dropped' if asked.action == 'drop' else 'will be tried again'}")
    if asked.ids and count < len(set(asked.ids)):
        raise HotlineError(f"{len(set(asked.ids)) - count} of the messages named are no dead letters")
    return 0


async def _learn(asked: argparse.Namespace) -> int:
    chosen = settings.load()
    path = chosen.orders.catalogue_file or DEFAULT_PATH
    duties, into = duties_of(chosen.orders.dispatch_file), learned_path(chosen)
    installed = read_examples(into) if into.is_file() else []
    async with open_database() as database:
        found = await learning.cases(database, duties)
    sources = Counter(case.example.source for case in found)
    told = ", ".join(f"{count} {source}" for source, count in sorted(sources.items())) or "none"
    print(f"orders to learn from: {told}")
    if not found:
        return 0

    def build(what: Learned) -> Catalogue:
        return Catalogue.load(path, what.categories, what.duties, duties=duties)

    before, after = await asyncio.to_thread(learning.compare, found, installed, build, duties)
    print(f"held out: {after.coded} with a leaf, {after.placed} with a unit; trained on the other orders")
    for name, value in before.lines().items():
        print(f"  {name:<16} {value:6.1%} -> {after.lines()[name]:6.1%}")
    if not learning.better(before, after):
        print(f"not better (at least {learning.LEAST_HELD_OUT} orders held out, nothing worse): nothing was changed")
        return 0
    if asked.install:
        write_examples(into, [case.example for case in found], now=SystemClock().now())
        print(f"installed: {into}; a running core takes it over by itself")
    else:
        print("better: install it with --install")
    return 0
