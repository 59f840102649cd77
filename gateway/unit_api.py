"""Responsible units (承办单位): their orders, for people with an account (`/unit`) and for units' own systems (signed).

Both see the same and may do the same: accept, object, answer, ask for more time, add a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.audited import audited
from gateway.body import clean_text, parse_model
from gateway.core import core_of
from gateway.errors import ApiError, bad_request, dumps, forbidden
from gateway.seat_auth import require, require_login
from gateway.unit_keys import UNIT_HEADER, verified_unit
from seats.permissions import permissions_of
from workorders import numbers, unit_acts
from workorders.order import STATUSES

log = get_logger("gateway.units")


class Listed(BaseModel):
    status: Annotated[str, Field(max_length=16)] = ""
    copied: bool = False
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


class Act(BaseModel):
    """`event_id`: unique; the same id again changes nothing. A signed message has it in its header instead."""

    event: Annotated[str, Field(max_length=24)]
    note: Annotated[str, Field(max_length=4_000)] = ""
    data: dict[str, Any] = Field(default_factory=dict)
    version: int | None = None
    event_id: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.:-]*$")] = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a unit, through one of its people or its own system (then `person` is empty)."""

    unit: str
    person: str = ""
    event_id: str = ""

    @property
    def actor(self) -> str:
        return f"unit:{self.unit}"


async def unit_caller(request: web.Request, *, read_body: bool = True) -> Caller:
    """`read_body` False: the body is a file, which a signature over the whole would have to hold in memory; only people
    with an account send files.

    Raises:
        ApiError: 401 nobody is logged in, or the signature is wrong; 403 the account belongs to no unit.
    """
    core = core_of(request)
    if UNIT_HEADER in request.headers and read_body:
        unit, event_id = await verified_unit(
            request,
            core.unit_keys,
            now_seconds=core.clock.now().timestamp(),
            window_seconds=core.settings.web.unit_clock_skew_seconds,
        )
        return Caller(unit, "", f"{unit}:{event_id}")
    person = await require(request, "unit.work")
    if not person.unit:
        raise forbidden("您的账号没有绑定承办单位。")
    return Caller(person.unit, person.id)


async def me(request: web.Request) -> web.Response:
    """Who is logged in on `/unit`, for which unit, and what the page may show."""
    person = await require_login(request)
    shown = {**person.as_dict(), "unit": person.unit, "permissions": sorted(permissions_of(person.role))}
    return web.json_response(shown, dumps=dumps)


def order_number(request: web.Request) -> str:
    return numbers.normalise(request.match_info["order_no"])[:24]


async def list_orders(request: web.Request) -> web.Response:
    caller = await unit_caller(request)
    asked = parse_model(Listed, dict(request.query))
    if asked.status and asked.status not in STATUSES:
        raise bad_request("参数 status 不正确。", "invalid_field")
    found = await core_of(request).unit_orders.list(caller.unit, **asked.model_dump())
    return web.json_response({"unit": caller.unit, **found}, dumps=dumps)


async def waiting(request: web.Request) -> web.Response:
    """What is new, for the page to ask for every half minute."""
    caller = await unit_caller(request)
    return web.json_response(await core_of(request).unit_orders.waiting(caller.unit), dumps=dumps)


async def show_order(request: web.Request) -> web.Response:
    caller = await unit_caller(request)
    core, number = core_of(request), order_number(request)
    shown = await core.unit_orders.view(caller.unit, number)
    shown["attachments"] = await core.attachments.of(number, without_voices=shown["confidential"])
    who = f"seat:{caller.person}" if caller.person else caller.actor
    await audited(request, who, "order.viewed", number, unit=caller.unit)
    log.info("order opened by a unit", seat_id=caller.person, order_no=number)
    return web.json_response(shown, dumps=dumps)


async def act(request: web.Request) -> web.Response:
    """One of the acts of a unit on an order of its own."""
    caller = await unit_caller(request)
    core, number, asked = core_of(request), order_number(request), parse_model(Act, await request.read())
    if asked.event not in unit_acts.ACTS:
        raise ApiError(409, "not_possible", "承办单位不能进行这种操作。")
    data = unit_acts.told(asked.event, asked.data)
    if caller.person:
        data["person"] = caller.person
    own_id = f"{caller.unit}:{asked.event_id}" if asked.event_id else None
    await core.orders.change(
        number,
        asked.event,
        actor=caller.actor,
        note=clean_text(asked.note),
        data=data,
        event_id=caller.event_id or own_id,
        expected_version=asked.version,
    )
    shown = await core.unit_orders.view(caller.unit, number)
    log.info("order moved by a unit", seat_id=caller.person, event_name=asked.event, status=shown["status"])
    return web.json_response(shown, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/unit/me", me)
    app.router.add_get("/api/v1/unit/waiting", waiting)
    app.router.add_get("/api/v1/unit/orders", list_orders)
    app.router.add_get("/api/v1/unit/orders/{order_no}", show_order)
    app.router.add_post("/api/v1/unit/orders/{order_no}/events", act)
