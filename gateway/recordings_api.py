"""`/api/v1/seat/conversations/{id}/recording`: listen to a call, each time an entry of the audit log; `…/recordings`:
what there is to listen to, and in which state."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Literal

from aiohttp import web
from sqlalchemy import select

from base.errors import HotlineError
from base.logs import get_logger
from conversations.recordings import KnownRecording
from gateway.audited import audited
from gateway.core import Core, core_of
from gateway.errors import ApiError, bad_request, dumps, forbidden, not_found
from gateway.seat_auth import require_seat
from gateway.stored_files import given, opened
from seats.permissions import may
from seats.store import SeatIdentity
from storage.sealed_files import FileSafe
from storage.tables import Conversation

log = get_logger("gateway.recordings")
State = Literal["whole", "cut_off", "deleted", "damaged"]


async def recording(request: web.Request) -> web.StreamResponse:
    """The WAV (caller left, our side right), whole or by ranges. `part`: of several calls of one conversation, from 1.

    For leaders, and for the seat that holds or held the conversation or is to call back about it.
    """
    seat, core = await require_seat(request), core_of(request)
    conversation_id = request.match_info["conversation_id"][:64]
    await _check(core, seat, conversation_id)
    found = await core.recordings.of(conversation_id)
    part = _part(request.query.get("part", "1"))
    if part > len(found):
        raise not_found("这个会话没有录音。", "no_recording")
    chosen = found[part - 1]
    if chosen.deleted_at is not None or not await asyncio.to_thread(chosen.path.is_file):
        raise ApiError(410, "recording_deleted", "录音已经删除。")
    await audited(request, seat, "recording.heard", conversation_id, part=part)
    log.info(
        "recording accessed",
        seat_id=seat.id,
        conversation_id=conversation_id,
        part=part,
        range=request.headers.get("Range", "")[:40],
    )
    headers = {"Content-Type": "audio/wav", "Cache-Control": "private, no-store"}
    return await given(request, await opened(request, chosen.path), headers, unfinished=True)


async def recordings(request: web.Request) -> web.Response:
    """The parts that there are: `{items: [{part, at, state, url}]}`. `cut_off`: the call goes on, or its recording was
    broken off; it is heard as far as it goes."""
    seat, core = await require_seat(request), core_of(request)
    conversation_id = request.match_info["conversation_id"][:64]
    await _check(core, seat, conversation_id)
    found = await core.recordings.of(conversation_id)
    states = await asyncio.to_thread(lambda: [_state(core.files, one) for one in found])
    items = [
        {
            "part": part,
            "at": one.created_at.isoformat(),
            "state": state,
            "url": f"/api/v1/seat/conversations/{conversation_id}/recording?part={part}",
        }
        for part, (one, state) in enumerate(zip(found, states, strict=True), start=1)
    ]
    return web.json_response({"items": items}, dumps=dumps)


def _state(files: FileSafe, recording: KnownRecording) -> State:
    if recording.deleted_at is not None or not recording.path.is_file():
        return "deleted"
    try:
        with closing(files.open(recording.path)) as file:
            return "whole" if file.complete else "cut_off"
    except (HotlineError, OSError):
        return "damaged"


def _part(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise bad_request("参数 part 不正确。", "invalid_field")
    return int(text)


async def _check(core: Core, seat: SeatIdentity, conversation_id: str) -> None:
    """
    Raises:
        ApiError: 403 for a seat that has nothing to do with it, 404 for no such conversation.
    """
    async with core.database.read() as session:
        query = select(Conversation).where(Conversation.id == conversation_id)
        row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise not_found("没有这个会话。", "unknown_conversation")
    if may(seat.role, "desk.lead") or row.seat_id == seat.id or await core.callbacks.is_open_for(row.id):
        return
    log.warning("recording refused", seat_id=seat.id, conversation_id=conversation_id)
    raise forbidden("这个会话不在您手上，不能收听录音。")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/seat/conversations/{conversation_id}/recording", recording)
    app.router.add_get("/api/v1/seat/conversations/{conversation_id}/recordings", recordings)
