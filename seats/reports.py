"""Reports of a span of days: volume, waits, containment, the three rates, categories and streets, and what has risen.

Everything is grouped in SQL, over indices that hold all that is read (`storage/tables.py`); what is put together here
are at most a few thousand groups. A contact counts in the slot in which it began, a wait in that in which the citizen
asked, an order in that in which it was filed, a rate in that of the return visit. Calls that we placed are no contacts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import CHINA, Clock, SystemClock
from seats.reports_rise import rise
from seats.reports_time import Slot, Span, before, fold, slot_of
from seats.wallboard import CONTAINED, NOTHING_TOLD, SERVICE_SECONDS, Contained, Waits, share
from storage.calling_tables import OutgoingCall
from storage.engine import Database
from storage.follow_up_tables import ReturnVisit
from storage.leader_tables import DeskWait
from storage.tables import Conversation, Order

_BACK: Final = {"hour": 8, "day": 8, "week": 8, "month": 6}  # slots that one is held against
_BACK_DAYS: Final = {"hour": 56, "day": 56, "week": 56, "month": 186}
_WINDOWS: Final = 4  # spans before, for categories and streets
_TOP: Final = 10
_RATES: Final = ("responded", "solved", "satisfied")
_Kind = tuple[str, str, str, bool]  # channel, outcome, status, and whether a person was asked for where that counts


class Reports:
    """Reads only. One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def of(self, span: Span) -> dict[str, Any]:
        """`slots` has every slot of the span in order, `totals` the same figures of all of it."""
        now = self._clock.now()
        async with self._database.snapshot() as session:
            earliest = span.begins - timedelta(days=_BACK_DAYS[span.slot])
            contacts = await _contacts(session, span.slot, earliest, span.ends)
            waits = await _waits(session, span.begins, span.ends, now, span.slot)
            orders = await _orders(session, span)
            visits = await _visits(session, span)
            usual = await _usual(session, span, contacts)
            categories = await _top(session, span, (Order.category_level1, Order.category_level2))
            streets = await _top(session, span, (Order.district, Order.street))
        names = span.slots()
        rows = [
            {
                "slot": name,
                "unfinished": slot_of(span.slot, now) == name,
                **_volume(contacts.get(name, Counter())),
                **usual.get(name, {}),
                **_contained(contacts.get(name, Counter())).as_dict(),
                **waits.get(name, Waits()).as_dict(),
                **_types(orders.get(name, Counter())),
                **_rates([visits[name]] if name in visits else []),
            }
            for name in names
        ]
        everything = _sum(contacts[name] for name in names if name in contacts)
        totals = {
            **_volume(everything),
            **_contained(everything).as_dict(),
            **sum((waits.get(name, Waits()) for name in names), Waits()).as_dict(),
            **_types(sum((orders.get(name, Counter()) for name in names), Counter())),
            **_rates([visits[name] for name in names if name in visits]),
        }
        return {
            "by": span.slot,
            "first_day": span.first_day.isoformat(),
            "last_day": span.last_day.isoformat(),
            "service_seconds": SERVICE_SECONDS,
            "slots": rows,
            "totals": totals,
            "categories": [{"level1": one, "level2": two, **more} for (one, two), more in categories],
            "streets": [{"district": one, "street": two, **more} for (one, two), more in streets],
        }

    async def wall(self, begins: datetime) -> dict[str, Any]:
        """The same figures from one moment until now, for the wall: contacts, waits and containment."""
        now = self._clock.now()
        ends = now + timedelta(seconds=1)
        async with self._database.snapshot() as session:
            contacts = _sum((await _contacts(session, "day", begins, ends)).values())
            waits = sum((await _waits(session, begins, ends, now, "day")).values(), Waits())
        return {
            "contacts": sum(contacts.values()),
            **waits.as_dict(),
            **_contained(contacts).as_dict(),
        }

    async def open_contacts(self) -> list[tuple[str, str, int]]:
        """(channel, status, number) of the contacts that are under way."""
        query = (
            select(Conversation.channel, Conversation.status, func.count())
            .where(Conversation.status.in_(("open", "waiting", "with_seat")))
            .group_by(Conversation.channel, Conversation.status)
        )
        async with self._database.read() as session:
            return [(channel, status, int(count)) for channel, status, count in await session.execute(query)]


# -- queries -----------------------------------------------------------------------------------------------------------


def _named(session: AsyncSession, slot: Slot, moment: Any) -> ColumnElement[str]:
    """The hour or day of the city in which a moment lies; weeks and months are folded from days."""
    if session.get_bind().dialect.name == "postgresql":
        pattern = "YYYY-MM-DD HH24" if slot == "hour" else "YYYY-MM-DD"
        return func.to_char(func.timezone(CHINA.key, moment), pattern, type_=String)
    pattern = "%Y-%m-%d %H" if slot == "hour" else "%Y-%m-%d"
    return func.strftime(pattern, moment, "+8 hours", type_=String)


def _within(moment: Any, begins: datetime, ends: datetime) -> ColumnElement[bool]:
    return and_(moment >= begins, moment < ends)


def _sum(counters: Iterable[Counter[Any]]) -> Counter[Any]:
    total: Counter[Any] = Counter()
    for counter in counters:
        total.update(counter)
    return total


async def _contacts(session: AsyncSession, slot: Slot, begins: datetime, ends: datetime) -> dict[str, Counter[_Kind]]:
    """Contacts of each slot, by kind: one walk through one index, with a look into that of the waits for each contact
    that the bot may have served alone."""
    named = _named(session, slot, Conversation.created_at)
    placed = select(OutgoingCall.conversation_id).where(OutgoingCall.conversation_id.is_not(None))
    asked_for = Conversation.id.in_(select(DeskWait.conversation_id))
    asked = case((and_(Conversation.outcome.in_(CONTAINED), asked_for), 1), else_=0)
    parts = (named, Conversation.channel, Conversation.outcome, Conversation.status, asked)
    query = (
        select(*parts, func.count())
        .where(_within(Conversation.created_at, begins, ends), Conversation.id.not_in(placed))
        .group_by(*parts)
    )
    found: dict[str, Counter[_Kind]] = {}
    for name, channel, outcome, status, person, count in await session.execute(query):
        found.setdefault(fold(slot, name), Counter())[channel, outcome or "", status, bool(person)] += count
    return found


async def _waits(
    session: AsyncSession, begins: datetime, ends: datetime, now: datetime, slot: Slot
) -> dict[str, Waits]:
    named = _named(session, slot, DeskWait.asked_at)
    over, soon = DeskWait.ended_by != "", DeskWait.waited_seconds <= SERVICE_SECONDS
    answered, left = DeskWait.ended_by == "answered", and_(over, DeskWait.ended_by != "answered")
    late = DeskWait.asked_at < now - timedelta(seconds=SERVICE_SECONDS)
    conditions = (
        answered,
        and_(answered, soon),
        left,
        and_(left, soon),
        DeskWait.ended_by == "abandoned",
        ~over,
        and_(~over, late),
    )
    numbers = [func.sum(case((condition, 1), else_=0)) for condition in conditions]
    query = (
        select(named, *numbers)
        .where(_within(DeskWait.asked_at, begins, ends), DeskWait.again.is_(False))
        .group_by(named)
    )
    found: dict[str, Waits] = {}
    for name, *counted in await session.execute(query):
        key = fold(slot, name)
        found[key] = found.get(key, Waits()) + Waits(*map(int, counted))
    return found


async def _orders(session: AsyncSession, span: Span) -> dict[str, Counter[str]]:
    named = _named(session, span.slot, Order.filed_at)
    query = select(named, Order.request_type, func.count()).where(_within(Order.filed_at, span.begins, span.ends))
    found: dict[str, Counter[str]] = {}
    for name, request_type, count in await session.execute(query.group_by(named, Order.request_type)):
        found.setdefault(fold(span.slot, name), Counter())[request_type] += count
    return found


async def _visits(session: AsyncSession, span: Span) -> dict[str, Counter[str]]:
    """Of each slot: the visits, and for each question those who answered it and who said yes."""
    named = _named(session, span.slot, ReturnVisit.done_at)
    columns: list[Any] = [func.count()]
    for rate in _RATES:
        answer = getattr(ReturnVisit, rate)
        columns += [func.count(answer), func.sum(case((answer.is_(True), 1), else_=0))]
    query = (
        select(named, *columns)
        .where(ReturnVisit.status == "done", _within(ReturnVisit.done_at, span.begins, span.ends))
        .group_by(named)
    )
    keys = ["visits", *(f"{rate} {what}" for rate in _RATES for what in ("answered", "yes"))]
    found: dict[str, Counter[str]] = {}
    for name, *counted in await session.execute(query):
        found.setdefault(fold(span.slot, name), Counter()).update(dict(zip(keys, map(int, counted), strict=True)))
    return found


async def _usual(
    session: AsyncSession, span: Span, contacts: Mapping[str, Counter[_Kind]]
) -> dict[str, dict[str, Any]]:
    """How each slot's contacts stand to the same slots before; slots before the first contact ever say nothing."""
    first = (await session.execute(select(func.min(Conversation.created_at)))).scalar_one_or_none()
    if first is None:
        return {}
    numbers = {name: sum(kinds.values()) for name, kinds in contacts.items()}
    known_from = slot_of(span.slot, first)
    found = {}
    for name in span.slots():
        earlier = [one for one in before(span.slot, name, _BACK[span.slot]) if one > known_from]
        risen = rise(numbers.get(name, 0), [numbers.get(one, 0) for one in earlier])
        found[name] = {"usual": risen.usual, "ratio": risen.ratio, "unusual": risen.unusual}
    return found


async def _top(
    session: AsyncSession, span: Span, columns: tuple[Any, Any]
) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    """The most frequent values of two columns of the orders, held against the same days of the weeks before."""
    weeks = -(-((span.last_day - span.first_day).days + 1) // 7)
    shifts = [timedelta(weeks=weeks * number) for number in range(_WINDOWS + 1)]
    counts = [
        func.sum(case((_within(Order.filed_at, span.begins - shift, span.ends - shift), 1), else_=0))
        for shift in shifts
    ]
    query = (
        select(*columns, *counts)
        .where(_within(Order.filed_at, span.begins - shifts[-1], span.ends), columns[1].is_not(None), columns[1] != "")
        .group_by(*columns)
        .order_by(counts[0].desc(), *columns)
        .limit(_TOP)
    )
    first = (await session.execute(select(func.min(Order.filed_at)))).scalar_one_or_none()
    known = [shift for shift in shifts[1:] if first is not None and span.begins - shift >= first]
    rows: Select[Any] = query
    return [
        ((one or "", two or ""), rise(int(count), [int(number) for number in earlier[: len(known)]]).as_dict())
        for one, two, count, *earlier in await session.execute(rows)
        if count
    ]


# -- shapes ------------------------------------------------------------------------------------------------------------


def _volume(contacts: Counter[_Kind]) -> dict[str, Any]:
    channels: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    for (channel, outcome, _, _), count in contacts.items():
        channels[channel] += count
        outcomes[outcome or "open"] += count
    return {
        "contacts": sum(contacts.values()),
        "channels": dict(sorted(channels.items())),
        "outcomes": dict(sorted(outcomes.items())),
    }


def _contained(contacts: Counter[_Kind]) -> Contained:
    told = alone = 0
    for (_, outcome, status, asked), count in contacts.items():
        if status == "ended" and outcome != NOTHING_TOLD:
            told += count
            alone += count if outcome in CONTAINED and not asked else 0
    return Contained(told, alone)


def _types(orders: Counter[str]) -> dict[str, Any]:
    return {"orders": sum(orders.values()), "types": dict(sorted(orders.items()))}


def _rates(visits: Iterable[Counter[str]]) -> dict[str, Any]:
    """The three rates: the share of yes among those who answered the question; None where nobody did."""
    summed = _sum(visits)
    names = {"responded": "response_rate", "solved": "solution_rate", "satisfied": "satisfaction_rate"}
    shares = {name: share(summed[f"{rate} yes"], summed[f"{rate} answered"]) for rate, name in names.items()}
    return {"visits": summed["visits"], **shares}
