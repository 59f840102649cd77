"""What the desk keeps beside a conversation: offers, what the citizen was told, drafts, tags, wrap-up. One row each.

Offers are decided by the database: a conversation is offered to one seat at a time and a seat has one offer at a time,
whichever core makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from seats.waiting_time import Told
from storage.desk_tables import DeskCase
from storage.engine import Database

_MEASURED: Final = 50  # conversations that the expected wait is computed from
_MEASURED_WITHIN: Final = timedelta(days=1)
TAGS: Final = 12
TAG_CHARACTERS: Final = 20


@dataclass(frozen=True, slots=True)
class Case:
    """The row as it was read. `passed_over`: seats to whom it is not offered now."""

    conversation_id: str
    offered_to: str | None = None
    offered_until: datetime | None = None
    passed_over: frozenset[str] = frozenset()
    turned_down: bool = False
    told: Told | None = None
    told_of: datetime | None = None
    call_back_offered: bool = False
    draft: str = field(default="", repr=False)
    form: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tags: tuple[str, ...] = ()
    snoozed_until: datetime | None = None


class Cases:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def of(self, conversation_ids: Iterable[str]) -> dict[str, Case]:
        """Those that have a row."""
        ids = list(conversation_ids)
        if not ids:
            return {}
        now = self._clock.now()
        async with self._database.read() as session:
            rows = (await session.execute(select(DeskCase).where(DeskCase.conversation_id.in_(ids)))).scalars()
            return {row.conversation_id: _case(row, now) for row in rows}

    async def one(self, conversation_id: str) -> Case:
        return (await self.of([conversation_id])).get(conversation_id, Case(conversation_id))

    # -- offers ------------------------------------------------------------------------------------------------------

    async def offer(self, conversation_id: str, seat_id: str, *, seconds: float) -> bool:
        """Offer it to one seat; False where another core was faster, with this conversation or with this seat."""
        now = self._clock.now()
        try:
            async with self._database.write() as session:
                await _ensure(session, conversation_id)
                offered = (
                    update(DeskCase)
                    .where(DeskCase.conversation_id == conversation_id, DeskCase.offered_to.is_(None))
                    .values(offered_to=seat_id, offered_until=now + timedelta(seconds=seconds))
                )
                return bool((await session.execute(offered)).rowcount)  # type: ignore[attr-defined]
        except IntegrityError:
            return False  # the seat has an offer

    async def turn_down(self, conversation_id: str, seat_id: str, *, pause: timedelta) -> bool:
        """The seat does not take it; for so long it is not offered there again. False where it was not offered."""
        async with self._database.write() as session:
            row = await _locked(session, conversation_id)
            if row is None or row.offered_to != seat_id:
                return False
            _pass_over(row, self._clock.now() + pause)
            return True

    async def expire(self, *, pause: timedelta) -> list[tuple[str, str]]:
        """Offers whose time is over end like those that were turned down; (conversation, seat) of each."""
        now = self._clock.now()
        overdue = select(DeskCase).where(DeskCase.offered_to.is_not(None), DeskCase.offered_until <= now)
        async with self._database.read() as session:
            if (await session.execute(overdue.limit(1))).scalar_one_or_none() is None:
                return []
        ended: list[tuple[str, str]] = []
        async with self._database.write() as session:
            for row in (await session.execute(overdue.with_for_update(skip_locked=True))).scalars():
                ended.append((row.conversation_id, str(row.offered_to)))
                _pass_over(row, now + pause)
        return ended

    async def withdraw(self, *, still_waiting: Iterable[str], at_desk: Iterable[str]) -> int:
        """Offers of conversations that wait no longer, or to seats that have gone, end without blame; how many."""
        waiting, present = list(still_waiting), list(at_desk)
        stale = or_(DeskCase.conversation_id.not_in(waiting), DeskCase.offered_to.not_in(present))
        query = select(DeskCase.conversation_id).where(DeskCase.offered_to.is_not(None), stale)
        async with self._database.read() as session:
            ids = list((await session.execute(query)).scalars())
        if not ids:
            return 0
        async with self._database.write() as session:
            ended = update(DeskCase).where(DeskCase.conversation_id.in_(ids)).where(stale)
            done = await session.execute(ended.values(offered_to=None, offered_until=None))
            return int(done.rowcount)  # type: ignore[attr-defined]

    async def taken(self, conversation_id: str) -> None:
        """A seat has it: no offer stands, and nobody has turned it down."""
        await self._set(conversation_id, offered_to=None, offered_until=None, passed_over={}, snoozed_until=None)

    # -- what the citizen was told -----------------------------------------------------------------------------------

    async def told(self, conversation_id: str, told: Told, *, of: datetime, call_back_offered: bool) -> bool:
        """Note it before it is said; False where another core has just told the same citizen."""
        async with self._database.write() as session:
            await _ensure(session, conversation_id)
            row = await _locked(session, conversation_id)
            assert row is not None
            if row.told_of == of and row.told_at is not None and row.told_at >= told.at:
                return False
            offered = call_back_offered or (row.told_of == of and row.call_back_offered)
            row.told_ahead, row.told_wait_seconds, row.told_at, row.told_of = (
                told.ahead,
                told.wait_seconds,
                told.at,
                of,
            )
            row.call_back_offered = offered
            return True

    # -- what seats keep ---------------------------------------------------------------------------------------------

    async def keep(self, drafts: Mapping[str, str], forms: Mapping[str, dict[str, Any]]) -> None:
        """What was typed and not sent, of many conversations at once."""
        async with self._database.write() as session:
            ids = sorted({*drafts, *forms})
            for conversation_id in ids:
                await _ensure(session, conversation_id)
            rows = await session.execute(
                select(DeskCase).where(DeskCase.conversation_id.in_(ids)).order_by(DeskCase.conversation_id)
            )
            for row in rows.scalars():
                row.draft = drafts.get(row.conversation_id, row.draft)
                row.form = forms.get(row.conversation_id, row.form)

    async def tag(self, conversation_id: str, tags: Iterable[str]) -> list[str]:
        kept = list(dict.fromkeys(tag.strip()[:TAG_CHARACTERS] for tag in tags if tag.strip()))[:TAGS]
        await self._set(conversation_id, tags=kept)
        return kept

    async def snooze(self, conversation_id: str, until: datetime | None) -> None:
        await self._set(conversation_id, snoozed_until=until)

    async def finished(self, conversation_id: str, *, code: str | None, seconds: float | None) -> None:
        """`code` None: the citizen has ended it; the form is kept, for the seat may still file the order."""
        values: dict[str, Any] = {"finished_at": self._clock.now(), "draft": "", "snoozed_until": None}
        if seconds is not None:
            values["handled_seconds"] = seconds
        if code is not None:
            values |= {"wrap_code": code, "form": {}}
        await self._set(conversation_id, **values)

    async def wrap_up(self, conversation_id: str, code: str) -> None:
        """What it was, said after its end."""
        await self._set(conversation_id, wrap_code=code, form={})

    async def measured(self) -> list[float]:
        """How long the last conversations with seats took, in seconds, newest first."""
        query = (
            select(DeskCase.handled_seconds)
            .where(DeskCase.finished_at >= self._clock.now() - _MEASURED_WITHIN, DeskCase.handled_seconds.is_not(None))
            .order_by(DeskCase.finished_at.desc())
            .limit(_MEASURED)
        )
        async with self._database.read() as session:
            return [float(seconds) for seconds in (await session.execute(query)).scalars() if seconds is not None]

    async def _set(self, conversation_id: str, **values: Any) -> None:
        async with self._database.write() as session:
            await _ensure(session, conversation_id)
            await session.execute(update(DeskCase).where(DeskCase.conversation_id == conversation_id).values(**values))


async def _ensure(session: AsyncSession, conversation_id: str) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(DeskCase).values(
        conversation_id=conversation_id,
        passed_over={},
        call_back_offered=False,
        draft="",
        form={},
        tags=[],
        wrap_code="",
    )
    await session.execute(new.on_conflict_do_nothing())


async def _locked(session: AsyncSession, conversation_id: str) -> DeskCase | None:
    query = select(DeskCase).where(DeskCase.conversation_id == conversation_id).with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


def _pass_over(row: DeskCase, until: datetime) -> None:
    assert row.offered_to is not None
    row.passed_over = {**row.passed_over, row.offered_to: until.isoformat()}
    row.offered_to = row.offered_until = None


def _case(row: DeskCase, now: datetime) -> Case:
    told = Told(row.told_ahead or 0, row.told_wait_seconds, row.told_at) if row.told_at is not None else None
    return Case(
        row.conversation_id,
        row.offered_to,
        row.offered_until,
        frozenset(seat for seat, until in row.passed_over.items() if datetime.fromisoformat(until) > now),
        bool(row.passed_over),
        told,
        row.told_of,
        row.call_back_offered,
        row.draft,
        row.form,
        tuple(row.tags),
        row.snoozed_until,
    )
