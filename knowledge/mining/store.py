"""Mining over the database: what dialogues recorded is collected and clustered, and editors act on the clusters."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, local
from base.ids import new_id
from base.masking import mask_text
from knowledge.editorial import Editorial
from knowledge.errors import KnowledgeError
from knowledge.lifecycle import NotPossible
from knowledge.mining import clusters, handed_over, offers
from knowledge.mining.clusters import Group, Question
from knowledge.mining.meaning import Meaning
from storage.engine import Database
from storage.tables import Counter, KnowledgeEntry, QuestionCluster, Unanswered

STATUSES: Final = ("open", "drafted", "answered", "dismissed")
_DAYS: Final = 90
_MOST: Final = 6_000  # questions of one rebuild, the newest: the comparison of all with all is bounded by it
_DAY_COUNTER: Final = "questions_mined_day"
_ASKED_COUNTER: Final = "questions_mining_asked"
_SERVED_COUNTER: Final = "questions_mining_served"
_CLAIM_COUNTER: Final = "questions_mining_until"
_CLAIM_SECONDS: Final = 1_800  # far longer than a rebuild takes


class UnknownCluster(KnowledgeError):
    """There is no cluster of that id."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    clusters: int
    questions: int


class Miner:
    """One instance a request or a task; `meaning` may block and is used in a thread."""

    def __init__(self, database: Database, meaning: Meaning, clock: Clock) -> None:
        self._database = database
        self._meaning = meaning
        self._clock = clock

    async def ask(self) -> None:
        """Have the questions clustered soon, beside the requests: `when_due` of some process does it."""
        async with self._database.write() as session:
            asked = await session.get(Counter, _ASKED_COUNTER, with_for_update=True)
            if asked is None:
                session.add(Counter(name=_ASKED_COUNTER, value=1))
            else:
                asked.value += 1

    async def working(self) -> bool:
        """Whether somebody asked, or a process is at it."""
        async with self._database.read() as session:
            counts = await _counts(session)
        return counts[_ASKED_COUNTER] > counts[_SERVED_COUNTER] or counts[_CLAIM_COUNTER] > self._seconds()

    async def when_due(self, hour: int) -> Rebuilt | None:
        """Rebuild once a day of the city after `hour`, and whenever it was asked for; None: there is nothing to do, or
        another process is at it.

        The day, and what was asked for, count as done only when they are: after a failure the next look tries again,
        after the death of the process whoever looks when its claim has run out.
        """
        now = local(self._clock.now())
        today = now.date().toordinal() if now.hour >= hour else 0
        asked = await self._claimed(today)
        if asked is None:
            return None
        try:
            made = await self.rebuild()
        except BaseException:
            await self._counted({_CLAIM_COUNTER: 0})
            raise
        done = {_DAY_COUNTER: today} if today else {}
        await self._counted({**done, _SERVED_COUNTER: asked, _CLAIM_COUNTER: 0})
        return made

    async def _claimed(self, today: int) -> int | None:
        """How often it had been asked for when the work was taken; None: there is none to take."""
        async with self._database.write() as session:
            counts = await _counts(session, for_update=True)
            due = counts[_DAY_COUNTER] < today or counts[_ASKED_COUNTER] > counts[_SERVED_COUNTER]
            if not due or counts[_CLAIM_COUNTER] > self._seconds():
                return None
            await _set(session, {_CLAIM_COUNTER: self._seconds() + _CLAIM_SECONDS})
            return counts[_ASKED_COUNTER]

    async def _counted(self, values: Mapping[str, int]) -> None:
        async with self._database.write() as session:
            await _set(session, values)

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())

    async def rebuild(self) -> Rebuilt:
        """Cluster the questions of the last 90 days anew; clusters keep their ids, their status and their entry."""
        now = self._clock.now()
        async with self._database.write() as session:
            await handed_over.collect(session, since=now - timedelta(days=_DAYS))
        async with self._database.read() as session:
            questions = await _questions(session, now - timedelta(days=_DAYS))
            rows = await session.execute(select(QuestionCluster.id).where(QuestionCluster.status != "open"))
            settled = frozenset(rows.scalars())
            live = await session.execute(
                select(KnowledgeEntry.id, KnowledgeEntry.question).where(KnowledgeEntry.status == "published")
            )
            entries = [(row.id, row.question) for row in live]
        groups, near = await asyncio.to_thread(self._grouped, questions, entries)
        kept = clusters.identities(groups, settled)
        async with self._database.write() as session:
            await _store(session, groups, kept, near, now)
        return Rebuilt(len(groups), len(questions))

    def _grouped(
        self, questions: Sequence[Question], entries: Sequence[tuple[str, str]]
    ) -> tuple[list[Group], list[str | None]]:
        texts = list(dict.fromkeys(question.text for question in questions))
        standard = [question for _, question in entries]
        chances = self._meaning.chances(texts, standard)
        groups = clusters.grouped(questions, texts, chances, self._meaning.learned.same_at)
        near = self._meaning.nearest([group.text for group in groups], standard)
        return groups, [None if place is None else entries[place][0] for place in near]

    async def page(self, status: str, page: int, page_size: int) -> dict[str, Any]:
        where = [QuestionCluster.status == status] if status else []
        async with self._database.read() as session:
            total = (await session.execute(select(func.count(QuestionCluster.id)).where(*where))).scalar_one()
            rows = await session.execute(
                select(QuestionCluster)
                .where(*where)
                .order_by(QuestionCluster.count.desc(), QuestionCluster.last_at.desc(), QuestionCluster.id)
                .offset((page - 1) * page_size)
                .limit(page_size)
            )
            items = await _shown(session, list(rows.scalars()))
            made_at = (await session.execute(select(func.max(QuestionCluster.made_at)))).scalar_one()
        told = made_at.isoformat() if made_at else None
        work = {"made_at": told, "working": await self.working()}
        return {"items": items, "total": total, "page": page, "page_size": page_size, **work}

    async def one(self, cluster_id: str) -> dict[str, Any]:
        """With all its questions. Raises UnknownCluster."""
        async with self._database.read() as session:
            row = await _cluster(session, cluster_id)
            shown = (await _shown(session, [row]))[0]
            questions = (await _members(session, [cluster_id])).get(cluster_id, [])
        shown["questions"] = [
            {"text": asked.text, "reason": asked.reason, "at": asked.at.isoformat(), "channel": asked.channel}
            for asked in reversed(questions)
        ]
        return shown

    async def draft(self, cluster_id: str, *, actor: str) -> str:
        """A draft entry with the cluster's wordings; returns its id.

        Raises:
            UnknownCluster. NotPossible: there is one already.
        """
        async with self._database.write() as session:
            row = await _cluster(session, cluster_id, for_update=True)
            if row.status == "drafted":
                raise NotPossible("这一组问题已经建过草稿。")
            questions = (await _members(session, [cluster_id])).get(cluster_id, [])
            wordings = [text for text in clusters.examples(questions, 20) if text != row.question]
            near = await session.get(KnowledgeEntry, row.near_id) if row.near_id else None
            content = {
                "question": row.question[:300],
                "ask": [text[:300] for text in wordings],
                "topic": near.topic if near else "",
                "owner": near.owner if near else "",
            }
            editorial = Editorial(self._database, clock=self._clock)
            reason = f"由{row.count}个未答好的问题建立"
            row.entry_id = await editorial.create_in(session, content, actor=actor, reason=reason)
            row.status = "drafted"
            return row.entry_id

    async def dismiss(self, cluster_id: str, note: str) -> None:
        """Raises UnknownCluster."""
        async with self._database.write() as session:
            row = await _cluster(session, cluster_id, for_update=True)
            row.status, row.note = "dismissed", note


async def _counts(session: AsyncSession, *, for_update: bool = False) -> dict[str, int]:
    names = (_DAY_COUNTER, _ASKED_COUNTER, _SERVED_COUNTER, _CLAIM_COUNTER)
    query = select(Counter).where(Counter.name.in_(names)).order_by(Counter.name)
    rows = await session.execute(query.with_for_update() if for_update else query)
    return dict.fromkeys(names, 0) | {row.name: row.value for row in rows.scalars()}


async def _set(session: AsyncSession, values: Mapping[str, int]) -> None:
    for name, value in values.items():
        counter = await session.get(Counter, name)
        if counter is None:
            session.add(Counter(name=name, value=value))
        else:
            counter.value = value


async def _cluster(session: AsyncSession, cluster_id: str, *, for_update: bool = False) -> QuestionCluster:
    row = await session.get(QuestionCluster, cluster_id, with_for_update=for_update)
    if row is None:
        raise UnknownCluster("没有这一组问题。")
    return row


def _question(row: Unanswered) -> Question:
    text = mask_text(" ".join(row.text.split()))[:300]
    return Question(row.id, text, row.reason, row.conversation_id, row.channel, row.at, row.cluster_id)


async def _questions(session: AsyncSession, since: datetime) -> list[Question]:
    rows = await session.execute(
        select(Unanswered)
        .where(Unanswered.at >= since, ~offers.chosen(), ~offers.told_again())
        .order_by(Unanswered.at.desc(), Unanswered.id)
        .limit(_MOST)
    )
    return [question for row in rows.scalars() if len((question := _question(row)).text) >= 2]


async def _members(session: AsyncSession, cluster_ids: Sequence[str]) -> dict[str, list[Question]]:
    rows = await session.execute(
        select(Unanswered).where(Unanswered.cluster_id.in_(cluster_ids)).order_by(Unanswered.at, Unanswered.id)
    )
    found: dict[str, list[Question]] = {}
    for row in rows.scalars():
        found.setdefault(str(row.cluster_id), []).append(_question(row))
    return found


async def _store(
    session: AsyncSession,
    groups: Sequence[Group],
    kept: Sequence[str | None],
    near: Sequence[str | None],
    now: datetime,
) -> None:
    held = {row.id: row for row in (await session.execute(select(QuestionCluster))).scalars()}
    for group, former, near_id in zip(groups, kept, near, strict=True):
        row = held.get(former or "")
        if row is None:
            row = QuestionCluster(id=new_id("k_"), status="open", note="")
            session.add(row)
        row.question, row.near_id, row.made_at = group.text, near_id, now
        row.count = len(group.questions)
        row.conversations = len({question.conversation_id for question in group.questions})
        row.first_at, row.last_at = group.questions[0].at, group.questions[-1].at
        await session.flush()
        moved = [question.id for question in group.questions if question.cluster_id != row.id]
        for start in range(0, len(moved), 500):
            some = moved[start : start + 500]
            await session.execute(update(Unanswered).where(Unanswered.id.in_(some)).values(cluster_id=row.id))
    for gone in held.keys() - {name for name in kept if name}:
        if held[gone].status == "open":  # its questions are in other clusters now, or too old
            await session.delete(held[gone])


async def _shown(session: AsyncSession, rows: Sequence[QuestionCluster]) -> list[dict[str, Any]]:
    members = await _members(session, [row.id for row in rows])
    near_ids = {row.near_id for row in rows if row.near_id}
    found = await session.execute(
        select(KnowledgeEntry.id, KnowledgeEntry.question).where(KnowledgeEntry.id.in_(near_ids))
    )
    names = {row.id: row.question for row in found}
    return [
        {
            "id": row.id,
            "question": row.question,
            "examples": clusters.examples(members.get(row.id, ())),
            "count": row.count,
            "conversations": row.conversations,
            "reasons": clusters.reasons(members.get(row.id, ())),
            "first_at": row.first_at.isoformat(),
            "last_at": row.last_at.isoformat(),
            "status": row.status,
            "entry_id": row.entry_id,
            "near": {"id": row.near_id, "question": names[row.near_id]} if row.near_id in names else None,
        }
        for row in rows
    ]
