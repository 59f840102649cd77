"""Seats and dispatchers correct a filed order; what the rules would do with it then is proposed to them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints

from base.logs import get_logger
from bot.entities import time as times
from gateway.audited import audited
from gateway.body import clean_text, read_model
from gateway.core import Core, core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import actor_of, require_any
from gateway.unit_api import order_number
from seats.permissions import Permission
from workorders.deadline_rules import Term
from workorders.deadlines import within
from workorders.model import CategorySuggestion, RequestType, Urgency
from workorders.order import URGENCY_TEXT
from workorders.proposal import Proposal, proposed
from workorders.units import districts_and_streets
from workorders.view import OrderView

log = get_logger("gateway.seat")
MAY_CORRECT: Final[tuple[Permission, ...]] = ("desk.work", "orders.dispatch")
_Line = Annotated[str, StringConstraints(max_length=200)]
_Text = Annotated[str, StringConstraints(max_length=4_000)]


class CorrectedFields(BaseModel):
    """Those that are given are corrected; an empty text takes away what stood there."""

    request_type: RequestType | None = None
    title: _Line | None = None
    detail: _Text | None = None
    district: _Line | None = None
    street: _Line | None = None
    address: _Text | None = None
    event_time: _Line | None = None
    subject: _Text | None = None
    appeal: _Text | None = None
    contact_name: _Line | None = None
    contact_phone: Annotated[str, StringConstraints(max_length=32)] | None = None
    confidential: bool | None = None
    urgency: Urgency | None = None

    def told(self) -> dict[str, str | bool]:
        given = self.model_dump(exclude_none=True).items()
        return {name: clean_text(value) if isinstance(value, str) else value for name, value in given}


class Correction(BaseModel):
    """`renew_deadline`: the time of the order's urgency runs anew from now."""

    fields: CorrectedFields = Field(default_factory=CorrectedFields)
    note: _Text = ""
    renew_deadline: bool = False
    version: int | None = None


class Place(BaseModel):
    district: _Line = ""
    street: _Line = ""


async def correct(request: web.Request) -> web.Response:
    """The order's new version, and what the rules would do with it now."""
    person = await require_any(request, *MAY_CORRECT)
    core, asked = core_of(request), await read_model(request, Correction)
    number, fields = order_number(request), asked.fields.told()
    before = await core.orders.view(number, seat=person.id)
    await check_place(before, fields)
    data: dict[str, Any] = {"fields": fields, "renew_deadline": asked.renew_deadline}
    if event_time := fields.get("event_time"):
        data["moments"] = times.moments(str(event_time), core.clock.now())
    view = await core.orders.change(
        number,
        "correct",
        actor=actor_of(person),
        note=clean_text(asked.note),
        data=data,
        expected_version=asked.version,
    )
    await audited(request, person, "order.corrected", number, fields=sorted(fields))
    log.info("order corrected", seat_id=person.id, order_no=number, fields=sorted(fields))
    found = proposed(core.orders, view, await category_of(core, view), corrected=fields)
    body = {"order_no": number, "version": view.version, "status": view.status, "proposal": shown(found)}
    return web.json_response(body, dumps=dumps)


async def check_place(view: OrderView, fields: dict[str, Any]) -> None:
    """
    Raises:
        ApiError: 400; a district or street that is told is none of the city's.
    """
    if not {"district", "street"} & {*fields}:
        return
    known = await asyncio.to_thread(districts_and_streets)
    district = fields.get("district", view.fields["district"] or "")
    street = fields.get("street", view.fields["street"] or "")
    if district and district not in known:
        raise bad_request("没有这个区，请从列表中选择。", "invalid_field")
    if street and street not in known.get(district, ()):
        raise bad_request("这个区没有这个街道或乡镇，请从列表中选择。", "invalid_field")


async def category_of(core: Core, view: OrderView) -> CategorySuggestion | None:
    """The leaf that a person has chosen, else the likeliest one of the words as they stand now."""
    code, confidence = view.fields["category_code"], view.fields["category_confidence"]
    if code and confidence == 1.0 and (leaf := core.catalogue.current.find(code)) is not None:
        return leaf.chosen(core.catalogue.version)
    return await asyncio.to_thread(core.categorise, f"{view.title} {view.fields['detail']}")


def shown(found: Proposal) -> dict[str, Any]:
    given = found.assignment
    return {
        "unit": given.unit,
        "mode": given.mode,
        "copies": list(given.copies),
        "urgency": given.urgency,
        "urgency_text": URGENCY_TEXT[given.urgency],
        "within": within(Term(given.deadline_hours, given.working_days)),
        "reason": given.reason,
        "new_unit": found.new_unit,
        "new_deadline": found.new_deadline,
    }


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/seat/orders/{order_no}/correction", correct)
