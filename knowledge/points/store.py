"""Service points in the database, with a revision of their own: a running service sees a change by one small query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.points.finder import Located
from knowledge.points.point import ServicePoint
from storage.engine import Database, next_value
from storage.tables import Counter
from storage.tables import ServicePoint as Row

REVISION: Final = "points_revision"
_AT_ONCE: Final = 500  # rows a statement: SQLite takes 32,766 variables
_COLUMNS: Final = tuple(entry.name for entry in fields(ServicePoint))
_LIKE_ESCAPE: Final = "\\"


@dataclass(frozen=True, slots=True)
class Change:
    """What an import did."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0


async def revision(session: AsyncSession) -> int:
    """The number of the last change, 0 before the first."""
    value = (await session.execute(select(Counter.value).where(Counter.name == REVISION))).scalar_one_or_none()
    return value or 0


async def save(
    database: Database, points: Sequence[ServicePoint], *, now: datetime, complete_sources: frozenset[str] = frozenset()
) -> Change:
    """Store points in one transaction, all of them or none; equal ones are left alone.

    `complete_sources`: of these sources everything is there; what is stored of them and not among `points` is removed.
    """
    async with database.write() as session:
        held = {row.id: row for row in await _stored(session)}
        news = {point.id: point for point in points}
        fresh = [point for point in news.values() if point.id not in held]
        changed = [point for point in news.values() if point.id in held and held[point.id] != point]
        gone = [point.id for point in held.values() if point.source in complete_sources and point.id not in news]
        unchanged = len(news) - len(fresh) - len(changed)
        if fresh or changed or gone:
            await next_value(session, REVISION)
            outdated = [*gone, *(point.id for point in changed)]
            for start in range(0, len(outdated), _AT_ONCE):
                await session.execute(delete(Row).where(Row.id.in_(outdated[start : start + _AT_ONCE])))
            stored = [{**asdict(point), "updated_at": now} for point in (*fresh, *changed)]
            for start in range(0, len(stored), _AT_ONCE):
                await session.execute(insert(Row), stored[start : start + _AT_ONCE])
    return Change(len(fresh), len(changed), unchanged, len(gone))


async def _stored(session: AsyncSession) -> list[ServicePoint]:
    rows = await session.execute(select(*(getattr(Row, name) for name in _COLUMNS)))
    return [ServicePoint(*row) for row in rows]


async def located(session: AsyncSession) -> list[Located]:
    """Every point as the finder takes it, in the order of their ids."""
    rows = await session.execute(
        select(Row.id, Row.kind, Row.name, Row.district, Row.street, Row.longitude, Row.latitude, Row.sample).order_by(
            Row.id
        )
    )
    return [Located(*row) for row in rows]


async def by_ids(session: AsyncSession, identifiers: Sequence[str]) -> list[ServicePoint]:
    """The points with these ids, in this order; those that are gone are left out."""
    rows = await session.execute(
        select(*(getattr(Row, name) for name in _COLUMNS)).where(Row.id.in_(list(identifiers)[:_AT_ONCE]))
    )
    found = {point.id: point for point in (ServicePoint(*row) for row in rows)}
    return [found[identifier] for identifier in identifiers if identifier in found]


async def mentioning(session: AsyncSession, words: str, *, district: str = "", limit: int = 300) -> list[ServicePoint]:
    """Points whose name or address holds `words`: where a landmark lies, as far as the tables tell."""
    escaped = words.replace(_LIKE_ESCAPE, _LIKE_ESCAPE * 2).replace("%", r"\%").replace("_", r"\_")
    like = f"%{escaped}%"
    query = select(*(getattr(Row, name) for name in _COLUMNS)).where(
        Row.name.like(like, escape=_LIKE_ESCAPE) | Row.address.like(like, escape=_LIKE_ESCAPE)
    )
    if district:
        query = query.where(Row.district == district)
    return [ServicePoint(*row) for row in await session.execute(query.order_by(Row.id).limit(limit))]


async def kinds(session: AsyncSession) -> list[tuple[str, int]]:
    """(kind, how many), the most frequent first."""
    count = func.count()
    rows = await session.execute(select(Row.kind, count).group_by(Row.kind).order_by(count.desc(), Row.kind))
    return [(kind, number) for kind, number in rows]


async def listing(session: AsyncSession, *, kind: str = "", text: str = "", limit: int = 50) -> list[ServicePoint]:
    """Points for a person at the terminal, by kind and by words of name or address."""
    query = select(*(getattr(Row, name) for name in _COLUMNS)).order_by(Row.kind, Row.name).limit(limit)
    if kind:
        query = query.where(Row.kind == kind)
    if text:
        query = query.where(Row.name.contains(text, autoescape=True) | Row.address.contains(text, autoescape=True))
    return [ServicePoint(*row) for row in await session.execute(query)]
