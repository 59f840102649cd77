"""Answered orders at the desk: the citizen is asked first (回访), or it is said why not."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from base.logs import get_logger
from gateway.audited import audited
from gateway.body import read_model
from gateway.core import Core, core_of
from gateway.errors import ApiError, dumps
from gateway.seat_auth import require_seat
from gateway.visits_api import Said, answers_of, reasons_told
from workorders.view import OrderView

log = get_logger("gateway.seat")
ASKED_FIRST: Final = ("visit", "close")  # what an answered order needs the citizen's answers for


def visit_of(core: Core, view: OrderView) -> dict[str, Any] | None:
    """What the page needs to ask the citizen about the order; None where there is nothing to ask."""
    waits = core.settings.visits.enabled and view.status == "answered"
    return {"reasons": reasons_told()} if waits else None


async def check_asked(core: Core, order_no: str, event: str, note: str, *, seat_id: str) -> int | None:
    """Before a seat moves an order: the version of which this was found right; None: it does not matter.

    Raises:
        ApiError: 409, the citizen is to be asked first, or there must be a reason why not.
        OrderNotFound: no such order.
    """
    if event not in ASKED_FIRST or not core.settings.visits.enabled:
        return None
    view = await core.orders.view(order_no, seat=seat_id)
    if view.status == "answered":
        if event == "visit":
            raise ApiError(409, "visit_pending", "请在“回访”中填写市民的回答。")
        if not note.strip():
            raise ApiError(409, "visit_pending", "这个工单还没有回访：请先填写回访结果；不能回访的，请写明原因再办结。")
    return view.version


async def tell_visit(request: web.Request) -> web.Response:
    """What the citizen said of the matter, in whatever call of this seat: as if a visitor had asked."""
    seat = await require_seat(request)
    core, said = core_of(request), await read_model(request, Said)
    order_no = request.match_info["order_no"]
    await core.orders.view(order_no, seat=seat.id)  # raises OrderNotFound
    visit = await core.visits.told(order_no, answers_of(said), person=seat.id)
    await audited(request, seat, "visit.told", visit["id"], order=order_no)
    view = await core.orders.view(order_no, seat=seat.id)
    log.info("a seat was told what became of an order", seat_id=seat.id, status=view.status)
    return web.json_response({"order_no": order_no, "status": view.status}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/seat/orders/{order_no}/visit", tell_visit)
