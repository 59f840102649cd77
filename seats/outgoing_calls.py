"""Calls that we place, one row each: to whom, what for, by whom, and what came of it.

Nobody is rung up twice at the same time, and never are more calls under way than the set number: both are decided where
the row is stored. Every function that changes something works inside the caller's transaction, so that a result and
what follows from it are one step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from base.errors import HotlineError
from base.ids import new_id
from storage.calling_tables import OutgoingCall
from storage.engine import next_value
from workorders.task_history import Purpose

BOT: Final = "bot"  # who has taken a task that the bot calls about

ANSWERED: Final = "answered"
HUNG_UP: Final = "hung_up"  # answered, and over before anything came of it
LOST: Final = "lost"  # the phone was never heard of again
NO_LINE: Final = "no_line"
IN_VAIN: Final = ("busy", "no_answer", "refused", "unreachable", "not_allowed", HUNG_UP, LOST)  # an attempt
RESULT_TEXT: Final[dict[str, str]] = {
    ANSWERED: "已接通",
    HUNG_UP: "接通后没有说完就挂断",
    "busy": "占线",
    "no_answer": "无人接听",
    "refused": "对方拒接",
    "unreachable": "号码打不通",
    "not_allowed": "这个号码不能外呼",
    NO_LINE: "没有空闲的外呼线路",
    "cancelled": "已取消",
    LOST: "通话中断，结果不明",
}
STATUS_TEXT: Final[dict[str, str]] = {"placed": "正在呼叫", "ringing": "正在振铃", "answered": "通话中"}
_COUNTER: Final = "outgoing_calls"
_NUMBER: Final = re.compile(r"[0-9]{3,15}")


class OutgoingCallError(HotlineError):
    """The call is not placed; the message is for the seat."""


class NoLine(OutgoingCallError):
    def __init__(self) -> None:
        super().__init__("外呼线路都在使用，请稍后再打。")


def dialled(number: str | None) -> str:
    """The digits to dial; empty where it is no telephone number."""
    digits = re.sub(r"[\s-]", "", number or "").removeprefix("+86")
    return digits if _NUMBER.fullmatch(digits) else ""


async def begin(
    session: AsyncSession,
    *,
    number: str,
    purpose: Purpose,
    subject_id: str,
    seat_id: str | None,
    limit: int,
    now: datetime,
) -> OutgoingCall:
    """
    Raises:
        OutgoingCallError: all lines are taken, or the number is being called.
    """
    await next_value(session, _COUNTER)  # its row stays locked until the commit: whoever counts, counts alone
    if await under_way(session) >= limit:
        raise NoLine
    call = OutgoingCall(
        id=new_id("o"),
        number=number,
        open_number=number,
        purpose=purpose,
        subject_id=subject_id,
        seat_id=seat_id,
        status="placed",
        result="",
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(call)
    except IntegrityError as error:
        raise OutgoingCallError("这个号码正在拨打或者通话中。") from error
    return call


async def under_way(session: AsyncSession) -> int:
    return (
        await session.execute(select(func.count()).select_from(OutgoingCall).where(OutgoingCall.status != "ended"))
    ).scalar_one()


async def locked(session: AsyncSession, call_id: str) -> OutgoingCall | None:
    found = select(OutgoingCall).where(OutgoingCall.id == call_id).with_for_update()
    return (await session.execute(found)).scalar_one_or_none()


def end(
    call: OutgoingCall, result: str, now: datetime, *, sip_status: int | None = None, sip_call_id: str = ""
) -> bool:
    """The call is over; False where that was known. What came of a call that seemed lost may still become known, but
    its attempt has been counted."""
    if call.status == "ended" and call.result != LOST:
        return False
    first = call.status != "ended"
    call.status, call.result, call.open_number = "ended", result, None
    call.ended_at = call.ended_at or now
    call.sip_status = sip_status if sip_status is not None else call.sip_status
    call.sip_call_id = sip_call_id[:128] or call.sip_call_id
    return first


async def latest(session: AsyncSession, purpose: Purpose, subject_ids: Sequence[str]) -> dict[str, OutgoingCall]:
    """The last call of each."""
    rows = await session.execute(
        select(OutgoingCall)
        .where(OutgoingCall.purpose == purpose, OutgoingCall.subject_id.in_(subject_ids))
        .order_by(OutgoingCall.created_at, OutgoingCall.id)
    )
    return {call.subject_id: call for call in rows.scalars()}


def shown(call: OutgoingCall) -> dict[str, str | None]:
    """For the desk; the number stands with the task."""
    return {
        "call_id": call.id,
        "status": call.status,
        "result": call.result,
        "text": RESULT_TEXT.get(call.result) or STATUS_TEXT.get(call.status, ""),
        "by": call.seat_id or BOT,
        "conversation_id": call.conversation_id,
        "at": (call.ended_at or call.created_at).isoformat(),
    }
