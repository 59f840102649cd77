"""Seats at work: their states and skills in the database, so that a restart and other cores know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from seats import presence
from seats.presence import AtDesk, State
from storage.desk_tables import DeskSeat
from storage.engine import Database
from storage.tables import Seat


@dataclass(frozen=True, slots=True)
class Enlisted:
    """A seat as the roster knows it. `chats` None: as the settings say."""

    seat_id: str
    at_desk: AtDesk
    skills: frozenset[str] = frozenset()
    chats: int | None = None
    served_at: datetime | None = None
    heard_at: datetime | None = None


class Roster:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None, wrap_up: timedelta = timedelta()) -> None:
        """`wrap_up`: how long the paperwork after a conversation may take before the next offer."""
        self._database = database
        self._clock = clock or SystemClock()
        self._wrap_up = wrap_up

    async def all(self) -> dict[str, Enlisted]:
        """Everybody who was ever at a desk or has a skill."""
        now = self._clock.now()
        async with self._database.read() as session:
            return {row.seat_id: _enlisted(row, now) for row in (await session.execute(select(DeskSeat))).scalars()}

    async def came(self, seat_id: str) -> AtDesk:
        """Its page was opened."""
        now = self._clock.now()
        async with self._database.write() as session:
            row = await self._row(session, seat_id)
            known = presence.came(_at_desk(row), now)
            _store(row, known)
            row.heard_at = now
            return known

    async def choose(self, seat_id: str, state: State, *, reason: str = "") -> AtDesk:
        now = self._clock.now()
        return await self._become(seat_id, presence.chosen(state, now, reason=reason[:40], wrap_up=self._wrap_up))

    async def left(self, seat_ids: Iterable[str]) -> None:
        """Nobody has heard of them: offline."""
        ids = list(seat_ids)
        if ids:
            async with self._database.write() as session:
                gone = update(DeskSeat).where(DeskSeat.seat_id.in_(ids), DeskSeat.state != "offline")
                await session.execute(gone.values(state="offline", reason="", until=None, since=self._clock.now()))

    async def heard(self, silence: Mapping[str, float]) -> None:
        """Their pages live, at this core; `silence`: seconds since each was heard of."""
        if not silence:
            return
        now = self._clock.now()
        async with self._database.write() as session:
            rows = (await session.execute(select(DeskSeat).where(DeskSeat.seat_id.in_(list(silence))))).scalars()
            for row in rows:
                row.heard_at = now - timedelta(seconds=silence[row.seat_id])

    async def lately(self, within_seconds: float) -> frozenset[str]:
        """Seats whose pages were heard of within so many seconds, at whichever core."""
        since = self._clock.now() - timedelta(seconds=within_seconds)
        async with self._database.read() as session:
            found = await session.execute(select(DeskSeat.seat_id).where(DeskSeat.heard_at > since))
            return frozenset(found.scalars())

    async def served(self, seat_id: str, *, answered: bool) -> None:
        """Something was offered to it (`answered` False) or taken by it."""
        async with self._database.write() as session:
            row = await self._row(session, seat_id)
            row.served_at = self._clock.now()
            row.missed = 0 if answered else row.missed

    async def missed(self, seat_id: str) -> AtDesk:
        """An offer passed without an answer."""
        now = self._clock.now()
        async with self._database.write() as session:
            row = await self._row(session, seat_id)
            known = presence.missed_one(_at_desk(row).at(now), now)
            _store(row, known)
            return known

    async def finished(self, seat_id: str, *, holds_others: bool) -> AtDesk:
        now = self._clock.now()
        async with self._database.write() as session:
            row = await self._row(session, seat_id)
            known = presence.finished(_at_desk(row).at(now), now, holds_others=holds_others, wrap_up=self._wrap_up)
            _store(row, known)
            return known

    async def enlist(self, login: str, *, skills: Iterable[str] | None = None, chats: int | None = None) -> bool:
        """Give an account its skills or its number of chats at once; False where there is no such login."""
        async with self._database.write() as session:
            seat = (await session.execute(select(Seat).where(Seat.login == login))).scalar_one_or_none()
            if seat is None:
                return False
            row = await self._row(session, seat.id)
            if skills is not None:
                row.skills = sorted(set(skills))
            if chats is not None:
                row.chats = chats
            return True

    async def _become(self, seat_id: str, known: AtDesk) -> AtDesk:
        async with self._database.write() as session:
            _store(await self._row(session, seat_id), known)
        return known

    async def _row(self, session: AsyncSession, seat_id: str) -> DeskSeat:
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        new: Any = insert(DeskSeat).values(
            seat_id=seat_id, skills=[], state="offline", reason="", since=self._clock.now(), missed=0
        )
        await session.execute(new.on_conflict_do_nothing())
        query = select(DeskSeat).where(DeskSeat.seat_id == seat_id).with_for_update()
        return (await session.execute(query)).scalar_one()


def _at_desk(row: DeskSeat) -> AtDesk:
    return AtDesk(cast(State, row.state), row.since, row.reason, row.until, row.missed)


def _store(row: DeskSeat, known: AtDesk) -> None:
    row.state, row.since, row.reason = known.state, known.since, known.reason
    row.until, row.missed = known.until, known.missed


def _enlisted(row: DeskSeat, now: datetime) -> Enlisted:
    return Enlisted(row.seat_id, _at_desk(row).at(now), frozenset(row.skills), row.chats, row.served_at, row.heard_at)
