"""Call-backs as the desk lists them: those to be made, those that are over, and those that were given up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from seats import outgoing_calls
from seats.reasons import in_words
from storage.tables import CallbackTask, Conversation, Turn
from workorders import task_history

Which = Literal["open", "done", "given_up"]
WHICH: Final[tuple[str, ...]] = get_args(Which)
REACHED: Final = "reached"
GIVEN_UP: Final = "given_up"
RESULT_TEXT: Final[dict[str, str]] = {
    REACHED: "已回电",
    GIVEN_UP: "多次未接通，已放弃",
    "called_again": "市民已再次来电",
    "superseded": "并入新的回电任务",
    "erased": "已按本人要求删除",
}
_SUMMARY_CHARACTERS: Final = 120


async def rows(
    session: AsyncSession, which: Which, *, limit: int, may_dial: Callable[[CallbackTask], bool]
) -> list[dict[str, Any]]:
    """What is to be done with the most pressing first, what is over with the newest first. `callable`: the number may
    be dialled now."""
    found = (await session.execute(_chosen(which).limit(limit))).all()
    tasks = [task for task, _ in found]
    ids = [task.id for task in tasks]
    calls = await outgoing_calls.latest(session, "callback", ids)
    history = await task_history.of(session, "callback", ids)
    names = await task_history.names_of(session, [task.seat_id for task in tasks])
    words = await _summaries(session, found)
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
            "seat_name": names.get(task.seat_id or "", ""),
            "due_at": task.due_at.isoformat(),
            "created_at": task.created_at.isoformat(),
            "done_at": task.done_at.isoformat() if task.done_at else None,
            "note": task.note,
            "attempts": task.attempts,
            "next_at": task.next_at.isoformat() if task.next_at else None,
            "result": task.result,
            "result_text": RESULT_TEXT.get(task.result, task.result),
            "history": history.get(task.id, []),
            "call": outgoing_calls.shown(calls[task.id]) if task.id in calls else None,
            "summary": words.get(task.conversation_id, ""),
            "callable": may_dial(task),
        }
        for task, conversation in found
    ]


async def given_up_since(session: AsyncSession, since: datetime) -> int:
    """How many citizens were given up since then: for the leader, who may have them called once more."""
    query = select(func.count()).where(
        CallbackTask.status == "done", CallbackTask.done_at >= since, CallbackTask.result == GIVEN_UP
    )
    return (await session.execute(query)).scalar_one()


def _chosen(which: Which) -> Select[CallbackTask, Conversation]:
    query = select(CallbackTask, Conversation).join(Conversation, Conversation.id == CallbackTask.conversation_id)
    if which == "open":
        return query.where(CallbackTask.status != "done").order_by(CallbackTask.due_at)
    # Of what was erased by an earlier version it is not known when; nothing of it is left to be shown either.
    over = query.where(CallbackTask.status == "done", CallbackTask.done_at.is_not(None))
    over = over.order_by(CallbackTask.done_at.desc())
    return over if which == "done" else over.where(CallbackTask.result == GIVEN_UP)


async def _summaries(session: AsyncSession, found: Sequence[Row[CallbackTask, Conversation]]) -> dict[str, str]:
    """What citizens said first, by conversation."""
    ids = [conversation.id for _, conversation in found]
    said = select(Turn.conversation_id, Turn.text).where(Turn.conversation_id.in_(ids), Turn.role == "citizen")
    summaries: dict[str, str] = {}
    for conversation_id, text in (await session.execute(said.order_by(Turn.seq))).all():
        known = summaries.get(conversation_id, "")
        if len(known) < _SUMMARY_CHARACTERS:
            summaries[conversation_id] = (known + " " + text).strip()[:_SUMMARY_CHARACTERS]
    return summaries
