"""Attachments of orders: sent by the citizen who has the tracking code, a seat or the unit; got by seats and the unit.

The body of a POST is the file itself, `X-File-Name` its name (percent-encoded UTF-8).
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from aiohttp import web

from base.logs import get_logger
from gateway.audited import audited
from gateway.core import Core, core_of
from gateway.errors import dumps, forbidden
from gateway.orders_api import check_code
from gateway.seat_auth import actor_of, require_seat
from gateway.stored_files import given, opened
from gateway.unit_api import order_number, unit_caller
from workorders.attachments import StoredFile, TooLarge

log = get_logger("gateway.attachments")
NAME_HEADER = "X-File-Name"
_CHUNK_BYTES = 64 * 1024


async def from_citizen(request: web.Request) -> web.Response:
    """Whoever has the tracking code may add to the order; what is there already is not given out for a code."""
    number = order_number(request)
    await check_code(request, number)
    return await _take(request, number, actor=f"citizen:{number}")


async def from_seat(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    return await _take(request, order_number(request), actor=actor_of(seat))


async def to_seat(request: web.Request) -> web.StreamResponse:
    seat = await require_seat(request)
    core, number = core_of(request), order_number(request)
    found = await core.attachments.file(number, request.match_info["attachment_id"])
    await audited(request, seat, "attachment.opened", number, attachment=request.match_info["attachment_id"])
    log.info("attachment opened", seat_id=seat.id, order_no=number)
    return await _given(request, found)


async def from_unit(request: web.Request) -> web.Response:
    caller = await unit_caller(request, read_body=False)
    core, number = core_of(request), order_number(request)
    if not (await core.unit_orders.view(caller.unit, number))["mine"]:
        raise forbidden("抄送给本单位的工单不能上传附件。")
    return await _take(request, number, actor=caller.actor)


async def to_unit(request: web.Request) -> web.StreamResponse:
    caller = await unit_caller(request)
    core, number = core_of(request), order_number(request)
    secret = (await core.unit_orders.view(caller.unit, number))["confidential"]
    found = await core.attachments.file(number, request.match_info["attachment_id"], without_voices=secret)
    who = f"seat:{caller.person}" if caller.person else caller.actor
    await audited(request, who, "attachment.opened", number, attachment=request.match_info["attachment_id"])
    log.info("attachment opened by a unit", seat_id=caller.person, order_no=number)
    return await _given(request, found)


async def _take(request: web.Request, number: str, *, actor: str) -> web.Response:
    core: Core = core_of(request)
    if (request.content_length or 0) > core.settings.attachments.limit_bytes:
        raise TooLarge(f"附件不能超过{core.settings.attachments.limit_bytes // 1024 // 1024 or 1}MB。")
    name = unquote(request.headers.get(NAME_HEADER, ""))[:300]
    shown = await core.attachments.add(number, name, request.content.iter_chunked(_CHUNK_BYTES), actor=actor)
    log.info("attachment taken", order_no=number, media_type=shown["media_type"], size_bytes=shown["size_bytes"])
    return web.json_response(shown, status=201, dumps=dumps)


async def _given(request: web.Request, found: StoredFile) -> web.StreamResponse:
    headers = {
        "Content-Type": found.media_type,
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "Cache-Control": "private, no-store",
    }
    return await given(request, await opened(request, found.path), headers, size_bytes=found.size_bytes)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/orders/{order_no}/attachments", from_citizen)
    app.router.add_post("/api/v1/seat/orders/{order_no}/attachments", from_seat)
    app.router.add_get("/api/v1/seat/orders/{order_no}/attachments/{attachment_id}", to_seat)
    app.router.add_post("/api/v1/unit/orders/{order_no}/attachments", from_unit)
    app.router.add_get("/api/v1/unit/orders/{order_no}/attachments/{attachment_id}", to_unit)
