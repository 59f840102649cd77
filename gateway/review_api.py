"""Objections of units (退单) before their reviewer."""

from __future__ import annotations

from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.body import clean_text, read_model
from gateway.core import core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import actor_of, require, require_any
from workorders.review import STATUSES

log = get_logger("gateway.review")
_NAMES = 20
_Unit = Annotated[str, Field(max_length=128)]


class Decided(BaseModel):
    decision: Literal["uphold", "overrule"]
    reason: Annotated[str, Field(max_length=4_000)]
    unit: _Unit = ""
    mode: Literal["", "直派", "区级协调", "双派"] = ""
    copies: Annotated[list[_Unit], Field(max_length=10)] | None = None


async def list_objections(request: web.Request) -> web.Response:
    await require(request, "orders.dispatch")
    status = request.query.get("status", "open")
    if status not in STATUSES:
        raise bad_request("参数 status 不正确。", "invalid_field")
    items = await core_of(request).review.list(status=status)
    return web.json_response({"items": items}, dumps=dumps)


async def decide(request: web.Request) -> web.Response:
    person = await require(request, "orders.dispatch")
    core, asked = core_of(request), await read_model(request, Decided)
    view = await core.review.decide(
        request.match_info["objection_id"][:32],
        asked.decision,
        actor=actor_of(person),
        reason=clean_text(asked.reason),
        unit=clean_text(asked.unit),
        mode=asked.mode,
        copies=None if asked.copies is None else tuple(unit for name in asked.copies if (unit := clean_text(name))),
    )
    log.info("objection decided", seat_id=person.id, decision=asked.decision, status=view.status)
    body = {"order_no": view.order_no, "status": view.status, "unit": view.unit}
    return web.json_response(body, dumps=dumps)


async def units(request: web.Request) -> web.Response:
    """Names of units that hold `q`, for whoever dispatches; so does the desk, while nobody objects."""
    await require_any(request, "orders.dispatch", "desk.work")
    part = clean_text(request.query.get("q", ""))[:50]
    found = [name for name in sorted(await core_of(request).unit_names.all()) if part in name]
    return web.json_response({"items": found[:_NAMES], "total": len(found)}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/objections", list_objections)
    app.router.add_post("/api/v1/objections/{objection_id}", decide)
    app.router.add_get("/api/v1/units", units)
