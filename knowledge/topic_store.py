"""Hot topics in the database: who wrote them, when they are live, how often they were said."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock
from base.errors import HotlineError
from base.ids import new_id
from knowledge.lifecycle import NotPossible
from knowledge.topics import Card, Topic
from storage.engine import Database
from storage.tables import HotTopic, KnowledgeStep, KnowledgeUse


class UnknownTopic(HotlineError):
    """There is no hot topic of that id."""


async def active(session: AsyncSession, now: datetime) -> list[Topic]:
    """The published cards whose time it is; a card ends by itself."""
    rows = await session.execute(
        select(HotTopic.id, HotTopic.body)
        .where(HotTopic.status == "published", HotTopic.starts_at <= now, HotTopic.ends_at > now)
        .order_by(HotTopic.id)
    )
    return [Topic(identifier, Card.model_validate(body)) for identifier, body in rows]


class TopicStore:
    """The editors' side."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def all(self, *, ended: bool = False) -> list[dict[str, Any]]:
        now = self._clock.now()
        query = select(HotTopic).order_by(HotTopic.ends_at.desc(), HotTopic.id)
        if not ended:
            query = query.where(HotTopic.status != "ended", HotTopic.ends_at > now)
        async with self._database.read() as session:
            rows = list((await session.execute(query)).scalars())
            hits = await _hits(session, [row.id for row in rows])
        return [_shown(row, hits.get(row.id, 0), now) for row in rows]

    async def one(self, topic_id: str) -> dict[str, Any]:
        """Raises UnknownTopic."""
        async with self._database.read() as session:
            row = await session.get(HotTopic, topic_id)
            if row is None:
                raise UnknownTopic("没有这张热点卡片。")
            hits = await _hits(session, [topic_id])
        return _shown(row, hits.get(topic_id, 0), self._clock.now())

    async def save(self, card: Card, *, actor: str, topic_id: str | None = None, version: int | None = None) -> str:
        """A new draft, or the card of `topic_id` changed, live at once where it is published.

        Raises:
            UnknownTopic. NotPossible: somebody else changed it, or it has ended.
        """
        now = self._clock.now()
        async with self._database.write() as session:
            row = None if topic_id is None else await session.get(HotTopic, topic_id, with_for_update=True)
            if topic_id is not None and row is None:
                raise UnknownTopic("没有这张热点卡片。")
            if row is None:
                row = HotTopic(id=new_id("t_"), version=0, status="draft", created_by=actor)
                session.add(row)
            elif row.status == "ended" or (version is not None and version != row.version):
                raise NotPossible("这张卡片已经结束，或者刚刚被别人修改过，请重新打开。")
            row.body = card.model_dump(mode="json")
            row.starts_at, row.ends_at, row.updated_at = card.starts_at, card.ends_at, now
            row.version += 1
            session.add(KnowledgeStep(subject_id=row.id, event="edit", actor=actor, note=card.title, at=now))
            return row.id

    async def step(self, topic_id: str, event: Literal["publish", "end"], *, actor: str) -> None:
        """Raises UnknownTopic; NotPossible: it is published or has ended already, or its time is over."""
        now = self._clock.now()
        async with self._database.write() as session:
            row = await session.get(HotTopic, topic_id, with_for_update=True)
            if row is None:
                raise UnknownTopic("没有这张热点卡片。")
            if row.status == "ended" or (event == "publish" and (row.status != "draft" or row.ends_at <= now)):
                raise NotPossible("这张卡片已经发布、已经结束，或者结束时间已过。")
            row.status = "published" if event == "publish" else "ended"
            row.version += 1
            row.updated_at = now
            session.add(KnowledgeStep(subject_id=row.id, event=event, actor=actor, at=now))


async def _hits(session: AsyncSession, identifiers: list[str]) -> dict[str, int]:
    rows = await session.execute(
        select(KnowledgeUse.item_id, func.count())
        .where(KnowledgeUse.item_id.in_(identifiers), KnowledgeUse.event == "hit")
        .group_by(KnowledgeUse.item_id)
    )
    return {identifier: int(count) for identifier, count in rows}


def _shown(row: HotTopic, hits: int, now: datetime) -> dict[str, Any]:
    over = row.status == "published" and row.ends_at <= now
    return {
        **row.body,
        "id": row.id,
        "status": "ended" if over else row.status,
        "active": row.status == "published" and row.starts_at <= now < row.ends_at,
        "hits": hits,
        "version": row.version,
        "created_by": row.created_by,
        "updated_at": row.updated_at.isoformat(),
    }
