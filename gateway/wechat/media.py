"""Pictures, voices and videos that citizens send: kept until there is an order that they belong to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from base.clock import Clock
from base.errors import HotlineError
from base.ids import new_id
from base.logs import get_logger
from gateway.wechat.errcodes import WechatError
from storage.engine import Database
from storage.messenger_tables import MessengerMedia
from storage.sealed_files import BrokenFile, FileSafe
from workorders.attachments import Attachments

_log = get_logger(__name__)
_BELONGS_WITHIN: Final = timedelta(hours=2)  # what was sent longer before an order is not about it


class MediaTooLarge(WechatError):
    pass


class Media:
    """One instance a core. Files lie under the data directory, named by their row."""

    def __init__(
        self,
        database: Database,
        attachments: Attachments,
        files: FileSafe,
        folder: Path,
        *,
        limit_bytes: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._attachments = attachments
        self._files = files
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._clock = clock

    async def keep(
        self, contact_id: str, conversation_id: str | None, name: str, chunks: AsyncGenerator[bytes, None]
    ) -> Path:
        """Store what `chunks` hold; the file.

        Raises:
            WechatError: it cannot be downloaded, is empty or too large.
        """
        media_id = new_id("md_")
        path = self._folder / media_id
        size = await receive(self._files, path, chunks, limit_bytes=self._limit_bytes)
        row = MessengerMedia(
            id=media_id,
            contact_id=contact_id,
            conversation_id=conversation_id or "",
            name=name[:120],
            size_bytes=size,
            created_at=self._clock.now(),
        )
        async with self._database.write() as session:
            session.add(row)
        return path

    async def attach(self, contact_id: str, order_no: str, *, actor: str) -> str:
        """Everything recent that belongs to no order yet becomes attachments of this one. Returns the trouble in words
        for the citizen, empty where there was none."""
        since = self._clock.now() - _BELONGS_WITHIN
        query = (
            select(MessengerMedia)
            .where(MessengerMedia.contact_id == contact_id, MessengerMedia.order_no.is_(None))
            .where(MessengerMedia.created_at >= since)
            .order_by(MessengerMedia.created_at)
        )
        async with self._database.read() as session:
            rows = list((await session.execute(query)).scalars())
        trouble = ""
        for row in rows:
            path = self._folder / row.id
            try:
                async with aclosing(read_file(self._files, path)) as chunks:
                    await self._attachments.add(order_no, row.name, chunks, actor=actor)
            except (HotlineError, OSError) as error:
                _log.warning("media could not be attached", order_no=order_no, reason=type(error).__name__)
                trouble = "文件打不开。" if isinstance(error, OSError | BrokenFile) else str(error)
                continue
            async with self._database.write() as session:
                found = await session.get_one(MessengerMedia, row.id)
                found.order_no = order_no
        return trouble

    async def clean_up(self) -> None:
        """After a day orders have their copies, and what no order took will be taken by none."""
        before = self._clock.now() - 12 * _BELONGS_WITHIN
        async with self._database.write() as session:
            rows = (await session.execute(select(MessengerMedia).where(MessengerMedia.created_at < before))).scalars()
            for row in rows:
                await asyncio.to_thread((self._folder / row.id).unlink, missing_ok=True)
                await session.delete(row)


async def receive(files: FileSafe, path: Path, chunks: AsyncGenerator[bytes, None], *, limit_bytes: int) -> int:
    """Store what `chunks` hold in a new file that its owner alone reads; its size in bytes. Nothing is left of one that
    did not come whole.

    Raises:
        MediaTooLarge: it is larger.
        WechatError: it is empty, or does not arrive.
        OSError: it cannot be stored.
    """
    size = 0
    file = await asyncio.to_thread(files.create, path)
    try:
        async with aclosing(chunks) as arriving:
            async for chunk in arriving:
                size += len(chunk)
                if size > limit_bytes:
                    raise MediaTooLarge("the file is larger than an attachment may be")
                await asyncio.to_thread(file.write, chunk)
        if size == 0:
            raise WechatError("the file is empty")
        await asyncio.to_thread(file.finish)
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    finally:
        await asyncio.to_thread(file.close)
    return size


async def read_file(files: FileSafe, path: Path) -> AsyncGenerator[bytes, None]:
    """
    Raises:
        OSError: it is not there.
        BrokenFile: it was changed.
    """
    chunks = files.chunks(path)
    try:
        while chunk := await asyncio.to_thread(next, chunks, b""):
            yield chunk
    finally:
        await asyncio.to_thread(chunks.close)
