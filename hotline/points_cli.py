"""`hotline points`: import a table of service points, list what is there."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from base import settings as base_settings
from base.clock import SystemClock
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from knowledge.errors import ImportRefused
from knowledge.points import kinds, store
from knowledge.points.coordinates import DATUMS
from knowledge.points.importer import Defaults, read_points
from storage.engine import Database


def command(argv: list[str]) -> int:
    """Exit status 0; 1 when rows were refused: each is named on standard error, and nothing was stored."""
    parser = argparse.ArgumentParser(prog="hotline points", description="service points")
    verbs = parser.add_subparsers(dest="verb", required=True)
    adding = verbs.add_parser("import", help="a table (csv, xlsx, jsonl) of name, kind, address, longitude, latitude …")
    adding.add_argument("path", type=Path)
    adding.add_argument(
        "--datum", choices=DATUMS, default="wgs84", help="system of the table's degrees; stored is always WGS-84"
    )
    adding.add_argument("--source", default="", help="who published the table, where its rows do not say it")
    adding.add_argument("--date", default="", help="as of which day (YYYY-MM-DD), where its rows do not say it")
    adding.add_argument(
        "--complete", action="store_true", help="the table is complete: remove points of its sources that it lacks"
    )
    showing = verbs.add_parser(
        "list", help="how many there are of each kind; with KIND or --text the points themselves"
    )
    showing.add_argument("kind", nargs="?", default="")
    showing.add_argument("--text", default="", help="words of name or address")
    showing.add_argument("--limit", type=int, default=50)
    options = parser.parse_args(argv)
    return asyncio.run(_import(base_settings.load(), options) if options.verb == "import" else _list(options))


async def _import(settings: Settings, options: argparse.Namespace) -> int:
    places = await asyncio.to_thread(PlaceMatcher.load)

    def locate(address: str) -> tuple[str, str]:
        found = places.find(address)
        return found.district, found.street

    try:
        points = await asyncio.to_thread(
            read_points,
            options.path,
            bounds=kinds.default().bounds,
            datum=options.datum,
            locate=locate,
            defaults=Defaults(options.source, options.date),
        )
    except ImportRefused as refused:
        print(f"nothing was imported from {refused.file}: {len(refused.problems)} problem(s)", file=sys.stderr)
        for problem in refused.problems:
            print(f"  {problem}", file=sys.stderr)
        return 1
    sources = frozenset(point.source for point in points) if options.complete else frozenset()
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        change = await store.save(database, points, now=SystemClock().now(), complete_sources=sources)
    finally:
        await database.close()
    print(
        f"{options.path.name}: {change.added} added, {change.changed} changed, {change.unchanged} unchanged, "
        f"{change.removed} removed"
    )
    return 0


async def _list(options: argparse.Namespace) -> int:
    settings = base_settings.load()
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        async with database.read() as session:
            if options.kind or options.text:
                for point in await store.listing(session, kind=options.kind, text=options.text, limit=options.limit):
                    mark = "（示例）" if point.sample else ""
                    print(f"{point.id}\t{point.kind}\t{point.name}{mark}\t{point.address}\t{point.phone}")
            else:
                for kind, count in await store.kinds(session):
                    print(f"{count}\t{kind}")
    finally:
        await database.close()
    return 0
