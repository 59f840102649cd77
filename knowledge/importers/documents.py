"""Importing files and whole folders of documents: a transaction a document, idempotent, with a report."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy.exc import IntegrityError

from knowledge import store
from knowledge.errors import KnowledgeError, RowProblem
from knowledge.importers import laws, rich_text
from knowledge.store import Document
from storage.engine import Database

SUFFIXES: Final = (".md", ".markdown", ".txt", *rich_text.READERS)
LIMIT_BYTES: Final = 16 * 1024 * 1024
_NOT_DOCUMENTS: Final = frozenset({"readme.md", "index.md", "changelog.md"})
Progress = Callable[[int, int], None]


@dataclass
class Report:
    """What became of each file."""

    added: int = 0
    unchanged: int = 0
    clauses: int = 0
    problems: list[RowProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a collection's own list (`index.jsonl`) tells of a file."""

    category: str = ""
    version_date: str = ""


def files_of(path: Path) -> list[Path]:
    """The documents under a folder, or the one file.

    Raises:
        KnowledgeError: nothing there.
    """
    if path.is_file():
        return [path]
    found = sorted(
        file
        for file in path.rglob("*")
        if file.suffix.lower() in SUFFIXES and file.name.lower() not in _NOT_DOCUMENTS and file.is_file()
    )
    if not found:
        raise KnowledgeError(f"no document ({', '.join(SUFFIXES)}) in {path}")
    return found


def read_text(path: Path) -> str:
    """Raises KnowledgeError: too large, or neither UTF-8 nor GB 18030."""
    if path.stat().st_size > LIMIT_BYTES:
        raise KnowledgeError(f"larger than {LIMIT_BYTES // 1024 // 1024} MB")
    raw = path.read_bytes()
    if b"\x00" in raw:
        raise KnowledgeError("is no text file")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise KnowledgeError("is neither UTF-8 nor GB 18030")


def document_text(path: Path) -> str:
    """The text of a document of any kind that can be imported.

    Raises:
        KnowledgeError: too large, damaged, or without text.
    """
    reader = rich_text.READERS.get(path.suffix.lower())
    if reader is None:
        return read_text(path)
    if path.stat().st_size > LIMIT_BYTES:
        raise KnowledgeError(f"larger than {LIMIT_BYTES // 1024 // 1024} MB")
    return reader(path.read_bytes())


def _listed(folder: Path) -> dict[str, Listed]:
    """The collection's list beside its documents, if it has one; a line that does not fit is passed over."""
    path = folder / "index.jsonl"
    known: dict[str, Listed] = {}
    if not path.is_file():
        return known
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            known[str(row["file"])] = Listed(str(row.get("category") or ""), str(row.get("version_date") or ""))
        except (ValueError, KeyError, TypeError):
            continue
    return known


def parse_folder(path: Path, *, city: str) -> Iterator[Document | RowProblem]:
    """Each file as a document, or as the problem that it is."""
    root = path if path.is_dir() else path.parent
    listed = _listed(root)
    for number, file in enumerate(files_of(path), start=1):
        name = file.relative_to(root).as_posix()
        known = listed.get(name, Listed(category=file.parent.name if file.parent != root else ""))
        try:
            yield laws.parse(
                document_text(file), source=name, category=known.category, fallback_date=known.version_date, city=city
            )
        except (KnowledgeError, OSError) as error:
            yield RowProblem(name, number, str(error))


async def import_documents(
    database: Database, path: Path, *, now: datetime, city: str = "北京", progress: Progress | None = None
) -> Report:
    """Import a file or a folder. A document that is already held (title, version, content) is left alone; one that
    fails is reported and the others go on; no document is ever held in part.

    Raises:
        KnowledgeError: nothing to import there.
    """
    parsed = await asyncio.to_thread(lambda: list(parse_folder(path, city=city)))
    report = Report()
    async with database.read() as session:
        held = set(await store.document_hashes(session))
    for done, found in enumerate(parsed, start=1):
        if isinstance(found, RowProblem):
            report.problems.append(found)
        elif (key := (found.title, found.version_date, found.content_hash)) in held:
            report.unchanged += 1
        else:
            try:
                async with database.write() as session:
                    await store.save_document(session, found, now=now)
            except IntegrityError as error:
                report.problems.append(RowProblem(found.source, done, f"could not be stored: {error.orig}"))
                continue
            held.add(key)
            report.added += 1
            report.clauses += len(found.clauses)
        if progress is not None:
            progress(done, len(parsed))
    return report
