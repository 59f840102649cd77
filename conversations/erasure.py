"""A citizen wants to be forgotten (个人信息保护法 第四十七条): what is erased, and what the law keeps.

Erased: words, numbers, names, addresses, recordings, attachments, what WeChat knows them by, notes about them. Kept:
that an order of a category went to a unit at a time and was closed (a record of the administration), outcomes and times
of contacts (the statistics), and the audit log (网络安全法 第二十一条), none of which holds contact data. An order that
is still open is not touched, nor is its conversation: the unit has to reach the citizen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from seats.audit import AuditLog
from storage.calling_tables import OutgoingCall
from storage.desk_tables import DeskCase, DeskNote
from storage.engine import Database
from storage.follow_up_tables import Attachment, ReturnVisit, TextMessage
from storage.messenger_tables import MessengerContact, MessengerConversation, MessengerMedia
from storage.order_tables import OutboxMessage
from storage.tables import CallbackTask, Conversation, Order, OrderEvent, Recording, Turn

ERASED: Final = "（已按本人要求删除）"
_OVER: Final = "closed"
# Of an outcome's details: what a seat wrote, the words for an emergency, and its place.
_WORDS: Final = ("seat_note", "said", "danger_place")
_NOT_THEIRS: Final = ("unit:", "system:")  # what units and we ourselves wrote stays with the order


@dataclass(frozen=True, slots=True)
class Found:
    """What belongs to a citizen. `waiting`: orders that are still open; they and their conversations stay."""

    orders: tuple[str, ...]
    conversations: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where files about citizens lie."""

    recordings: Path
    attachments: Path
    media: Path

    @classmethod
    def under(cls, data: Path) -> Folders:
        return cls(data / "recordings", data / "attachments", data / "messenger_media")


class Erasure:
    """One instance a process."""

    def __init__(self, database: Database, folders: Folders, *, clock: Clock | None = None) -> None:
        self._database = database
        self._folders = folders
        self._clock = clock or SystemClock()
        self._audit = AuditLog(database, clock=self._clock)

    async def find(self, number: str) -> Found:
        """By the telephone number that the citizen called from, gave, or was promised to be called back at."""
        async with self._database.read() as session:
            return await _find(session, number)

    async def erase(self, number: str, *, actor: str) -> Found:
        """Everything at once, the files last. Doing it again finds what is left (orders that were closed meanwhile)."""
        async with self._database.write() as session:
            found = await _find(session, number)
            files = await erase(session, found, self._folders, now=self._clock.now())
            detail = {
                "orders": list(found.orders),
                "conversations": list(found.conversations),
                "waiting": list(found.waiting),
                "files": len(files),
            }
            await self._audit.add(session, "citizen.erased", actor=actor, detail=detail)
        await asyncio.to_thread(unlink, files)
        return found


async def erase(session: AsyncSession, found: Found, folders: Folders, *, now: datetime) -> list[Path]:
    """What stands in the database; the files that belong to it are given back, to be deleted after the commit."""
    files = await _files(session, found, folders)
    await _erase_orders(session, found.orders, now)
    await _erase_conversations(session, found.conversations, now)
    await session.execute(
        update(Recording)
        .where(Recording.conversation_id.in_(found.conversations), Recording.deleted_at.is_(None))
        .values(deleted_at=now)
    )
    return files


def unlink(files: list[Path]) -> None:
    for path in files:
        path.unlink(missing_ok=True)


async def _files(session: AsyncSession, found: Found, folders: Folders) -> list[Path]:
    recordings = await _column(session, Recording.name, Recording.conversation_id.in_(found.conversations))
    attachments = await _column(session, Attachment.id, Attachment.order_no.in_(found.orders))
    media = await _column(session, MessengerMedia.id, MessengerMedia.conversation_id.in_(found.conversations))
    return [
        *(folders.recordings / name for name in recordings),
        *(folders.attachments / one[-2:] / one for one in attachments),
        *(folders.media / one for one in media),
    ]


async def _find(session: AsyncSession, number: str) -> Found:
    conversations = set(await _column(session, Conversation.id, Conversation.caller_number_key == number))
    conversations |= set(await _column(session, CallbackTask.conversation_id, CallbackTask.number_key == number))
    given = select(Order).where(Order.contact_phone_key == number)
    conversations |= {row.conversation_id for row in (await session.execute(given)).scalars() if row.conversation_id}
    citizens = await _column(
        session, MessengerConversation.contact_id, MessengerConversation.conversation_id.in_(conversations)
    )
    conversations |= set(
        await _column(session, MessengerConversation.conversation_id, MessengerConversation.contact_id.in_(citizens))
    )
    theirs = select(Order).where((Order.contact_phone_key == number) | Order.conversation_id.in_(conversations))
    orders = list((await session.execute(theirs.with_for_update())).scalars())
    waiting = [order for order in orders if order.status != _OVER]
    conversations -= {order.conversation_id for order in waiting if order.conversation_id}
    return Found(
        tuple(sorted(order.order_no for order in orders if order.status == _OVER)),
        tuple(sorted(conversations)),
        tuple(sorted(order.order_no for order in waiting)),
    )


async def _erase_orders(session: AsyncSession, numbers: Iterable[str], now: datetime) -> None:
    for order in (await session.execute(select(Order).where(Order.order_no.in_(numbers)))).scalars():
        order.title = order.detail = ERASED
        order.address = order.subject = order.appeal = order.event_time = None
        order.contact_name = order.contact_phone = None
        order.extra = {}
        order.erased_at = now
        order.version += 1
    for event in (await session.execute(select(OrderEvent).where(OrderEvent.order_no.in_(numbers)))).scalars():
        if not event.actor.startswith(_NOT_THEIRS):
            event.note, event.data = "", {}
    await session.execute(update(ReturnVisit).where(ReturnVisit.order_no.in_(numbers)).values(note=""))
    for table in (Attachment, TextMessage, OutboxMessage):
        await session.execute(delete(table).where(table.order_no.in_(numbers)))


async def _erase_conversations(session: AsyncSession, ids: Iterable[str], now: datetime) -> None:
    for row in (await session.execute(select(Conversation).where(Conversation.id.in_(ids)))).scalars():
        row.state, row.caller_number = {}, None
        row.outcome_detail = {key: value for key, value in row.outcome_detail.items() if key not in _WORDS}
        row.erased_at = now
        row.version += 1
    for turn in (await session.execute(select(Turn).where(Turn.conversation_id.in_(ids)))).scalars():
        turn.text, turn.spoken, turn.meta = "", None, {}
    tasks = list((await session.execute(select(CallbackTask).where(CallbackTask.conversation_id.in_(ids)))).scalars())
    for task in tasks:
        task.number, task.note = None, ""
        if task.status != "done":
            task.status, task.result, task.done_at = "done", "erased", now
    subjects = [task.id for task in tasks]
    calls = select(OutgoingCall).where(OutgoingCall.conversation_id.in_(ids) | OutgoingCall.subject_id.in_(subjects))
    for call in (await session.execute(calls)).scalars():
        call.number = ""
    for case in (await session.execute(select(DeskCase).where(DeskCase.conversation_id.in_(ids)))).scalars():
        case.draft, case.form, case.tags = "", {}, []
    await session.execute(delete(DeskNote).where(DeskNote.conversation_id.in_(ids)))
    citizens = await _column(session, MessengerConversation.contact_id, MessengerConversation.conversation_id.in_(ids))
    left = select(MessengerConversation.contact_id).where(MessengerConversation.conversation_id.not_in(ids))
    going = (MessengerContact.id.in_(citizens)) & MessengerContact.id.not_in(left)
    await session.execute(delete(MessengerContact).where(going))  # with what came in, what waits, and the media


async def _column(session: AsyncSession, column: Any, where: Any) -> list[Any]:
    return list((await session.execute(select(column).where(where))).scalars())
