"""The dispatchers' desk for likely repeats: orders of different citizens about one matter are shown, merged, taken out
again, or kept apart. Every step is an event of the order, with who and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from storage.engine import Database
from storage.tables import Order, OrderEvent
from workorders import numbers, repeat_search
from workorders.likely_repeats import Group
from workorders.order import STATUS_TEXT, OrderStateError
from workorders.service import OrderNotFound, OrderService
from workorders.view import OrderView, names_of, without_person

SHOWN: Final = 50  # groups, and orders that are merged now
# no telephone number is read; the names only to take them out of what is shown
_COLUMNS: Final = load_only(
    *(Order.order_no, Order.request_type, Order.status, Order.title, Order.created_at, Order.unit),
    *(Order.district, Order.street, Order.address, Order.contact_name, Order.extra, Order.duplicate_of),
)


class RepeatReview:
    """One instance a process; safe to use from many tasks."""

    def __init__(self, database: Database, orders: OrderService, *, clock: Clock | None = None) -> None:
        self._database = database
        self._orders = orders
        self._clock = clock or SystemClock()

    async def list(self, *, days: int) -> dict[str, Any]:
        """Groups of open orders of the last `days` that are likely repeats, the newest first, and the orders that are
        merged now, those that changed last first. Neither names nor numbers of citizens are in it.

        `complete`: false where there are more groups than are shown, or may be (`workorders/repeat_search.py`).
        """
        since = self._clock.now() - timedelta(days=days)
        async with self._database.read() as session:
            found = await repeat_search.search(session, since=since, wanted=SHOWN)
            alike = found.groups[:SHOWN]
            rows = await _rows(session, alike)
            merged = await _merged(session)
        items = [_shown_group(group, rows) for group in alike]
        return {"items": items, "merged": merged, "complete": found.complete}

    async def merge(self, main: str, repeats: Sequence[str], *, actor: str, reason: str) -> dict[str, Any]:
        """Merge `repeats` into `main`, each by itself: what cannot be merged any more keeps none of the others.

        Raises:
            OrderNotFound, OrderStateError: none of them could be merged; why the first could not.
        """
        merged: list[str] = []
        refused: dict[str, HotlineError] = {}
        for number in dict.fromkeys(numbers.normalise(repeat) for repeat in repeats):
            try:
                await self._orders.change(number, "merge", actor=actor, note=reason, data={"main": main})
            except (OrderNotFound, OrderStateError) as error:
                refused[number] = error
            else:
                merged.append(number)
        if refused and not merged:
            raise next(iter(refused.values()))
        told = [{"order_no": number, "message": str(error)} for number, error in refused.items()]
        return {"merged": merged, "refused": told}

    async def undo(self, order_no: str, *, actor: str, reason: str) -> OrderView:
        """Take a merged order out again: the unit that had it has it again.

        Raises:
            OrderNotFound: no such order.
            OrderStateError: it is not merged (any more), or the reason is missing.
        """
        return await self._orders.change(order_no, "unmerge", actor=actor, note=reason, data={"dispatch": True})

    async def keep_apart(self, main: str, others: Sequence[str], *, actor: str, reason: str) -> None:
        """Note on `others` that they are no repeats of `main`: the list does not propose it again.

        Raises:
            OrderNotFound: one of them does not exist; those before it have their note.
            OrderStateError: the reason is missing.
        """
        if not reason.strip():
            raise OrderStateError("请写明为什么不是同一件事。")
        for number in dict.fromkeys(numbers.normalise(other) for other in others):
            note = f"经核对，与工单{main}不是同一件事：{reason}"
            await self._orders.change(number, "note", actor=actor, note=note, data={"apart": main})


async def _rows(session: AsyncSession, alike: Sequence[Group]) -> dict[str, Order]:
    numbers = [number for group in alike for number in (group.main, *(repeat.order_no for repeat in group.repeats))]
    query = select(Order).where(Order.order_no.in_(numbers)).options(_COLUMNS)
    return {order.order_no: order for order in (await session.execute(query)).scalars()}


async def _merged(session: AsyncSession) -> list[dict[str, Any]]:
    query = select(Order).where(Order.status == "merged").options(_COLUMNS)
    rows = (await session.execute(query.order_by(Order.updated_at.desc(), Order.order_no).limit(SHOWN))).scalars().all()
    events = select(OrderEvent).where(
        OrderEvent.order_no.in_([order.order_no for order in rows]), OrderEvent.event == "merge"
    )
    last = {event.order_no: event for event in (await session.execute(events.order_by(OrderEvent.id))).scalars()}
    shown = []
    for order in rows:
        event = last.get(order.order_no)
        more = {
            "main": order.duplicate_of,
            "merged_at": event.at.isoformat() if event else None,
            "reason": without_person(event.note, *names_of(order)) if event else "",
        }
        shown.append({**_shown(order), **more})
    return shown


def _shown_group(group: Group, rows: dict[str, Order]) -> dict[str, Any]:
    repeats = [{**_shown(rows[repeat.order_no]), "why": list(repeat.why)} for repeat in group.repeats]
    return {"main": _shown(rows[group.main]), "repeats": repeats}


def _shown(order: Order) -> dict[str, Any]:
    """For whoever dispatches: what and where, and not who."""
    return {
        "order_no": order.order_no,
        "request_type": order.request_type,
        "status": order.status,
        "status_text": STATUS_TEXT.get(order.status, order.status),
        "title": without_person(order.title, *names_of(order)),
        "place": " ".join(
            part
            for part in (
                f"{order.district or ''}{order.street or ''}",
                without_person(order.address, *names_of(order)),
            )
            if part
        ),
        "unit": order.unit or "",
        "filed_at": order.created_at.isoformat(),
    }
