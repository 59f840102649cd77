"""Likely repeats of one matter (并案) before a dispatcher: shown without persons, merged, taken apart again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.audited import audited
from gateway.body import clean_text, parse_model, read_model
from gateway.core import Core, core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import actor_of, require
from workorders import duplicates, numbers
from workorders.repeat_review import RepeatReview

log = get_logger("gateway.repeats")


class _Asked(BaseModel):
    days: Annotated[int, Field(ge=1, le=duplicates.LOOK_BACK_DAYS)] = 7


class RepeatStep(BaseModel):
    step: Literal["merge", "undo", "apart"]
    orders: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=50)] = Field(default_factory=list)
    reason: Annotated[str, Field(max_length=1_000)] = ""


def _review(core: Core) -> RepeatReview:
    return RepeatReview(core.database, core.orders, clock=core.clock)


async def list_repeats(request: web.Request) -> web.Response:
    person = await require(request, "orders.dispatch")
    core, asked = core_of(request), parse_model(_Asked, dict(request.query))
    found = await _review(core).list(days=asked.days)
    await audited(request, person, "orders.listed", "repeats", found=len(found["items"]), merged=len(found["merged"]))
    return web.json_response(found, dumps=dumps)


async def step_repeats(request: web.Request) -> web.Response:
    """`merge` puts `orders` into the order of the path, `apart` notes that they are other matters; `undo` takes the
    order of the path out of the one that it was merged into."""
    person = await require(request, "orders.dispatch")
    core, asked = core_of(request), await read_model(request, RepeatStep)
    number, reason, actor = (
        numbers.normalise(request.match_info["order_no"])[:24],
        clean_text(asked.reason),
        actor_of(person),
    )
    if asked.step != "undo" and not asked.orders:
        raise bad_request("请选择工单。", "invalid_field")
    body: dict[str, Any]
    if asked.step == "merge":
        body = await _review(core).merge(number, asked.orders, actor=actor, reason=reason)
    elif asked.step == "apart":
        await _review(core).keep_apart(number, asked.orders, actor=actor, reason=reason)
        body = {"apart": asked.orders}
    else:
        view = await _review(core).undo(number, actor=actor, reason=reason)
        body = {"order_no": view.order_no, "status": view.status, "unit": view.unit}
    log.info("repeats reviewed", seat_id=person.id, step=asked.step, orders=len(asked.orders))
    return web.json_response(body, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/repeats", list_repeats)
    app.router.add_post("/api/v1/repeats/{order_no}", step_repeats)
