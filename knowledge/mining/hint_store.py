"""Hints over the whole base, kept until the next check, and those of one text at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from knowledge import drafts, store, validity
from knowledge.entry import Entry
from knowledge.mining import hints
from knowledge.mining.hints import Hint
from knowledge.mining.meaning import Meaning
from storage.engine import Database
from storage.tables import KnowledgeDocument, KnowledgeEntry, KnowledgeHint

_UNFINISHED = "q-unfinished"


class HintStore:
    """`meaning` may block and is used in a thread."""

    def __init__(self, database: Database, meaning: Meaning, clock: Clock) -> None:
        self._database = database
        self._meaning = meaning
        self._clock = clock

    async def refresh(self) -> int:
        """Check everything that is published; returns how many hints there are now."""
        now = self._clock.now()
        async with self._database.read() as session:
            live = await store.published_entries(session)
            newest = await _newest(session)
            waiting = await _waiting(session)
        valid = [entry for entry in live if not validity.expired(entry, now)]
        by_id = {entry.id: entry for entry in live}
        found = await asyncio.to_thread(self._of_pairs, valid, None)
        found += hints.of_sources(valid, newest)
        found += [hint for entry in valid for hint in hints.of_links(entry.id, entry.related, by_id, waiting, now)]
        async with self._database.write() as session:
            await session.execute(delete(KnowledgeHint))
            for hint in found:
                session.add(
                    KnowledgeHint(
                        kind=hint.kind,
                        entry_id=hint.entry_id,
                        other_id=hint.other_id[:80],
                        message=hint.message,
                        score=hint.score,
                        at=now,
                    )
                )
        return len(found)

    async def page(self, kind: str, page: int, page_size: int) -> dict[str, Any]:
        where = [KnowledgeHint.kind == kind] if kind else []
        async with self._database.read() as session:
            total = (await session.execute(select(func.count(KnowledgeHint.id)).where(*where))).scalar_one()
            rows = await session.execute(
                select(KnowledgeHint)
                .where(*where)
                .order_by(KnowledgeHint.score.desc(), KnowledgeHint.id)
                .offset((page - 1) * page_size)
                .limit(page_size)
            )
            items = await _shown(session, list(rows.scalars()))
        return {"items": items, "total": total, "page": page, "page_size": page_size}

    async def of_entry(self, entry_id: str, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        """What the last check found about an entry, from either side; its links as they are now."""
        linked = [str(name) for name in content.get("related") or ()]
        async with self._database.read() as session:
            rows = await session.execute(
                select(KnowledgeHint)
                .where(
                    (KnowledgeHint.entry_id == entry_id) | (KnowledgeHint.other_id == entry_id),
                    KnowledgeHint.kind.not_in(hints.OF_LINKS),
                )
                .order_by(KnowledgeHint.id)
            )
            kept = await _shown(session, list(rows.scalars()))
            live = await session.execute(
                select(KnowledgeEntry.id, KnowledgeEntry.body).where(
                    KnowledgeEntry.status == "published", KnowledgeEntry.id.in_(linked)
                )
            )
            waiting = await _waiting(session)
            others = {row.id: Entry.model_validate(row.body) for row in live}
        names = {other.id: other.question for other in others.values()} | {entry_id: str(content.get("question") or "")}
        return kept + [
            _object(hint, names) for hint in hints.of_links(entry_id, linked, others, waiting, self._clock.now())
        ]

    async def of_content(self, content: Mapping[str, Any], entry_id: str) -> list[dict[str, Any]]:
        """What the base says to a text that is being written; an unfinished one gets no hints."""
        try:
            entry = drafts.finished({**content, "id": entry_id or content.get("id") or _UNFINISHED})
        except drafts.BadDraft:
            return []
        now = self._clock.now()
        async with self._database.read() as session:
            live = await store.published_entries(session)
            newest = await _newest(session)
            waiting = await _waiting(session)
        others = [other for other in live if other.id != entry.id and not validity.expired(other, now)]
        found = await asyncio.to_thread(self._of_pairs, [entry, *others], entry.id)
        found += hints.of_sources([entry], newest)
        found += hints.of_links(entry.id, entry.related, {other.id: other for other in live}, waiting, now)
        names = {other.id: other.question for other in live} | {entry.id: entry.question}
        return [_object(hint, names) for hint in found]

    def _of_pairs(self, entries: list[Entry], only: str | None) -> list[Hint]:
        learned = self._meaning.learned
        return hints.of_pairs(
            entries,
            self._meaning.chances([entry.question for entry in entries]),
            same_at=learned.same_at,
            double_at=learned.double_at,
            only=None if only is None else (only,),
        )


async def _waiting(session: AsyncSession) -> frozenset[str]:
    rows = await session.execute(select(KnowledgeEntry.id).where(KnowledgeEntry.status == "none"))
    return frozenset(rows.scalars())


async def _newest(session: AsyncSession) -> dict[str, str]:
    rows = await session.execute(
        select(KnowledgeDocument.title, func.max(KnowledgeDocument.version_date))
        .where(KnowledgeDocument.superseded_by.is_(None))
        .group_by(KnowledgeDocument.title)
    )
    return {row[0]: row[1] for row in rows}


async def _shown(session: AsyncSession, rows: list[KnowledgeHint]) -> list[dict[str, Any]]:
    wanted = {row.entry_id for row in rows} | {row.other_id for row in rows}
    found = await session.execute(
        select(KnowledgeEntry.id, KnowledgeEntry.question).where(KnowledgeEntry.id.in_(wanted))
    )
    names = {row.id: row.question for row in found}
    return [_object(row, names) for row in rows]


def _object(hint: Hint | KnowledgeHint, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": hint.kind,
        "entry_id": hint.entry_id,
        "question": names.get(hint.entry_id, ""),
        "other_id": hint.other_id,
        "other_question": names.get(hint.other_id, ""),
        "message": hint.message,
    }
