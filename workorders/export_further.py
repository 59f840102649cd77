"""The lines of an export besides the orders': their objections and attachments, return visits, call-backs, and ratings
of the service.

Without personal data no free text is told (a unit's reason, the name of a file: any of it may name a person), nor what
leads to a conversation.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.follow_up_tables import Attachment, Objection, ReturnVisit
from storage.tables import CallbackTask, Conversation

Line = dict[str, Any]
KINDS: Final = ("objection", "attachment", "visit", "callback", "rating")

_OBJECTION: Final = (
    *("id", "order_no", "unit", "objected_by", "objected_at", "status", "decided_by", "decided_at", "new_unit"),
)
_OBJECTION_PERSONAL: Final = ("reason", "suggested_unit", "decision")
_ATTACHMENT: Final = ("id", "order_no", "media_type", "size_bytes", "sha256", "added_by", "added_at")
_ATTACHMENT_PERSONAL: Final = ("name",)
_VISIT: Final = (
    *("id", "order_no", "round", "unit", "channel", "status", "attempts", "next_at", "created_at", "asked_at"),
    *("taken_by", "taken_at", "responded", "solved", "satisfied", "reason", "reason_detail", "done_by", "done_at"),
)
_VISIT_PERSONAL: Final = ("conversation_id", "note")
_CALLBACK: Final = (
    *("id", "reason", "status", "result", "seat_id", "attempts", "due_at", "next_at", "created_at", "done_at"),
)
_CALLBACK_PERSONAL: Final = ("conversation_id", "number", "note")
_RATING: Final = ("id", "channel", "seat_id", "rating", "created_at", "ended_at")  # of the conversation


async def of_orders(session: AsyncSession, numbers: Sequence[str], personal: bool) -> dict[str, list[Line]]:
    """By the number of each of these orders: its objections with who raised and who decided them, then its attachments
    without their content (`sha256` is that of the content)."""
    found: dict[str, list[Line]] = {number: [] for number in numbers}
    objections = select(Objection).where(Objection.order_no.in_(numbers)).order_by(Objection.id)
    for row in (await session.execute(objections)).scalars():
        found[row.order_no].append(_line("objection", row, _OBJECTION, _OBJECTION_PERSONAL if personal else ()))
    attachments = select(Attachment).where(Attachment.order_no.in_(numbers)).order_by(Attachment.id)
    for file in (await session.execute(attachments)).scalars():
        found[file.order_no].append(_line("attachment", file, _ATTACHMENT, _ATTACHMENT_PERSONAL if personal else ()))
    return found


async def visits(session: AsyncSession, since: datetime | None, personal: bool, *, page: int) -> AsyncIterator[Line]:
    """Rounds of asking, one for each answer of an order, `page` at a time. An attempt that reached nobody leaves the
    order as it is: with `since` those that were begun or ended then or later, and all that still stand."""
    after = ""
    while True:
        query = select(ReturnVisit).where(ReturnVisit.id > after).order_by(ReturnVisit.id).limit(page)
        if since is not None:
            stands = ReturnVisit.status.not_in(("done", "lapsed"))
            query = query.where(or_(ReturnVisit.created_at >= since, ReturnVisit.done_at >= since, stands))
        rounds = list((await session.execute(query)).scalars())
        if not rounds:
            return
        for row in rounds:
            line = _line("visit", row, _VISIT, _VISIT_PERSONAL if personal else ())
            # a citizen who answers in a chat is named by the conversation
            yield line if personal else {**line, "done_by": _without_conversation(row.done_by)}
        session.expunge_all()
        after = rounds[-1].id


def _without_conversation(actor: str | None) -> str | None:
    return "citizen" if actor is not None and actor.startswith("citizen:") else actor


async def callbacks(session: AsyncSession, since: datetime | None, personal: bool, *, page: int) -> AsyncIterator[Line]:
    """Tasks, `page` at a time. Nothing tells when one last changed: with `since` those that were promised or finished
    then or later, and all that still stand."""
    after = ""
    while True:
        query = select(CallbackTask).where(CallbackTask.id > after).order_by(CallbackTask.id).limit(page)
        if since is not None:
            stands = CallbackTask.status != "done"
            query = query.where(or_(CallbackTask.created_at >= since, CallbackTask.done_at >= since, stands))
        tasks = list((await session.execute(query)).scalars())
        if not tasks:
            return
        for task in tasks:
            yield _line("callback", task, _CALLBACK, _CALLBACK_PERSONAL if personal else ())
        session.expunge_all()
        after = tasks[-1].id


async def ratings(session: AsyncSession, since: datetime | None, personal: bool, *, page: int) -> AsyncIterator[Line]:
    """What citizens said of the service, `page` at a time. The `id` is that of the conversation, hashed: it tells
    ratings apart and leads nowhere."""
    after = ""
    columns = [getattr(Conversation, name) for name in _RATING]  # what was said is not read
    while True:
        query = select(*columns).where(Conversation.id > after, Conversation.rating.is_not(None))
        if since is not None:
            query = query.where(Conversation.updated_at >= since)
        rows = (await session.execute(query.order_by(Conversation.id).limit(page))).all()
        if not rows:
            return
        for row in rows:
            line = _line("rating", row, _RATING, ())
            line["id"] = "ra_" + hashlib.sha256(row.id.encode()).hexdigest()[:26]
            yield {**line, "conversation_id": row.id} if personal else line
        after = rows[-1].id


def _line(kind: str, row: Any, names: Sequence[str], personal: Sequence[str]) -> Line:
    return {"kind": kind, **{name: _plain(getattr(row, name)) for name in (*names, *personal)}}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
