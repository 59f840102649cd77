"""A stored file as an answer, whole or by one range, opened piece by piece on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from base.errors import HotlineError
from base.logs import get_logger
from gateway.core import core_of
from gateway.errors import ApiError
from storage.sealed_files import BrokenFile, Readable

_log = get_logger("gateway.stored_files")
_PIECE_BYTES: Final = 64 * 1024
UNFINISHED: Final = "X-File-Unfinished"


async def opened(request: web.Request, path: Path) -> Readable:
    """
    Raises:
        ApiError: 410, it does not open: it was changed, it is another's, or its key or the file itself is gone.
    """
    try:
        return await asyncio.to_thread(core_of(request).files.open, path)
    except (HotlineError, OSError) as error:
        _log.error("a stored file does not open", file=path.name, problem=str(error))
        raise ApiError(410, "file_damaged", "这个文件已损坏，无法打开，请联系管理员。") from error


async def given(
    request: web.Request,
    file: Readable,
    headers: Mapping[str, str],
    *,
    unfinished: bool = False,
    size_bytes: int | None = None,
) -> web.StreamResponse:
    """The answer; closes the file. `unfinished`: one that is cut off is given out as far as it goes, and says so.
    `size_bytes`: what it must have, where that is known from elsewhere.

    Raises:
        ApiError: 410, it is cut off; 416, the range is none of it.
    """
    response = None
    try:
        if (not file.complete and not unfinished) or size_bytes not in (None, file.length):
            raise BrokenFile("it is cut off, or another stands in its place")
        begin, end, status = _range(request, file.length)
        response = web.StreamResponse(status=status, headers={**headers, "Accept-Ranges": "bytes"})
        response.content_length = end - begin
        if status == 206:
            response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{file.length}"
        if not file.complete:
            response.headers[UNFINISHED] = "1"
        piece = await asyncio.to_thread(file.read, begin, min(_PIECE_BYTES, end - begin))
        await response.prepare(request)
        while piece:
            await response.write(piece)
            begin += len(piece)
            piece = await asyncio.to_thread(file.read, begin, min(_PIECE_BYTES, end - begin))
        if begin != end:
            raise BrokenFile("a stored file became shorter while it was read")
        await response.write_eof()
        return response
    except BrokenFile as error:
        _log.error("a stored file cannot be given out", problem=str(error))
        if response is not None and response.prepared and request.transport is not None:
            request.transport.abort()  # what was begun cannot become an error page
        raise ApiError(410, "file_damaged", "这个文件已损坏，无法打开，请联系管理员。") from error
    finally:
        await asyncio.to_thread(file.close)


def _range(request: web.Request, length: int) -> tuple[int, int, int]:
    """Begin, end and status. What is no single range of bytes, or depends on another version, is answered whole."""
    if "Range" not in request.headers or "If-Range" in request.headers or "," in request.headers["Range"]:
        return 0, length, 200
    try:
        asked = request.http_range
    except ValueError:
        return 0, length, 200
    begin = length + asked.start if asked.start is not None and asked.start < 0 else asked.start or 0
    end = length if asked.stop is None else min(asked.stop, length)
    begin = max(0, begin)
    if begin >= end:
        raise web.HTTPRequestRangeNotSatisfiable(headers={"Content-Range": f"bytes */{length}"})
    return begin, end, 206
