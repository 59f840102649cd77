"""Orders and call-backs from the desk."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, cast

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from base.logs import get_logger
from base.masking import Masked, mask_text
from bot.entities import time as times
from bot.state import State
from conversations import drafts
from gateway.audited import audited
from gateway.body import clean_text, read_model
from gateway.chat import MessageId
from gateway.core import Core, core_of
from gateway.desk import DESK
from gateway.errors import bad_request, dumps, forbidden
from gateway.order_visits_api import ASKED_FIRST, check_asked, visit_of
from gateway.seat_auth import require_seat
from seats.audit import Action
from seats.callback_list import WHICH, Which
from seats.permissions import may
from seats.store import SeatIdentity
from storage.tables import Conversation, Order
from workorders import event_moments
from workorders.model import CategorySuggestion, FiledOrder, OrderDraft, RequestType
from workorders.order import BY_ITSELF, EVENT_TEXT, RULES, STATUSES, possible
from workorders.view import OrderView

log = get_logger("gateway.seat")
_ELSEWHERE = (*BY_ITSELF, "classify", "correct", "copy")  # steps that have requests of their own
_REVIEW: Final = ("uphold", "overrule", "dispatch")  # of an order that its unit objects to
_Line = Annotated[str, StringConstraints(max_length=200)]
_Text = Annotated[str, StringConstraints(max_length=4_000)]


class OrderFields(BaseModel):
    """What the seat has filled in."""

    request_type: RequestType
    title: _Line = ""
    detail: _Text
    district: _Line = ""
    street: _Line = ""
    address: _Text = ""
    event_time: _Line = ""
    subject: _Text = ""
    appeal: _Text = ""
    contact_name: _Line = ""
    contact_phone: Annotated[str, StringConstraints(max_length=32)] = ""
    confidential: bool = False
    category_code: Annotated[str, StringConstraints(max_length=16)] = ""  # empty: found by the words


class NewOrder(BaseModel):
    conversation_id: Annotated[str, Field(min_length=1, max_length=64)]
    fields: OrderFields
    client_message_id: MessageId


class OrderStep(BaseModel):
    event: Annotated[str, Field(max_length=24)]
    note: _Text = ""
    data: dict[str, Any] = Field(default_factory=dict)
    version: int | None = None


class CallbackStep(BaseModel):
    status: Annotated[str, Field(max_length=12)]
    note: _Text = ""  # what is to be added


def _next_events(core: Core, view: OrderView) -> list[str]:
    """The steps that one press of a button can do: those that need no reason."""
    steps = possible(view.status, "seat")  # type: ignore[arg-type]
    events = [event for event in steps if not RULES[event].needs_note and event not in _ELSEWHERE]
    if visit_of(core, view) is not None:  # the citizen is asked first
        events = [event for event in events if event not in ASKED_FIRST]
    return [event for event in events if event != "dispatch" or view.status != "objected"]  # the reviewer's decision


def _row(core: Core, view: OrderView) -> dict[str, Any]:
    return {**view.card(), "next_events": _next_events(core, view), "asked_first": visit_of(core, view) is not None}


async def file_order(request: web.Request) -> web.Response:
    """File one order for a conversation that the seat holds (or is to call back about). The same `client_message_id`
    again returns the same order."""
    seat = await require_seat(request)
    core, asked = core_of(request), await read_model(request, NewOrder)
    _ = core.conversations
    row = await _conversation(core, asked.conversation_id)
    if row.seat_id != seat.id and not may(seat.role, "desk.lead") and not await core.callbacks.is_open_for(row.id):
        raise forbidden("这个会话不在您手上，不能登记工单。")
    draft = await _draft(core, asked.fields, row)
    digest = hashlib.sha256(f"{row.id}\n{asked.client_message_id}".encode()).hexdigest()
    try:
        filed = await _file(core, draft, f"seat:{digest}", seat)
    except IntegrityError:  # the same request at the same moment: the other one has filed it
        filed = await _file(core, draft, f"seat:{digest}", seat)
    await audited(request, seat, "order.filed", filed.order_no, conversation=row.id)
    log.info("order filed by a seat", seat_id=seat.id, conversation_id=row.id, existing=filed.existing)
    request.app[DESK].changed()
    body = {
        "order_no": filed.order_no,
        "tracking_code": filed.tracking_code,
        "unit": filed.unit,
        "deadline_hours": filed.deadline_hours,
        "existing": filed.existing,
    }
    return web.json_response(body, status=200 if filed.existing else 201, dumps=dumps)


async def _file(core: Core, draft: OrderDraft, key: str, seat: SeatIdentity) -> FiledOrder:
    async with core.database.write() as session:
        count = select(func.count()).select_from(Order).where(Order.conversation_id == draft.conversation_id)
        matter = (await session.execute(count)).scalar_one() + 1
        return await core.orders.file(
            session, replace(draft, matter=matter), key=key, now=core.clock.now(), actor=_actor(seat)
        )


async def _conversation(core: Core, conversation_id: str) -> Conversation:
    await core.conversations.snapshot(conversation_id)  # raises UnknownConversation
    async with core.database.read() as session:
        row = await session.get(Conversation, conversation_id)
    assert row is not None
    return row


async def _draft(core: Core, fields: OrderFields, row: Conversation) -> OrderDraft:
    values: dict[str, Any] = {
        name: clean_text(value) if isinstance(value, str) else value for name, value in fields.model_dump().items()
    }
    if not values["detail"]:
        raise bad_request("请填写反映内容。", "invalid_field")
    category = await _category(core, values.pop("category_code"), f"{values['title']} {values['detail']}")
    moments = _moments(values["event_time"], row, core.clock.now())
    extra = {**event_moments.kept(*moments), **drafts.answers_about(values["detail"], State.from_dict(row.state))}
    return OrderDraft(**values, channel=row.channel, conversation_id=row.id, category=category, extra=extra)


def _moments(event_time: str, row: Conversation, now: datetime) -> tuple[str, str]:
    """Of the citizen's words those that they had when they were said ("yesterday"); the seat's own are read now."""
    told = [matter for matter in State.from_dict(row.state).matters if event_time and matter.event_time == event_time]
    return (told[0].event_start, told[0].event_end) if told else times.moments(event_time, now)


async def _category(core: Core, code: str, words: str) -> CategorySuggestion | None:
    """The leaf that the seat has chosen, else the likeliest one."""
    if not code:
        return await asyncio.to_thread(core.categorise, words)
    catalogue = core.catalogue.current
    leaf = catalogue.find(code)
    if leaf is None:
        raise bad_request("目录中没有这个类别，请重新选择。", "invalid_field")
    return leaf.chosen(catalogue.version)


async def list_orders(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    core, status = core_of(request), request.query.get("status") or None
    if status is not None and status not in STATUSES:
        raise bad_request("参数 status 不正确。", "invalid_field")
    text = clean_text(request.query.get("q", ""))[:100]
    views = await core.orders.search(status=status, text=text, limit=100)
    await audited(request, seat, "orders.listed", "", status=status or "", searched=bool(text), found=len(views))
    return web.json_response({"items": [_row(core, view) for view in views]}, dumps=dumps)


async def show_order(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    core, number = core_of(request), request.match_info["order_no"]
    view = await core.orders.view(number, seat=seat.id)
    await audited(request, seat, "order.viewed", number)
    more = {
        "next_events": _next_events(core, view),
        "attachments": await core.attachments.of(number),
        "attachment_limits": core.attachments.limits,
        "visit": visit_of(core, view),
    }
    return web.json_response({**view.desk(), **more}, dumps=dumps)


async def show_contact(request: web.Request) -> web.Response:
    """Who it is, unmasked: a POST, for each look is kept."""
    seat = await require_seat(request)
    number = request.match_info["order_no"]
    view = await core_of(request).orders.view(number, seat=seat.id)
    await audited(request, seat, "order.revealed", number)
    return web.json_response(view.contact(), dumps=dumps)


async def move_order(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    core, step = core_of(request), await read_model(request, OrderStep)
    if step.event not in EVENT_TEXT or step.event in _ELSEWHERE:
        raise bad_request("没有这种操作。", "invalid_field")
    number = request.match_info["order_no"]
    if step.event in _REVIEW and not may(seat.role, "orders.dispatch"):
        objected = (await core.orders.view(number, seat=seat.id)).status == "objected"
        if objected or step.event != "dispatch":
            raise forbidden("派单异议由分派岗处理。")
    note = clean_text(step.note)
    found = await check_asked(core, number, step.event, note, seat_id=seat.id)
    view = await core.orders.change(
        number,
        step.event,
        actor=_actor(seat),
        note=note,
        data=step.data,
        expected_version=step.version if step.version is not None else found,
    )
    log.info("order moved", seat_id=seat.id, event_name=step.event, status=view.status)
    return web.json_response({**view.desk(), "next_events": _next_events(core, view)}, dumps=dumps)


def _actor(seat: SeatIdentity) -> str:
    return f"seat:{seat.id}"


async def list_callbacks(request: web.Request) -> web.Response:
    """`which`: open, done or given_up. Leaders are told how many citizens were given up in the last week."""
    seat = await require_seat(request)
    callbacks, which = core_of(request).callbacks, request.query.get("which", "open")
    if which not in WHICH:
        raise bad_request("参数 which 不正确。", "invalid_field")
    tasks = await callbacks.tasks(cast(Which, which))
    await audited(request, seat, "callbacks.listed", "", found=len(tasks), which=which)
    given_up = await callbacks.given_up_lately() if may(seat.role, "desk.lead") else None
    body = {"items": [_without_number(task) for task in tasks], "given_up": given_up}
    return web.json_response(body, dumps=dumps)


def _without_number(task: dict[str, Any]) -> dict[str, Any]:
    """Nor the numbers that the citizen spoke of."""
    number = str(Masked(task["number"])) if task["number"] else None
    return {**task, "number": number, "summary": mask_text(task["summary"])}


async def show_number(request: web.Request) -> web.Response:
    """Whom to call back, unmasked: a POST, for each look is kept."""
    seat = await require_seat(request)
    core, callback_id = core_of(request), request.match_info["callback_id"]
    number = await core.callbacks.number_of(callback_id)
    await audited(request, seat, "callback.revealed", callback_id)
    return web.json_response({"number": number}, dumps=dumps)


async def move_callback(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    core, step = core_of(request), await read_model(request, CallbackStep)
    task = await core.callbacks.set(
        request.match_info["callback_id"],
        step.status,
        seat_id=seat.id,
        note=clean_text(step.note),
        lead=may(seat.role, "desk.lead"),
    )
    if task["event"] in ("released", "reopened"):
        await audited(request, seat, cast(Action, f"callback.{task['event']}"), task["id"])
    log.info("call-back moved", seat_id=seat.id, status=task["status"])
    return web.json_response(task, dumps=dumps)


async def dial_callback(request: web.Request) -> web.Response:
    """What the page opens so that the seat's telephone dials; the task is the seat's, and the hour is one for calls."""
    seat = await require_seat(request)
    told = await core_of(request).callbacks.dial(request.match_info["callback_id"], seat_id=seat.id)
    await audited(request, seat, "callback.revealed", told["id"], dialled=True)
    log.info("call-back dialled", seat_id=seat.id, callback=told["id"], number=str(Masked(told["number"])))
    return web.json_response(told, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_post("/api/v1/seat/orders", file_order)
    app.router.add_get("/api/v1/seat/orders", list_orders)
    app.router.add_get("/api/v1/seat/orders/{order_no}", show_order)
    app.router.add_post("/api/v1/seat/orders/{order_no}/contact", show_contact)
    app.router.add_post("/api/v1/seat/orders/{order_no}/events", move_order)
    app.router.add_get("/api/v1/seat/callbacks", list_callbacks)
    app.router.add_post("/api/v1/seat/callbacks/{callback_id}", move_callback)
    app.router.add_post("/api/v1/seat/callbacks/{callback_id}/number", show_number)
    app.router.add_post("/api/v1/seat/callbacks/{callback_id}/dial", dial_callback)
