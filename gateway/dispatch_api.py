"""The dispatch desk (分派岗): what waits for a place or a unit, what the rules propose for it, and who gets it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import Field

from base.logs import get_logger
from gateway.audited import audited
from gateway.body import clean_text, read_model
from gateway.core import Core, core_of
from gateway.correction_api import Place, category_of, check_place, shown
from gateway.errors import bad_request, dumps
from gateway.seat_auth import actor_of, require
from gateway.unit_api import order_number
from workorders.dispatch import CENTRE
from workorders.dispatch_desk import DispatchDesk
from workorders.proposal import proposed
from workorders.view import OrderView

log = get_logger("gateway.dispatch")
_PLACES: Final = 5
_Unit = Annotated[str, Field(max_length=128)]


class Asked(Place):
    """`unit`: one that a person has chosen; empty: whom the rules propose."""

    unit: _Unit = ""


class Given(Place):
    """To whom, with what is known of the place now; `copies` left out follow from the unit."""

    address: Annotated[str, Field(max_length=4_000)] | None = None
    unit: _Unit
    copies: Annotated[list[_Unit], Field(max_length=10)] | None = None
    note: Annotated[str, Field(max_length=4_000)] = ""
    version: int | None = None


def _desk(core: Core) -> DispatchDesk:
    return DispatchDesk(core.database)


async def list_waiting(request: web.Request) -> web.Response:
    person = await require(request, "orders.dispatch")
    found = await _desk(core_of(request)).list()
    await audited(request, person, "orders.listed", "dispatch", found=len(found["items"]))
    return web.json_response(found, dumps=dumps)


async def news(request: web.Request) -> web.Response:
    """Whether the list is to be read again, for the page to ask for every half minute."""
    await require(request, "orders.dispatch")
    return web.json_response(await _desk(core_of(request)).news(), dumps=dumps)


async def show(request: web.Request) -> web.Response:
    """The address of one order as it stands there: in the list its numbers are masked."""
    person = await require(request, "orders.dispatch")
    core, number = core_of(request), order_number(request)
    await _desk(core).check(number)
    view = await core.orders.view(number, seat=person.id)
    await audited(request, person, "order.viewed", number)
    body = {"order_no": number, "address": view.fields["address"] or "", "version": view.version}
    return web.json_response(body, dumps=dumps)


async def propose(request: web.Request) -> web.Response:
    """The unit and the copies for a place, or of a unit that was chosen; where no place is told also the places that
    the order's words may name."""
    person = await require(request, "orders.dispatch")
    core, number, asked = core_of(request), order_number(request), await read_model(request, Asked)
    await _desk(core).check(number)
    view = await core.orders.view(number, seat=person.id)
    place = {"district": clean_text(asked.district), "street": clean_text(asked.street)}
    if place["district"]:
        await check_place(view, place)
    places = [] if place["district"] else await _places(core, view)
    found = proposed(core.orders, view, await category_of(core, view), **place)
    body = {**shown(found), "places": places}
    if body["unit"] == CENTRE:
        body |= {"unit": "", "mode": "", "copies": []}  # that is where it is
    if unit := clean_text(asked.unit):
        await core.unit_names.check(unit)
        way = core.orders.way_to(unit, view, **place)
        body |= {"unit": unit, "mode": way.mode, "copies": list(way.copies)}
    return web.json_response(body, dumps=dumps)


async def _places(core: Core, view: OrderView) -> list[dict[str, str]]:
    """Where the words may have it, the address before the story."""
    if core.find_place is None:
        return []
    for words in (view.fields["address"], view.title, view.fields["detail"]):
        if not words:
            continue
        found = await asyncio.to_thread(core.find_place, words)
        named = [(one.district, one.street) for one in found.candidates] or [(found.district, found.street)]
        if places := [{"district": district, "street": street} for district, street in named if district]:
            return places[:_PLACES]
    return []


async def give(request: web.Request) -> web.Response:
    """The place, where it was found out, and the unit in one step."""
    person = await require(request, "orders.dispatch")
    core, number, asked = core_of(request), order_number(request), await read_model(request, Given)
    unit = clean_text(asked.unit)
    if not unit or unit == CENTRE:
        raise bad_request("请选择承办单位。", "invalid_field")
    await _desk(core).check(number)
    view = await core.orders.view(number, seat=person.id)
    fields = _new_place(view, asked)
    await check_place(view, fields)
    data: dict[str, Any] = {"unit": unit}
    if asked.copies is not None:
        data["copies"] = [name for copy in asked.copies if (name := clean_text(copy))]
    event = "correct" if fields else "copy" if view.status == "accepted" else "dispatch"
    view = await core.orders.change(
        number,
        event,
        actor=actor_of(person),
        note=clean_text(asked.note),
        data={"fields": fields, "dispatch": data} if fields else data,
        expected_version=asked.version,
    )
    if fields:
        await audited(request, person, "order.corrected", number, fields=sorted(fields))
    log.info("order given by the dispatch desk", seat_id=person.id, order_no=number, status=view.status)
    copies = view.fields["copies"]
    body = {"order_no": number, "status": view.status, "unit": view.unit, "copies": copies, "version": view.version}
    return web.json_response(body, dumps=dumps)


def _new_place(view: OrderView, asked: Given) -> dict[str, Any]:
    """What the dispatcher has told of the place and the order has not.

    Raises:
        ApiError: 400; the address is one that was shown masked.
    """
    district, street = clean_text(asked.district), clean_text(asked.street)
    told: dict[str, Any] = {"district": district, "street": street} if district else {}
    if asked.address is not None:
        told["address"] = clean_text(asked.address)
    new = {name: value for name, value in told.items() if value != (view.fields[name] or "")}
    if "*" in new.get("address", ""):
        raise bad_request("详细地址中有隐去的部分（*），请填写完整的地址。", "invalid_field")
    return new


async def show_contact(request: web.Request) -> web.Response:
    """Whom to ask where it is, unmasked: a POST, for each look is kept."""
    person = await require(request, "orders.dispatch")
    core, number = core_of(request), order_number(request)
    await _desk(core).check(number)
    view = await core.orders.view(number, seat=person.id)
    await audited(request, person, "order.revealed", number)
    return web.json_response(view.contact(), dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/dispatch", list_waiting)
    app.router.add_get("/api/v1/dispatch/waiting", news)
    app.router.add_get("/api/v1/dispatch/{order_no}", show)
    app.router.add_post("/api/v1/dispatch/{order_no}", give)
    app.router.add_post("/api/v1/dispatch/{order_no}/proposal", propose)
    app.router.add_post("/api/v1/dispatch/{order_no}/contact", show_contact)
