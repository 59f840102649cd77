"""Surges of the last hour, from what dialogues recorded: answers given and questions not answered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.masking import mask_text
from knowledge.mining import clusters, offers, surges
from knowledge.mining.clusters import Question
from knowledge.mining.meaning import Meaning
from storage.engine import Database
from storage.tables import HotTopic, KnowledgeEntry, KnowledgeUse, Unanswered

_HOUR: Final = timedelta(hours=1)
_BEFORE: Final = timedelta(days=7)
_MOST: Final = 3_000  # of the last hour, and of the week before it


class Surging:
    def __init__(self, database: Database, meaning: Meaning, clock: Clock) -> None:
        self._database = database
        self._meaning = meaning
        self._clock = clock

    async def now(self) -> list[dict[str, Any]]:
        """The steepest first."""
        now = self._clock.now()
        async with self._database.read() as session:
            recent, before = await _answered(session, now)
            open_now = await _not_answered(session, now - _HOUR, now)
            open_before = await _not_answered(session, now - _HOUR - _BEFORE, now - _HOUR)
            live = select(KnowledgeEntry.question).where(KnowledgeEntry.status == "published")
            standard = list((await session.execute(live)).scalars())
        more, more_before = await asyncio.to_thread(self._grouped, open_now, open_before, standard)
        hours = _BEFORE / _HOUR
        found = surges.surges([*recent, *more], {**before, **more_before}, hours)
        async with self._database.read() as session:
            return await _shown(session, found)

    def _grouped(
        self, recent: Sequence[Question], before: Sequence[Question], standard: Sequence[str]
    ) -> tuple[list[surges.Asked], dict[str, int]]:
        """Unanswered questions by what they mean."""
        if not recent:
            return [], {}
        questions = [*recent, *before]
        texts = list(dict.fromkeys(question.text for question in questions))
        groups = clusters.grouped(
            questions, texts, self._meaning.chances(texts, standard), self._meaning.learned.same_at
        )
        lately = {question.id for question in recent}
        asked: list[surges.Asked] = []
        counts: dict[str, int] = {}
        for group in groups:
            key = f"?{group.text}"
            asked += [
                surges.Asked(key, question.text, question.conversation_id)
                for question in group.questions
                if question.id in lately
            ]
            counts[key] = len({question.conversation_id for question in group.questions if question.id not in lately})
        return asked, counts


async def _answered(session: AsyncSession, now: datetime) -> tuple[list[surges.Asked], dict[str, int]]:
    since = now - _HOUR
    rows = await session.execute(
        select(KnowledgeUse.item_id, KnowledgeUse.text, KnowledgeUse.conversation_id)
        .where(KnowledgeUse.event == "hit", KnowledgeUse.at > since, KnowledgeUse.at <= now)
        .order_by(KnowledgeUse.id.desc())
        .limit(_MOST)
    )
    recent = [surges.Asked(item, mask_text(text), str(conversation)) for item, text, conversation in rows]
    counted = await session.execute(
        select(KnowledgeUse.item_id, func.count(KnowledgeUse.conversation_id.distinct()))
        .where(
            KnowledgeUse.item_id.in_({asked.key for asked in recent}),
            KnowledgeUse.event == "hit",
            KnowledgeUse.at > since - _BEFORE,
            KnowledgeUse.at <= since,
        )
        .group_by(KnowledgeUse.item_id)
    )
    return recent, {item: int(count) for item, count in counted}


async def _not_answered(session: AsyncSession, after: datetime, until: datetime) -> list[Question]:
    """Without those that are counted already: as answered (handed over, turned down), or when they were offered."""
    rows = await session.execute(
        select(Unanswered)
        .where(
            Unanswered.at > after,
            Unanswered.at <= until,
            Unanswered.reason.not_in(("handed_over", "turned_down")),
            ~offers.chosen(),
        )
        .order_by(Unanswered.id.desc())
        .limit(_MOST)
    )
    return [
        Question(row.id, mask_text(row.text)[:300], row.reason, row.conversation_id, row.channel, row.at)
        for row in rows.scalars()
    ]


async def _shown(session: AsyncSession, found: Sequence[surges.Surge]) -> list[dict[str, Any]]:
    keys = [surge.key for surge in found]
    entries = await session.execute(
        select(KnowledgeEntry.id, KnowledgeEntry.question).where(KnowledgeEntry.id.in_(keys))
    )
    names = {row.id: row.question for row in entries}
    topics = {
        row.id: row.body for row in (await session.execute(select(HotTopic).where(HotTopic.id.in_(keys)))).scalars()
    }
    return [
        {
            "question": names.get(surge.key)
            or topics.get(surge.key, {}).get("title")
            or (surge.key[1:] if surge.key.startswith("?") else next(iter(surge.examples), "")),
            "examples": list(surge.examples),
            "last_hour": surge.last_hour,
            "usual_an_hour": surge.usual_an_hour,
            "ratio": surge.ratio,
            "entry_id": surge.key if surge.key in names else None,
            "topic_id": surge.key if surge.key in topics else None,
        }
        for surge in found
    ]
