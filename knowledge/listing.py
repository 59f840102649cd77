"""What editors see of the knowledge base: pages of entries, one entry with all that belongs to it, versions, expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge import drafts, lifecycle, versions
from knowledge.editorial import UnknownEntry, life_of
from storage.engine import Database
from storage.tables import KnowledgeEntry, KnowledgeStep, KnowledgeUse, KnowledgeVersion, Seat

STEP_TEXT: Final[Mapping[str, str]] = {
    **{event: rule.text for event, rule in lifecycle.RULES.items()},
    "in_force": "新规定生效",
}
_BY_THEMSELVES: Final = {
    lifecycle.SCHEDULER: "系统（定时）",
    "cli": "命令行",
    "set-up": "安装程序",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list is filtered by; empty strings filter nothing."""

    text: str = ""
    stage: str = ""
    topic: str = ""
    owner: str = ""
    scope: str = ""
    audience: str = ""
    sensitivity: str = ""
    sample: bool | None = None
    sort: str = "updated"
    page: int = 1
    page_size: int = 50


class Listing:
    """Reads only. `expiring_days`: so long before its end an entry counts as expiring."""

    def __init__(self, database: Database, *, expiring_days: float) -> None:
        self._database = database
        self._expiring = timedelta(days=expiring_days)

    async def page(self, asked: Asked, now: datetime) -> dict[str, Any]:
        where = self._where(asked, now)
        async with self._database.read() as session:
            total = (await session.execute(select(func.count()).select_from(KnowledgeEntry).where(*where))).scalar_one()
            hits = _hits()
            order = {
                "question": (KnowledgeEntry.question, KnowledgeEntry.id),
                "hits": (hits.desc(), KnowledgeEntry.id),
                "expiry": (KnowledgeEntry.effective_to.is_(None), KnowledgeEntry.effective_to, KnowledgeEntry.id),
            }.get(asked.sort, (KnowledgeEntry.updated_at.desc(), KnowledgeEntry.id))
            rows = await session.execute(
                select(KnowledgeEntry, hits)
                .where(*where)
                .order_by(*order)
                .offset((asked.page - 1) * asked.page_size)
                .limit(asked.page_size)
            )
            found = [(row, int(count)) for row, count in rows]
            names = await names_of(session, [row.updated_by for row, _ in found])
            stages = {
                name: (
                    await session.execute(
                        select(func.count()).select_from(KnowledgeEntry).where(self._in_stage(name, now))
                    )
                ).scalar_one()
                for name in lifecycle.STAGES
            }
            topics = await session.execute(select(KnowledgeEntry.topic).distinct().order_by(KnowledgeEntry.topic))
            owners = await session.execute(select(KnowledgeEntry.owner).distinct().order_by(KnowledgeEntry.owner))
            return {
                "items": [self.row(row, count, names, now) for row, count in found],
                "total": total,
                "page": asked.page,
                "page_size": asked.page_size,
                "stages": stages,
                "topics": [name for name in topics.scalars() if name],
                "owners": [name for name in owners.scalars() if name],
            }

    def row(self, row: KnowledgeEntry, hits: int, names: Mapping[str, str], now: datetime) -> dict[str, Any]:
        life = life_of(row)
        shown = row.body if row.status != "none" else row.work or {}
        stage = lifecycle.stage(life, row.effective_from, row.effective_to, now, expiring_within=self._expiring)
        return {
            "id": row.id,
            "question": row.question,
            "topic": row.topic,
            "owner": row.owner,
            "scope": row.scope,
            "audience": row.audience,
            "sensitivity": row.sensitivity,
            "sample": row.sample,
            "stage": stage,
            "live": row.status == "published" and stage != "expired",
            "working": None if row.status == "none" else lifecycle.working(life),
            "effective_from": shown.get("effective_from"),
            "effective_to": shown.get("effective_to"),
            "publish_at": row.publish_at.isoformat() if row.publish_at else None,
            "updated_at": row.updated_at.isoformat(),
            "updated_by": names.get(row.updated_by, row.updated_by),
            "hits": hits,
        }

    async def entry(self, entry_id: str, *, actor: str, allowed: Sequence[str], now: datetime) -> dict[str, Any]:
        """One entry. `allowed`: the steps that this person's role may do.

        Raises:
            UnknownEntry: there is none.
        """
        async with self._database.read() as session:
            found = await session.execute(select(KnowledgeEntry, _hits()).where(KnowledgeEntry.id == entry_id))
            pair = found.one_or_none()
            if pair is None:
                raise UnknownEntry("没有这个条目。")
            row, hits = pair
            life = life_of(row)
            people = [row.updated_by, *life.editors, life.submitted_by or "", life.reviewed_by or ""]
            names = await names_of(session, people)
            content = row.work if row.work is not None else row.body
            related = list(content.get("related") or ())
            others = await session.execute(select(KnowledgeEntry).where(KnowledgeEntry.id.in_(related)))
            near = {other.id: other for other in others.scalars()}
        live = row.body if row.status != "none" else None
        possible = [event for event in lifecycle.possible(life, actor) if event in allowed]
        return {
            **self.row(row, int(hits), names, now),
            "version": row.version,
            "content": content,
            "live_content": live,
            "coming_content": row.coming,
            "problems": [problem.as_dict() for problem in drafts.problems(content, row.id)] if row.work else [],
            "events": [
                {"event": event, "text": lifecycle.RULES[event].text, "needs_note": lifecycle.RULES[event].needs_note}
                for event in possible
            ],
            "editors": [names.get(name, name) for name in life.editors],
            "submitted_by": names.get(life.submitted_by or "", life.submitted_by),
            "reviewed_by": names.get(life.reviewed_by or "", life.reviewed_by),
            "difference": [change.as_dict() for change in versions.difference(live or {}, row.work)]
            if row.work
            else [],
            "related": [
                {"id": name, "question": near[name].question, "stage": self.row(near[name], 0, {}, now)["stage"]}
                for name in related
                if name in near
            ],
        }

    async def versions(self, entry_id: str) -> list[dict[str, Any]]:
        async with self._database.read() as session:
            query = select(KnowledgeVersion).where(KnowledgeVersion.entry_id == entry_id)
            rows = list((await session.execute(query.order_by(KnowledgeVersion.number.desc()))).scalars())
            names = await names_of(session, [row.actor for row in rows])
        if not rows:
            raise UnknownEntry("没有这个条目。")
        return [
            {
                "number": row.number,
                "at": row.at.isoformat(),
                "actor": row.actor,
                "actor_name": names.get(row.actor, row.actor),
                "reason": row.reason,
                "published_at": row.published_at.isoformat() if row.published_at else None,
            }
            for row in rows
        ]

    async def difference(self, entry_id: str, number: int, against: int | None) -> dict[str, Any]:
        """A version with what it changed. Raises UnknownEntry: there is no such version."""
        other = number - 1 if against is None else against
        async with self._database.read() as session:
            query = select(KnowledgeVersion.number, KnowledgeVersion.body).where(
                KnowledgeVersion.entry_id == entry_id, KnowledgeVersion.number.in_((number, other))
            )
            bodies: dict[int, dict[str, Any]] = {row.number: row.body for row in await session.execute(query)}
        if number not in bodies or (against is not None and against not in bodies):
            raise UnknownEntry("没有这个版本。")
        changes = versions.difference(bodies.get(other, {}), bodies[number])
        return {
            "number": number,
            "against": other,
            "content": bodies[number],
            "difference": [change.as_dict() for change in changes],
        }

    async def steps(self, entry_id: str) -> list[dict[str, Any]]:
        async with self._database.read() as session:
            query = select(KnowledgeStep).where(KnowledgeStep.subject_id == entry_id)
            rows = list((await session.execute(query.order_by(KnowledgeStep.id.desc()))).scalars())
            names = await names_of(session, [row.actor for row in rows])
        return [
            {
                "event": row.event,
                "text": STEP_TEXT.get(row.event, row.event),
                "at": row.at.isoformat(),
                "actor_name": names.get(row.actor, row.actor),
                "note": row.note,
                "version": row.number,
            }
            for row in rows
        ]

    async def expiring(self, now: datetime, *, days: float, owner: str = "") -> list[dict[str, Any]]:
        """What ends within so many days, by owner unit, the soonest first."""
        where = [
            KnowledgeEntry.status == "published",
            KnowledgeEntry.effective_to > now,
            KnowledgeEntry.effective_to <= now + timedelta(days=days),
        ]
        if owner:
            where.append(KnowledgeEntry.owner == owner)
        async with self._database.read() as session:
            query = select(KnowledgeEntry, _hits()).where(*where)
            rows = await session.execute(query.order_by(KnowledgeEntry.owner, KnowledgeEntry.effective_to))
            units: dict[str, list[dict[str, Any]]] = {}
            for row, hits in rows:
                units.setdefault(row.owner, []).append(self.row(row, int(hits), {}, now))
        return [{"owner": name, "entries": entries} for name, entries in units.items()]

    def _where(self, asked: Asked, now: datetime) -> list[ColumnElement[bool]]:
        where: list[ColumnElement[bool]] = []
        for column, value in (
            (KnowledgeEntry.topic, asked.topic),
            (KnowledgeEntry.owner, asked.owner),
            (KnowledgeEntry.scope, asked.scope),
            (KnowledgeEntry.audience, asked.audience),
            (KnowledgeEntry.sensitivity, asked.sensitivity),
        ):
            if value:
                where.append(column == value)
        if asked.sample is not None:
            where.append(KnowledgeEntry.sample.is_(asked.sample))
        for word in asked.text.lower().split():
            where.append(
                or_(
                    KnowledgeEntry.words.contains(word, autoescape=True),
                    KnowledgeEntry.id.contains(word, autoescape=True),
                )
            )
        if asked.stage:
            where.append(self._in_stage(asked.stage, now))
        return where

    def _in_stage(self, stage: str, now: datetime) -> ColumnElement[bool]:
        """`lifecycle.stage` as a condition; `submitted` and the like also find entries whose working copy is there."""
        live, work = KnowledgeEntry.status, KnowledgeEntry.work_status
        begins, ends = KnowledgeEntry.effective_from, KnowledgeEntry.effective_to
        soon = now + self._expiring
        holds = or_(begins.is_(None), begins <= now)
        later = and_(work == "reviewed", KnowledgeEntry.publish_at.is_not(None))
        conditions: dict[str, ColumnElement[bool]] = {
            "draft": or_(work == "draft", and_(live == "none", work == "none")),
            "submitted": work == "submitted",
            "reviewed": and_(work == "reviewed", KnowledgeEntry.publish_at.is_(None)),
            "scheduled": later,
            "coming": and_(live == "published", begins > now, or_(ends.is_(None), ends > now)),
            "published": and_(live == "published", holds, or_(ends.is_(None), ends > soon)),
            "expiring": and_(live == "published", holds, ends > now, ends <= soon),
            "expired": and_(live == "published", ends <= now),
            "withdrawn": live == "withdrawn",
            "archived": live == "archived",
        }
        return conditions.get(stage, live == stage)


def _hits() -> Any:
    return (
        select(func.count())
        .select_from(KnowledgeUse)
        .where(KnowledgeUse.item_id == KnowledgeEntry.id, KnowledgeUse.event == "hit")
        .correlate(KnowledgeEntry)
        .scalar_subquery()
    )


async def names_of(session: AsyncSession, actors: Sequence[str]) -> dict[str, str]:
    """The names of those who acted: people by their accounts, programs by what they are."""
    people = {actor.removeprefix("seat:") for actor in actors if actor.startswith("seat:")}
    rows = await session.execute(select(Seat.id, Seat.display_name).where(Seat.id.in_(people)))
    return {**_BY_THEMSELVES, **{f"seat:{identifier}": name for identifier, name in rows}}
