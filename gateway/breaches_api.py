"""`GET /api/v1/orders/breaches` and `/reminders`: whose deadline was missed or is near, for leaders and dispatchers."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from gateway.body import clean_text, parse_model
from gateway.core import Core, core_of
from gateway.errors import dumps, forbidden
from gateway.seat_auth import NO_PERMISSION, require_login
from seats.permissions import may
from workorders.breaches import BreachLog


class _Asked(BaseModel):
    days: Annotated[float, Field(gt=0, le=3_660)] = 30.0
    unit: Annotated[str, Field(max_length=128)] = ""
    open: bool = False
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


class _Page(BaseModel):
    unit: Annotated[str, Field(max_length=128)] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


async def _check(request: web.Request) -> None:
    """
    Raises:
        ApiError: 401; 403 for whoever neither sees statistics nor dispatches orders.
    """
    person = await require_login(request)
    if not (may(person.role, "statistics.read") or may(person.role, "orders.dispatch")):
        raise forbidden("您的账号没有这项权限。", NO_PERMISSION)


def _log_of(core: Core) -> BreachLog:
    return BreachLog(core.database, clock=core.clock, kept=timedelta(days=core.settings.outbox.keep_days))


async def list_breaches(request: web.Request) -> web.Response:
    await _check(request)
    asked = parse_model(_Asked, dict(request.query))
    found = await _log_of(core_of(request)).list(
        days=asked.days,
        unit=clean_text(asked.unit),
        only_open=asked.open,
        page=asked.page,
        page_size=asked.page_size,
    )
    return web.json_response(found, dumps=dumps)


async def list_reminders(request: web.Request) -> web.Response:
    await _check(request)
    asked = parse_model(_Page, dict(request.query))
    found = await _log_of(core_of(request)).reminders(
        unit=clean_text(asked.unit), page=asked.page, page_size=asked.page_size
    )
    return web.json_response(found, dumps=dumps)


def add_routes(app: web.Application) -> None:
    """Before `orders_api`, whose route takes any word in this place for an order's number."""
    app.router.add_get("/api/v1/orders/breaches", list_breaches)
    app.router.add_get("/api/v1/orders/reminders", list_reminders)
