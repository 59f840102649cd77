"""Calls that we place: call-backs by a seat's click, call-backs and return visits by the bot.

The core decides whether and whom, the phone dials (`telephony/outgoing.py`). What came of a call and what follows from
it for its task are stored in one step before the phone is told that it may forget; a call of which nothing is heard
again counts as an attempt.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import local
from base.logs import get_logger
from base.masking import Masked
from cluster.bus import Message
from conversations.placed import Placed
from gateway.errors import ApiError
from gateway.shapes import say_objects
from seats import outgoing_calls
from seats.callbacks import CallbackError
from seats.outgoing_calls import ANSWERED, BOT, HUNG_UP, IN_VAIN, LOST, NO_LINE, OutgoingCallError
from storage.calling_tables import OutgoingCall
from storage.follow_up_tables import ReturnVisit
from storage.tables import CallbackTask, Conversation
from workorders import visit_calls

if TYPE_CHECKING:
    from gateway.core import Core

log = get_logger("gateway.outgoing")
_SWEEP_SECONDS: Final = 5.0
_GRACE: Final = timedelta(seconds=60)  # after the ringing ought to have ended: longer than a phone takes to come back
_SERVED: Final = ("answered", "order_filed", "lawful_channel", "seat", "emergency")
_BATCH: Final = 50
CANCELLED: Final = "cancelled-calls"  # told to all nodes: one of them has the phone that rings


class PhoneLine(Protocol):
    """The phones that can place calls (`gateway/phone_link.py`)."""

    @property
    def connected(self) -> bool: ...

    async def send_to_one(self, message: dict[str, Any]) -> bool:
        """False where no phone is connected."""
        ...

    async def send_to_all(self, message: dict[str, Any]) -> None: ...


class Ended(Protocol):
    """How the phone says that a call ended (`gateway/phone_messages.py`)."""

    reason: str
    sip_status: int | None
    sip_call_id: str


TellSeat = Callable[[str, dict[str, Any]], Awaitable[None]]


class Outgoing:
    """One a core process. `phones` and `tell_seat` are set when the routes are made."""

    def __init__(self, core: Core) -> None:
        self._core = core
        core.node.bus.join(CANCELLED, self._cancelled_elsewhere)
        self.phones: PhoneLine | None = None
        self.tell_seat: TellSeat | None = None

    @property
    def possible(self) -> bool:
        """A way to the telephone network is set."""
        return bool(self._core.settings.telephony.trunk_uri)

    # --- placing ----------------------------------------------------------------------------------------------------

    async def call_back(self, task_id: str, *, seat_id: str | None) -> dict[str, Any]:
        """Call back about a task that the seat has taken (`seat_id` None: the bot, which takes it by this).

        Raises:
            CallbackError: it is not this seat's, this is not the time, or there is no number.
            OutgoingCallError: all lines are taken, or the number is being called.
            ApiError: 503, nothing can place the call.
        """
        self._check()
        async with self._core.database.write() as session:
            task, number = await self._core.callbacks.to_call(session, task_id, seat_id=seat_id or BOT)
            placed = Placed("callback", task.id, seat_id, about=task.conversation_id)
            call = await self._begin(session, number, placed)
        await self._place(call, placed)
        return outgoing_calls.shown(call)

    async def visit(self, visit_id: str) -> None:
        """Let the bot make a return visit. Raises as `call_back`; one that somebody else has taken is left alone."""
        self._check()
        async with self._core.database.write() as session:
            taken = await visit_calls.take(session, visit_id, now=self._core.clock.now())
            if taken is None:
                return
            row, number = taken
            placed = Placed("visit", row.id, order_no=row.order_no)
            digits = outgoing_calls.dialled(number)
            if not digits:
                await self._visited(session, row.id, "not_allowed")
                return
            call = await self._begin(session, digits, placed)
        await self._place(call, placed)

    def _check(self) -> None:
        if not self.possible:
            raise ApiError(409, "no_trunk", "没有配置外呼线路，请用您的话机拨打。")
        _ = self._core.conversations  # 503 while the core is starting

    async def _begin(self, session: AsyncSession, number: str, placed: Placed) -> OutgoingCall:
        return await outgoing_calls.begin(
            session,
            number=number,
            purpose=placed.purpose,
            subject_id=placed.subject_id,
            seat_id=placed.seat_id,
            limit=self._core.settings.calling.calls_at_once,
            now=self._core.clock.now(),
        )

    async def _place(self, call: OutgoingCall, placed: Placed) -> None:
        """Tell a phone to dial. Where none can, the call is over, and its task as before.

        Raises:
            ApiError: 503.
        """
        say = say_objects(await self._core.conversations.words_of(placed, number=call.number))
        order = {
            "type": "place_call",
            "call_id": call.id,
            "number": call.number,
            "say": say,
            "line": "with_seat" if placed.seat_id is not None else "bot",
            "ring_seconds": self._core.settings.calling.ring_seconds,
        }
        if self.phones is None or not await self.phones.send_to_one(order):
            await self._end(call.id, NO_LINE)
            raise ApiError(503, "no_phone", "电话系统没有连接，请稍后再打。")
        log.info(
            "a call is placed", call_id=call.id, purpose=call.purpose, by=call.seat_id or BOT, number=_masked(call)
        )

    async def cancel(self, call_id: str, *, seat_id: str) -> None:
        """The seat does not want to wait any longer. What comes of it is told by the phone."""
        async with self._core.database.read() as session:
            call = await session.get(OutgoingCall, call_id)
        if call is None or call.seat_id != seat_id:
            raise CallbackError("这通外呼不是您发起的。")
        if call.status in ("placed", "ringing"):
            self._core.node.bus.publish(CANCELLED, {"call_id": call_id})
            await self._cancel_here(call_id)

    async def _cancel_here(self, call_id: str) -> None:
        if self.phones is not None:
            await self.phones.send_to_all({"type": "cancel_call", "call_id": call_id})

    def _cancelled_elsewhere(self, message: Message) -> None:
        self._core.spawn(self._cancel_here(str(message["call_id"])), "a call is not wanted")

    # --- what the phone tells ---------------------------------------------------------------------------------------

    async def rings(self, call_id: str, sip_call_id: str) -> None:
        async with self._core.database.write() as session:
            call = await outgoing_calls.locked(session, call_id)
            if call is None or call.status != "placed":
                return
            call.status, call.sip_call_id = "ringing", sip_call_id[:128]
        await self._tell(call)

    async def answered(self, call_id: str, sip_call_id: str) -> Placed | None:
        """Somebody has answered: what the conversation is to know; None where the call is none of ours."""
        now = self._core.clock.now()
        async with self._core.database.write() as session:
            call = await outgoing_calls.locked(session, call_id)
            if call is None:
                return None
            if call.status in ("placed", "ringing"):
                call.status, call.answered_at = "answered", now
            call.sip_call_id = sip_call_id[:128] or call.sip_call_id
            return await _placed(session, call)

    async def opened(self, call_id: str, conversation_id: str) -> None:
        """The conversation of an answered call stands."""
        async with self._core.database.write() as session:
            call = await outgoing_calls.locked(session, call_id)
            if call is None:
                return
            call.conversation_id = conversation_id
        await self._tell(call)

    async def ended(self, call_id: str, ended: Ended, outcome: str | None) -> bool:
        """A call is over; `outcome` of its conversation, where it was answered. False: it is none of ours."""
        return await self._end(
            call_id, ended.reason, outcome=outcome, sip_status=ended.sip_status, sip_call_id=ended.sip_call_id
        )

    async def _end(
        self,
        call_id: str,
        reason: str,
        *,
        outcome: str | None = None,
        sip_status: int | None = None,
        sip_call_id: str = "",
    ) -> bool:
        now = self._core.clock.now()
        async with self._core.database.write() as session:
            call = await outgoing_calls.locked(session, call_id)
            if call is None:
                return False
            result = _result(call, reason, outcome)
            first = outgoing_calls.end(call, result, now, sip_status=sip_status, sip_call_id=sip_call_id)
            if first:
                if call.purpose == "callback":
                    await self._core.callbacks.called(session, call.subject_id, result, seat_id=call.seat_id, now=now)
                else:
                    await self._visited(session, call.subject_id, result)
        if first:
            self._core.metrics.outgoing.labels(call.purpose, "seat" if call.seat_id else BOT, call.result).inc()
        log.info("a placed call ended", call_id=call.id, purpose=call.purpose, result=call.result, number=_masked(call))
        await self._tell(call)
        return True

    async def _visited(self, session: AsyncSession, visit_id: str, result: str) -> None:
        """After a call the visit is the citizens' answers, which have been kept, or it was an attempt."""
        now = self._core.clock.now()
        note = f"{local(now):%m月%d日%H:%M} 智能助手外呼：{outgoing_calls.RESULT_TEXT.get(result, result)}"
        attempt = result in IN_VAIN or result == ANSWERED
        await visit_calls.called(session, visit_id, self._core.calling, attempt=attempt, note=note, now=now)

    async def _tell(self, call: OutgoingCall) -> None:
        if self.tell_seat is not None and call.seat_id is not None:
            message = {"type": "outgoing", "callback_id": call.subject_id, **outgoing_calls.shown(call)}
            await self.tell_seat(call.seat_id, message)

    # --- by itself --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until the core stops: what seems lost is ended, what was forgotten is free again, the bot calls where it
        may."""
        while not await self._core.pause(_SWEEP_SECONDS):
            try:
                if self._core.leadership.leads:
                    await self.sweep()
                    await self._core.callbacks.release_forgotten()
                await self.call_what_is_due()
            except Exception as error:
                log.error("outgoing calls could not be swept", error=type(error).__name__, exc_info=error)

    async def sweep(self) -> int:
        """End the calls of which nothing is heard any more; returns how many."""
        now = self._core.clock.now()
        silent_since = now - timedelta(seconds=self._core.settings.calling.ring_seconds) - _GRACE
        never_answered = (OutgoingCall.status.in_(("placed", "ringing"))) & (OutgoingCall.created_at < silent_since)
        never_opened = OutgoingCall.conversation_id.is_(None) & (OutgoingCall.answered_at < silent_since)
        query = (
            select(OutgoingCall.id, OutgoingCall.status, Conversation.status, Conversation.outcome)
            .outerjoin(Conversation, Conversation.id == OutgoingCall.conversation_id)
            .where(OutgoingCall.status != "ended")
            .where(or_(never_answered, never_opened, Conversation.status == "ended"))
            .limit(_BATCH)
        )
        async with self._core.database.read() as session:
            rows = (await session.execute(query)).all()
        for call_id, _, conversation, outcome in rows:
            await self._end(call_id, LOST if conversation is None else ANSWERED, outcome=outcome)
        return len(rows)

    async def call_what_is_due(self) -> int:
        """The bot's own calls, as many as there are free lines; returns how many were placed."""
        chosen = self._core.settings.calling
        if self._core.draining or not self.possible or not (chosen.bot_calls_back or chosen.bot_visits):
            return 0
        if self.phones is None or not self.phones.connected:
            return 0  # another core's phone may place them
        async with self._core.database.read() as session:
            free = chosen.calls_at_once - await outgoing_calls.under_way(session)
            tasks, visits = list[str](), list[str]()
            if chosen.bot_calls_back and free > 0:
                tasks = await self._core.callbacks.for_the_bot(session, limit=free)
            if chosen.bot_visits and free > len(tasks):
                now, left = self._core.clock.now(), free - len(tasks)
                visits = await visit_calls.due(session, self._core.calling, now=now, limit=left)
        placed = 0
        for place in (*(self._bot_calls_back(task) for task in tasks), *(self.visit(visit) for visit in visits)):
            try:
                await place
            except (CallbackError, OutgoingCallError) as error:
                log.info("the bot does not call", reason=str(error))
            except ApiError as error:
                log.warning("the bot cannot call", reason=error.code)
            else:
                placed += 1
        return placed

    async def _bot_calls_back(self, task_id: str) -> None:
        await self.call_back(task_id, seat_id=None)


def _result(call: OutgoingCall, reason: str, outcome: str | None) -> str:
    """Why nobody was reached, or what came of it: the bot has reached whoever was served, a seat whoever answered."""
    if call.status != "answered":
        return reason if reason in outgoing_calls.RESULT_TEXT else "unreachable"
    return ANSWERED if call.seat_id is not None or outcome in _SERVED else HUNG_UP


def _masked(call: OutgoingCall) -> str:
    return str(Masked(call.number))


async def _placed(session: AsyncSession, call: OutgoingCall) -> Placed:
    if call.purpose == "visit":
        visit = await session.get(ReturnVisit, call.subject_id)
        return Placed("visit", call.subject_id, order_no=visit.order_no if visit is not None else "")
    task = await session.get(CallbackTask, call.subject_id)
    return Placed("callback", call.subject_id, call.seat_id, about=task.conversation_id if task is not None else None)
