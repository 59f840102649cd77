"""`/api/v1/leader/reviews…` and `/api/v1/seat/reviews…`: conversations are drawn and judged, seats agree or appeal."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from base.clock import local
from base.logs import get_logger
from gateway.body import clean_text, parse_model, read_model
from gateway.core import Core, core_of
from gateway.errors import dumps
from gateway.seat_auth import actor_of, require, require_seat
from gateway.shapes import turn_object
from seats import assist
from seats.reviews import COMMENT_CHARACTERS, Reviews

log = get_logger("gateway.reviews")
_Words = Annotated[str, Field(max_length=COMMENT_CHARACTERS)]
_Key = Annotated[str, Field(max_length=32)]
_Points = Annotated[dict[_Key, int], Field(max_length=40)]
_Vetoes = Annotated[list[_Key], Field(max_length=20)]


class _Week(BaseModel):
    """Any day of the week; left out: this one."""

    day: date | None = None


class _Listed(BaseModel):
    status: Literal["", "open", "agreed", "appealed", "settled"] = ""
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


class NewSheet(BaseModel):
    conversation_id: Annotated[str, Field(min_length=1, max_length=64)]
    points: _Points
    vetoes: _Vetoes = Field(default_factory=list)
    comment: _Words = ""


class Settled(BaseModel):
    """`points` left out: they stand."""

    answer: _Words
    points: _Points | None = None
    vetoes: _Vetoes = Field(default_factory=list)


class Reply(BaseModel):
    step: Literal["agree", "appeal"]
    reason: _Words = ""


def _reviews(core: Core) -> Reviews:
    return Reviews(core.database, clock=core.clock)


async def drawn(request: web.Request) -> web.Response:
    """The draw of a week, with the criteria."""
    await require(request, "quality.review")
    core, asked = core_of(request), parse_model(_Week, dict(request.query))
    day = asked.day or local(core.clock.now()).date()
    monday = day - timedelta(days=day.weekday())
    room = _reviews(core)
    items = await room.drawn(monday, each=core.settings.seats.reviews_a_week)
    shown = {"week": monday.isoformat(), "criteria": room.criteria.as_dict(), "items": items}
    return web.json_response(shown, dumps=dumps)


async def conversation(request: web.Request) -> web.Response:
    """What was said, with the reminders that the seat's own words would have got; each look is audited."""
    person = await require(request, "quality.review")
    core, known = core_of(request), request.match_info["conversation_id"][:64]
    snapshot = await core.conversations.snapshot(known)
    turns = await core.conversations.transcript(known)
    await core.audit.record("conversation.viewed", actor=actor_of(person), subject=known, detail={"for": "review"})
    shown = [
        {
            **turn_object(turn, for_seat=True),
            "hints": [hint.as_dict() for hint in assist.hints(turn.text)] if turn.role == "seat" else [],
        }
        for turn in turns
    ]
    body = {"conversation_id": known, "channel": snapshot.get("channel"), "transcript": shown}
    return web.json_response(body, dumps=dumps)


async def list_sheets(request: web.Request) -> web.Response:
    await require(request, "quality.review")
    core, asked = core_of(request), parse_model(_Listed, dict(request.query))
    found = await _reviews(core).list(status=asked.status, page=asked.page, page_size=asked.page_size)
    return web.json_response(found, dumps=dumps)


async def write(request: web.Request) -> web.Response:
    person, asked = await require(request, "quality.review"), await read_model(request, NewSheet)
    sheet = await _reviews(core_of(request)).write(
        asked.conversation_id, person.id, points=asked.points, vetoes=asked.vetoes, comment=clean_text(asked.comment)
    )
    await core_of(request).audit.record("review.written", actor=actor_of(person), subject=sheet["id"])
    return web.json_response(sheet, status=201, dumps=dumps)


async def settle(request: web.Request) -> web.Response:
    person, asked = await require(request, "quality.review"), await read_model(request, Settled)
    sheet = await _reviews(core_of(request)).settle(
        request.match_info["sheet_id"][:32],
        person.id,
        answer=clean_text(asked.answer),
        points=asked.points,
        vetoes=asked.vetoes,
    )
    log.info("an appeal was settled", seat_id=person.id, sheet=sheet["id"], total=sheet["total"])
    return web.json_response(sheet, dumps=dumps)


async def own_sheets(request: web.Request) -> web.Response:
    """Of the seat that asks."""
    seat = await require_seat(request)
    room = _reviews(core_of(request))
    found = await room.list(seat_id=seat.id)
    return web.json_response({**found, "criteria": room.criteria.as_dict()}, dumps=dumps)


async def reply(request: web.Request) -> web.Response:
    seat, asked = await require_seat(request), await read_model(request, Reply)
    sheet = await _reviews(core_of(request)).reply(
        request.match_info["sheet_id"][:32], seat.id, agrees=asked.step == "agree", reason=clean_text(asked.reason)
    )
    log.info("a seat answered its review", seat_id=seat.id, sheet=sheet["id"], status=sheet["status"])
    return web.json_response(sheet, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/leader/reviews", list_sheets)
    app.router.add_post("/api/v1/leader/reviews", write)
    app.router.add_get("/api/v1/leader/reviews/drawn", drawn)
    app.router.add_get("/api/v1/leader/reviews/conversations/{conversation_id}", conversation)
    app.router.add_post("/api/v1/leader/reviews/{sheet_id}/settle", settle)
    app.router.add_get("/api/v1/seat/reviews", own_sheets)
    app.router.add_post("/api/v1/seat/reviews/{sheet_id}", reply)
