"""How answers do: hit, helpful, unhelpful, turned down, handed over afterwards; per entry, unit, topic and day.

Every figure is counted from events (`knowledge_uses`); unit and topic are the entry's present ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, Subquery, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import local
from knowledge.mining.handed_over import condition
from storage.engine import Database
from storage.tables import KnowledgeEntry, KnowledgeUse, QuestionCluster

EVENTS: Final[Mapping[str, str]] = {
    "hits": "hit",
    "helpful": "helpful",
    "unhelpful": "unhelpful",
    "turned_down": "turned_down",
}
SORTS: Final = ("hits", "unhelpful", "handed_over")


class Statistics:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def overview(self, now: datetime, *, days: int) -> dict[str, Any]:
        """`unanswered.questions` counts the questions of open clusters."""
        async with self._database.read() as session:
            uses = _uses(session, _since(now, days))
            totals = (await session.execute(select(*_figures(uses)))).one()
            by_day = await _by(session, uses, uses.c.day)
            units = await _by(session, uses, uses.c.owner)
            topics = await _by(session, uses, uses.c.topic)
            stages = await session.execute(
                select(KnowledgeEntry.status, func.count(KnowledgeEntry.id)).group_by(KnowledgeEntry.status)
            )
            open_clusters = await session.execute(
                select(func.count(QuestionCluster.id), func.coalesce(func.sum(QuestionCluster.count), 0)).where(
                    QuestionCluster.status == "open"
                )
            )
            clusters, questions = open_clusters.one()
        counted = {row[0]: _use(row[1:]) for row in by_day}
        first = local(_since(now, days)).date()
        calendar = [(first + timedelta(days=number)).isoformat() for number in range(days)]
        return {
            "days": days,
            "totals": _use(totals),
            "by_day": [{"day": day, **counted.get(day, _use((0,) * 5))} for day in calendar],
            "units": [{"owner": row[0], **_use(row[1:])} for row in _ordered(units)],
            "topics": [{"topic": row[0], **_use(row[1:])} for row in _ordered(topics)],
            "stages": {status: int(count) for status, count in stages},
            "unanswered": {"open": int(clusters), "questions": int(questions)},
        }

    async def entries(self, now: datetime, *, days: int, sort: str, page: int, page_size: int) -> dict[str, Any]:
        async with self._database.read() as session:
            uses = _uses(session, _since(now, days))
            # Hot topics are counted as answers too: the join leaves what is an entry.
            counted = (
                select(uses.c.item_id, *_figures(uses))
                .join(KnowledgeEntry, KnowledgeEntry.id == uses.c.item_id)
                .where(uses.c.kind == "entry")
                .group_by(uses.c.item_id)
            ).subquery()
            total = (await session.execute(select(func.count()).select_from(counted))).scalar_one()
            rows = await session.execute(
                select(counted, KnowledgeEntry.question, KnowledgeEntry.owner, KnowledgeEntry.topic)
                .join(KnowledgeEntry, KnowledgeEntry.id == counted.c.item_id)
                .order_by(counted.c[sort].desc(), counted.c.item_id)
                .offset((page - 1) * page_size)
                .limit(page_size)
            )
            items = [
                {
                    "id": row[0],
                    "question": row[6],
                    "owner": row[7],
                    "topic": row[8],
                    **_use(row[1:6]),
                }
                for row in rows
            ]
        return {"items": items, "total": total, "page": page, "page_size": page_size}

    async def entry(self, entry_id: str, now: datetime, *, days: int) -> dict[str, int]:
        async with self._database.read() as session:
            uses = _uses(session, _since(now, days))
            row = (await session.execute(select(*_figures(uses)).where(uses.c.item_id == entry_id))).one()
        return _use(row)


def _since(now: datetime, days: int) -> datetime:
    """The first moment of the first day: today is the last of them, on the city's clock."""
    today = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days - 1)


def _uses(session: AsyncSession, since: datetime) -> Subquery:
    """One row a use, with its day in the city, its unit and topic, and whether a person had to take over after it."""
    if session.get_bind().dialect.name == "postgresql":
        day: ColumnElement[str] = func.to_char(func.timezone("Asia/Shanghai", KnowledgeUse.at), "YYYY-MM-DD")
    else:
        day = func.date(KnowledgeUse.at, "+8 hours", type_=String)
    query: Select[Any] = (
        select(
            KnowledgeUse.item_id,
            KnowledgeUse.kind,
            KnowledgeUse.event,
            day.label("day"),
            func.coalesce(KnowledgeEntry.owner, KnowledgeUse.owner).label("owner"),
            func.coalesce(KnowledgeEntry.topic, KnowledgeUse.topic).label("topic"),
            case((condition(), 1), else_=0).label("handed_over"),
        )
        .join(KnowledgeEntry, KnowledgeEntry.id == KnowledgeUse.item_id, isouter=True)
        .where(KnowledgeUse.at >= since)
    )
    return query.subquery()


def _figures(uses: Subquery) -> list[Any]:
    counted = [
        func.coalesce(func.sum(case((uses.c.event == event, 1), else_=0)), 0).label(name)
        for name, event in EVENTS.items()
    ]
    return [*counted, func.coalesce(func.sum(uses.c.handed_over), 0).label("handed_over")]


async def _by(session: AsyncSession, uses: Subquery, column: Any) -> list[Any]:
    return list(await session.execute(select(column, *_figures(uses)).group_by(column)))


def _ordered(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: (-row[1], row[0] or ""))


def _use(row: Any) -> dict[str, int]:
    return dict(zip((*EVENTS, "handed_over"), (int(value) for value in row), strict=True))
