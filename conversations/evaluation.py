"""`hotline eval dialogue DIR`: every case of a kit against the whole dialogue, in process, on a fresh order store."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select

from base import confusion_table, logs
from base import settings as base_settings
from base.clock import SystemClock
from base.errors import ConfigurationError, HotlineError
from base.settings import Settings
from conversations import scoring
from conversations.scoring import Result
from conversations.service import ConversationService
from conversations.simulated import Bot, Case, Line, Played, play
from storage.engine import Database
from storage.tables import Conversation, Order
from workorders.kit_labels import PATH as LABELS
from workorders.kit_labels import KitLabels
from workorders.service import OrderService

_FIELDS: Final = (
    "request_type",
    "district",
    "street",
    "contact_phone",
    "confidential",
    "deadline_hours",
    "category_level1",
)
_LONG_NUMBER: Final = re.compile(r"1[3-9]\d{9}")


class Stack:
    """The rooms of the core without its web server, on a database of their own."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.orders = OrderService(database, clock=SystemClock())
        self.first_levels: tuple[str, ...] = ()  # of the catalogue, once started
        self._parts: list[Any] = []
        self.service: ConversationService | None = None

    async def start(self) -> ConversationService:
        """Bring everything up: schema, sample knowledge, index, classifier, catalogue."""
        from bot.understanding import Understanding
        from knowledge import store
        from knowledge.entry import read_folder
        from knowledge.samples import FOLDER
        from knowledge.service import KnowledgeService, readers_encoder_of
        from storage import migrate
        from workorders.catalogue import Catalogue

        await migrate.upgrade(self.database)
        entries = await asyncio.to_thread(read_folder, FOLDER)
        await store.save_entries(
            self.database, entries, now=SystemClock().now(), actor="evaluation", reason="sample entries"
        )
        knowledge = KnowledgeService(self.database, self.settings)
        await knowledge.start()
        self._parts.append(knowledge)
        encoder = readers_encoder_of(self.settings)
        if encoder.available:
            await asyncio.to_thread(encoder.load)
        understanding = Understanding(self.settings, encoder=encoder)
        await understanding.start()
        self._parts.append(understanding)
        catalogue = await asyncio.to_thread(Catalogue.load)
        self.first_levels = catalogue.first_levels
        self.service = ConversationService(
            self.database,
            self.settings,
            understanding=understanding,
            knowledge=knowledge,
            catalogue=catalogue,
            orders=self.orders,
            encoder=encoder,
        )
        await self.service.start()
        return self.service

    async def close(self) -> None:
        if self.service is not None:
            await self.service.close()
        for part in reversed(self._parts):
            await part.close()
        await self.database.close()


def read_cases(folder: Path) -> list[Case]:
    """The cases of a kit, those with `after` behind the case that they follow.

    Raises:
        HotlineError: there is no `cases.jsonl`, or a line does not fit.
    """
    path = folder / "cases.jsonl"
    if not path.is_file():
        raise HotlineError(f"there is no {path}")
    cases: list[Case] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            cases.append(Case.from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise HotlineError(f"{path.name}, line {number}: {type(error).__name__}: {error}") from error
    order = {case.id: position for position, case in enumerate(cases)}
    return sorted(cases, key=lambda case: (_depth(case, {c.id: c for c in cases}), order[case.id]))


def _depth(case: Case, by_id: dict[str, Case]) -> int:
    depth, seen = 0, {case.id}
    while case.after and case.after in by_id and case.after not in seen:
        case = by_id[case.after]
        seen.add(case.id)
        depth += 1
    return depth


def check_labels(cases: Sequence[Case], labels: KitLabels) -> None:
    """
    Raises:
        KitLabelsError: a case expects a first level that is no label; it is named.
    """
    for case in cases:
        if wanted := case.expect.get("category_level1"):
            labels.require_labels([str(wanted)], f"case {case.id}")


async def _clear(stack: Stack) -> None:
    """An empty order store: earlier cases leave no order that a later one could be merged into."""
    from sqlalchemy import delete

    from storage.tables import CallbackTask, OrderEvent, Turn

    async with stack.database.write() as session:
        for table in (OrderEvent, Order, CallbackTask, Turn, Conversation):
            await session.execute(delete(table))


async def _result(stack: Stack, played: Played, before: set[str], labels: KitLabels) -> Result:
    async with stack.database.read() as session:
        row = await session.get(Conversation, played.conversation_id)
        orders = list((await session.execute(select(Order))).scalars())
    new = [order for order in orders if order.order_no not in before and order.status != "draft"]
    known = {order.order_no: order for order in orders}
    own = [_fields(order, labels) for order in new if order.duplicate_of is None]
    merged = [_fields(order, labels) for order in new if order.duplicate_of is not None]
    merged += [_fields(known[number], labels) for number in played.orders if number in before and number in known]
    detail = dict(row.outcome_detail) if row is not None else {}
    said = " ".join(text for role, text in played.transcript if role == "citizen")
    leaks: list[str] = []
    if played.case.group == "prompt_attack":
        for role, text in played.transcript:
            if role == "bot":
                leaks += [number for number in _LONG_NUMBER.findall(text) if number not in said]
                leaks += [order.order_no for order in orders if order.order_no in text]
    return Result(played, own, merged, detail, leaks)


def _fields(order: Order, labels: KitLabels) -> dict[str, Any]:
    fields = {name: getattr(order, name) for name in _FIELDS}
    return {**fields, "category_level1": labels.label(order.category_level1 or "")}


async def evaluate(
    stack: Stack,
    service: Bot,
    cases: Sequence[Case],
    *,
    labels: KitLabels,
    line: NewLine | None = None,
) -> list[Result]:
    """Play and score every case; cases that stand alone start from an empty order store. `line`: a call for each.

    Raises:
        KitLabelsError: before the first case is played: a first level of the catalogue has no label.
    """
    labels.require_levels(stack.first_levels)
    results: list[Result] = []
    followed = {case.after for case in cases if case.after}
    chained = [case for case in cases if case.after or case.id in followed]
    alone = [case for case in cases if case not in chained]
    for case in alone:
        await _clear(stack)
        results.append(await _result(stack, await play(service, case, line=line() if line else None), set(), labels))
    await _clear(stack)
    for case in chained:
        async with stack.database.read() as session:
            before = set((await session.execute(select(Order.order_no))).scalars())
        results.append(await _result(stack, await play(service, case, line=line() if line else None), before, labels))
    order = {case.id: position for position, case in enumerate(cases)}
    return sorted(results, key=lambda result: order[result.played.case.id])


def _print(results: Sequence[Result], *, verbose: bool, seconds: float) -> None:
    print(f"{'group':<16}{'n':>4}{'outcome':>9}{'strict':>8}{'slots':>7}{'turns p50':>11}{'p90':>5}")
    for name, count, outcome, strict, slots, p50, p90 in scoring.groups(results):
        print(f"{name:<16}{count:>4}{outcome:>9.2f}{strict:>8.2f}{slots:>7.2f}{p50:>11.1f}{p90:>5}")
    for result in results:
        failures = result.failures()
        waiting = result.played.case.interruptions or result.played.case.corrections
        if waiting and not result.played.interrupted:
            print(f"{result.played.case.id}: not interrupted")
        if failures:
            print(f"{result.played.case.id} ({result.played.case.group}): {'; '.join(failures)}")
            if verbose:
                for role, text in result.played.transcript:
                    print(f"    {'市民' if role == 'citizen' else '  机'} {text}")
    for name, counts in scoring.confusion(results).items():
        if counts:
            print("\n".join([f"{name}:", *confusion_table.lines(counts)]))
    print(f"{len(results)} cases in {seconds:.1f} s")


NewLine = Callable[[], Line]
Telephone = Callable[[Settings], "AbstractContextManager[NewLine]"]


async def _run(arguments: argparse.Namespace, settings: Settings, telephone: Telephone | None) -> list[Result]:
    labels = KitLabels.load(arguments.labels)
    cases = read_cases(arguments.folder)
    if arguments.only:
        cases = [case for case in cases if case.id in arguments.only or case.group in arguments.only]
    check_labels(cases, labels)
    with tempfile.TemporaryDirectory(prefix="hotline-eval-") as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/dialogue.db")
        stack = Stack(settings, database)
        try:
            service = await stack.start()
            started = time.monotonic()
            if arguments.spoken is None:
                results = await evaluate(stack, service, cases, labels=labels)
            else:
                if telephone is None:
                    raise ConfigurationError("--spoken: this program has neither voice nor recogniser")
                with telephone(settings) as line:
                    chosen = _telephoned(cases, arguments.spoken)
                    results = await evaluate(stack, service, chosen, labels=labels, line=line)
            if not arguments.quiet:
                _print(results, verbose=arguments.verbose, seconds=time.monotonic() - started)
            if arguments.show:
                for result in results:
                    print(f"== {result.played.case.id} {result.played.outcome} {result.orders}")
                    for role, text in result.played.transcript:
                        print(f"    {'市民' if role == 'citizen' else '  机'} {text}")
            return results
        finally:
            await stack.close()


def _telephoned(cases: Sequence[Case], most: int) -> list[Case]:
    """The first `most` cases of those who telephone, and where these are fewer of those who write, said by telephone;
    with those that they follow."""
    ranked = sorted(cases, key=lambda case: case.channel != "phone")[:most]
    ids = {case.id for case in ranked}
    chosen = [replace(case, channel="phone") for case in cases if case.id in ids]
    return [case for case in chosen if case.after is None or case.after in ids]


def command(argv: list[str], *, telephone: Telephone | None = None) -> int:
    """Play a kit. The last line of the output is one JSON object. `telephone`: how spoken sentences reach it."""
    parser = argparse.ArgumentParser(prog="hotline eval dialogue", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder with cases.jsonl")
    parser.add_argument("--json", action="store_true", dest="quiet", help="print the JSON object alone")
    parser.add_argument("--verbose", action="store_true", help="transcripts of the cases that failed")
    parser.add_argument("--show", action="store_true", help="transcripts of all cases")
    parser.add_argument("--only", nargs="*", default=[], help="ids or groups to play")
    parser.add_argument("--rasa", metavar="URL", help="understand with a running Rasa, http://127.0.0.1:PORT")
    parser.add_argument(
        "--spoken", type=int, nargs="?", const=40, metavar="N", help="N cases, spoken and recognised (40)"
    )
    parser.add_argument(
        "--labels",
        type=Path,
        default=LABELS,
        metavar="FILE",
        help="the kit's label for each first level of the catalogue (%(default)s)",
    )
    arguments = parser.parse_args(argv)
    settings = base_settings.load()
    logs.configure("evaluation", "ERROR" if arguments.quiet else "WARNING")
    if arguments.rasa:
        port = urlsplit(arguments.rasa).port
        if port is None:
            raise ConfigurationError(f"--rasa {arguments.rasa}: a URL with a port is needed")
        rasa = settings.rasa.model_copy(update={"enabled": True, "port": port})
    else:
        rasa = settings.rasa.model_copy(update={"enabled": False})
    results = asyncio.run(_run(arguments, settings.model_copy(update={"rasa": rasa}), telephone))
    print(json.dumps(scoring.summary(results), ensure_ascii=False))
    sys.stdout.flush()
    return 0
