"""Calls to citizens by a seat's click: the phone dials over the trunk, the seat's voice comes in when they answer."""

from __future__ import annotations

from aiohttp import web

from base.logs import get_logger
from gateway.core import core_of
from gateway.errors import dumps
from gateway.seat_auth import require_seat

log = get_logger("gateway.calling")


async def how(request: web.Request) -> web.Response:
    """Whether we can dial, or the seat's own telephone must."""
    await require_seat(request)
    core = core_of(request)
    calling = core.settings.calling
    body = {
        "trunk": core.outgoing.possible,
        "first_hour": calling.first_hour,
        "last_hour": calling.last_hour,
        "calls_at_once": calling.calls_at_once,
    }
    return web.json_response(body, dumps=dumps)


async def call_back(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    call = await core_of(request).outgoing.call_back(request.match_info["callback_id"], seat_id=seat.id)
    return web.json_response(call, status=202, dumps=dumps)


async def cancel(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    await core_of(request).outgoing.cancel(request.match_info["call_id"], seat_id=seat.id)
    return web.json_response({"cancelled": True}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/seat/calling", how)
    app.router.add_post("/api/v1/seat/callbacks/{callback_id}/call", call_back)
    app.router.add_post("/api/v1/seat/calls/{call_id}/cancel", cancel)
