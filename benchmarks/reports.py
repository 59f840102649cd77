"""Reports and the wall over many contacts: a generated database, and how long each question takes.

`python -m benchmarks.reports [--contacts 1000000] [--postgresql]`: on SQLite, and with `--postgresql` the same rows on
a PostgreSQL server of its own too. Beside the time stands the processor's of this process, which other work on the
machine lengthens little (on PostgreSQL the server's is not in it). The contacts lie in the 400 days before now, with
the hours of a day as citizens call; 35 in 100 file an order, 30 in 100 ask for a person, 25 in 100 are visited again.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from base.clock import local
from benchmarks.servers import postgresql_server
from seats.reports import Reports
from seats.reports_seats import SeatReports
from seats.reports_time import Slot, Span
from storage import migrate
from storage.engine import Database
from storage.move import move

_DAYS: Final = 400
_BY_HOUR: Final = (1, 1, 1, 1, 1, 2, 4, 8, 14, 16, 15, 12, 9, 11, 13, 13, 12, 10, 8, 8, 7, 5, 3, 2)
_STATE: Final = '{"channel": "phone", "matters": [' + '"' + "市民反映的情况" * 40 + '"' + "]}"
_STREETS: Final = [(f"区{number % 16}", f"街道{number}") for number in range(340)]
_SPANS: Final[tuple[tuple[Slot, int], ...]] = (
    ("hour", 1),
    ("hour", 31),
    ("day", 14),
    ("day", 366),
    ("week", 84),
    ("month", 365),
)
_BATCH: Final = 20_000


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")


def _contacts(number: int, now: datetime, chance: random.Random) -> Iterator[tuple[Any, ...]]:
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    hours = chance.choices(range(24), _BY_HOUR, k=number)
    for index, hour in enumerate(hours):
        day = midnight - timedelta(days=_DAYS * (number - 1 - index) // number)
        at = min(now, day + timedelta(hours=hour, seconds=chance.uniform(0, 3_600))).astimezone(UTC)
        outcome = chance.choices(("answered", "order_filed", "seat", "callback", "closed"), (35, 35, 20, 4, 6))[0]
        channel = chance.choices(("phone", "web", "wechat", "api"), (60, 15, 20, 5))[0]
        seat = f"s{index % 200}" if outcome == "seat" else None
        yield f"c{index}", channel, outcome, seat, _moment(at), index


def fill(path: Path, number: int, now: datetime) -> None:
    """Write the rows straight into the file."""
    chance = random.Random(12345)
    database = sqlite3.connect(path)
    database.execute("PRAGMA synchronous=OFF")
    database.execute("PRAGMA foreign_keys=OFF")
    conversations: list[tuple[Any, ...]] = []
    waits: list[tuple[Any, ...]] = []
    orders: list[tuple[Any, ...]] = []
    visits: list[tuple[Any, ...]] = []

    def write() -> None:
        database.executemany(
            "INSERT INTO conversations (id, channel, trace_id, status, version, state, outcome, outcome_detail, "
            "seat_id, priority, created_at, updated_at, ended_at) VALUES (?,?,'t','ended',1,?,?,'{}',?,0,?,?,?)",
            conversations,
        )
        database.executemany(
            "INSERT INTO desk_waits (conversation_id, channel, again, asked_at, ended_at, ended_by, waited_seconds, "
            "seat_id) VALUES (?,?,0,?,?,?,?,?)",
            waits,
        )
        database.executemany(
            "INSERT INTO orders (order_no, tracking_hash, idempotency_key, conversation_id, matter, version, status, "
            "channel, request_type, title, detail, district, street, confidential, category_level1, category_level2, "
            "urgency, deadline_hours, copies, extra, created_by, created_at, filed_at, updated_at) VALUES "
            "(?,'x',?,?,1,1,'closed',?,?,'标题','内容',?,?,0,?,?,'ordinary',24,'[]','{}','bot',?,?,?)",
            orders,
        )
        database.executemany(
            "INSERT INTO return_visits (id, order_no, round, unit, channel, status, attempts, next_at, created_at, "
            "responded, solved, satisfied, reason, reason_detail, note, done_at) VALUES "
            "(?,?,1,'某局','phone','done',1,?,?,?,?,?,'','','',?)",
            visits,
        )
        database.commit()
        for rows in (conversations, waits, orders, visits):
            rows.clear()

    for known, channel, outcome, seat, at, index in _contacts(number, now, chance):
        conversations.append((known, channel, _STATE, outcome, seat, at, at, at))
        if outcome in ("seat", "callback") or chance.random() < 0.08:
            how = chance.choices(("answered", "abandoned", "callback", "went_on"), (80, 12, 5, 3))[0]
            waits.append((known, channel, at, at, how, chance.expovariate(1 / 20), seat))
        if outcome == "order_filed":
            kind = chance.choice(("投诉", "求助", "咨询", "建议", "举报"))
            district, street = chance.choice(_STREETS)
            orders.append(
                (
                    f"o{index}",
                    known,
                    known,
                    channel,
                    kind,
                    district,
                    street,
                    f"类{index % 12}",
                    f"目{index % 150}",
                    at,
                    at,
                    at,
                )
            )
            if chance.random() < 0.7:
                answers = [chance.choice((1, 1, 1, 0, None)) for _ in range(3)]
                visits.append((f"v{index}", f"o{index}", at, at, *answers, at))
        if len(conversations) >= _BATCH:
            write()
    write()
    database.execute("ANALYZE")
    database.commit()
    database.close()


class _Timer:
    """Milliseconds since it was made."""

    def __init__(self) -> None:
        self._began, self._used = time.perf_counter(), time.process_time()

    def __str__(self) -> str:
        passed, used = time.perf_counter() - self._began, time.process_time() - self._used
        return f"{1_000 * passed:.0f} ms ({1_000 * used:.0f} ms of this process)"


async def measure(url: str, now: datetime) -> None:
    database = Database(url)
    reports, today = Reports(database), local(now).date()
    try:
        midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        for name, begins in (("wall, day", midnight), ("wall, half an hour", now - timedelta(minutes=30))):
            timer = _Timer()
            shown = await reports.wall(begins)
            print(f"{name}: {timer}, {shown['contacts']} contacts")
        for slot, days in _SPANS:
            span = Span.whole(slot, today - timedelta(days=days - 1), today)
            timer = _Timer()
            report = await reports.of(span)
            print(f"by {slot}, {days} days: {timer}, {report['totals']['contacts']} contacts")
        span = Span.whole("week", today, today)
        timer = _Timer()
        await SeatReports(database).of(span)
        print(f"seats of a week: {timer}")
    finally:
        await database.close()


async def moved(source_url: str, target_url: str) -> None:
    """The same rows in PostgreSQL, brought there by `storage/move.py`."""
    source, target = Database(source_url), Database(target_url)
    try:
        await move(source, target)
        async with target.engine.connect() as connection:
            autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await autocommit.execute(text("VACUUM ANALYZE"))
    finally:
        await source.close()
        await target.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true")
    asked = parser.parse_args()
    number, now = asked.contacts, datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hotline.db"
        url = f"sqlite+aiosqlite:///{path}"
        asyncio.run(migrate.upgrade_url(url))
        fill(path, number, now)
        print(f"{number} contacts, {path.stat().st_size / 1e6:.0f} MB")
        asyncio.run(measure(url, now))
        if asked.postgresql:
            with postgresql_server() as target:
                asyncio.run(moved(url, target))
                print("PostgreSQL:")
                asyncio.run(measure(target, now))


if __name__ == "__main__":
    main()
