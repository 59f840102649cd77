"""Pictures of the chat page: kept with their conversation, attached to the order that is filed in it.

An order may be filed by the bot's turn or by a seat, on any node: so what belongs to an order is found by looking at
the tables, every few seconds, and a picture that could not be attached is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from base.clock import Clock
from base.errors import HotlineError
from base.ids import new_id
from base.logs import get_logger
from gateway.wechat.errcodes import WechatError
from gateway.wechat.media import MediaTooLarge, read_file, receive
from storage.chat_tables import ChatPicture
from storage.engine import Database
from storage.sealed_files import BrokenFile, FileSafe
from storage.tables import Order
from workorders.attachments import AttachmentError, Attachments, TooLarge
from workorders.media_types import HEAD_BYTES, media_type

log = get_logger("gateway.chat_pictures")
_BELONGS_WITHIN: Final = timedelta(hours=2)  # what was sent longer before an order is not about it
_KEPT: Final = timedelta(days=1)
_ATTEMPTS: Final = 5
_SWEEP_SECONDS: Final = 2.0
_ACTOR_CHARACTERS: Final = 40


class ChatPictures:
    """One instance a core. Files lie under the data directory, named by their row."""

    def __init__(
        self,
        database: Database,
        attachments: Attachments,
        files: FileSafe,
        folder: Path,
        *,
        limit_bytes: int,
        limit_count: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._attachments = attachments
        self._files = files
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._limit_count = limit_count
        self._clock = clock
        self._cleaned_at: datetime | None = None

    async def keep(self, conversation_id: str, name: str, chunks: AsyncGenerator[bytes, None]) -> ChatPicture:
        """Store what `chunks` hold. Its type is that of its content.

        Raises:
            AttachmentError: it is no picture, empty or too large, or there are too many; told in the citizen's words.
        """
        await self._check_room(conversation_id)
        identifier = new_id("cp_")
        path = self.path(identifier)
        try:
            size = await receive(self._files, path, chunks, limit_bytes=self._limit_bytes)
        except MediaTooLarge as error:
            raise TooLarge(f"图片不能超过{self._limit_bytes // 1024 // 1024 or 1}MB。") from error
        except WechatError as error:
            raise AttachmentError("图片是空的，请重新选择。") from error
        kind = media_type(await asyncio.to_thread(self._files.read, path, HEAD_BYTES))
        if not kind.startswith("image/"):
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise AttachmentError("只能发送图片（JPG、PNG、GIF、WebP、HEIC）。")
        row = ChatPicture(
            id=identifier,
            conversation_id=conversation_id,
            name=name[:120] or "图片",
            media_type=kind,
            size_bytes=size,
            created_at=self._clock.now(),
        )
        async with self._database.write() as session:
            session.add(row)
        return row

    async def of(self, conversation_id: str, picture_id: str) -> ChatPicture | None:
        async with self._database.read() as session:
            row = await session.get(ChatPicture, picture_id[:32])
        return row if row is not None and row.conversation_id == conversation_id else None

    def path(self, picture_id: str) -> Path:
        return self._folder / picture_id

    async def attach(self, picture: ChatPicture, order_no: str) -> str:
        """Returns the trouble in words for the citizen, empty where there was none."""
        trouble = ""
        try:
            async with aclosing(read_file(self._files, self.path(picture.id))) as chunks:
                actor = f"citizen:{picture.conversation_id}"[:_ACTOR_CHARACTERS]
                await self._attachments.add(order_no, picture.name, chunks, actor=actor)
        except (HotlineError, OSError) as error:
            log.warning("a picture could not be attached", order_no=order_no, reason=type(error).__name__)
            trouble = "文件打不开。" if isinstance(error, OSError | BrokenFile) else str(error)
        async with self._database.write() as session:
            row = await session.get_one(ChatPicture, picture.id)
            if trouble:
                row.attempts += 1
            else:
                row.order_no = order_no
        return trouble

    async def attach_due(self) -> int:
        """Pictures in whose conversation an order was filed afterwards; returns how many were attached."""
        query = (
            select(ChatPicture, Order.order_no)
            .join(Order, Order.conversation_id == ChatPicture.conversation_id)
            .where(ChatPicture.order_no.is_(None), ChatPicture.attempts < _ATTEMPTS)
            .where(ChatPicture.created_at >= self._clock.now() - _BELONGS_WITHIN)
            .where(Order.filed_at >= ChatPicture.created_at)
            .order_by(ChatPicture.created_at, Order.filed_at)
        )
        async with self._database.read() as session:
            found = [(picture, order_no) for picture, order_no in await session.execute(query)]
        first: dict[str, tuple[ChatPicture, str]] = {}
        for picture, order_no in found:
            first.setdefault(picture.id, (picture, order_no))
        return [await self.attach(picture, order_no) for picture, order_no in first.values()].count("")

    async def clean_up(self) -> None:
        """After a day orders have their copies, and what no order took will be taken by none."""
        before = self._clock.now() - _KEPT
        async with self._database.write() as session:
            rows = (await session.execute(select(ChatPicture).where(ChatPicture.created_at < before))).scalars()
            for row in rows:
                await asyncio.to_thread(self.path(row.id).unlink, missing_ok=True)
                await session.delete(row)

    async def keep_house(self, pause: Callable[[float], Awaitable[bool]]) -> None:
        """Background work, until `pause` says that it is over."""
        while not await pause(_SWEEP_SECONDS):
            try:
                await self.attach_due()
                now = self._clock.now()
                if self._cleaned_at is None or now - self._cleaned_at >= timedelta(hours=1):
                    self._cleaned_at = now
                    await self.clean_up()
            except Exception as error:  # noqa: BLE001  (the database may be away: nothing is lost, it is tried again)
                log.error("pictures could not be swept", error=type(error).__name__)

    async def _check_room(self, conversation_id: str) -> None:
        waiting = (
            select(func.count())
            .select_from(ChatPicture)
            .where(ChatPicture.conversation_id == conversation_id, ChatPicture.order_no.is_(None))
        )
        async with self._database.read() as session:
            count = int((await session.execute(waiting)).scalar_one())
        if count >= self._limit_count:
            raise AttachmentError(f"一次最多发{self._limit_count}张图片，请先把事情说完。")
