"""Where likely repeats are looked for: the newest orders first, and around each of them the open ones of its district,
street and kind of matter (the second level of the catalogue), however old within the look-back.

A city's open orders are too many to be read at each look. What is read is bounded (`SCANNED`, `OPENED`); where less was
enough, the newest groups are all there all the same, for a group is found by its newest order. An order without a
district or a category is compared with that alone which filing has linked it with.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Order, OrderEvent
from workorders import likely_repeats
from workorders.likely_repeats import Candidate, Group
from workorders.order import RUNNING

SCANNED: Final = 20_000  # orders, the newest: only where and of which kind they are
OPENED: Final = 20_000  # orders of which what was said is read, a page at a time
OF_A_PLACE: Final = 1_000  # open orders of one street and kind, the newest
_PAGE: Final = 100
_OPENED_AT_ONCE: Final = 250  # then other tasks have their turn
_NAMED: Final[list[Any]] = [
    *(Order.order_no, Order.filed_at, Order.duplicate_of, Order.district, Order.category_level2, Order.street),
]
_COMPARED: Final[list[Any]] = [
    *(Order.order_no, Order.request_type, Order.created_at, Order.detail, Order.district, Order.street, Order.address),
    *(Order.category_code, Order.category_level3, Order.duplicate_of),
]


@dataclass(slots=True)
class Found:
    """`groups`: the newest first. `complete`: false where a limit was reached, so that there may be more.
    `opened`: of how many orders it was read what was said."""

    groups: list[Group] = field(default_factory=list)
    complete: bool = True
    opened: int = 0


class _Named(NamedTuple):
    """What tells where an order belongs; none of it is sealed."""

    order_no: str
    filed_at: datetime
    duplicate_of: str | None
    district: str | None
    kind: str | None
    street: str | None

    @property
    def place(self) -> tuple[str, str, str] | None:
        return (self.district, self.kind, self.street or "") if self.district and self.kind else None


async def search(session: AsyncSession, *, since: datetime, wanted: int) -> Found:
    """The `wanted` newest groups, or some more, of open orders that were filed at or after `since`."""
    found, looked = Found(), set[tuple[str, str, str]]()
    together: dict[str, Group] = {}
    shown: dict[str, str] = {}  # an order -> the one under which it is shown
    scanned = 0
    async for page in _newest(session, since):
        scanned += len(page)
        running = [row for row, status in page if status in RUNNING]
        places = {row.place for row in running if row.place} - looked
        looked |= places
        near, whole = await _around(session, places, since)
        found.complete &= whole
        numbers = sorted(_several(near) | _linked((*near, *running)), reverse=True)
        left = OPENED - found.opened
        found.complete &= len(numbers) <= left
        candidates = await _opened(session, numbers[:left], since)
        found.opened += len(candidates)
        for group in await _groups(session, candidates):
            _add(together, shown, group)
        seen_until = page[-1][0].filed_at
        if sum(group.newest >= seen_until for group in together.values()) > wanted:
            break
        if scanned >= SCANNED or found.opened >= OPENED:
            found.complete = False
            break
    found.groups = sorted(together.values(), key=lambda group: (group.newest, group.main), reverse=True)
    found.complete &= len(found.groups) <= wanted
    return found


async def _newest(session: AsyncSession, since: datetime) -> AsyncIterator[list[tuple[_Named, str]]]:
    """All orders with their states, the newest first: an index for the open ones alone would read every one of them."""
    after: ColumnElement[bool] | None = None
    query = select(*_NAMED, Order.status).where(Order.filed_at >= since).limit(_PAGE)
    query = query.order_by(Order.filed_at.desc(), Order.order_no.desc())
    while True:
        rows = (await session.execute(query if after is None else query.where(after))).all()
        if not rows:
            return
        page = [(_Named(*row[:-1]), row[-1]) for row in rows]
        yield page
        last = page[-1][0]
        earlier = or_(Order.filed_at < last.filed_at, Order.order_no < last.order_no)
        after = and_(Order.filed_at <= last.filed_at, earlier)


async def _around(
    session: AsyncSession, places: Collection[tuple[str, str, str]], since: datetime
) -> tuple[list[_Named], bool]:
    """The open orders of these places, and whether these are all: those of the same street and those that tell none; of
    a place without a street those of its whole district. All of one kind of matter."""
    if not places:
        return [], True
    kinds = {(district, kind) for district, kind, _ in places}
    wide = {(district, kind) for district, kind, street in places if not street}
    terms = [
        *(_there(since, *place) for place in places if place[2] and place[:2] not in wide),
        *(_there(since, district, kind, None) for district, kind in kinds - wide),
        *(_there(since, district, kind) for district, kind in wide),
    ]
    query = select(*_NAMED).where(_plain(Order.status).in_(RUNNING), or_(*terms))
    by_place: dict[tuple[str, str, str] | None, list[_Named]] = defaultdict(list)
    async for row in await session.stream(query.execution_options(yield_per=_OPENED_AT_ONCE)):
        named = _Named(*row)
        by_place[named.place].append(named)
    whole = True
    for rows in by_place.values():
        rows.sort(reverse=True, key=lambda row: (row.filed_at, row.order_no))
        whole &= len(rows) <= OF_A_PLACE
        del rows[OF_A_PLACE:]
    return [row for rows in by_place.values() for row in rows], whole


def _there(since: datetime, district: str, kind: str, *street: str | None) -> ColumnElement[bool]:
    """In the columns of `ix_orders_repeats`; no street given: whichever."""
    where = (Order.street.is_(None) if name is None else Order.street == name for name in street)
    return and_(Order.district == district, Order.category_level2 == kind, *where, Order.filed_at >= since)


def _plain(column: Any) -> ColumnElement[str]:
    """The same as an expression: an index of states or events would lead through those of the whole city."""
    return func.coalesce(column, "")


def _linked(rows: Iterable[_Named]) -> set[str]:
    """Those that filing has linked, with the earlier orders of the same citizens."""
    return {number for row in rows if row.duplicate_of for number in (row.order_no, row.duplicate_of)}


def _several(near: Iterable[_Named]) -> set[str]:
    """Numbers of those that have somebody to be compared with; who is alone at a place is not even opened."""
    streets: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in near:
        if row.district and row.kind:
            streets[row.district, row.kind][row.street or ""].append(row.order_no)
    chosen: set[str] = set()
    for of_kind in streets.values():
        anywhere = of_kind.get("", [])
        for street, numbers in of_kind.items():
            if len(numbers) > 1 or (anywhere and street):
                chosen.update(numbers, anywhere)
    return chosen


async def _opened(session: AsyncSession, numbers: Sequence[str], since: datetime) -> list[Candidate]:
    if not numbers:
        return []
    query = select(*_COMPARED).where(
        Order.order_no.in_(numbers), _plain(Order.status).in_(RUNNING), Order.created_at >= since
    )
    found = []
    async for row in await session.stream(query.execution_options(yield_per=_OPENED_AT_ONCE)):
        number, request_type, created_at, *texts = row
        said: list[Any] = [text or "" for text in texts]
        found.append(Candidate(number, request_type, created_at, *said))
    return found


async def _groups(session: AsyncSession, candidates: Sequence[Candidate]) -> list[Group]:
    if len(candidates) < 2:
        return []
    numbers = [one.order_no for one in candidates]
    leading, apart = await _leading(session, numbers), await _kept_apart(session, numbers)
    told = [replace(one, leads=True) if one.order_no in leading else one for one in candidates]
    return await asyncio.to_thread(likely_repeats.groups, told, apart)


async def _leading(session: AsyncSession, numbers: Sequence[str]) -> set[str]:
    """Those that others are merged into now."""
    query = select(Order.duplicate_of).where(Order.status == "merged", Order.duplicate_of.in_(numbers))
    return {main for main in (await session.execute(query.distinct())).scalars() if main}


async def _kept_apart(session: AsyncSession, numbers: Sequence[str]) -> set[frozenset[str]]:
    """Pairs that a person has noted to be two matters, or has taken apart again."""
    query = select(OrderEvent.order_no, OrderEvent.data).where(
        OrderEvent.order_no.in_(numbers),
        _plain(OrderEvent.event).in_(("note", "unmerge")),
        OrderEvent.actor.startswith("seat:"),
    )
    told = [(number, data.get("apart") or data.get("main")) for number, data in (await session.execute(query)).all()]
    return {likely_repeats.pair(number, other) for number, other in told if isinstance(other, str)}


def _add(together: dict[str, Group], shown: dict[str, str], group: Group) -> None:
    """Keep a group of another page. Orders without a street are read with those of several: each is shown once."""
    main = shown.get(group.main, group.main)
    known = together.get(main)
    new = tuple(one for one in group.repeats if one.order_no not in shown and one.order_no not in together)
    if not new:
        return
    shown.update((one.order_no, main) for one in new)
    if known is None:
        together[main] = replace(group, repeats=new)
    else:
        together[main] = Group(main, (*known.repeats, *new), max(known.newest, group.newest))
