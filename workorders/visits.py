"""回访 (条例 article 23): after each answer the citizen is asked whether they were contacted, helped and satisfied.

Where the order came by chat, the chat asks first; otherwise, or when nothing comes back there, a visitor calls within
the hours and attempts of the rules. What the citizen says moves the order: solved closes it, not solved reopens it
(`automatic_reopens` times, then a person decides). Several cores may sweep at once: a visit is unique for its round,
and an order is moved by an event with the visit's id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from base.calling_hours import CallingRules
from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from base.logs import get_logger
from storage.engine import Database
from storage.follow_up_tables import ReturnVisit
from storage.tables import Conversation, Order
from workorders import task_history, visit_calls, visit_list, visit_rates
from workorders.order import OrderStateError
from workorders.service import SYSTEM, OrderService
from workorders.visit_list import shown

_log = get_logger(__name__)
_PENDING: Final = ("open", "asked", "taken", "answered")
_BATCH: Final = 100


class VisitError(HotlineError):
    """The step is not possible; the message is for the visitor."""


class UnknownVisit(VisitError):
    def __init__(self) -> None:
        super().__init__("没有这个回访任务。")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a citizen said; None: not asked or not answered."""

    responded: bool | None = None
    solved: bool | None = None
    satisfied: bool | None = None
    reason: str = ""
    reason_detail: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class VisitRules:
    chat_patience: timedelta = timedelta(days=2)  # so long the chat's question may stand, then somebody calls
    automatic_reopens: int = 1
    calling: CallingRules = field(default_factory=CallingRules)


class ReturnVisits:
    """One instance a process."""

    def __init__(
        self, database: Database, orders: OrderService, *, rules: VisitRules | None = None, clock: Clock | None = None
    ) -> None:
        self._database = database
        self._orders = orders
        self._rules = rules or VisitRules()
        self._clock = clock or SystemClock()

    # -- by itself ---------------------------------------------------------------------------------------------------

    async def sweep(self) -> int:
        """Answered orders get their visit, unanswered chats go to the telephone, answers move their orders; a visit
        that somebody has had for too long is offered to all again."""
        freed = await self._release() + await self._drop()
        return freed + await self._begin() + await self._to_telephone() + await self._carry_out()

    async def _release(self) -> int:
        now = self._clock.now()
        async with self._database.write() as session:
            rows = await visit_calls.forgotten(session, now - self._rules.calling.held_at_most, limit=_BATCH)
            for row in rows:
                if row.taken_at is None:  # by a node of the version before this one: counted from now on
                    row.taken_at = now
                else:
                    self._free(session, row, "released", task_history.SYSTEM)
            return sum(row.status == "open" for row in rows)

    async def _drop(self) -> int:
        """Orders that a person has moved on meanwhile are not asked about; who is being called is let finish."""
        query = (
            select(ReturnVisit.id)
            .join(Order, Order.order_no == ReturnVisit.order_no)
            .where(ReturnVisit.status.in_(("open", "asked")), Order.status != "answered")
        )
        async with self._database.read() as session:
            ids = list((await session.execute(query.limit(_BATCH))).scalars())
        for visit_id in ids:
            async with self._database.write() as session:
                row = await _locked(session, visit_id)
                if row.status in ("open", "asked"):
                    row.status, row.done_at = "lapsed", self._clock.now()
        return len(ids)

    async def _begin(self) -> int:
        now = self._clock.now()
        pending = exists().where(ReturnVisit.order_no == Order.order_no, ReturnVisit.status.in_(_PENDING))
        query = (
            select(Order, Conversation)
            .outerjoin(Conversation, Conversation.id == Order.conversation_id)
            .where(Order.status == "answered", ~pending)
            .limit(_BATCH)
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        begun = 0
        for order, conversation in rows:
            try:
                async with self._database.write() as session:
                    begun += await self._begin_one(session, order, conversation, now)
            except IntegrityError:  # another core has begun it
                continue
        return begun

    async def _begin_one(
        self, session: AsyncSession, order: Order, conversation: Conversation | None, now: datetime
    ) -> bool:
        found = select(Order.status, Order.unit).where(Order.order_no == order.order_no).with_for_update()
        status, unit = (await session.execute(found)).one()
        before = select(ReturnVisit.status).where(ReturnVisit.order_no == order.order_no)
        states = list((await session.execute(before)).scalars())
        if status != "answered" or any(state in _PENDING for state in states):
            return False
        chat = conversation is not None and conversation.channel != "phone" and conversation.outcome != "emergency"
        session.add(
            ReturnVisit(
                id=new_id("v_"),
                order_no=order.order_no,
                round=len(states) + 1,
                unit=unit or "",
                channel="chat" if chat else "phone",
                conversation_id=order.conversation_id,
                status="open" if chat or _number(order, conversation) else "answered",  # nobody can be asked
                next_at=now if chat else self._rules.calling.earliest(now),
                created_at=now,
                reason="",
                reason_detail="",
                note="",
            )
        )
        return True

    async def _to_telephone(self) -> int:
        """The chat's question was not answered, or could not be asked."""
        now = self._clock.now()
        late = ReturnVisit.created_at < now - self._rules.chat_patience
        query = select(ReturnVisit.id).where(
            ReturnVisit.status.in_(("open", "asked")), ReturnVisit.channel == "chat", late
        )
        async with self._database.read() as session:
            ids = list((await session.execute(query.limit(_BATCH))).scalars())
        for visit_id in ids:
            async with self._database.write() as session:
                row = await _locked(session, visit_id)
                if row.channel != "chat" or row.status not in ("open", "asked"):
                    continue
                order = await session.get_one(Order, row.order_no)
                conversation = await session.get(Conversation, order.conversation_id or "")
                row.channel, row.next_at = "phone", self._rules.calling.earliest(now)
                row.status = "open" if _number(order, conversation) else "answered"
        return len(ids)

    async def _carry_out(self) -> int:
        """What was answered moves the order. Repeated after a failure, an order still moves once."""
        query = select(ReturnVisit).where(ReturnVisit.status == "answered").order_by(ReturnVisit.next_at).limit(_BATCH)
        async with self._database.read() as session:
            rows = list((await session.execute(query)).scalars())
        for row in rows:
            try:
                await self._move(row)
            except OrderStateError as error:  # a person moved it meanwhile: what was said is kept all the same
                _log.info("a return visit found its order moved on", visit=row.id, reason=str(error))
            async with self._database.write() as session:
                kept = await _locked(session, row.id)
                asked = kept.responded is not None or kept.solved is not None or kept.satisfied is not None
                kept.status, kept.done_at = "done" if asked else "lapsed", kept.done_at or self._clock.now()
        return len(rows)

    async def _move(self, row: ReturnVisit) -> None:
        actor, data = row.done_by or SYSTEM, {"visit": row.id}
        told = {
            key: value
            for key in ("responded", "solved", "satisfied")
            if (value := getattr(row, key)) is not None
        }  # fmt: skip
        because = "：".join(part for part in (row.reason, row.reason_detail) if part)
        note = "；".join(part for part in (because, row.note) if part) or ("" if told else "未能联系到市民")
        visitor = actor if actor.partition(":")[0] in ("seat", "system") else SYSTEM  # a chat is carried out by us
        await self._orders.change(
            row.order_no, "visit", actor=visitor, note=note, data=data | told, event_id=f"{row.id}:visit"
        )
        if row.solved is False:
            if row.round <= self._rules.automatic_reopens:
                words = f"回访时市民反映没有解决{f'（{note}）' if note else ''}，请重新办理。"
                await self._orders.change(
                    row.order_no, "reopen", actor=SYSTEM, note=words, data=data, event_id=f"{row.id}:reopen"
                )
            return  # solved in vain more often than that: a person decides what comes next
        await self._orders.change(row.order_no, "close", actor=SYSTEM, data=data, event_id=f"{row.id}:close")

    # -- the visitors ------------------------------------------------------------------------------------------------

    async def tasks(self, *, person: str, limit: int = 100) -> list[dict[str, Any]]:
        """Calls to be made now or later today, the first due first; numbers are told to whoever takes the task."""
        now = self._clock.now()
        callable_now = self._rules.calling.allowed(now)
        async with self._database.read() as session:
            rows = await visit_list.rows(session, person=person, limit=limit)
        return [{**row, "due": callable_now and datetime.fromisoformat(row["next_at"]) <= now} for row in rows]

    async def take(self, visit_id: str, *, person: str) -> dict[str, Any]:
        """Take a visit; tells whom to call. The same person again gets the same.

        Raises:
            UnknownVisit: there is none.
            VisitError: another visitor has it, it is over, or nobody may be called at this hour.
        """
        now = self._clock.now()
        async with self._database.write() as session:
            row = await _locked(session, visit_id)
            if row.channel != "phone" or (row.status, row.taken_by) not in (("open", None), ("taken", person)):
                raise VisitError("这个回访任务已由他人领取，或者已经结束。")
            if not self._rules.calling.allowed(now) or row.next_at > now:
                raise VisitError("现在不是可以回访的时间，请稍后再打。")
            if row.status != "taken":
                row.status, row.taken_by, row.taken_at = "taken", person, now
                task_history.happened(session, "visit", row.id, "taken", actor=person, now=now)
            order = await session.get_one(Order, row.order_no)
            conversation = await session.get(Conversation, order.conversation_id or "")
            return {**shown(row), "number": _number(order, conversation), "contact_name": order.contact_name}

    async def missed(self, visit_id: str, *, person: str, note: str = "") -> dict[str, Any]:
        """Nobody was reached: later again, or never. Raises as `take`."""
        now = self._clock.now()
        async with self._database.write() as session:
            row = await _locked(session, visit_id)
            _check_holder(row, person)
            row.attempts += 1
            row.note = "\n".join(part for part in (row.note, note.strip()[:500]) if part)[:4_000]
            again = self._rules.calling.again(row.attempts, now)
            row.status = "open" if again else "answered"  # with nothing said: it lapses
            row.taken_by, row.taken_at, row.next_at = None, None, again or now
            event: task_history.Event = "unreachable" if again else "given_up"
            task_history.happened(session, "visit", row.id, event, actor=person, now=now)
            return shown(row)

    async def give_back(self, visit_id: str, *, person: str, lead: bool = False) -> dict[str, Any]:
        """Not made after all: anybody may take it. A leader (`lead`) takes it away from whoever has it.

        Raises:
            UnknownVisit: there is none.
            VisitError: the person does not have it, nobody has, or the bot is calling.
        """
        async with self._database.write() as session:
            row = await _locked(session, visit_id)
            if not (lead and row.status == "taken"):
                _check_holder(row, person)
            if await task_history.goes_on(session, "visit", row.id):
                raise VisitError("智能助手正在回访，请等通话结束。")
            event: task_history.Event = "given_back" if row.taken_by == person else "released"
            self._free(session, row, event, person)
            return {**shown(row), "event": event}

    def _free(self, session: AsyncSession, row: ReturnVisit, event: task_history.Event, actor: str) -> None:
        row.status, row.taken_by, row.taken_at = "open", None, None
        task_history.happened(session, "visit", row.id, event, actor=actor, now=self._clock.now())

    async def record(self, visit_id: str, answers: Answers, *, person: str) -> dict[str, Any]:
        """What the citizen said on the telephone. Raises as `take`."""
        async with self._database.write() as session:
            row = await _locked(session, visit_id)
            if row.status in ("answered", "done") and row.done_by == f"seat:{person}":
                return shown(row)  # sent twice
            _check_holder(row, person)
            self._told(session, row, answers, person)
        await self._carry_out()
        return shown(row)

    async def told(self, order_no: str, answers: Answers, *, person: str) -> dict[str, Any]:
        """The citizen has told a seat what became of the matter, in whatever call: that answers the visit.

        Raises:
            UnknownVisit: there is no such order.
            VisitError: the order does not wait for a visit, or a visitor is about to make it.
        """
        now = self._clock.now()
        async with self._database.write() as session:
            order = await session.get(Order, order_no)
            if order is None:
                raise UnknownVisit
            conversation = await session.get(Conversation, order.conversation_id or "")
            await self._begin_one(session, order, conversation, now)  # the sweep may not have come by yet
            pending = select(ReturnVisit).where(ReturnVisit.order_no == order_no, ReturnVisit.status.in_(_PENDING))
            row = (await session.execute(pending.with_for_update())).scalar_one_or_none()
            if row is None or (row.status == "answered" and row.done_by is not None):
                raise VisitError("这个工单现在不用回访，请刷新后再看。")
            if row.status == "taken" and row.taken_by != person:
                raise VisitError("这个工单正由回访人员回访，请等回访结果。")
            self._told(session, row, answers, person)
        await self._carry_out()
        return shown(row)

    def _told(self, session: AsyncSession, row: ReturnVisit, answers: Answers, person: str) -> None:
        now = self._clock.now()
        _keep(row, answers, by=f"seat:{person}", now=now)
        task_history.happened(session, "visit", row.id, "done", actor=person, now=now)

    async def rates(self, month_start: datetime, month_end: datetime, *, unit: str = "") -> list[dict[str, Any]]:
        """`workorders/visit_rates.py`."""
        async with self._database.read() as session:
            return await visit_rates.of_units(session, month_start, month_end, unit=unit)

    # -- the chat ----------------------------------------------------------------------------------------------------

    async def to_ask_in_chat(self, *, limit: int = _BATCH) -> list[ReturnVisit]:
        query = (
            select(ReturnVisit)
            .join(Order, Order.order_no == ReturnVisit.order_no)
            .where(ReturnVisit.channel == "chat", ReturnVisit.status == "open", Order.status == "answered")
            .order_by(ReturnVisit.next_at)
            .limit(limit)
        )
        async with self._database.read() as session:
            return list((await session.execute(query)).scalars())


async def mark_asked(session: AsyncSession, visit_id: str, now: datetime) -> bool:
    """The question stands in the conversation, in the same transaction; False when it is not to be asked any more."""
    row = await _locked(session, visit_id)
    if row.status != "open" or row.channel != "chat":
        return False
    row.status, row.asked_at = "asked", now
    return True


async def answered_in_chat(session: AsyncSession, visit_id: str, answers: Answers, *, by: str, now: datetime) -> None:
    """The citizen has answered, in the transaction of the turn; what was said in a call meanwhile stands."""
    found = select(ReturnVisit).where(ReturnVisit.id == visit_id).with_for_update()
    row = (await session.execute(found)).scalar_one_or_none()
    by_the_bot = row is not None and (row.status, row.taken_by) == ("taken", visit_calls.BOT)
    if row is not None and (row.status in ("open", "asked") or by_the_bot):
        _keep(row, answers, by=by, now=now)


async def _locked(session: AsyncSession, visit_id: str) -> ReturnVisit:
    """
    Raises:
        UnknownVisit: there is none.
    """
    found = select(ReturnVisit).where(ReturnVisit.id == visit_id).with_for_update()
    row = (await session.execute(found)).scalar_one_or_none()
    if row is None:
        raise UnknownVisit
    return row


def _check_holder(row: ReturnVisit, person: str) -> None:
    if row.status != "taken" or row.taken_by != person:
        raise VisitError("请先领取这个回访任务。")


def _keep(row: ReturnVisit, answers: Answers, *, by: str, now: datetime) -> None:
    row.responded, row.solved, row.satisfied = answers.responded, answers.solved, answers.satisfied
    row.reason, row.reason_detail = answers.reason[:32], answers.reason_detail[:64]
    row.note = "\n".join(part for part in (row.note, answers.note.strip()) if part)[:4_000]
    row.status, row.taken_at, row.done_by, row.done_at = "answered", None, by[:64], now


def _number(order: Order, conversation: Conversation | None) -> str:
    return order.contact_phone or (conversation.caller_number if conversation is not None else None) or ""
