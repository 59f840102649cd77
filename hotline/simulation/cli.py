"""`hotline simulate`: the record hour, or any other, on so many nodes with so many seats."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from base import settings as base_settings
from hotline.simulation import measure, plot, report, table
from hotline.simulation.errors import SimulationError
from hotline.simulation.scenario import Number, Scenario, build, override, read
from hotline.simulation.search import search
from hotline.simulation.world import World
from storage.engine import Database


def command(argv: list[str]) -> int:
    """Exit status 0; 3 where a run does not keep its promises (`connected_share`, `seat_share_within`)."""
    parser = argparse.ArgumentParser(prog="hotline simulate", description=__doc__)
    verbs = parser.add_subparsers(dest="verb")
    for verb, text in (
        ("run", "one hour with the scenario's nodes and seats (the default)"),
        ("search", "find the fewest nodes and seats that keep the promises, then run with them"),
        ("numbers", "every number of the scenario, and how it is known"),
    ):
        _scenario_options(verbs.add_parser(verb, help=text))
    measuring = verbs.add_parser("measure", help="write numbers of the database and of a benchmark for --measured")
    measuring.add_argument("--days", type=float, help="only calls that began so many days ago or later")
    measuring.add_argument("--benchmark", type=Path, help="result of `python -m benchmarks.phone`")
    measuring.add_argument("--no-database", action="store_true", help="only the benchmark")
    measuring.add_argument("--output", type=Path, help="file to write (default: standard output)")
    told = argv[:1] and argv[0] in (*verbs.choices, "-h", "--help")
    options = parser.parse_args(argv if told else ["run", *argv])
    if options.verb == "measure":
        return _measure(options)
    numbers = _numbers(options)
    scenario = build(numbers)
    console = Console(width=None if sys.stdout.isatty() else 140)
    if options.verb == "numbers":
        console.print(table.assumptions(list(numbers.values())))
        return 0
    if options.verb == "search":
        found = search(scenario, options.seed, lambda line: print(f"simulate: {line}", file=sys.stderr, flush=True))
        console.print(f"{found.nodes} nodes and {found.seats} seats keep the promises ({found.runs} runs)")
        scenario = scenario.with_size(nodes=found.nodes, seats=found.seats)
    return _run(scenario, options, console)


def _scenario_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenario", type=Path, help="file of numbers that differ from the record hour's")
    parser.add_argument("--measured", type=Path, help="file that `hotline simulate measure` wrote")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one number changed by hand")
    parser.add_argument("--nodes", type=int)
    parser.add_argument("--seats", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--svg", type=Path, help="write the course of the run as a drawing")
    parser.add_argument("--json", type=Path, help="write figures, minutes and the scenario")


def _numbers(options: argparse.Namespace) -> dict[str, Number]:
    numbers = read()
    for path in (options.scenario, options.measured):
        if path is not None:
            numbers = read(path, base=numbers)
    changes = [*options.set]
    changes += [f"{name}={value}" for name in ("nodes", "seats") if (value := getattr(options, name)) is not None]
    for change in changes:
        name, given, value = change.partition("=")
        if not given:
            raise SimulationError(f"--set {change}: NAME=VALUE is wanted")
        numbers = override(numbers, name, value)
    return numbers


def _run(scenario: Scenario, options: argparse.Namespace, console: Console) -> int:
    began = time.perf_counter()
    tally = World(scenario, options.seed).run()
    made = report.make(tally)
    console.print(table.render(made, tally.minutes, scenario.connected_within_seconds))
    console.print(f"seed {options.seed}, {time.perf_counter() - began:.1f} s")
    console.print("`hotline simulate numbers` tells which numbers are measured and which are assumed")
    if options.svg:
        hour = (scenario.warm_up_seconds / 60.0, (scenario.warm_up_seconds + scenario.hour_seconds) / 60.0)
        title = f"{scenario.calls_an_hour:,.0f} calls an hour, {scenario.nodes} nodes, {scenario.seats} seats"
        _write(options.svg, plot.svg(tally.minutes, title, hour=hour))
    if options.json:
        _write(options.json, json.dumps(report.as_json(tally, made, seed=options.seed), indent=1))
    return 0 if made.enough_nodes and made.enough_seats else 3


def _measure(options: argparse.Namespace) -> int:
    numbers: list[Number] = []
    if not options.no_database:
        numbers += asyncio.run(_of_database(options.days))
    if options.benchmark:
        limit = base_settings.load().admission.lag_limit_seconds
        numbers += measure.of_benchmark(options.benchmark, limit)
    if not numbers:
        raise SimulationError("nothing to measure: leave out --no-database, or name --benchmark")
    text = measure.as_yaml(numbers)
    if options.output:
        _write(options.output, text)
    else:
        print(text, end="")
    return 0


async def _of_database(days: float | None) -> list[Number]:
    settings = base_settings.load()
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        since = None if days is None else datetime.now(UTC) - timedelta(days=days)
        calls = await measure.calls_of(database, since)
    finally:
        await database.close()
    return measure.of_calls(calls, "the PostgreSQL database" if not database.is_sqlite else "the SQLite database")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SimulationError(f"{path}: cannot be written ({error.strerror})") from error
