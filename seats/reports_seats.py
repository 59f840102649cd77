"""What each seat did in a span of days, and how content citizens were: by the ratings after calls and by return visits
about the orders that the seat filed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from seats.reports_time import Span
from seats.wallboard import SERVICE_SECONDS, share
from storage.desk_tables import DeskCase
from storage.engine import Database
from storage.follow_up_tables import ReturnVisit
from storage.leader_tables import DeskWait, ReviewSheet
from storage.tables import Conversation, Order, Seat

_ACTOR = "seat:"


@dataclass(slots=True)
class _Figures:
    answered: int = 0
    in_time: int = 0
    finished: int = 0
    handled_seconds: float | None = None
    ratings: dict[str, int] = field(default_factory=dict)
    asked_if_satisfied: int = 0
    satisfied: int = 0
    sheets: int = 0
    points: float | None = None

    def shown(self) -> dict[str, Any]:
        rated = sum(self.ratings.values())
        return {
            "answered": self.answered,
            "answered_in_time": self.in_time,
            "finished": self.finished,
            "handled_seconds": self.handled_seconds,
            "ratings": self.ratings,
            "rated_satisfied": share(self.ratings.get("satisfied", 0), rated),
            "visits": self.asked_if_satisfied,
            "visits_satisfied": share(self.satisfied, self.asked_if_satisfied),
            "sheets": self.sheets,
            "points": self.points,
        }


class SeatReports:
    """Reads only. One instance a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, span: Span) -> list[dict[str, Any]]:
        """A row for each account that did something in the span, by name. `handled_seconds` is a mean."""
        begins, ends = span.begins, span.ends
        async with self._database.snapshot() as session:
            names = {seat.id: seat.display_name for seat in (await session.execute(select(Seat))).scalars()}
            found = await _figures(session, begins, ends)
        rows = [
            {"seat_id": seat_id, "name": names[seat_id], **figures.shown()}
            for seat_id, figures in found.items()
            if seat_id in names
        ]
        return sorted(rows, key=lambda row: (row["name"], row["seat_id"]))


async def _figures(session: AsyncSession, begins: datetime, ends: datetime) -> Mapping[str, _Figures]:
    found: dict[str, _Figures] = {}

    def of(seat_id: str) -> _Figures:
        return found.setdefault(seat_id, _Figures())

    soon = case((DeskWait.waited_seconds <= SERVICE_SECONDS, 1), else_=0)
    waits = (
        select(DeskWait.seat_id, func.count(), func.sum(soon))
        .where(DeskWait.asked_at >= begins, DeskWait.asked_at < ends, DeskWait.seat_id.is_not(None))
        .where(DeskWait.ended_by == "answered")
        .group_by(DeskWait.seat_id)
    )
    for seat_id, answered, in_time in await session.execute(waits):
        of(seat_id).answered, of(seat_id).in_time = int(answered), int(in_time)
    cases = (
        select(Conversation.seat_id, func.count(), func.avg(DeskCase.handled_seconds))
        .join(Conversation, Conversation.id == DeskCase.conversation_id)
        .where(DeskCase.finished_at >= begins, DeskCase.finished_at < ends, Conversation.seat_id.is_not(None))
        .group_by(Conversation.seat_id)
    )
    for seat_id, finished, seconds in await session.execute(cases):
        of(seat_id).finished = int(finished)
        of(seat_id).handled_seconds = float(seconds) if seconds is not None else None
    ratings = (
        select(Conversation.seat_id, Conversation.rating, func.count())
        .where(Conversation.created_at >= begins, Conversation.created_at < ends)
        .where(Conversation.seat_id.is_not(None), Conversation.rating.is_not(None))
        .where(Conversation.channel == "phone")
        .group_by(Conversation.seat_id, Conversation.rating)
    )
    for seat_id, word, count in await session.execute(ratings):
        assert seat_id is not None and word is not None, "asked for so"
        of(seat_id).ratings[word] = int(count)
    yes = func.sum(case((ReturnVisit.satisfied.is_(True), 1), else_=0))
    visits = (
        select(Order.created_by, func.count(ReturnVisit.satisfied), yes)
        .join(Order, Order.order_no == ReturnVisit.order_no)
        .where(ReturnVisit.status == "done", ReturnVisit.done_at >= begins, ReturnVisit.done_at < ends)
        .where(Order.created_by.startswith(_ACTOR, autoescape=True))
        .group_by(Order.created_by)
    )
    for actor, asked, satisfied in await session.execute(visits):
        figures = of(actor.removeprefix(_ACTOR))
        figures.asked_if_satisfied, figures.satisfied = int(asked), int(satisfied)
    sheets = (
        select(ReviewSheet.seat_id, func.count(), func.avg(ReviewSheet.total))
        .where(ReviewSheet.created_at >= begins, ReviewSheet.created_at < ends)
        .group_by(ReviewSheet.seat_id)
    )
    for seat_id, count, points in await session.execute(sheets):
        of(seat_id).sheets, of(seat_id).points = int(count), float(points)
    return found
