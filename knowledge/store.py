"""Knowledge in the database: entries with their versions, documents with their clauses, one revision counter.

Every change adds one to the revision inside its own transaction, so that a running service sees that something
changed by reading a single row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.entry import Entry
from knowledge.errors import KnowledgeError
from storage.engine import Database, next_value
from storage.tables import (
    Counter,
    KnowledgeClause,
    KnowledgeDocument,
    KnowledgeEntry,
    KnowledgeStep,
    KnowledgeVersion,
)

REVISION: Final = "knowledge_revision"
_READ_AT_ONCE: Final = 500  # entries: about 15 ms of one core


@dataclass(frozen=True, slots=True)
class Clause:
    """One article. `article` is as it stands in the law (第十七条); `chapter` may be empty."""

    article: str
    text: str
    chapter: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A law or notice as imported. `version_date` is an ISO date or empty; `content_hash` of title and clauses."""

    id: str
    title: str
    issuing_body: str
    category: str
    version_date: str
    scope: str
    content_hash: str
    source: str
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredClause:
    """A clause in force with what its citation needs."""

    id: str
    document_id: str
    article: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


async def revision(session: AsyncSession) -> int:
    """The number of the last change, 0 before the first."""
    value = (await session.execute(select(Counter.value).where(Counter.name == REVISION))).scalar_one_or_none()
    return value or 0


async def save_entries(
    database: Database, entries: Sequence[Entry], *, now: datetime, actor: str, reason: str
) -> Change:
    """Publish entries in one transaction: all of them or, on any error, none. Equal entries are left alone.

    For whoever runs the machine (set-up, `hotline kb import`); editors go through `knowledge/editorial.py`.
    A working copy that an editor has open stays as it is.
    """
    added = changed = unchanged = 0
    async with database.write() as session:
        held = {row.id: row for row in (await session.execute(select(KnowledgeEntry))).scalars()}
        numbers: dict[str, int] = {}
        for entry_id, number in await session.execute(select(KnowledgeVersion.entry_id, KnowledgeVersion.number)):
            numbers[entry_id] = max(number, numbers.get(entry_id, 0))
        number_now: int | None = None
        versions: list[KnowledgeVersion] = []
        for entry in entries:
            row = held.get(entry.id)
            if row is not None and row.status == "published" and Entry.model_validate(row.body) == entry:
                unchanged += 1
                continue
            if number_now is None:
                number_now = await next_value(session, REVISION)
            if row is None:
                row = KnowledgeEntry(id=entry.id, version=0)
                session.add(row)
                added += 1
            else:
                changed += 1
            make_live(row, entry, revision=number_now)
            row.coming = None
            row.version = (row.version or 0) + 1
            row.updated_by, row.updated_at = actor, now
            versions.append(
                KnowledgeVersion(
                    entry_id=entry.id,
                    number=numbers.get(entry.id, 0) + 1,
                    body=row.body,
                    actor=actor,
                    reason=reason,
                    at=now,
                    published_at=now,
                )
            )
        await session.flush()
        session.add_all(versions)
    return Change(added, changed, unchanged)


def make_live(row: KnowledgeEntry, entry: Entry, *, revision: int) -> None:
    """What the entry says becomes what is answered."""
    row.status = "published"
    row.revision = revision
    row.body = entry.model_dump(mode="json")
    row.sample = entry.sample
    row.effective_from = entry.begins()
    row.effective_to = entry.ends()
    list_as(row, row.body)


def list_as(row: KnowledgeEntry, body: Mapping[str, Any]) -> None:
    """The columns that lists are filtered and searched by."""
    row.question = str(body.get("question") or "")[:300]
    row.topic = str(body.get("topic") or "")[:300]
    row.owner = str(body.get("owner") or "")[:300]
    row.scope = str(body.get("scope") or "")[:64]
    row.audience = str(body.get("audience") or "")[:12]
    row.sensitivity = str(body.get("sensitivity") or "")[:12]
    row.words = "\n".join([row.question, *body.get("ask", ()), str(body.get("answer") or "")]).lower()


async def withdraw_entry(
    database: Database, entry_id: str, *, now: datetime, actor: str = "cli", note: str = ""
) -> None:
    """Take an entry out of every channel; its versions are kept.

    Raises:
        KnowledgeError: there is no published entry of that id.
    """
    async with database.write() as session:
        row = await session.get(KnowledgeEntry, entry_id)
        if row is None or row.status != "published":
            raise KnowledgeError(f"no published entry {entry_id!r}")
        row.status, row.coming, row.publish_at = "withdrawn", None, None
        row.revision = await next_value(session, REVISION)
        row.version += 1
        row.updated_by, row.updated_at = actor, now
        session.add(KnowledgeStep(subject_id=entry_id, event="withdraw", actor=actor, note=note, at=now))


async def withdraw_document(database: Database, document_id: str) -> None:
    """Take a document and its clauses out for good (it can be imported again).

    Raises:
        KnowledgeError: there is no such document.
    """
    async with database.write() as session:
        if await session.get(KnowledgeDocument, document_id) is None:
            raise KnowledgeError(f"no document {document_id!r}")
        await session.execute(
            update(KnowledgeDocument).where(KnowledgeDocument.superseded_by == document_id).values(superseded_by=None)
        )
        await session.execute(delete(KnowledgeClause).where(KnowledgeClause.document_id == document_id))
        await session.execute(delete(KnowledgeDocument).where(KnowledgeDocument.id == document_id))
        await next_value(session, REVISION)


async def published_among(session: AsyncSession, identifiers: Collection[str]) -> list[Entry]:
    """Those of a few entries that are published."""
    rows = await session.execute(
        select(KnowledgeEntry.body)
        .where(KnowledgeEntry.status == "published", KnowledgeEntry.id.in_(identifiers))
        .order_by(KnowledgeEntry.id)
    )
    return [Entry.model_validate(body) for body in rows.scalars()]


async def published_entries(session: AsyncSession) -> list[Entry]:
    """All of them. Read in parts: the rows of a large book take several times the memory of its entries."""
    rows = await session.stream_scalars(
        select(KnowledgeEntry.body)
        .where(KnowledgeEntry.status == "published")
        .order_by(KnowledgeEntry.id)
        .execution_options(yield_per=_READ_AT_ONCE)
    )
    return [Entry.model_validate(body) async for body in rows]


async def coming_entries(session: AsyncSession) -> dict[str, Entry]:
    """Approved successors that wait for the day from which their rule holds, by the id of their entry."""
    rows = await session.execute(
        select(KnowledgeEntry.id, KnowledgeEntry.coming).where(
            KnowledgeEntry.status == "published", KnowledgeEntry.coming.is_not(None)
        )
    )
    return {identifier: Entry.model_validate(body) for identifier, body in rows if body}


async def past_bodies(session: AsyncSession, limit: int) -> list[Entry]:
    """What was published once and is not any more: older versions of entries and withdrawn entries, newest first.

    Versions that the present schema does not take are left out: they were never said by this program.
    """
    rows = await session.execute(
        select(KnowledgeVersion.body, KnowledgeEntry.body, KnowledgeEntry.status)
        .join(KnowledgeEntry, KnowledgeEntry.id == KnowledgeVersion.entry_id)
        .where(KnowledgeVersion.published_at.is_not(None))
        .order_by(KnowledgeVersion.id.desc())
        .limit(limit)
    )
    past: list[Entry] = []
    for body, present, status in rows:
        if status == "published" and body == present:
            continue
        with suppress(ValidationError):
            past.append(Entry.model_validate(body))
    return past


async def changed_since(session: AsyncSession, known_revision: int) -> tuple[int, frozenset[str]]:
    """The present revision, and the entries changed or withdrawn after `known_revision`."""
    now = await revision(session)
    if now == known_revision:
        return now, frozenset()
    rows = await session.execute(select(KnowledgeEntry.id).where(KnowledgeEntry.revision > known_revision))
    return now, frozenset(rows.scalars())


async def document_hashes(session: AsyncSession) -> dict[tuple[str, str, str], str]:
    """(title, version date, content hash) -> document id of everything imported so far."""
    rows = await session.execute(
        select(
            KnowledgeDocument.title,
            KnowledgeDocument.version_date,
            KnowledgeDocument.content_hash,
            KnowledgeDocument.id,
        )
    )
    return {(title, version, content): identifier for title, version, content, identifier in rows}


async def save_document(session: AsyncSession, document: Document, *, now: datetime) -> None:
    """Add one document with its clauses inside the caller's transaction; older versions become superseded."""
    number = await next_value(session, REVISION)
    others = list(
        (await session.execute(select(KnowledgeDocument).where(KnowledgeDocument.title == document.title))).scalars()
    )
    session.add(
        KnowledgeDocument(
            id=document.id,
            revision=number,
            title=document.title,
            issuing_body=document.issuing_body,
            category=document.category,
            version_date=document.version_date,
            scope=document.scope,
            content_hash=document.content_hash,
            superseded_by=None,
            source=document.source,
            imported_at=now,
        )
    )
    await session.flush()
    newer = [other for other in others if other.version_date > document.version_date and other.superseded_by is None]
    if newer:
        newest = max(newer, key=lambda other: other.version_date)
        await session.execute(
            update(KnowledgeDocument).where(KnowledgeDocument.id == document.id).values(superseded_by=newest.id)
        )
    else:
        for other in others:
            other.superseded_by = document.id
    await session.execute(
        insert(KnowledgeClause),
        [
            {
                "id": f"{document.id}-{position:04d}",
                "document_id": document.id,
                "position": position,
                "chapter": clause.chapter[:200],
                "article": clause.article,
                "text": clause.text,
            }
            for position, clause in enumerate(document.clauses, start=1)
        ],
    )


async def documents_in_force(session: AsyncSession) -> list[Document]:
    """The newest version of each document, without its clauses."""
    rows = await session.execute(
        select(KnowledgeDocument).where(KnowledgeDocument.superseded_by.is_(None)).order_by(KnowledgeDocument.id)
    )
    return [
        Document(
            id=row.id,
            title=row.title,
            issuing_body=row.issuing_body,
            category=row.category,
            version_date=row.version_date,
            scope=row.scope,
            content_hash=row.content_hash,
            source=row.source,
        )
        for row in rows.scalars()
    ]


async def clauses_in_force(session: AsyncSession) -> list[StoredClause]:
    rows = await session.execute(
        select(KnowledgeClause.id, KnowledgeClause.document_id, KnowledgeClause.article, KnowledgeClause.text)
        .join(KnowledgeDocument, KnowledgeDocument.id == KnowledgeClause.document_id)
        .where(KnowledgeDocument.superseded_by.is_(None))
        .order_by(KnowledgeClause.document_id, KnowledgeClause.position)
    )
    return [StoredClause(*row) for row in rows]
