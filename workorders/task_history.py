"""Who had a call-back or a return visit, and what they did with it: kept with each step, shown with the task. And
whether a call about it goes on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Exists, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from storage.calling_tables import CallTaskEvent, OutgoingCall
from storage.tables import Seat

Purpose = Literal["callback", "visit"]
Event = Literal["taken", "given_back", "released", "unreachable", "done", "given_up", "reopened"]
TEXT: Final[dict[str, str]] = {
    "taken": "领取",
    "given_back": "退回",
    "released": "收回",
    "unreachable": "未接通",
    "done": "完成",
    "given_up": "多次未接通，结束",
    "reopened": "重新打开",
}
SYSTEM: Final = "system"  # what was held too long is taken back by us
_SOMEBODY: Final = "坐席"  # of a step that names nobody
_NAMES: Final = {SYSTEM: "系统（超时）", "bot": "智能助手"}


def happened(
    session: AsyncSession, purpose: Purpose, subject_id: str, event: Event, *, actor: str, now: datetime
) -> None:
    """Inside the caller's transaction. `actor`: a seat's id, `bot` or `SYSTEM`."""
    session.add(CallTaskEvent(purpose=purpose, subject_id=subject_id, event=event, actor=actor[:64], at=now))


async def of(session: AsyncSession, purpose: Purpose, subject_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The steps of each task, oldest first: `event`, `text`, `who` (a name), `at`."""
    rows = await session.execute(
        select(CallTaskEvent)
        .where(CallTaskEvent.purpose == purpose, CallTaskEvent.subject_id.in_(subject_ids))
        .order_by(CallTaskEvent.id)
    )
    steps = list(rows.scalars())
    names = await names_of(session, [step.actor for step in steps])
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        who = names.get(step.actor, _SOMEBODY)
        line = {"event": step.event, "text": TEXT[step.event], "who": who, "at": step.at.isoformat()}
        told[step.subject_id].append(line)
    return told


async def names_of(session: AsyncSession, actors: Sequence[str | None]) -> dict[str, str]:
    """What those who had a task are called on the pages; an id that no account has is its own name."""
    wanted = {actor for actor in actors if actor}
    known = (await session.execute(select(Seat.id, Seat.display_name).where(Seat.id.in_(wanted)))).all()
    return {actor: actor for actor in wanted} | _NAMES | dict(known)


def under_way(purpose: Purpose, subject_id: InstrumentedAttribute[str] | str) -> Exists:
    """For queries of tasks: a call about this one goes on."""
    return exists().where(
        OutgoingCall.purpose == purpose, OutgoingCall.subject_id == subject_id, OutgoingCall.status != "ended"
    )


async def goes_on(session: AsyncSession, purpose: Purpose, subject_id: str) -> bool:
    """Whether somebody is being called about this task at the moment."""
    return bool((await session.execute(select(under_way(purpose, subject_id)))).scalar_one())
