"""The work-order room's shell: files, shows and moves orders. Every step is durable before it is told to anybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from storage.engine import Database, next_value
from storage.follow_up_tables import OrderCopy
from storage.tables import Order, OrderEvent
from workorders import correction, dispatch, duplicates, merging, numbers, objections, order_search, redispatch
from workorders.duties import Duties, default_duties
from workorders.model import Assignment, FiledOrder, OrderDraft, Urgency
from workorders.new_order import make_title, new_row
from workorders.order import RULES, OrderStateError, actor_kind, advance
from workorders.ports import Notices, Outbox, Units
from workorders.transitions import check_extension, check_renewal, move, renews
from workorders.view import OrderView, order_view, told_outside

SYSTEM = "system:core"
# Never taken from whoever causes an event.
_NOTED_HERE: Final = frozenset({"from_unit", "from_copies", "new_copies", "event_id"})
_GIVES: Final = ("dispatch", "uphold", "copy")  # say who gets an order, or a copy of it
_NOTICED: Final[dict[str, Literal["answered", "extended"]]] = {
    "answer": "answered",
    "follow": "answered",
    "extend": "extended",
    "follow_extend": "extended",
}


class OrderNotFound(HotlineError):
    """No such order, or the tracking code is wrong: the two are never told apart."""

    def __init__(self) -> None:
        super().__init__("没有查到这个工单，请核对工单编号和查询码。")


class OrderConflict(HotlineError):
    """The order was changed by somebody else since it was read; read it again."""


async def _keep_copies(session: AsyncSession, order: Order) -> None:
    """Who has a copy, as the lists of units look for it."""
    await session.execute(delete(OrderCopy).where(OrderCopy.order_no == order.order_no))
    units = dict.fromkeys(str(unit)[:128] for unit in order.copies if unit)
    session.add_all(OrderCopy(order_no=order.order_no, unit=unit) for unit in units)


class OrderService:
    """One instance a process; safe to use from many tasks."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        outbox: Outbox | None = None,
        notices: Notices | None = None,
        duties: Duties | None = None,
        units: Units | None = None,
    ) -> None:
        """`outbox`: who is told of events; `notices`: short messages to citizens and units; None tells nobody.
        `duties`: the city's own rules of dispatch; None: ours. `units`: to whom orders may go; None: to anybody."""
        self._duties = duties
        self._units = units
        self._notices = notices
        self._database = database
        self._clock = clock or SystemClock()
        self._outbox = outbox

    @property
    def duties(self) -> Duties:
        """The rules of dispatch in use."""
        return self._duties or default_duties()

    def use(self, duties: Duties) -> None:
        """From now on these are the city's rules; orders that are there keep their units."""
        self._duties = duties

    def assign(self, draft: OrderDraft, urgency: Urgency | None = None) -> Assignment:
        """The unit and the deadline that the draft would be filed with; `urgency`: where it is not for the words to
        tell."""
        return dispatch.assign(draft, self._duties, urgency)

    def way_to(self, unit: str, order: OrderView, *, district: str = "", street: str = "") -> redispatch.Way:
        """How an order would go to a unit that a person has chosen, and who would get a copy; `district`, `street`:
        where it is, if that is about to be corrected."""
        return redispatch.way_of(unit, order, self.duties, district=district, street=street)

    async def file(
        self,
        session: AsyncSession,
        draft: OrderDraft,
        *,
        key: str,
        now: datetime,
        actor: str,
        duplicate_of: str | None = None,
    ) -> FiledOrder:
        """File one matter inside the caller's transaction; it exists when the caller commits.

        Args:
            key: idempotency key, at most 80 characters; the same key again returns the order filed before, without
                its tracking code (that is told once).
            actor: `bot:…`, `seat:<id>` or `system:…`.
            duplicate_of: a known earlier order; None looks for one of the same citizen.

        Raises:
            ValueError: the key is empty or too long, or the draft has no detail.
        """
        if not 0 < len(key) <= 80:
            raise ValueError("an idempotency key has 1 to 80 characters")
        if not draft.detail.strip():
            raise ValueError("an order without a detail cannot be acted on")
        if (known := await _filed_before(session, key)) is not None:
            return known
        assignment = draft.assignment or self.assign(draft)
        draft = replace(draft, assignment=assignment, title=make_title(draft))
        number = numbers.order_no(now, await next_value(session, numbers.counter_name(now)))
        # Whoever has taken a number is alone with filing until the commit, so what was filed meanwhile is seen now:
        # the same request sent twice at once, or the same matter told on two channels at once.
        if (known := await _filed_before(session, key)) is not None:
            return known
        earlier = duplicate_of or await self.find_duplicate(session, draft, now=now)
        code = numbers.new_tracking_code()
        order = new_row(draft, assignment, number=number, key=key, now=now, actor=actor)
        order.tracking_hash = numbers.tracking_hash(number, code)
        order.duplicate_of = earlier
        session.add(order)
        await session.flush()
        await _keep_copies(session, order)
        self._record(session, order, "file", actor=actor, now=now, note="", data={})
        move(order, "dispatch", SYSTEM, now)
        self._record(
            session,
            order,
            "dispatch",
            actor=SYSTEM,
            now=now,
            note=assignment.reason,
            data={"unit": assignment.unit, "mode": assignment.mode, "copies": list(assignment.copies)},
        )
        if earlier is not None:
            self._record(
                session, order, "note", actor=SYSTEM, now=now, note=f"与工单 {earlier} 为同一诉求，已关联。", data={}
            )
        if self._notices is not None:
            self._notices.put(session, order, "filed", "filed", now=now, code=code)
        await session.flush()
        return FiledOrder(number, code, order.deadline_hours, assignment.unit, working_days=assignment.working_days)

    async def find_duplicate(self, session: AsyncSession, draft: OrderDraft, *, now: datetime) -> str | None:
        """An open order of the last 30 days with the same contact, a place that agrees and a similar detail."""
        if not draft.contact_phone:
            return None
        rows = await session.execute(
            select(Order)
            .where(
                Order.contact_phone_key == draft.contact_phone,
                Order.created_at >= now - timedelta(days=duplicates.LOOK_BACK_DAYS),
                Order.status != "closed",
                Order.request_type == draft.request_type,
            )
            .order_by(Order.created_at)
            .limit(50)
        )
        for order in rows.scalars():
            agrees = duplicates.same_place((order.district, order.street), (draft.district, draft.street))
            if agrees and duplicates.similarity(order.detail, draft.detail) >= duplicates.SIMILAR_ENOUGH:
                return order.duplicate_of or order.order_no
        return None

    async def view(self, order_no: str, *, tracking_code: str | None = None, seat: str | None = None) -> OrderView:
        """One order, for the citizen who has its tracking code or for a seat (then `seat` is the seat's id).

        Raises:
            OrderNotFound: wrong number, wrong code, or neither code nor seat; takes as long in each case.
        """
        async with self._database.read() as session:
            order = await session.get(Order, order_no)
            events: list[OrderEvent] = []
            if order is not None:
                found = select(OrderEvent).where(OrderEvent.order_no == order_no).order_by(OrderEvent.id)
                events = list((await session.execute(found)).scalars())
        if seat is None:
            stored = order.tracking_hash if order is not None else "0" * 64
            code = tracking_code or ""
            matches = await asyncio.to_thread(numbers.tracking_matches, order_no, code, stored)
            if not matches:
                raise OrderNotFound
        if order is None:
            raise OrderNotFound
        return order_view(order, events)

    async def search(
        self, *, status: str | None = None, text: str = "", conversation_id: str | None = None, limit: int = 50
    ) -> list[OrderView]:
        """Orders for the desk, newest first, without their events. `text` is looked for in number, title and place,
        and may be the citizen's whole telephone number."""
        async with self._database.read() as session:
            return await order_search.found(
                session, status=status, text=text, conversation_id=conversation_id, limit=limit
            )

    async def change(
        self,
        order_no: str,
        event: str,
        *,
        actor: str,
        note: str = "",
        data: dict[str, Any] | None = None,
        event_id: str | None = None,
        expected_version: int | None = None,
    ) -> OrderView:
        """Let `event` happen to an order.

        Args:
            data: `dispatch` and `uphold` take `unit`, `mode`, `copies` (those that are left out follow from the unit:
                `workorders/redispatch.py`), `deadline_hours` or `renew_deadline`; `copy` takes `copies`;
                `correct` takes what `workorders/correction.py` says, and with `dispatch` (its data) gives the order to
                a unit in the same step; `extend` takes `deadline_hours` (added); `object` may name the unit whose order
                it is instead (`suggested_unit`); `unmerge` with `dispatch` gives the order to its unit again in the
                same step.
            event_id: makes the call replay-safe: the same id again changes nothing and returns the order.
            expected_version: refuse when the order has moved on since it was read.

        Raises:
            OrderNotFound: no such order.
            OrderStateError: the event may not happen now, not by this actor, or lacks something.
            OrderConflict: `expected_version` is old.
        """
        now = self._clock.now()
        values = {key: value for key, value in (data or {}).items() if key not in _NOTED_HERE}
        given = values.pop("dispatch", None) if event == "correct" else None
        await self._check_units(given if isinstance(given, dict) else values if event in _GIVES else {})
        async with self._database.write() as session:
            if event == "merge":
                await merging.lock_both(session, order_no, values)
            found = select(Order).where(Order.order_no == order_no).with_for_update()
            order = (await session.execute(found)).scalar_one_or_none()
            if order is None:
                raise OrderNotFound
            past = select(OrderEvent).where(OrderEvent.order_no == order_no).order_by(OrderEvent.id)
            events = list((await session.execute(past)).scalars())
            if event_id is not None and any(row.data.get("event_id") == event_id for row in events):
                return order_view(order, events)
            if expected_version is not None and expected_version != order.version:
                raise OrderConflict("工单已被他人更新，请刷新后再操作。")
            if actor_kind(actor) == "unit" and order.unit != actor.partition(":")[2]:
                raise OrderNotFound  # another unit's order is as good as none
            main = await merging.main_of(session, order, values) if event == "merge" else None
            if event == "extend":
                check_extension(order, events, values, now)
            if event == "correct":
                values = correction.noted(order, values)
            if renews(event, values):
                check_renewal(event, events, values, note)
            objected, about = order.status == "objected", str(values.get("objection") or "")
            moved = event == "uphold" or (event == "dispatch" and objected)
            if moved and str(values.get("unit") or "").strip() in ("", order.unit):
                raise OrderStateError("采纳派单异议时，请填写改派的承办单位。")
            if event == "copy":
                values = redispatch.only_copies(order, values, self.duties)
            elif event in _GIVES and (values.get("unit") or values.get("mode") or "copies" in values):
                values = redispatch.completed(order, values, self.duties)
            if event_id is not None:
                values["event_id"] = event_id
            await self._happen(session, order, event, events, actor=actor, now=now, note=note, values=values, main=main)
            if event == "uphold":  # the next unit has the order in the same moment
                values = {key: value for key, value in values.items() if key not in ("event_id", "objection")}
                await self._happen(session, order, "dispatch", events, actor=actor, now=now, note=note, values=values)
            if isinstance(given, dict):
                step, given = redispatch.after_correction(order, given, self.duties)
                await self._happen(session, order, step, events, actor=actor, now=now, note=note, values=given)
            if event == "unmerge" and values.get("dispatch") is True:
                again = {"unit": order.unit, "mode": order.dispatch_mode, "copies": list(order.copies)}
                await self._happen(session, order, "dispatch", events, actor=actor, now=now, note="", values=again)
            if event == "object":
                suggested = str(values.get("suggested_unit") or "")
                objections.raised(session, order, actor=actor, reason=note, suggested=suggested, now=now)
            elif objected and order.status != "objected":
                await objections.settled(session, order, event, actor=actor, reason=note, now=now, objection_id=about)
            await session.flush()
            return order_view(order, events)

    async def _check_units(self, values: dict[str, Any]) -> None:
        """
        Raises:
            UnknownUnit: an order, or a copy of it, is to go to nobody that there is.
        """
        copies = values.get("copies")
        named = [values.get("unit"), *(copies if isinstance(copies, list | tuple) else ())]
        if self._units is not None and (names := [name.strip() for name in named if isinstance(name, str) and name]):
            await self._units.check(*(name for name in names if name))

    async def _happen(
        self,
        session: AsyncSession,
        order: Order,
        event: str,
        events: list[OrderEvent],
        *,
        actor: str,
        now: datetime,
        note: str,
        values: dict[str, Any],
        main: Order | None = None,
    ) -> None:
        """One event of a locked order, with what follows from it at once, and its record at the end of `events`."""
        before, copied = order.unit, [str(copy) for copy in order.copies]
        if event == "unmerge":
            values = {**values, "main": order.duplicate_of}  # of what it was found not to be a repeat
        move(order, event, actor, now, note=note, values=values)
        if main is not None:
            order.duplicate_of, values = main.order_no, {**values, "main": main.order_no}
        if event in ("dispatch", "copy"):
            await _keep_copies(session, order)
            if gone := [name for name in copied if name not in (*order.copies, order.unit)]:
                values = {**values, "from_copies": gone}
        if event == "copy":
            values = {**values, "new_copies": [name for name in order.copies if name not in copied]}
        if event == "dispatch" and before and before != order.unit:
            values = {**values, "from_unit": before}  # who is to hear that the order is theirs no longer
        timed = event in ("extend", "reopen", "dispatch") or renews(event, values)
        if timed and order.deadline_at is not None:
            values = {**values, "deadline_at": order.deadline_at.isoformat()}
        if event in merging.FOLLOWED or event == merging.RELEASES:
            await self._follow(session, order, event, now, note=note)
        events.append(self._record(session, order, event, actor=actor, now=now, note=note, data=values))

    async def _follow(self, session: AsyncSession, main: Order, event: str, now: datetime, *, note: str) -> None:
        """What became of `main` becomes of those merged into it: they hear of it, and are visited like everybody."""
        told, note = {"main": main.order_no}, told_outside(note, main) or ""  # other citizens read it
        for order in await merging.followers(session, main):
            if event == merging.RELEASES:
                move(order, "unmerge", SYSTEM, now, note=merging.RELEASED_NOTE)
                self._record(session, order, "unmerge", actor=SYSTEM, now=now, note=merging.RELEASED_NOTE, data=told)
                move(order, "dispatch", SYSTEM, now)
                again = {"unit": order.unit, "mode": order.dispatch_mode, "copies": list(order.copies)}
                self._record(session, order, "dispatch", actor=SYSTEM, now=now, note="", data=again)
                continue
            follows = merging.FOLLOWED[event]
            due = {"deadline_at": main.deadline_at.isoformat()} if event == "extend" and main.deadline_at else {}
            move(order, follows, SYSTEM, now, note=note, values=due)
            self._record(session, order, follows, actor=SYSTEM, now=now, note=note, data=told | due)

    def alert(
        self, session: AsyncSession, order: Order, event: Literal["remind", "breach"], *, now: datetime, note: str
    ) -> None:
        """Note on a locked order, inside the caller's transaction, that its deadline is near or missed. That changes
        nothing of the order itself, so whoever has it open on the desk can still save it.

        Raises:
            OrderStateError: the order does not wait for an answer any more.
        """
        advance(order.status, event, actor=SYSTEM, note=note)  # type: ignore[arg-type]
        due = order.deadline_at.isoformat() if order.deadline_at else None
        self._record(session, order, event, actor=SYSTEM, now=now, note=note, data={"deadline_at": due})

    def attached(self, session: AsyncSession, order: Order, *, actor: str, now: datetime, data: dict[str, Any]) -> None:
        """Note on a locked order, inside the caller's transaction, that a file was taken.

        Raises:
            OrderStateError: nothing can be added to it any more, or not by this actor.
        """
        move(order, "attach", actor, now)
        self._record(session, order, "attach", actor=actor, now=now, note="", data=data)

    def _record(
        self,
        session: AsyncSession,
        order: Order,
        event: str,
        *,
        actor: str,
        now: datetime,
        note: str,
        data: dict[str, Any],
    ) -> OrderEvent:
        """An event and what is to be told of it, in the transaction of what happened."""
        row = OrderEvent(
            order_no=order.order_no,
            event=event,
            actor=actor[:64],
            note=note[:4_000],
            data=data,
            public=RULES[event].public or renews(event, data),
            at=now,
        )
        session.add(row)
        if self._outbox is not None:
            self._outbox.enqueue(session, order, row)
        if self._notices is not None:
            kind = "changed" if renews(event, data) else _NOTICED.get(event)
            if kind is not None:
                self._notices.put(session, order, kind, f"{event}:{order.version}", now=now, note=note)
            self._notices.tell_units(session, order, row)
        return row


async def _filed_before(session: AsyncSession, key: str) -> FiledOrder | None:
    """The order with this idempotency key, without its tracking code."""
    known = (await session.execute(select(Order).where(Order.idempotency_key == key))).scalar_one_or_none()
    if known is None:
        return None
    return FiledOrder(known.order_no, "", known.deadline_hours, known.unit or "", True, known.deadline_working_days)
