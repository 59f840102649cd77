"""Internal notes of a conversation and replies that are often given. Notes are never turns: no citizen sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import delete, func, or_, select

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from storage.desk_tables import CannedReply, DeskNote
from storage.engine import Database
from storage.tables import Seat

NOTE_CHARACTERS: Final = 2_000
REPLY_CHARACTERS: Final = 1_000
_NOTES: Final = 200
_REPLIES: Final = 300


class ReplyError(HotlineError):
    """A reply cannot be kept or removed; the message is for the seat."""


class Notes:
    """One instance a process."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def add(self, conversation_id: str, seat_id: str, text: str, mentions: Iterable[str]) -> dict[str, Any]:
        """`mentions`: seats; those who have no account are left out."""
        async with self._database.write() as session:
            wanted = select(Seat.id).where(Seat.id.in_(list(mentions)), Seat.enabled.is_(True))
            known = sorted((await session.execute(wanted)).scalars())
            note = DeskNote(
                id=new_id("n_"),
                conversation_id=conversation_id,
                seat_id=seat_id,
                text=text[:NOTE_CHARACTERS],
                mentions=known,
                created_at=self._clock.now(),
            )
            session.add(note)
            author = (await session.execute(select(Seat.display_name).where(Seat.id == seat_id))).scalar_one_or_none()
            return _note(note, author)

    async def of(self, conversation_id: str) -> list[dict[str, Any]]:
        """Oldest first."""
        query = (
            select(DeskNote, Seat.display_name)
            .outerjoin(Seat, Seat.id == DeskNote.seat_id)
            .where(DeskNote.conversation_id == conversation_id)
            .order_by(DeskNote.created_at, DeskNote.id)
            .limit(_NOTES)
        )
        async with self._database.read() as session:
            return [_note(note, author) for note, author in (await session.execute(query)).all()]

    async def mentions(self, conversation_id: str, seat_id: str) -> bool:
        """Whether a note of this conversation names this seat: then they may read it."""
        query = select(DeskNote.mentions).where(DeskNote.conversation_id == conversation_id)
        async with self._database.read() as session:
            return any(seat_id in named for named in (await session.execute(query)).scalars())


class CannedReplies:
    """One instance a process. A seat sees its own and the shared ones; shared ones are changed by who may share."""

    def __init__(self, database: Database, *, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def of(self, seat_id: str) -> list[dict[str, Any]]:
        query = select(CannedReply).where(or_(CannedReply.seat_id == seat_id, CannedReply.seat_id.is_(None)))
        async with self._database.read() as session:
            rows = (await session.execute(query.order_by(CannedReply.title).limit(2 * _REPLIES))).scalars()
            return [_reply(row) for row in rows]

    async def add(self, seat_id: str | None, title: str, text: str) -> dict[str, Any]:
        """`seat_id` None: shared by all.

        Raises:
            ReplyError: there are too many.
        """
        owner = CannedReply.seat_id.is_(None) if seat_id is None else CannedReply.seat_id == seat_id
        async with self._database.write() as session:
            count = (await session.execute(select(func.count()).select_from(CannedReply).where(owner))).scalar_one()
            if count >= _REPLIES:
                raise ReplyError(f"常用语已有{count}条，请先删掉不用的。")
            row = CannedReply(
                id=new_id("r_"),
                seat_id=seat_id,
                title=title[:60],
                text=text[:REPLY_CHARACTERS],
                updated_at=self._clock.now(),
            )
            session.add(row)
            return _reply(row)

    async def remove(self, reply_id: str, *, seat_id: str, may_share: bool) -> bool:
        """One's own; a shared one only by who may share. False where there is none of that kind."""
        mine = CannedReply.seat_id == seat_id
        allowed = or_(mine, CannedReply.seat_id.is_(None)) if may_share else mine
        async with self._database.write() as session:
            done = await session.execute(delete(CannedReply).where(CannedReply.id == reply_id, allowed))
            return bool(done.rowcount)  # type: ignore[attr-defined]


def _note(note: DeskNote, author: str | None) -> dict[str, Any]:
    return {
        "id": note.id,
        "text": note.text,
        "author": author or "已注销的坐席",
        "mentions": list(note.mentions),
        "at": note.created_at.isoformat(),
    }


def _reply(row: CannedReply) -> dict[str, Any]:
    return {"id": row.id, "title": row.title, "text": row.text, "shared": row.seat_id is None}
