"""Orders from outside: a citizen follows one with its tracking code, a unit's system reports on one, signed."""

from __future__ import annotations

from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.address import client_address
from gateway.audited import audited
from gateway.body import clean_text, parse_model
from gateway.core import core_of
from gateway.errors import ApiError, dumps, too_many
from gateway.seat_auth import identify
from gateway.unit_keys import verified_unit
from seats.permissions import may
from workorders import numbers, unit_acts
from workorders.service import OrderNotFound
from workorders.view import OrderView

log = get_logger("gateway.orders")
CODE_HEADER: Final = "X-Tracking-Code"


class UnitEvent(BaseModel):
    event: Annotated[str, Field(max_length=24)]
    note: Annotated[str, Field(max_length=4_000)] = ""
    data: dict[str, Any] = Field(default_factory=dict)


async def follow(request: web.Request) -> web.Response:
    """Progress for whoever has the tracking code (`?tracking_code=` or the header `X-Tracking-Code`), or everything for
    a logged-in seat. A wrong number and a wrong code are the same error, and guessing is throttled for the address and
    for the order."""
    core = core_of(request)
    number = numbers.normalise(request.match_info["order_no"])[:24]
    code = request.headers.get(CODE_HEADER) or request.query.get("tracking_code", "")
    if not code and (seat := await identify(request)) is not None and may(seat.role, "desk.work"):
        view = await core.orders.view(number, seat=seat.id)
        await audited(request, seat, "order.viewed", number)
        return web.json_response(view.desk(), dumps=dumps)
    view = await check_code(request, number, code)
    return web.json_response(view.public(), dumps=dumps)


async def check_code(request: web.Request, number: str, code: str | None = None) -> OrderView:
    """The order, for whoever has its tracking code (from the header where it is not given here).

    Raises:
        OrderNotFound: a wrong number or a wrong code.
        ApiError: 429; guessing is throttled.
    """
    core = core_of(request)
    code = request.headers.get(CODE_HEADER, "") if code is None else code
    address, limits = client_address(request, core.settings.web), core.limits
    if (wait := await limits.order_lookups.take(f"address:{address}")) > 0:
        raise too_many(wait, "查询太频繁了，请稍后再试。")
    if (wait := await limits.wrong_codes.wait(number)) > 0:
        raise too_many(wait, "这个工单的查询次数太多，请稍后再试。")
    try:
        return await core.orders.view(number, tracking_code=numbers.normalise(code)[:32])
    except OrderNotFound:
        await limits.wrong_codes.failed(number)
        raise


async def unit_event(request: web.Request) -> web.Response:
    """A unit's system accepts, objects, answers or asks for more time. The same event id again changes nothing."""
    core = core_of(request)
    unit, event_id = await verified_unit(
        request,
        core.unit_keys,
        now_seconds=core.clock.now().timestamp(),
        window_seconds=core.settings.web.unit_clock_skew_seconds,
    )
    asked = parse_model(UnitEvent, await request.read())
    if asked.event not in unit_acts.ACTS:
        raise ApiError(409, "not_possible", "承办单位不能进行这种操作。")
    view = await core.orders.change(
        request.match_info["order_no"],
        asked.event,
        actor=f"unit:{unit}",
        note=clean_text(asked.note),
        data=unit_acts.told(asked.event, asked.data),
        event_id=f"{unit}:{event_id}",
    )
    log.info("order moved by a unit", event_name=asked.event, status=view.status)
    body = {"order_no": view.order_no, "status": view.status, "version": view.version}
    return web.json_response(body, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/orders/{order_no}", follow)
    app.router.add_post("/api/v1/orders/{order_no}/events", unit_event)
