"""What helps a seat beside the conversation: notes, replies, history, similar orders, knowledge, places, wrap-up."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from aiohttp import web
from pydantic import BaseModel, Field, StringConstraints

from base.logs import get_logger
from gateway.audited import audited
from gateway.body import check_text, clean_text, read_model
from gateway.conversation_watch import may_watch
from gateway.core import core_of
from gateway.desk import DESK
from gateway.errors import bad_request, dumps, forbidden, not_found
from gateway.seat_audio import SEAT_AUDIO
from gateway.seat_auth import require_any, require_seat
from gateway.shapes import search_object
from seats.notes import NOTE_CHARACTERS, REPLY_CHARACTERS
from seats.permissions import may
from seats.store import SeatIdentity
from workorders.units import districts_and_streets

log = get_logger("gateway.seat")
_SENTENCES: Final = 3  # of the citizen, the last ones, that knowledge is looked up for
_SUGGESTED: Final = 4
_LONGEST_QUESTION: Final = 300


class Note(BaseModel):
    text: Annotated[str, Field(max_length=NOTE_CHARACTERS)]
    mentions: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=20)] = Field(default_factory=list)


class NewReply(BaseModel):
    title: Annotated[str, StringConstraints(max_length=60)]
    text: Annotated[str, StringConstraints(max_length=REPLY_CHARACTERS)]
    shared: bool = False


class Draft(BaseModel):
    phone: Annotated[str, Field(max_length=32)] = ""
    district: Annotated[str, Field(max_length=200)] = ""
    street: Annotated[str, Field(max_length=200)] = ""
    detail: Annotated[str, Field(max_length=4_000)] = ""


class WrapUp(BaseModel):
    code: Annotated[str, Field(max_length=32)]


async def _concerned(request: web.Request) -> tuple[SeatIdentity, str]:
    """The seat and the conversation, which it may read.

    Raises:
        ApiError: 401, 403 or 404.
    """
    seat, conversation_id = await require_seat(request), request.match_info["conversation_id"]
    await may_watch(
        core_of(request),
        seat,
        conversation_id,
        invited=request.app[SEAT_AUDIO].invited(conversation_id, seat.id),
    )
    return seat, conversation_id


async def _holder(request: web.Request) -> tuple[SeatIdentity, str]:
    """As `_concerned`, for those who have or had the conversation in hand (and leaders): others' data are not theirs.

    Raises:
        ApiError: 401, 403 or 404.
    """
    seat, conversation_id = await require_seat(request), request.match_info["conversation_id"]
    core = core_of(request)
    snapshot = await core.conversations.snapshot(conversation_id)
    held = any(card["conversation_id"] == conversation_id for card in await core.conversations.held(seat.id))
    if not held and not may(seat.role, "desk.lead") and snapshot.get("seat_id") != seat.id:
        raise forbidden("请先接起这个会话。")
    return seat, conversation_id


async def list_notes(request: web.Request) -> web.Response:
    _, conversation_id = await _concerned(request)
    return web.json_response({"items": await core_of(request).notes.of(conversation_id)}, dumps=dumps)


async def add_note(request: web.Request) -> web.Response:
    """Colleagues who are mentioned are told at once, and may read the conversation."""
    seat, conversation_id = await _concerned(request)
    core, asked = core_of(request), await read_model(request, Note)
    text = check_text(asked.text, NOTE_CHARACTERS)
    note = await core.notes.add(conversation_id, seat.id, text, asked.mentions)
    log.info("note added", seat_id=seat.id, conversation_id=conversation_id, mentions=len(note["mentions"]))
    told = {
        "type": "mentioned",
        "conversation_id": conversation_id,
        "message": f"{seat.display_name}在备注里提到了您。",
    }
    for colleague in note["mentions"]:
        if colleague != seat.id:
            await request.app[SEAT_AUDIO].tell_seat(colleague, told)
    return web.json_response(note, status=201, dumps=dumps)


async def history(request: web.Request) -> web.Response:
    """Earlier contacts and orders of the same citizen; each look is an entry of the audit log."""
    seat, conversation_id = await _holder(request)
    found = await core_of(request).history.of(conversation_id)
    await audited(
        request,
        seat,
        "history.viewed",
        conversation_id,
        contacts=len(found["contacts"]),
        orders=[order["order_no"] for order in found["orders"]],
    )
    log.info(
        "citizen's history viewed",
        seat_id=seat.id,
        conversation_id=conversation_id,
        contacts=len(found["contacts"]),
        orders=len(found["orders"]),
    )
    return web.json_response(found, dumps=dumps)


async def similar(request: web.Request) -> web.Response:
    """Orders that may be about the same. A POST, for what is compared must not stand in an address."""
    seat, conversation_id = await _holder(request)
    asked = await read_model(request, Draft)
    items = await core_of(request).history.similar(
        conversation_id,
        phone=clean_text(asked.phone),
        district=clean_text(asked.district),
        street=clean_text(asked.street),
        detail=clean_text(asked.detail),
    )
    numbers = [item["order_no"] for item in items]
    if numbers:
        await audited(request, seat, "similar.viewed", conversation_id, orders=numbers)
    return web.json_response({"items": items}, dumps=dumps)


async def suggestions(request: web.Request) -> web.Response:
    """What the knowledge base says to the citizen's last sentences, or to `q`."""
    _, conversation_id = await _concerned(request)
    core, text = core_of(request), clean_text(request.query.get("q", ""))[:_LONGEST_QUESTION]
    spoken = False
    if not text:
        turns = await core.conversations.transcript(conversation_id)
        said = [turn for turn in turns if turn.role == "citizen" and turn.text][-_SENTENCES:]
        spoken = any(turn.kind == "speech" for turn in said)
        text = "，".join(turn.text for turn in said)[-_LONGEST_QUESTION:]
    if not text:
        return web.json_response({"items": [], "answerable": False}, dumps=dumps)
    found = await core.knowledge.search(text, spoken=spoken, limit=_SUGGESTED)
    return web.json_response(search_object(found), dumps=dumps)


async def wrap_up(request: web.Request) -> web.Response:
    """What it was, where the citizen has ended it before the seat could say so."""
    seat, conversation_id = await _holder(request)
    core, asked = core_of(request), await read_model(request, WrapUp)
    if asked.code not in core.settings.seats.wrap_up_codes:
        raise bad_request("没有这种小结。", "invalid_field")
    await core.cases.wrap_up(conversation_id, asked.code)
    log.info("wrapped up", seat_id=seat.id, conversation_id=conversation_id, code=asked.code)
    return web.json_response({"code": asked.code}, dumps=dumps)


async def list_replies(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    return web.json_response({"items": await core_of(request).canned_replies.of(seat.id)}, dumps=dumps)


async def add_reply(request: web.Request) -> web.Response:
    seat, asked = await require_seat(request), await read_model(request, NewReply)
    if asked.shared and not may(seat.role, "replies.share"):
        raise forbidden("您的账号不能维护公用的常用语。")
    text, title = check_text(asked.text, REPLY_CHARACTERS), check_text(asked.title, 60)
    row = await core_of(request).canned_replies.add(None if asked.shared else seat.id, title, text)
    return web.json_response(row, status=201, dumps=dumps)


async def remove_reply(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    may_share = may(seat.role, "replies.share")
    replies = core_of(request).canned_replies
    if not await replies.remove(request.match_info["reply_id"], seat_id=seat.id, may_share=may_share):
        raise not_found("没有这条常用语，或不能由您删除。")
    return web.json_response({"removed": True}, dumps=dumps)


async def places(request: web.Request) -> web.Response:
    """Without `q` every district with its streets; with it the place that these words name."""
    await require_any(request, "desk.work", "orders.dispatch")
    core, words = core_of(request), clean_text(request.query.get("q", ""))[:100]
    if not words:
        return web.json_response({"districts": await asyncio.to_thread(districts_and_streets)}, dumps=dumps)
    if core.find_place is None:
        return web.json_response({"items": []}, dumps=dumps)
    found = await asyncio.to_thread(core.find_place, words)
    items = [{"district": one.district, "street": one.street, "address": found.address} for one in found.candidates]
    if not items and found.district:
        items = [{"district": found.district, "street": found.street, "address": found.address}]
    return web.json_response({"items": items[:8]}, dumps=dumps)


async def colleagues(request: web.Request) -> web.Response:
    """Who can be mentioned: open accounts that work at the desk, with where they are."""
    seat = await require_seat(request)
    core, desk = core_of(request), request.app[DESK]
    present = desk.present()
    items = [
        {**account.as_dict(), "present": account.id in present}
        for account in await core.seats.accounts()
        if account.enabled and account.id != seat.id and account.role in ("seat", "leader")
    ]
    return web.json_response({"items": items}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    about = "/api/v1/seat/conversations/{conversation_id}"
    app.router.add_get(f"{about}/notes", list_notes)
    app.router.add_post(f"{about}/notes", add_note)
    app.router.add_get(f"{about}/history", history)
    app.router.add_post(f"{about}/similar", similar)
    app.router.add_get(f"{about}/suggestions", suggestions)
    app.router.add_post(f"{about}/wrap-up", wrap_up)
    app.router.add_get("/api/v1/seat/replies", list_replies)
    app.router.add_post("/api/v1/seat/replies", add_reply)
    app.router.add_delete("/api/v1/seat/replies/{reply_id}", remove_reply)
    app.router.add_get("/api/v1/seat/places", places)
    app.router.add_get("/api/v1/seat/colleagues", colleagues)
