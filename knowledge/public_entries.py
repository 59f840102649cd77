"""What everybody may read of the knowledge base: public, checked entries that have not expired, as they hold now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select

from base.clock import Clock, local
from knowledge import export, validity
from knowledge.entry import Entry
from knowledge.errors import KnowledgeError
from storage.engine import Database
from storage.tables import KnowledgeEntry, KnowledgeUse

_EXCERPT_CHARACTERS: Final = 120


class NotAvailable(KnowledgeError):
    """Expired, withdrawn, for seats only, unchecked, or never there: all the same to the outside."""

    def __init__(self) -> None:
        super().__init__("没有这条内容，或者它已经失效、被撤回。请重新搜索，或者拨打热线咨询。")


class PublicEntries:
    """`licence`: of the structured data; empty where none is stated."""

    def __init__(self, database: Database, clock: Clock, *, licence: str = "") -> None:
        self._database = database
        self._clock = clock
        self._licence = licence

    async def topics(self) -> list[dict[str, Any]]:
        count = func.count(KnowledgeEntry.id)
        query = select(KnowledgeEntry.topic, count).where(*_open(self._clock.now())).group_by(KnowledgeEntry.topic)
        async with self._database.read() as session:
            rows = await session.execute(query.order_by(count.desc(), KnowledgeEntry.topic))
            return [{"topic": topic, "count": int(number)} for topic, number in rows]

    async def browse(self, topic: str, page: int, page_size: int) -> dict[str, Any]:
        now = self._clock.now()
        where = [*_open(now), *([KnowledgeEntry.topic == topic] if topic else [])]
        async with self._database.read() as session:
            total = (await session.execute(select(func.count(KnowledgeEntry.id)).where(*where))).scalar_one()
            rows = await session.execute(
                select(KnowledgeEntry)
                .where(*where)
                .order_by(KnowledgeEntry.topic, KnowledgeEntry.question, KnowledgeEntry.id)
                .offset((page - 1) * page_size)
                .limit(page_size)
            )
            items = [_summary(row, now) for row in rows.scalars()]
        return {"items": items, "total": total, "page": page, "page_size": page_size}

    async def found(self, entry_ids: Sequence[str], topic: str, page: int, page_size: int) -> dict[str, Any]:
        """What a search found, in its order, as far as everybody may read it."""
        now = self._clock.now()
        query = select(KnowledgeEntry).where(*_open(now), KnowledgeEntry.id.in_(entry_ids))
        async with self._database.read() as session:
            rows = {row.id: row for row in (await session.execute(query)).scalars()}
        shown = [rows[name] for name in dict.fromkeys(entry_ids) if name in rows and topic in ("", rows[name].topic)]
        some = shown[(page - 1) * page_size : page * page_size]
        items = [_summary(row, now) for row in some]
        return {"items": items, "total": len(shown), "page": page, "page_size": page_size}

    async def one(self, entry_id: str) -> dict[str, Any]:
        """Raises NotAvailable."""
        now = self._clock.now()
        async with self._database.read() as session:
            row = (await session.execute(_one(entry_id, now))).scalar_one_or_none()
            if row is None:
                raise NotAvailable
            entry = Entry.model_validate(row.body)
            successor = Entry.model_validate(row.coming) if row.coming else None
            query = select(KnowledgeEntry.id, KnowledgeEntry.question)
            found = await session.execute(query.where(*_open(now), KnowledgeEntry.id.in_(entry.related)))
            related = {near.id: near.question for near in found}
        answer, _ = validity.said(entry, now, successor)
        summary = _summary(row, now)
        del summary["excerpt"]
        return {
            **summary,
            "scope": entry.scope,
            "audience": entry.audience,
            "answer": answer,
            "sources": [source.model_dump(mode="json", exclude={"quote", "seed"}) for source in entry.sources],
            "attachments": [attachment.model_dump(mode="json") for attachment in entry.attachments],
            "related": [{"id": name, "question": related[name]} for name in entry.related if name in related],
            "structured_data": export.faq_object(
                [entry.model_copy(update={"answer": answer})], local(now).date(), self._licence
            ),
        }

    async def vote(self, entry_id: str, *, helpful: bool) -> None:
        """Raises NotAvailable."""
        now = self._clock.now()
        async with self._database.write() as session:
            row = (await session.execute(_one(entry_id, now))).scalar_one_or_none()
            if row is None:
                raise NotAvailable
            event = "helpful" if helpful else "unhelpful"
            use = KnowledgeUse(item_id=row.id, kind="entry", event=event, channel="self", at=now)
            use.owner, use.topic = row.owner, row.topic
            session.add(use)


def _one(entry_id: str, now: datetime) -> Select[KnowledgeEntry]:
    return select(KnowledgeEntry).where(*_open(now), KnowledgeEntry.id == entry_id)


def _open(now: datetime) -> list[ColumnElement[bool]]:
    """The same rule as `export.public` and `validity.expired`, as a condition."""
    return [
        KnowledgeEntry.status == "published",
        KnowledgeEntry.sensitivity == "public",
        KnowledgeEntry.sample.is_(False),
        or_(KnowledgeEntry.effective_to.is_(None), KnowledgeEntry.effective_to > now),
    ]


def _summary(row: KnowledgeEntry, now: datetime) -> dict[str, Any]:
    entry = Entry.model_validate(row.body)
    answer, _ = validity.said(entry, now)
    flat = " ".join(answer.split())
    return {
        "id": row.id,
        "question": entry.question,
        "topic": entry.topic,
        "owner": entry.owner,
        "excerpt": flat if len(flat) <= _EXCERPT_CHARACTERS else f"{flat[: _EXCERPT_CHARACTERS - 1]}…",
        "effective_from": row.body.get("effective_from"),
        "effective_to": row.body.get("effective_to"),
        "coming": validity.coming(entry, now),
        "updated_at": row.updated_at.isoformat(),
    }
