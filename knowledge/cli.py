"""`hotline kb`: import, export, search, index, withdraw, expiring, unanswered, compare-models."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import yaml

from base import settings as base_settings
from base.clock import SystemClock, local
from base.settings import Settings
from knowledge import answering, export, index, model_comparison, store, validity
from knowledge.entry import read_folder
from knowledge.errors import KnowledgeError
from knowledge.importers import documents, tables
from knowledge.listing import Listing
from knowledge.mining.meaning import Meaning
from knowledge.mining.store import Miner
from knowledge.service import KnowledgeService, encoder_of, vector_store_of
from storage.engine import Database


def command(argv: list[str]) -> int:
    """Exit status 0; 1 when rows or documents were refused (each is named on standard error)."""
    parser = argparse.ArgumentParser(prog="hotline kb", description="the knowledge base")
    verbs = parser.add_subparsers(dest="verb", required=True)
    adding = verbs.add_parser(
        "import", help="entries (yml, jsonl, csv, xlsx) or documents (md, txt, docx, html, pdf), a file or a folder"
    )
    adding.add_argument("path", type=Path)
    writing = verbs.add_parser("export", help="all published entries as YAML, on standard output or into a file")
    writing.add_argument("path", type=Path, nargs="?")
    writing.add_argument(
        "--format",
        choices=("yml", *export.FORMATS),
        default="yml",
        help="yml: every published entry, to be imported again; the others: the public part in force, as open data",
    )
    asking = verbs.add_parser("search", help="what the bot would find")
    asking.add_argument("text")
    asking.add_argument("--spoken", action="store_true", help="as if heard on the telephone")
    asking.add_argument("--district")
    asking.add_argument("--limit", type=int, default=5)
    verbs.add_parser("index", help="make the vectors of all clauses (long; goes on where it stopped)")
    leaving = verbs.add_parser("withdraw", help="take an entry or a document out of every channel at once")
    leaving.add_argument("id")
    ending = verbs.add_parser("expiring", help="entries that end soon, for their owners")
    ending.add_argument("--days", type=float, help="so many days from now (default: knowledge.expiring_days)")
    ending.add_argument("--owner", default="", help="of one unit only")
    mining = verbs.add_parser("unanswered", help="questions that were not answered, by what they mean")
    mining.add_argument("--rebuild", action="store_true", help="cluster them anew first")
    mining.add_argument("--limit", type=int, default=20)
    comparing = verbs.add_parser("compare-models", help="measure embedding models and rerankers on your own questions")
    comparing.add_argument("questions", type=Path, help='JSON Lines: {"text", "gold": [ids of entries]}')
    comparing.add_argument("--model", type=Path, action="append", default=[], help="a sentence-transformers folder")
    comparing.add_argument("--reranker", type=Path, action="append", default=[], help="a cross-encoder folder")
    comparing.add_argument("--entries", type=Path, help="a folder of entry files instead of the knowledge base")
    comparing.add_argument("--json", action="store_true", help="last line: one JSON list")
    options = parser.parse_args(argv)
    settings = base_settings.load()
    if options.verb == "index":
        return _index(settings)
    actions: dict[str, Callable[[Database, Settings, argparse.Namespace], Coroutine[Any, Any, int]]] = {
        "import": _import,
        "export": _export,
        "search": _search,
        "withdraw": _withdraw,
        "expiring": _expiring,
        "unanswered": _unanswered,
        "compare-models": _compare_models,
    }
    return asyncio.run(_with_database(settings, options, actions[options.verb]))


async def _with_database(
    settings: Settings,
    options: argparse.Namespace,
    action: Callable[[Database, Settings, argparse.Namespace], Coroutine[Any, Any, int]],
) -> int:
    database = Database(settings.database_url, busy_timeout_seconds=settings.database.busy_timeout_seconds)
    try:
        return await action(database, settings, options)
    finally:
        await database.close()


def _show_progress(done: int, total: int) -> None:
    if done == total or done % 50 == 0:
        print(f"\r{done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _sorted_out(path: Path) -> tuple[list[Path], bool]:
    """The tables at `path`, and whether there are documents. A folder's own `index.jsonl` is a list, not a table.

    Raises:
        KnowledgeError: nothing there that can be imported.
    """
    if not path.exists():
        raise KnowledgeError(f"there is no {path}")
    if path.is_file():
        entry_files = [path] if path.suffix.lower() in tables.SUFFIXES else []
        holds_documents = path.suffix.lower() in documents.SUFFIXES
    else:
        entry_files = sorted(
            file for file in path.iterdir() if file.suffix.lower() in tables.SUFFIXES and file.name != "index.jsonl"
        )
        holds_documents = any(file.suffix.lower() in documents.SUFFIXES for file in path.rglob("*"))
    if not entry_files and not holds_documents:
        raise KnowledgeError(
            f"nothing to import in {path}: entries are yml, jsonl, csv, xlsx; documents md, txt, docx, html, pdf"
        )
    return entry_files, holds_documents


async def _import(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    path: Path = options.path
    now = SystemClock().now()
    entry_files, holds_documents = await asyncio.to_thread(_sorted_out, path)
    read = [(file, await asyncio.to_thread(tables.read_entries, file)) for file in entry_files]
    for file, entries in read:
        change = await store.save_entries(database, entries, now=now, actor="cli", reason=f"import of {file.name}")
        print(f"{file.name}: {change.added} added, {change.changed} changed, {change.unchanged} unchanged")
    if not holds_documents:
        return 0
    report = await documents.import_documents(
        database, path, now=now, city=settings.service.city, progress=_show_progress
    )
    print(f"documents: {report.added} added with {report.clauses} clauses, {report.unchanged} unchanged")
    for problem in report.problems:
        print(f"not imported: {problem}", file=sys.stderr)
    return 1 if report.problems else 0


async def _export(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    async with database.read() as session:
        entries = await store.published_entries(session)
    if options.format == "yml":
        rows = [entry.model_dump(mode="json", exclude_defaults=True) for entry in entries]
        text = yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=100_000)
    else:
        asked = answering.Asked(SystemClock().now())
        held = [entry for entry in entries if validity.in_force(entry, asked.now)]
        entries = export.public([entry for entry in held if answering.may_be_said(entry, asked)])
        text = export.FORMATS[options.format](entries, local(asked.now).date(), settings.knowledge.licence)
    if options.path is None:
        print(text, end="")
    else:
        options.path.write_text(text, encoding="utf-8", newline="")
        print(f"{len(entries)} entries written to {options.path}")
    return 0


async def _search(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    service = KnowledgeService(database, settings)
    try:
        await service.start()
        result = await service.search(
            options.text, spoken=options.spoken, limit=options.limit, district=options.district
        )
    finally:
        await service.close()
    if result.corrected != result.query:
        print(f"understood as: {result.corrected}")
    print(f"verdict: {result.verdict}")
    for number, hit in enumerate(result.hits, start=1):
        mark = "（示例）" if hit.sample else ""
        print(f"{number}. [{hit.probability:.2f} {hit.score:.2f}] {hit.id} {hit.question}{mark}\n   {hit.answer}")
        for citation in hit.citations:
            print(
                f"   《{citation.title}》{citation.clause} {citation.source} {citation.effective_from} {citation.url}"
            )
    return 0


def _index(settings: Settings) -> int:
    built = index.build(settings, clauses=True, progress=_show_progress)
    if not built.embedding:
        raise KnowledgeError("no embedding model: run `hotline setup` first")
    print(f"{built.entries} entries, {built.clauses} clauses, {built.encoded} texts newly encoded")
    return 0


async def _withdraw(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    if options.id.startswith("doc-"):
        await store.withdraw_document(database, options.id)
    else:
        await store.withdraw_entry(database, options.id, now=SystemClock().now())
    print(f"{options.id} withdrawn")
    return 0


async def _expiring(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    days = settings.knowledge.expiring_days if options.days is None else options.days
    listing = Listing(database, expiring_days=settings.knowledge.expiring_days)
    for unit in await listing.expiring(SystemClock().now(), days=days, owner=options.owner):
        print(unit["owner"] or "（未填责任单位）")
        for row in unit["entries"]:
            print(f"  {row['effective_to']}\t{row['id']}\t{row['question']}")
    return 0


async def _unanswered(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    encoder = encoder_of(settings)
    meaning = Meaning(encoder, vector_store_of(settings)) if encoder.available else Meaning()
    miner = Miner(database, meaning, SystemClock())
    if options.rebuild:
        made = await miner.rebuild()
        print(f"{made.questions} questions in {made.clusters} clusters")
    for cluster in (await miner.page("open", 1, max(options.limit, 1)))["items"]:
        near = f"（最近的条目：{cluster['near']['question']}）" if cluster["near"] else ""
        print(f"{cluster['count']}\t{cluster['question']}{near}")
    return 0


async def _compare_models(database: Database, settings: Settings, options: argparse.Namespace) -> int:
    """The configured model always takes part; it finds what the rerankers order anew."""
    if options.entries is not None:
        entries = read_folder(options.entries)
    else:
        async with database.read() as session:
            entries = await store.published_entries(session)
    asked = model_comparison.read_questions(options.questions, entries)
    own, ranker = model_comparison.measure_embedding(encoder_of(settings).directory, entries, asked)
    rows = [own]
    rows += [model_comparison.measure_embedding(folder, entries, asked)[0] for folder in options.model]
    rows += [model_comparison.measure_reranker(folder, entries, asked, ranker) for folder in options.reranker]
    print(f"{len(asked)} questions, {len(entries)} entries")
    print(model_comparison.table(rows))
    if options.json:
        print(json.dumps([row.as_dict() for row in rows]))
    return 0
