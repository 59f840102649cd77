"""Call-backs that were promised: a list for the desk, and who did what about each."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select

from base.clock import Clock, SystemClock
from base.errors import HotlineError
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


class CallbackError(HotlineError):
    """The step is not possible; the message is for the seat."""


class UnknownCallback(CallbackError):
    def __init__(self) -> None:
        super().__init__("没有这个回电任务。")


class Callbacks:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

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
            said = select(Turn.conversation_id, Turn.text).where(
                Turn.conversation_id.in_(ids), Turn.role == "citizen", Turn.text != ""
            )
            words = (await session.execute(said.order_by(Turn.seq))).all()
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
                "status": task.status,
                "seat_id": task.seat_id,
                "due_at": task.due_at.isoformat(),
                "created_at": task.created_at.isoformat(),
                "note": task.note,
                "summary": summaries.get(task.conversation_id, ""),
            }
            for task, conversation in rows
        ]

    async def set(self, task_id: str, status: str, *, seat_id: str, note: str = "") -> dict[str, Any]:
        """Take a task, finish it or give it back.

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
                task.status = status
                task.seat_id = None if status == "open" else seat_id
                task.done_at = self._clock.now() if status == "done" else None
            if note.strip():
                task.note = note.strip()[:2_000]
            return {"id": task.id, "status": task.status, "seat_id": task.seat_id, "note": task.note}

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
