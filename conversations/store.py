"""Rows in and out: the conversation, its turns, its call-back. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.ids import new_id
from bot import reading
from conversations.messages import Reply, StoredTurn
from knowledge.model import Citation
from seats import callback_note
from seats.reasons import EMERGENCY, EXTENSION, for_people
from storage.advisory import alone_with_number
from storage.tables import CallbackTask, Conversation, Turn

_RECENT_TURNS = 10_000
_TURNS_A_TIME = 500  # a few milliseconds to open
_OFTEN = 2_000
CALL_BACK_WITHIN: Final = timedelta(hours=2)  # of a promise; at once where there is danger
WENT_ON = "went_on"  # in the outcome's detail: the conversation of the call that broke off (bot/policy/going_on.py)
JOURNAL: Final = "journal"  # the reason of a call-back about words that were said while the database was away
CALLS_BACK = "calls_back"  # in the outcome's detail of a call that we placed: the call-back that it is about

_SUPERSEDED: Final = "superseded"
_REACHED: Final = "reached"
_SWEPT: Final = ("idle", "lost")  # what is promised of itself once nothing more is heard (`conversations/sweeper.py`)
_BOT: Final = "bot"  # who has a task while the bot calls about it (`seats/outgoing_calls.py`)

# What every call and every turn asks is written once: building a statement costs more than SQLite takes to answer it.
_BY_ID: Final = select(Conversation).where(Conversation.id == bindparam("conversation_id"))
_BY_ID_LOCKED: Final = _BY_ID.with_for_update()
_LAST_SEQ: Final = select(func.max(Turn.seq)).where(Turn.conversation_id == bindparam("conversation_id"))
_TASK_OF: Final = select(CallbackTask).where(CallbackTask.conversation_id == bindparam("conversation_id"))
_OPEN_CALLS: Final = (
    select(CallbackTask)
    .where(
        CallbackTask.number_key == bindparam("number"),
        CallbackTask.status != "done",
        CallbackTask.conversation_id != bindparam("besides"),
    )
    .order_by(CallbackTask.created_at)
    .with_for_update()
)


async def load(session: AsyncSession, conversation_id: str, *, for_update: bool = False) -> Conversation | None:
    query = _BY_ID_LOCKED if for_update else _BY_ID
    return (await session.execute(query, {"conversation_id": conversation_id})).scalar_one_or_none()


async def last_seq(session: AsyncSession, conversation_id: str) -> int:
    found = await session.execute(_LAST_SEQ, {"conversation_id": conversation_id})
    return int(found.scalar_one_or_none() or 0)


async def turn_with_id(session: AsyncSession, conversation_id: str, message_id: str, role: str) -> Turn | None:
    found = await session.execute(
        select(Turn).where(
            Turn.conversation_id == conversation_id, Turn.client_message_id == message_id, Turn.role == role
        )
    )
    return found.scalar_one_or_none()


async def replies_to(session: AsyncSession, conversation_id: str, seq: int) -> list[Turn]:
    found = await session.execute(
        select(Turn).where(Turn.conversation_id == conversation_id, Turn.in_reply_to == seq).order_by(Turn.seq)
    )
    return list(found.scalars())


async def turns_after(session: AsyncSession, conversation_id: str, after_seq: int, limit: int = 2_000) -> list[Turn]:
    found = await session.execute(
        select(Turn)
        .where(Turn.conversation_id == conversation_id, Turn.seq > after_seq)
        .order_by(Turn.seq)
        .limit(limit)
    )
    return list(found.scalars())


async def often_said(session: AsyncSession) -> dict[str, int]:
    """How often the bot said what in the last turns, by the words for the ear; the most frequent ones only.

    Counted here: the database holds them sealed, and no two alike.
    """
    last = (
        select(Turn.spoken)
        .where(Turn.role == "bot", Turn.spoken.is_not(None))
        .order_by(Turn.id.desc())
        .limit(_RECENT_TURNS)
    )
    times: Counter[str] = Counter()
    async for part in (await session.stream_scalars(last)).partitions(_TURNS_A_TIME):
        times.update(spoken for spoken in part if spoken is not None)
    return dict(times.most_common(_OFTEN))


def add_turn(
    session: AsyncSession,
    conversation_id: str,
    seq: int,
    role: str,
    text: str,
    now: datetime,
    *,
    kind: str = "text",
    spoken: str | None = None,
    client_message_id: str | None = None,
    in_reply_to: int | None = None,
    meta: dict[str, Any] | None = None,
) -> Turn:
    turn = Turn(
        conversation_id=conversation_id,
        seq=seq,
        role=role,
        kind=kind,
        text=text,
        spoken=spoken,
        client_message_id=client_message_id,
        in_reply_to=in_reply_to,
        meta=meta or {},
        created_at=now,
    )
    session.add(turn)
    return turn


async def promise_call_back(
    session: AsyncSession,
    conversation: Conversation,
    *,
    reason: str,
    number: str | None,
    note: str,
    due_at: datetime,
    now: datetime,
) -> bool:
    """A call-back task for the conversation; False when one stands already (then its note grows).

    A number has one open task: what was promised to it before is taken over by this one, with its note, its seat and
    the earlier deadline; a later promise of a conversation whose task was taken over belongs to that one. A task that
    was done is opened again where something new is promised (`_anew`).
    """
    found = await session.execute(_TASK_OF, {"conversation_id": conversation.id})
    known = found.scalar_one_or_none() or await _called_about(session, conversation)
    for either in sorted({told for told in (number, known.number if known is not None else None) if told}):
        await alone_with_number(session, either)
    if known is not None:
        await session.refresh(known, with_for_update=True)
        if known.result == _SUPERSEDED:
            known = next(iter(await open_calls(session, known.number, besides=known.conversation_id)), known)
        if known.conversation_id == conversation.id or known.status != "done":
            anew = known.status == "done" and await _anew(session, conversation, known, reason)
            await _promise_again(
                session, known, reason=reason, number=number, note=note, due_at=due_at, now=now, anew=anew
            )
            return False
    task = CallbackTask(
        id=new_id("cb_"),
        conversation_id=conversation.id,
        number=number,
        reason=reason[:64],
        status="open",
        note=callback_note.added("", note),
        due_at=due_at,
        created_at=now,
    )
    await _take_over(session, task, await open_calls(session, number, besides=conversation.id), now)
    session.add(task)
    return True


async def _called_about(session: AsyncSession, conversation: Conversation) -> CallbackTask | None:
    """The open task that this conversation is the call-back of: what is promised anew belongs to it, and its attempts
    count on."""
    task_id = conversation.outcome_detail.get(CALLS_BACK)
    task = await session.get(CallbackTask, task_id) if task_id else None
    return task if task is not None and task.status != "done" else None


async def _anew(session: AsyncSession, conversation: Conversation, known: CallbackTask, reason: str) -> bool:
    """Whether a promise is a new one after the task was done. The end of a call that is told only now promises once
    more what was promised before; then the citizen has said nothing since. Nor does whoever thanks for the call and
    writes no more ask for another."""
    if known.result == "called_again" or for_people(reason) or reason == JOURNAL:
        return True
    if known.done_at is None:
        return False
    since = select(Turn.text).where(
        Turn.conversation_id == conversation.id, Turn.role == "citizen", Turn.created_at > known.done_at
    )
    said = (await session.execute(since.order_by(Turn.seq).limit(_TURNS_A_TIME))).scalars()
    if known.result == _REACHED and reason in _SWEPT:
        return not all(reading.thanks_only(text) or reading.nothing_more(text) for text in said)
    return said.first() is not None


async def _promise_again(
    session: AsyncSession,
    known: CallbackTask,
    *,
    reason: str,
    number: str | None,
    note: str,
    due_at: datetime,
    now: datetime,
    anew: bool,
) -> None:
    """The task stands, with the weightier reason, or is made once more (`anew`); it may get its number only now. Made
    once more it goes to the number that is told now: the other may have been the wrong one."""
    if anew:
        known.reason, known.due_at, known.attempts, known.next_at = reason[:64], due_at, 0, None
    elif known.status != "done" and _weighs_more(reason, known.reason):
        known.reason = reason[:64]
    number = (number or known.number) if anew else (known.number or number)
    if anew or known.status != "done":
        await _take_over(session, known, await open_calls(session, number, besides=known.conversation_id), now)
    known.number = number
    if note and not callback_note.says(known.note, note):
        known.note = callback_note.added(known.note, note)
    known.due_at = min(known.due_at, due_at)
    if anew:
        known.result, known.done_at = "", None
        if known.status == "done":
            known.status, known.seat_id, known.taken_at = "open", None, None


async def _take_over(session: AsyncSession, task: CallbackTask, others: list[CallbackTask], now: datetime) -> None:
    """The other open tasks of a number become part of this one; they are closed before it counts as the number's.

    It stays with the seat who had one of them. What the bot calls about becomes free: of its call the new task hears
    nothing.
    """
    task.note = callback_note.joined(*(earlier.note for earlier in others), task.note)
    held = next((earlier for earlier in others if earlier.status == "taken" and earlier.seat_id != _BOT), None)
    for earlier in others:
        task.due_at = min(task.due_at, earlier.due_at)
        task.reason = earlier.reason if _weighs_more(earlier.reason, task.reason) else task.reason
        _close(earlier, _SUPERSEDED, now)
    if others:
        await session.flush()
    if held is not None and task.status != "taken":
        task.status, task.seat_id, task.taken_at = "taken", held.seat_id, held.taken_at


async def called_again(session: AsyncSession, row: Conversation, *, now: datetime) -> int:
    """Whoever called again and was served need not be called, at this number or at the one that they gave in the call
    with which they went on; calls about danger are made all the same, and so are those that tell of an extension. How
    many."""
    tasks = await open_calls(session, row.caller_number, besides=row.id)
    if (broken_off := row.outcome_detail.get(WENT_ON)) is not None:
        went_on = select(CallbackTask).where(CallbackTask.conversation_id == broken_off, CallbackTask.status != "done")
        tasks += [task for task in (await session.execute(went_on.with_for_update())).scalars() if task not in tasks]
    tasks = [task for task in tasks if not (task.reason.startswith(EMERGENCY) or task.reason == EXTENSION)]
    for task in tasks:
        task.note = callback_note.added(task.note, f"市民已再次来电（会话{row.id}）。")
        _close(task, "called_again", now)
    return len(tasks)


async def open_calls(session: AsyncSession, number: str | None, *, besides: str) -> list[CallbackTask]:
    """The tasks of a number that are not done, locked, but for that of the conversation `besides`."""
    if not number:
        return []
    return list((await session.execute(_OPEN_CALLS, {"number": number, "besides": besides})).scalars())


def _weighs_more(earlier: str, reason: str) -> bool:
    return earlier.startswith(EMERGENCY) or (for_people(earlier) and not for_people(reason))


def _close(task: CallbackTask, result: str, now: datetime) -> None:
    task.status, task.result, task.done_at = "done", result, now


def stored(turn: Turn) -> StoredTurn:
    """A row as the transcript shows it."""
    meta = {key: value for key, value in turn.meta.items() if key not in ("citations", "result")}
    if turn.spoken:
        meta["spoken"] = turn.spoken
    return StoredTurn(
        seq=turn.seq,
        role=cast(Any, turn.role),
        kind=turn.kind,
        text=turn.text,
        at=turn.created_at.isoformat(),
        citations=citations(turn),
        meta=meta,
    )


def citations(turn: Turn) -> tuple[Citation, ...]:
    return tuple(Citation(**entry) for entry in turn.meta.get("citations", []))


def reply(turn: Turn) -> Reply:
    origin = cast(Any, "seat" if turn.role == "seat" else "system" if turn.role == "system" else "bot")
    return Reply(turn.text, turn.spoken or "", citations(turn), origin, turn.seq)
