"""Pictures, documents, voice and video of orders: content in sealed files of the data directory, the rest in a table.

A file is written aside and moved into place before its row is committed, so a row always has its file. The same content
sent again for the same order, also at the same moment, is the attachment that is there already.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.clock import Clock, SystemClock
from base.errors import HotlineError
from base.ids import new_id
from storage.engine import Database
from storage.follow_up_tables import Attachment
from storage.sealed_files import FileSafe, Writer
from storage.tables import Order, OrderEvent
from workorders.media_types import HEAD_BYTES, media_type
from workorders.order import actor_kind
from workorders.service import OrderNotFound, OrderService

_ID: Final = re.compile(r"at_[0-9A-Z]{26}")
_WRITTEN_AT_ONCE_BYTES: Final = 256 * 1024


class AttachmentError(HotlineError):
    """The file is not taken; the message is for whoever sent it."""


class TooLarge(AttachmentError):
    pass


class UnknownAttachment(AttachmentError):
    def __init__(self) -> None:
        super().__init__("没有这个附件。")


@dataclass(frozen=True, slots=True)
class StoredFile:
    path: Path
    name: str
    media_type: str
    size_bytes: int


class Attachments:
    """One instance a process."""

    def __init__(
        self,
        database: Database,
        orders: OrderService,
        files: FileSafe,
        folder: Path,
        *,
        limit_bytes: int,
        limit_count: int,
        clock: Clock | None = None,
    ) -> None:
        self._database = database
        self._orders = orders
        self._files = files
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._limit_count = limit_count
        self._clock = clock or SystemClock()

    @property
    def limits(self) -> dict[str, int]:
        """For a page that tells before it sends."""
        return {"bytes": self._limit_bytes, "count": self._limit_count}

    async def add(self, order_no: str, name: str, chunks: AsyncIterator[bytes], *, actor: str) -> dict[str, Any]:
        """Keep what `chunks` hold. Whether `actor` may do so was checked before.

        Raises:
            OrderNotFound: no such order.
            AttachmentError: the content is none that an order takes, is empty or too large, or there are too many.
        """
        async with self._database.read() as session:
            await self._check_room(session, order_no)
        identifier = new_id("at_")
        aside = self._folder / "incoming" / identifier
        try:
            kind, size, digest = await self._receive(aside, chunks)
            row = Attachment(
                id=identifier,
                order_no=order_no,
                name=_clean_name(name, kind),
                media_type=kind,
                size_bytes=size,
                sha256=digest,
                added_by=actor[:64],
                added_at=self._clock.now(),
            )
            return await self._keep(row, aside, actor=actor)
        finally:
            await asyncio.to_thread(aside.unlink, missing_ok=True)

    async def _keep(self, row: Attachment, aside: Path, *, actor: str) -> dict[str, Any]:
        """The row, the event and what is told of it are there together or not at all, whenever the process ends."""
        async with self._database.write() as session:
            found = select(Order).where(Order.order_no == row.order_no).with_for_update()
            order = (await session.execute(found)).scalar_one_or_none()
            if order is None or (actor_kind(actor) == "unit" and order.unit != actor.partition(":")[2]):
                raise OrderNotFound
            known = await self._known(session, row.order_no, row.sha256)
            if known is not None:
                if not await _is_noted(session, known):  # lost before the two were one transaction
                    self._orders.attached(session, order, actor=actor, now=row.added_at, data=_told(known))
                return _shown(known)
            await self._check_room(session, row.order_no)
            session.add(row)
            self._orders.attached(session, order, actor=actor, now=row.added_at, data=_told(row))
            await session.flush()
            await asyncio.to_thread(_move, aside, self._path(row.id))
        return _shown(row)

    async def of(self, order_no: str, *, without_voices: bool = False) -> list[dict[str, Any]]:
        """The order's attachments, oldest first; `without_voices`: none that somebody could be known by."""
        query = select(Attachment).where(Attachment.order_no == order_no).order_by(Attachment.added_at, Attachment.id)
        async with self._database.read() as session:
            rows = (await session.execute(query)).scalars().all()
        return [_shown(row) for row in rows if not (without_voices and _has_voice(row))]

    async def file(self, order_no: str, attachment_id: str, *, without_voices: bool = False) -> StoredFile:
        """
        Raises:
            UnknownAttachment: the order has none with this id, or it is not to be given out.
        """
        async with self._database.read() as session:
            row = await session.get(Attachment, attachment_id[:32])
        if row is None or row.order_no != order_no or (without_voices and _has_voice(row)):
            raise UnknownAttachment
        path = self._path(row.id)
        if not await asyncio.to_thread(path.is_file):
            raise UnknownAttachment
        return StoredFile(path, row.name, row.media_type, row.size_bytes)

    def _path(self, identifier: str) -> Path:
        if _ID.fullmatch(identifier) is None:
            raise UnknownAttachment
        return self._folder / identifier[-2:] / identifier

    async def _check_room(self, session: AsyncSession, order_no: str) -> None:
        counted = select(func.count()).select_from(Attachment).where(Attachment.order_no == order_no)
        count = int((await session.execute(counted)).scalar_one())
        if await session.get(Order, order_no) is None:
            raise OrderNotFound
        if count >= self._limit_count:
            raise AttachmentError(f"一个工单最多{self._limit_count}个附件。")

    async def _known(self, session: AsyncSession, order_no: str, digest: str) -> Attachment | None:
        query = select(Attachment).where(Attachment.order_no == order_no, Attachment.sha256 == digest).limit(1)
        return (await session.execute(query)).scalar_one_or_none()

    async def _receive(self, path: Path, chunks: AsyncIterator[bytes]) -> tuple[str, int, str]:
        """Type, size and hash of what was written to `path`."""
        file = await asyncio.to_thread(self._files.create, path)
        digest, size, waiting, kind = hashlib.sha256(), 0, bytearray(), ""
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > self._limit_bytes:
                    raise TooLarge(f"附件不能超过{self._limit_bytes // 1024 // 1024 or 1}MB。")
                digest.update(chunk)
                waiting += chunk
                if not kind and len(waiting) >= HEAD_BYTES:
                    kind = _checked(bytes(waiting[:HEAD_BYTES]))
                if kind and len(waiting) >= _WRITTEN_AT_ONCE_BYTES:
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            kind = kind or _checked(bytes(waiting[:HEAD_BYTES]))
            await asyncio.to_thread(_finish, file, bytes(waiting))
        finally:
            await asyncio.to_thread(file.close)
        return kind, size, digest.hexdigest()


async def _is_noted(session: AsyncSession, row: Attachment) -> bool:
    query = select(OrderEvent.data).where(OrderEvent.order_no == row.order_no, OrderEvent.event == "attach")
    return any(data.get("attachment") == row.id for data in (await session.execute(query)).scalars())


def _told(row: Attachment) -> dict[str, Any]:
    """The data of its event."""
    return {"attachment": row.id, "media_type": row.media_type, "size_bytes": row.size_bytes, "event_id": row.id}


def _checked(head: bytes) -> str:
    if kind := media_type(head):
        return kind
    raise AttachmentError("只能上传图片、PDF、录音或者视频文件。" if head else "文件是空的。")


def _finish(file: Writer, rest: bytes) -> None:
    file.write(rest)
    file.finish()


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _clean_name(name: str, kind: str) -> str:
    """The name to show and to save as: no path, nothing that a shell or a header would read."""
    bare = re.sub(r"[^\w.\-（）()\u4e00-\u9fff ]", "_", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    return bare[-120:] or f"附件.{kind.rpartition('/')[2]}"


def _has_voice(row: Attachment) -> bool:
    return row.media_type.startswith(("audio/", "video/")) and not row.added_by.startswith("unit:")


def _shown(row: Attachment) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "media_type": row.media_type,
        "size_bytes": row.size_bytes,
        "added_by": row.added_by.partition(":")[0],
        "added_at": row.added_at.isoformat(),
    }
