"""`GET /api/v1/seat/conversations/{id}/media/{media_id}`: what a citizen sent in WeChat or from the chat page, for
whoever may see the conversation. After a day it is to be found with the order that it belongs to. Every access is a
line in the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import web

from base.logs import get_logger
from gateway.audited import audited
from gateway.chat_enclosures import CHAT_ENCLOSURES
from gateway.conversation_watch import may_watch
from gateway.core import core_of
from gateway.errors import not_found
from gateway.messengers import folder_of_media
from gateway.seat_auth import require_seat
from gateway.stored_files import given, opened
from storage.messenger_tables import MessengerConversation, MessengerMedia
from workorders.media_types import HEAD_BYTES, media_type

_log = get_logger("gateway.messenger_media")
_SHOWN: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_UNKNOWN: Final = "application/octet-stream"


async def media(request: web.Request) -> web.StreamResponse:
    """Pictures are shown by the browser, everything else is saved."""
    seat, core = await require_seat(request), core_of(request)
    conversation_id, media_id = request.match_info["conversation_id"][:64], request.match_info["media_id"][:32]
    await may_watch(core, seat, conversation_id)
    path, name = await _found(request, conversation_id, media_id)
    if not await asyncio.to_thread(path.is_file):
        raise not_found("文件已经删除，请到工单的附件里查看。", "unknown_media")
    file = await opened(request, path)
    kind = media_type(await asyncio.to_thread(file.read, 0, HEAD_BYTES)) or _UNKNOWN
    await audited(request, seat, "media.opened", conversation_id, media=media_id, media_type=kind)
    _log.info("media opened", seat_id=seat.id, conversation_id=conversation_id, media_type=kind)
    shown = "inline" if kind in _SHOWN else "attachment"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "private, no-store",
    }
    return await given(request, file, headers)


async def _found(request: web.Request, conversation_id: str, media_id: str) -> tuple[Path, str]:
    """Where it should lie, and its name.

    Raises:
        ApiError: 404, the conversation has none with this id.
    """
    core, pictures = core_of(request), request.app[CHAT_ENCLOSURES].pictures
    if (picture := await pictures.of(conversation_id, media_id)) is not None:
        return pictures.path(picture.id), picture.name
    async with core.database.read() as session:
        linked = await session.get(MessengerConversation, conversation_id)
        row = await session.get(MessengerMedia, media_id)
    if linked is None or row is None or row.contact_id != linked.contact_id:
        raise not_found("没有这个文件。", "unknown_media")
    return folder_of_media(core.settings) / row.id, row.name


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/seat/conversations/{conversation_id}/media/{media_id}", media)
