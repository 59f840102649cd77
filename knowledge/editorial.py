"""The editors' door to the knowledge base: working copies, steps of the life cycle, and what happens by itself in time.

The rules are pure (`knowledge/lifecycle.py`); here they meet the database, one transaction a step, so that two people
at the same entry cannot both win. Whatever changes what is live adds one to the revision, which every node follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from base.ids import new_id
from base.logs import get_logger
from knowledge import drafts, lifecycle, store, validity
from knowledge.entry import Entry
from knowledge.errors import KnowledgeError
from knowledge.lifecycle import SCHEDULER, Event, Life, NotPossible
from storage.engine import Database, next_value
from storage.tables import KnowledgeEntry, KnowledgeStep, KnowledgeVersion, QuestionCluster

_log = get_logger(__name__)
_SOME = 500  # identifiers in one query


class UnknownEntry(KnowledgeError):
    """There is no entry of that id."""


class EditConflict(KnowledgeError):
    """Somebody else changed the entry meanwhile: load it again."""


def life_of(row: KnowledgeEntry) -> Life:
    return Life(
        live=row.status,  # type: ignore[arg-type]
        work=row.work_status,  # type: ignore[arg-type]
        editors=tuple(row.editors or ()),
        submitted_by=row.submitted_by,
        reviewed_by=row.reviewed_by,
        publish_at=row.publish_at,
    )


class Editorial:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def create(self, content: Mapping[str, Any], *, actor: str, reason: str) -> str:
        """A new draft; returns its id (the given one, or one that is made).

        Raises:
            BadDraft: the content cannot be kept. NotPossible: the id is taken.
        """
        async with self._database.write() as session:
            return await self.create_in(session, content, actor=actor, reason=reason)

    async def create_in(self, session: AsyncSession, content: Mapping[str, Any], *, actor: str, reason: str) -> str:
        """The same inside the caller's transaction."""
        identifier = str(content.get("id") or "").strip() or f"q-{new_id().lower()}"
        if await session.get(KnowledgeEntry, identifier) is not None:
            raise NotPossible(f"编号“{identifier}”已经有条目。")
        row = KnowledgeEntry(
            id=identifier, revision=0, version=0, status="none", body={}, work_status="none", editors=[]
        )
        row.effective_from = row.effective_to = row.publish_at = None
        session.add(row)
        await self._edit(session, row, content, actor, reason)
        return identifier

    async def save(
        self, entry_id: str, content: Mapping[str, Any], *, actor: str, reason: str, version: int | None
    ) -> None:
        """Keep a working copy as a new version; what is live stays. A copy under review becomes a draft again.

        Raises:
            UnknownEntry, EditConflict, NotPossible, BadDraft.
        """
        async with self._database.write() as session:
            row = await _load(session, entry_id, version)
            await self._edit(session, row, content, actor, reason)

    async def _edit(
        self, session: AsyncSession, row: KnowledgeEntry, content: Mapping[str, Any], actor: str, reason: str
    ) -> None:
        now = self._clock.now()
        body = drafts.kept(content, row.id)
        _store_life(row, lifecycle.step(life_of(row), "edit", actor=actor, now=now))
        row.work = body
        if row.status == "none":
            store.list_as(row, body)
            row.sample = bool(body.get("sample"))
        _touch(row, actor, now)
        number = await _last_number(session, row.id) + 1
        await session.flush()
        session.add(KnowledgeVersion(entry_id=row.id, number=number, body=body, actor=actor, reason=reason, at=now))
        session.add(KnowledgeStep(subject_id=row.id, event="edit", actor=actor, note=reason, number=number, at=now))

    async def keep_all(self, entries: Sequence[Entry], *, actor: str, reason: str, submit: bool) -> store.Change:
        """Keep many working copies in one transaction, all or none; what says the same already is left alone.

        Raises:
            NotPossible: an entry cannot be edited (archived) or submitted now; the message names it.
        """
        now = self._clock.now()
        wanted = {entry.id: entry.model_dump(mode="json") for entry in entries}
        added = changed = unchanged = 0
        async with self._database.write() as session:
            held = await rows_of(session, list(wanted))
            numbers = await _last_numbers(session, list(wanted))
            records: list[KnowledgeVersion | KnowledgeStep] = []
            for identifier, body in wanted.items():
                row = held.get(identifier)
                if row is not None and says_already(row, body):
                    unchanged += 1
                    continue
                if row is None:
                    row = KnowledgeEntry(
                        id=identifier, revision=0, version=0, status="none", body={}, work_status="none", editors=[]
                    )
                    session.add(row)
                    added += 1
                else:
                    changed += 1
                try:
                    life = lifecycle.step(life_of(row), "edit", actor=actor, now=now)
                    steps: list[Event] = ["edit", "submit"] if submit else ["edit"]
                    life = lifecycle.step(life, "submit", actor=actor, now=now) if submit else life
                except NotPossible as error:
                    raise NotPossible(f"条目“{identifier}”：{error}") from error
                _store_life(row, life)
                row.work = body
                if row.status == "none":
                    store.list_as(row, body)
                    row.sample = bool(body.get("sample"))
                _touch(row, actor, now)
                number = numbers.get(identifier, 0) + 1
                records.append(
                    KnowledgeVersion(entry_id=identifier, number=number, body=body, actor=actor, reason=reason, at=now)
                )
                records += [
                    KnowledgeStep(subject_id=identifier, event=event, actor=actor, note=reason, number=number, at=now)
                    for event in steps
                ]
            await session.flush()
            session.add_all(records)
        return store.Change(added, changed, unchanged)

    async def step(
        self,
        entry_id: str,
        event: Event,
        *,
        actor: str,
        note: str = "",
        publish_at: datetime | None = None,
        version: int | None = None,
    ) -> None:
        """One step of the life cycle.

        Raises:
            UnknownEntry, EditConflict; NotPossible or BadDraft with the reason in words for the editor.
        """
        if event == "edit":
            raise NotPossible("修改请直接保存内容。")
        async with self._database.write() as session:
            row = await _load(session, entry_id, version)
            await self._step(session, row, event, actor, note, publish_at)

    async def _step(
        self,
        session: AsyncSession,
        row: KnowledgeEntry,
        event: Event,
        actor: str,
        note: str,
        publish_at: datetime | None = None,
    ) -> None:
        now = self._clock.now()
        before = life_of(row)
        after = lifecycle.step(before, event, actor=actor, now=now, note=note, publish_at=publish_at)
        if event in ("submit", "approve", "publish"):
            entry = drafts.finished(row.work or {})
            if validity.expired(entry, publish_at or now):
                raise NotPossible("失效时间已经过去，请先修改失效时间。")
        number = await _last_number(session, row.id)
        publishes = event == "publish" and after.work == "none"
        if publishes:
            await self._go_live(session, row, drafts.finished(row.work or {}), now)
            await _mark_published(session, row.id, number, now)
        _store_life(row, after)
        if after.work == "none":
            row.work = None
        if event in ("withdraw", "restore", "archive"):
            row.coming = None
            row.revision = await next_value(session, store.REVISION)
        _touch(row, actor, now)
        told = note
        if event == "publish" and not publishes and publish_at is not None:
            told = f"{note}（定于{validity.date_in_words(publish_at)}发布）".strip()
        session.add(
            KnowledgeStep(subject_id=row.id, event=event, actor=actor, note=told, number=number or None, at=now)
        )

    async def _go_live(self, session: AsyncSession, row: KnowledgeEntry, entry: Entry, now: datetime) -> None:
        """The new text is answered from now on; a rule to come is announced beside the one that still holds."""
        revision = await next_value(session, store.REVISION)
        holds = row.status == "published" and validity.in_force(Entry.model_validate(row.body), now)
        if holds and validity.coming(entry, now):
            row.coming = entry.model_dump(mode="json")
            row.revision = revision
        else:
            store.make_live(row, entry, revision=revision)
            row.coming = None
        clusters = await session.execute(
            select(QuestionCluster).where(QuestionCluster.entry_id == row.id, QuestionCluster.status == "drafted")
        )
        for cluster in clusters.scalars():
            cluster.status = "answered"

    async def on_time(self) -> int:
        """Publish what was scheduled for now or earlier, and let coming rules take their predecessor's place.

        Returns how many entries changed. What became impossible meanwhile (an expired text) is returned to its editor.
        """
        now = self._clock.now()
        async with self._database.read() as session:
            rows = await session.execute(
                select(KnowledgeEntry.id).where(
                    or_(
                        (KnowledgeEntry.work_status == "reviewed") & (KnowledgeEntry.publish_at <= now),
                        (KnowledgeEntry.status == "published") & KnowledgeEntry.coming.is_not(None),
                    )
                )
            )
            waiting = list(rows.scalars())
        changed = 0
        for identifier in waiting:
            async with self._database.write() as session:
                row = await _load(session, identifier, None)
                changed += await self._its_time(session, row, now)
        return changed

    async def _its_time(self, session: AsyncSession, row: KnowledgeEntry, now: datetime) -> int:
        if row.coming is not None and row.status == "published":
            successor = Entry.model_validate(row.coming)
            if not validity.coming(successor, now):
                store.make_live(row, successor, revision=await next_value(session, store.REVISION))
                row.coming = None
                _touch(row, SCHEDULER, now)
                session.add(KnowledgeStep(subject_id=row.id, event="in_force", actor=SCHEDULER, note="", at=now))
                return 1
        if not lifecycle.due(life_of(row), now):
            return 0
        try:
            await self._step(session, row, "publish", SCHEDULER, "")
        except (NotPossible, drafts.BadDraft) as error:
            _log.warning("a scheduled entry could not be published", entry_id=row.id, reason=str(error))
            _store_life(row, Life(life_of(row).live, "draft", life_of(row).editors))
            _touch(row, SCHEDULER, now)
            session.add(KnowledgeStep(subject_id=row.id, event="return", actor=SCHEDULER, note=str(error), at=now))
        return 1


async def _load(session: AsyncSession, entry_id: str, version: int | None) -> KnowledgeEntry:
    query = select(KnowledgeEntry).where(KnowledgeEntry.id == entry_id).with_for_update()
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise UnknownEntry("没有这个条目。")
    if version is not None and version != row.version:
        raise EditConflict("这个条目刚刚被别人修改过，请重新打开再改。")
    return row


def _store_life(row: KnowledgeEntry, life: Life) -> None:
    row.status, row.work_status = life.live, life.work
    row.editors, row.submitted_by, row.reviewed_by = list(life.editors), life.submitted_by, life.reviewed_by
    row.publish_at = life.publish_at


def _touch(row: KnowledgeEntry, actor: str, now: datetime) -> None:
    row.version += 1
    row.updated_by, row.updated_at = actor, now


def says_already(row: KnowledgeEntry, body: Mapping[str, Any]) -> bool:
    """The working copy, or where there is none what is live, is this text."""
    return bool((row.work if row.work is not None else row.body) == body)


async def rows_of(session: AsyncSession, entry_ids: Sequence[str]) -> dict[str, KnowledgeEntry]:
    held: dict[str, KnowledgeEntry] = {}
    for start in range(0, len(entry_ids), _SOME):
        query = select(KnowledgeEntry).where(KnowledgeEntry.id.in_(entry_ids[start : start + _SOME]))
        held |= {row.id: row for row in (await session.execute(query)).scalars()}
    return held


async def _last_numbers(session: AsyncSession, entry_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(entry_ids), _SOME):
        query = (
            select(KnowledgeVersion.entry_id, func.max(KnowledgeVersion.number))
            .where(KnowledgeVersion.entry_id.in_(entry_ids[start : start + _SOME]))
            .group_by(KnowledgeVersion.entry_id)
        )
        found |= {row[0]: int(row[1]) for row in await session.execute(query)}
    return found


async def _last_number(session: AsyncSession, entry_id: str) -> int:
    query = select(func.max(KnowledgeVersion.number)).where(KnowledgeVersion.entry_id == entry_id)
    return int((await session.execute(query)).scalar_one_or_none() or 0)


async def _mark_published(session: AsyncSession, entry_id: str, number: int, now: datetime) -> None:
    query = select(KnowledgeVersion).where(KnowledgeVersion.entry_id == entry_id, KnowledgeVersion.number == number)
    version = (await session.execute(query)).scalar_one_or_none()
    if version is not None and version.published_at is None:
        version.published_at = now
