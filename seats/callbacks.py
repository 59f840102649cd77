"""Call-backs that were promised: a list for the desk, who did what about each, and when a number may be dialled.

A number has one open task: a newer promise takes the older one over (`conversations/store.py`), and whoever calls again
and is served needs no call any more. `result` of a task that is done: reached, given_up (so many attempts in vain),
called_again, superseded. Whoever has taken a task may give it back; a leader may take it away, and what was held too
long goes back by itself.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.calling_hours import CallingRules
from base.clock import Clock, SystemClock, local
from base.errors import HotlineError
from seats import callback_list, callback_note, outgoing_calls
from seats.callback_list import GIVEN_UP, REACHED, Which
from seats.reasons import EMERGENCY, PERSONS, for_people
from storage.advisory import alone_with_number
from storage.engine import Database
from storage.tables import CallbackTask, Conversation
from workorders import task_history

_STEPS: Final = frozenset(
    {
        ("open", "taken"),
        ("taken", "done"),
        ("taken", "unreachable"),
        ("taken", "open"),  # given back
        ("unreachable", "taken"),  # tried again
    }
)
_EVENTS: Final[dict[str, task_history.Event]] = {
    "taken": "taken",
    "open": "given_back",
    "unreachable": "unreachable",
    "done": "done",
}
_REOPENED: Final = (GIVEN_UP, REACHED)
_ANOTHERS: Final = "这个回电任务已由其他坐席领取。"
_DIALLED: Final = re.compile(r"\+?[0-9]{3,15}")
_NO_LINE_PAUSE: Final = timedelta(minutes=1)
_AGAIN_WITHIN: Final = timedelta(hours=2)  # of being opened again
_LATELY: Final = timedelta(days=7)
_BATCH: Final = 100


class CallbackError(HotlineError):
    """The step is not possible; the message is for the seat."""


class UnknownCallback(CallbackError):
    def __init__(self) -> None:
        super().__init__("没有这个回电任务。")


class Callbacks:
    """One instance a process."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        rules: CallingRules | None = None,
        dial_uri: str = "tel:{number}",
    ) -> None:
        """`dial_uri`: what a seat's telephone or browser opens to dial `{number}`."""
        self._database = database
        self._clock = clock or SystemClock()
        self._rules = rules or CallingRules()
        self._dial_uri = dial_uri

    async def tasks(self, which: Which = "open", *, limit: int = 200) -> list[dict[str, Any]]:
        """Tasks for the desk (`seats/callback_list.py`); `callable`: the number may be dialled now."""
        async with self._database.read() as session:
            return await callback_list.rows(session, which, limit=limit, may_dial=lambda task: not self._refusal(task))

    async def given_up_lately(self) -> int:
        """How many were given up within the last week."""
        async with self._database.read() as session:
            return await callback_list.given_up_since(session, self._clock.now() - _LATELY)

    async def set(
        self, task_id: str, status: str, *, seat_id: str, note: str = "", lead: bool = False
    ) -> dict[str, Any]:
        """Take a task, finish it or give it back. `unreachable` is an attempt in vain; the last one ends the task.

        `note` is added to what was noted before. `event` of the answer is what happened, None where nothing did.

        Args:
            lead: a shift leader, who may also take a task away from another (`open`), and have a citizen called once
                more who was given up or wrongly counted as reached.

        Raises:
            UnknownCallback: no such task.
            CallbackError: another seat has it, or the step is not possible.
        """
        async with self._database.write() as session:
            event: task_history.Event | None = None
            task = await self._locked(session, task_id, to_open=status == "open")
            if task.status == "done" and status == "open":
                event = await self._reopen(session, task, seat_id, lead=lead)
            elif task.status != status:
                await self._check_step(session, task, status, seat_id, lead=lead)
                event = self._move(session, task, status, seat_id)
            elif task.status == "taken" and task.seat_id != seat_id:
                raise CallbackError(_ANOTHERS)
            if (said := note.strip()) and not callback_note.ends_with(task.note, said):
                task.note = callback_note.added(task.note, said)
            return {
                "id": task.id,
                "status": task.status,
                "seat_id": task.seat_id,
                "note": task.note,
                "attempts": task.attempts,
                "result": task.result,
                "event": event,
            }

    async def _locked(self, session: AsyncSession, task_id: str, *, to_open: bool) -> CallbackTask:
        """
        Raises:
            UnknownCallback: no such task.
        """
        if to_open and (known := await session.get(CallbackTask, task_id)) is not None:
            await alone_with_number(session, known.number)
        found = select(CallbackTask).where(CallbackTask.id == task_id).with_for_update()
        task = (await session.execute(found.execution_options(populate_existing=True))).scalar_one_or_none()
        if task is None:
            raise UnknownCallback
        return task

    async def _check_step(
        self, session: AsyncSession, task: CallbackTask, status: str, seat_id: str, *, lead: bool
    ) -> None:
        """
        Raises:
            CallbackError: the step is not possible now, or not for this seat.
        """
        anothers = task.status == "taken" and task.seat_id != seat_id
        if anothers and not (lead and status == "open"):
            raise CallbackError(_ANOTHERS)
        if (task.status, status) not in _STEPS:
            raise CallbackError("这个回电任务的状态已经变了，请刷新后再操作。")
        if task.status == "unreachable" and (refusal := self._refusal(task)):
            raise CallbackError(refusal)
        if status == "open" and await task_history.goes_on(session, "callback", task.id):
            raise CallbackError("这个任务的外呼还没有结束，请等通话结束或者取消外呼后再退回。")

    async def _reopen(
        self, session: AsyncSession, task: CallbackTask, seat_id: str, *, lead: bool
    ) -> task_history.Event:
        """
        Raises:
            CallbackError: only a leader may, not after everything, and not beside another task of the number.
        """
        if not lead or task.result not in _REOPENED:
            raise CallbackError("这个回电任务已经结束，只有班长可以重新打开未接通或者已回电的任务。")
        others = select(CallbackTask.id).where(CallbackTask.number_key == task.number, CallbackTask.status != "done")
        if task.number and (await session.execute(others.limit(1))).first() is not None:
            raise CallbackError("这个号码已经有一个待回电的任务，不用重新打开。")
        now = self._clock.now()
        task.status, task.seat_id, task.taken_at, task.result, task.done_at = "open", None, None, "", None
        task.attempts, task.next_at, task.due_at = 0, None, self._rules.earliest(now) + _AGAIN_WITHIN
        task_history.happened(session, "callback", task.id, "reopened", actor=seat_id, now=now)
        return "reopened"

    def _move(self, session: AsyncSession, task: CallbackTask, status: str, actor: str) -> task_history.Event:
        now, event = self._clock.now(), _EVENTS[status]
        if status == "open":
            event = "given_back" if task.seat_id == actor else "released"
        task.seat_id = None if status == "open" else actor
        task.taken_at = now if status == "taken" else None
        if status == "unreachable":
            task.attempts += 1
            task.next_at = self._rules.again(task.attempts, now)
        given_up = status == "unreachable" and task.next_at is None
        event = "given_up" if given_up else event
        task.status = "done" if given_up else status
        task.done_at = now if task.status == "done" else None
        task.result = GIVEN_UP if given_up else REACHED if status == "done" else ""
        task_history.happened(session, "callback", task.id, event, actor=actor, now=now)
        return event

    async def release_forgotten(self) -> int:
        """Tasks that somebody has had for too long are offered to all again, but for one that is being called about;
        returns how many."""
        now = self._clock.now()
        under_way = task_history.under_way("callback", CallbackTask.id)
        query = (
            select(CallbackTask)
            .where(CallbackTask.status == "taken", ~under_way)
            .where(or_(CallbackTask.taken_at.is_(None), CallbackTask.taken_at < now - self._rules.held_at_most))
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as session:
            tasks = list((await session.execute(query)).scalars())
            for task in tasks:
                if task.taken_at is None:  # by a node of the version before this one: counted from now on
                    task.taken_at = now
                else:
                    self._move(session, task, "open", task_history.SYSTEM)
            return sum(task.status == "open" for task in tasks)

    def _refusal(self, task: CallbackTask) -> str:
        """Why the number may not be dialled now; empty: it may."""
        now = self._clock.now()
        if task.reason.startswith(EMERGENCY):
            return ""
        if not self._rules.allowed(now):
            return "现在不是可以回电的时间，请在白天再打。"
        if task.next_at is not None and task.next_at > now:
            return "刚刚打过没有接通，请过一会儿再打。"
        return ""

    async def dial(self, task_id: str, *, seat_id: str) -> dict[str, Any]:
        """What the seat who has taken the task opens to dial its number.

        Raises:
            UnknownCallback: no such task.
            CallbackError: it is not this seat's, it has no number that can be dialled, or this is not the time.
        """
        async with self._database.read() as session:
            task = await session.get(CallbackTask, task_id)
        if task is None:
            raise UnknownCallback
        if task.status != "taken" or task.seat_id != seat_id:
            raise CallbackError("请先领取这个回电任务。")
        number = re.sub(r"[\s-]", "", task.number or "")
        if not _DIALLED.fullmatch(number):
            raise CallbackError("这个任务没有可以拨打的号码。")
        if refusal := self._refusal(task):
            raise CallbackError(refusal)
        return {"id": task.id, "number": number, "uri": self._dial_uri.replace("{number}", number)}

    async def number_of(self, task_id: str) -> str | None:
        """
        Raises:
            UnknownCallback: no such task.
        """
        async with self._database.read() as session:
            task = await session.get(CallbackTask, task_id)
        if task is None:
            raise UnknownCallback
        return task.number

    # -- calls that the phone places ---------------------------------------------------------------------------------

    async def to_call(self, session: AsyncSession, task_id: str, *, seat_id: str) -> tuple[CallbackTask, str]:
        """The task to be called about now, locked, and the digits. Raises as `dial`; the bot takes it by this."""
        found = select(CallbackTask).where(CallbackTask.id == task_id).with_for_update()
        task = (await session.execute(found)).scalar_one_or_none()
        if task is None:
            raise UnknownCallback
        if seat_id == outgoing_calls.BOT and for_people(task.reason):
            raise CallbackError("这个回电任务由人工处理。")
        if seat_id == outgoing_calls.BOT and task.status in ("open", "unreachable"):
            self._move(session, task, "taken", seat_id)
        if task.status != "taken" or task.seat_id != seat_id:
            raise CallbackError("请先领取这个回电任务。")
        number = outgoing_calls.dialled(task.number)
        if not number:
            raise CallbackError("这个任务没有可以拨打的号码。")
        if refusal := self._refusal(task):
            raise CallbackError(refusal)
        return task, number

    async def for_the_bot(self, session: AsyncSession, *, limit: int) -> list[str]:
        """Tasks that the bot may call about now, the most pressing first: none about danger, none for a person only."""
        now = self._clock.now()
        if not self._rules.allowed(now):
            return []
        query = (
            select(CallbackTask.id)
            .where(CallbackTask.status.in_(("open", "unreachable")), CallbackTask.number.is_not(None))
            .where(~CallbackTask.reason.startswith(EMERGENCY), CallbackTask.reason.not_in(PERSONS))
            .where(or_(CallbackTask.next_at.is_(None), CallbackTask.next_at <= now))
            .order_by(CallbackTask.due_at)
            .limit(limit)
        )
        return list((await session.execute(query)).scalars())

    async def called(
        self, session: AsyncSession, task_id: str, result: str, *, seat_id: str | None, now: datetime
    ) -> None:
        """What came of a call that the phone placed for a seat, or for the bot (`seat_id` None).

        A seat who reached somebody says what became of the task; so does whoever takes it after the bot's call, where
        something for people was told meanwhile: then the bot's call was no attempt either.
        """
        found = select(CallbackTask).where(CallbackTask.id == task_id).with_for_update()
        task = (await session.execute(found)).scalar_one_or_none()
        if task is None or task.status == "done":
            return  # superseded, or done by hand meanwhile
        by_bot = seat_id is None
        who, text = "智能助手" if by_bot else "坐席", outgoing_calls.RESULT_TEXT.get(result, result)
        task.note = callback_note.added(task.note, f"{local(now):%m月%d日%H:%M} {who}外呼：{text}")
        if by_bot and for_people(task.reason):
            self._move(session, task, "open", outgoing_calls.BOT)
        elif result in outgoing_calls.IN_VAIN:
            self._move(session, task, "unreachable", task.seat_id or seat_id or outgoing_calls.BOT)
            if by_bot and task.status == "unreachable":
                task.status, task.seat_id = "open", None
        elif by_bot and result == outgoing_calls.ANSWERED:
            self._move(session, task, "done", outgoing_calls.BOT)
        elif by_bot:
            self._move(session, task, "open", outgoing_calls.BOT)
            task.next_at = now + _NO_LINE_PAUSE

    async def annotate(self, conversation_id: str, note: str) -> None:
        """Keep what a seat noted when it finished: with the conversation, and with its call-back where there is one."""
        async with self._database.write() as session:
            row = (
                await session.execute(select(Conversation).where(Conversation.id == conversation_id).with_for_update())
            ).scalar_one_or_none()
            if row is not None:
                row.outcome_detail = {**row.outcome_detail, "seat_note": note[:2_000]}
                row.version += 1
            found = select(CallbackTask).where(CallbackTask.conversation_id == conversation_id).with_for_update()
            task = (await session.execute(found)).scalar_one_or_none()
            if task is not None and not callback_note.ends_with(task.note, note):
                task.note = callback_note.added(task.note, note)

    async def is_open_for(self, conversation_id: str) -> bool:
        """Whether somebody of this conversation is still to be called back."""
        query = select(CallbackTask.status).where(CallbackTask.conversation_id == conversation_id)
        async with self._database.read() as session:
            status = (await session.execute(query)).scalar_one_or_none()
        return status is not None and status != "done"
