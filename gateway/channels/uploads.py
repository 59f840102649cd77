"""Files that a channel sends before the message that speaks of them: kept for a day, read by that message."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from base.ids import new_id
from gateway.wechat.errcodes import WechatError
from gateway.wechat.media import read_file, receive
from storage.sealed_files import FileSafe

_KEPT_SECONDS: Final = 86_400.0
_ID: Final = re.compile(r"up_[0-9A-Z]{26}")


class UploadError(WechatError):
    """The file is not there, or is not what was signed."""


class Uploads:
    """Files lie in one folder, named by their channel and their id."""

    def __init__(self, files: FileSafe, folder: Path, *, limit_bytes: int) -> None:
        self._files = files
        self._folder = folder
        self._limit_bytes = limit_bytes

    async def keep(self, channel: str, chunks: AsyncGenerator[bytes, None], *, digest: str) -> tuple[str, int]:
        """Store a file; its id and its size in bytes.

        Raises:
            MediaTooLarge: it is larger than an attachment may be.
            UploadError: it is empty, or its SHA-256 is not `digest`.
            OSError: it cannot be stored.
        """
        upload_id = new_id("up_")
        path, found = self._path(channel, upload_id), hashlib.sha256()

        async def counted() -> AsyncGenerator[bytes, None]:
            async for chunk in chunks:
                found.update(chunk)
                yield chunk

        size = await receive(self._files, path, counted(), limit_bytes=self._limit_bytes)
        if not hmac.compare_digest(found.hexdigest(), digest):
            await asyncio.to_thread(path.unlink, missing_ok=True)
            raise UploadError("the file is not what was signed")
        return upload_id, size

    async def has(self, channel: str, upload_id: str) -> bool:
        return _ID.fullmatch(upload_id) is not None and await asyncio.to_thread(self._path(channel, upload_id).is_file)

    async def read(self, channel: str, upload_id: str) -> AsyncGenerator[bytes, None]:
        """Raises UploadError: it is not there (any more)."""
        if not await self.has(channel, upload_id):
            raise UploadError("the file is not there")
        async for chunk in read_file(self._files, self._path(channel, upload_id)):
            yield chunk

    async def clean_up(self) -> None:
        await asyncio.to_thread(self._forget, time.time() - _KEPT_SECONDS)

    def _forget(self, before_seconds: float) -> None:
        for path in self._folder.glob("*.up_*"):
            if path.stat().st_mtime < before_seconds:
                path.unlink(missing_ok=True)

    def _path(self, channel: str, upload_id: str) -> Path:
        return self._folder / f"{channel}.{upload_id}"
