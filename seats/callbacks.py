"""Call-backs that were promised: a list for the desk, who did what about each, and when a number may be dialled.

A number has one open task: a newer promise takes the older one over (`conversations/store.py`), and whoever calls again
and is served needs no call any more. `result` of a task that is done: reached, given_up (so many attempts in vain),
called_again, superseded.
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
from seats import outgoing_calls
from seats.reasons import in_words
from storage.engine import Database
from storage.tables import CallbackTask, Conversation, Turn

OPEN: Final = ("open", "taken")
_STEPS: Final = frozenset(
    {
        ("open", "taken"),
        ("taken", "done"),
        ("taken", "unreachable"),
        ("taken", "open"),  # given back
        ("unreachable", "taken"),  # tried again
    }
)
_DIALLED: Final = re.compile(r"\+?[0-9]{3,15}")
_URGENT: Final = "emergency"  # how the reason of such a task begins: called back at any hour, by a person
_BY_SEAT: Final = "seat"  # the reason of a task that a seat has promised: a person calls
_NO_LINE_PAUSE: Final = timedelta(minutes=1)


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

    async def tasks(self, *, all_of_them: bool = False, limit: int = 200) -> list[dict[str, Any]]:
        """Tasks for the desk, the most pressing first; without the finished ones unless asked for."""
        query = (
            select(CallbackTask, Conversation)
            .join(Conversation, Conversation.id == CallbackTask.conversation_id)
            .order_by(CallbackTask.due_at)
            .limit(limit)
        )
        if not all_of_them:
            query = query.where(CallbackTask.status.in_((*OPEN, "unreachable")))
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
            ids = [conversation.id for _, conversation in rows]
            said = select(Turn.conversation_id, Turn.text).where(Turn.conversation_id.in_(ids), Turn.role == "citizen")
            words = (await session.execute(said.order_by(Turn.seq))).all()
            calls = await outgoing_calls.latest(session, "callback", [task.id for task, _ in rows])
        summaries: dict[str, str] = {}
        for conversation_id, text in words:
            known = summaries.get(conversation_id, "")
            if len(known) < 120:
                summaries[conversation_id] = (known + " " + text).strip()[:120]
        return [
            {
                "id": task.id,
                "conversation_id": task.conversation_id,
                "channel": conversation.channel,
                "number": task.number,
                "reason": task.reason,
                "reason_text": in_words(task.reason),
                "status": task.status,
                "seat_id": task.seat_id,
                "due_at": task.due_at.isoformat(),
                "created_at": task.created_at.isoformat(),
                "note": task.note,
                "attempts": task.attempts,
                "next_at": task.next_at.isoformat() if task.next_at else None,
                "result": task.result,
                "callable": self._refusal(task) == "",
                "call": outgoing_calls.shown(calls[task.id]) if task.id in calls else None,
                "summary": summaries.get(task.conversation_id, ""),
            }
            for task, conversation in rows
        ]

    async def set(self, task_id: str, status: str, *, seat_id: str, note: str = "") -> dict[str, Any]:
        """Take a task, finish it or give it back. `unreachable` is an attempt in vain; the last one ends the task.

        Raises:
            UnknownCallback: no such task.
            CallbackError: another seat has it, or the step is not possible.
        """
        async with self._database.write() as session:
            found = select(CallbackTask).where(CallbackTask.id == task_id).with_for_update()
            task = (await session.execute(found)).scalar_one_or_none()
            if task is None:
                raise UnknownCallback
            if task.status == "taken" and task.seat_id != seat_id:
                raise CallbackError("这个回电任务已由其他坐席领取。")
            if task.status != status:
                if (task.status, status) not in _STEPS:
                    raise CallbackError("这个回电任务的状态已经变了，请刷新后再操作。")
                if task.status == "unreachable" and (refusal := self._refusal(task)):
                    raise CallbackError(refusal)
                self._move(task, status, seat_id)
            if note.strip():
                task.note = note.strip()[:2_000]
            return {
                "id": task.id,
                "status": task.status,
                "seat_id": task.seat_id,
                "note": task.note,
                "attempts": task.attempts,
                "result": task.result,
            }

    def _move(self, task: CallbackTask, status: str, seat_id: str) -> None:
        now = self._clock.now()
        task.seat_id = None if status == "open" else seat_id
        if status == "unreachable":
            task.attempts += 1
            task.next_at = self._rules.again(task.attempts, now)
            if task.next_at is None:
                task.status, task.result, task.done_at = "done", "given_up", now
                return
        task.status = status
        task.done_at = now if status == "done" else None
        task.result = "reached" if status == "done" else ""

    def _refusal(self, task: CallbackTask) -> str:
        """Why the number may not be dialled now; empty: it may."""
        now = self._clock.now()
        if task.reason.startswith(_URGENT):
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
        if seat_id == outgoing_calls.BOT and task.status in ("open", "unreachable"):
            task.status, task.seat_id = "taken", seat_id
        if task.status != "taken" or task.seat_id != seat_id:
            raise CallbackError("请先领取这个回电任务。")
        number = outgoing_calls.dialled(task.number)
        if not number:
            raise CallbackError("这个任务没有可以拨打的号码。")
        if refusal := self._refusal(task):
            raise CallbackError(refusal)
        return task, number

    async def for_the_bot(self, session: AsyncSession, *, limit: int) -> list[str]:
        """Tasks that the bot may call about now, the most pressing first: none about danger, none of a seat's own."""
        now = self._clock.now()
        if not self._rules.allowed(now):
            return []
        query = (
            select(CallbackTask.id)
            .where(CallbackTask.status.in_(("open", "unreachable")), CallbackTask.number.is_not(None))
            .where(~CallbackTask.reason.startswith(_URGENT), CallbackTask.reason != _BY_SEAT)
            .where(or_(CallbackTask.next_at.is_(None), CallbackTask.next_at <= now))
            .order_by(CallbackTask.due_at)
            .limit(limit)
        )
        return list((await session.execute(query)).scalars())

    async def called(self, session: AsyncSession, task_id: str, result: str, *, by_bot: bool, now: datetime) -> None:
        """What came of a call that the phone placed. A seat who reached somebody says what became of the task."""
        found = select(CallbackTask).where(CallbackTask.id == task_id).with_for_update()
        task = (await session.execute(found)).scalar_one_or_none()
        if task is None or task.status == "done":
            return  # superseded, or done by hand meanwhile
        who, text = "智能助手" if by_bot else "坐席", outgoing_calls.RESULT_TEXT.get(result, result)
        task.note = f"{task.note}\n{local(now):%m月%d日%H:%M} {who}外呼：{text}".strip()[-4_000:]
        if result in outgoing_calls.IN_VAIN:
            self._move(task, "unreachable", task.seat_id or "")
            if by_bot and task.status == "unreachable":
                task.status, task.seat_id = "open", None
        elif by_bot and result == outgoing_calls.ANSWERED:
            self._move(task, "done", outgoing_calls.BOT)
        elif by_bot:
            task.status, task.seat_id, task.next_at = "open", None, now + _NO_LINE_PAUSE

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
            if task is not None and note not in task.note:
                task.note = f"{task.note}\n{note}".strip()[:4_000]

    async def is_open_for(self, conversation_id: str) -> bool:
        """Whether somebody of this conversation is still to be called back."""
        query = select(CallbackTask.status).where(CallbackTask.conversation_id == conversation_id)
        async with self._database.read() as session:
            status = (await session.execute(query)).scalar_one_or_none()
        return status is not None and status != "done"
