"""`/api/v1/seat/macros` and `/api/v1/seat/hints`: what makes a seat quicker, and what reminds it before it sends."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.body import clean_text, read_model
from gateway.core import core_of
from gateway.errors import dumps, forbidden, not_found
from gateway.seat_auth import require_seat
from seats import assist
from seats.cases import TAG_CHARACTERS, TAGS
from seats.macros import FIELDS, PLACEHOLDERS, Macros, Steps, checked
from seats.notes import REPLY_CHARACTERS
from seats.permissions import may

log = get_logger("gateway.seat")
_Short = Annotated[str, Field(max_length=200)]


class NewMacro(BaseModel):
    name: Annotated[str, Field(max_length=60)]
    key: Annotated[str, Field(max_length=1)] = ""
    reply: Annotated[str, Field(max_length=REPLY_CHARACTERS)] = ""
    tags: Annotated[list[Annotated[str, Field(max_length=TAG_CHARACTERS)]], Field(max_length=TAGS)] = Field(
        default_factory=list
    )
    fields: Annotated[dict[Annotated[str, Field(max_length=32)], _Short], Field(max_length=20)] = Field(
        default_factory=dict
    )
    code: Annotated[str, Field(max_length=32)] = ""
    shared: bool = False


class Typed(BaseModel):
    text: Annotated[str, Field(max_length=4_000)]


async def list_macros(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    core = core_of(request)
    items = await Macros(core.database, clock=core.clock).of(seat.id)
    return web.json_response({"items": items, "placeholders": PLACEHOLDERS, "fields": FIELDS}, dumps=dumps)


async def add_macro(request: web.Request) -> web.Response:
    seat, asked = await require_seat(request), await read_model(request, NewMacro)
    if asked.shared and not may(seat.role, "replies.share"):
        raise forbidden("您的账号不能维护公用的宏。")
    core = core_of(request)
    steps = Steps(
        clean_text(asked.reply),
        [clean_text(tag) for tag in asked.tags],
        {key: clean_text(value) for key, value in asked.fields.items()},
        asked.code,
    )
    name = clean_text(asked.name)
    steps = checked(name, asked.key, steps, codes=core.settings.seats.wrap_up_codes)
    owner = None if asked.shared else seat.id
    row = await Macros(core.database, clock=core.clock).add(owner, name, asked.key, steps)
    log.info("macro added", seat_id=seat.id, shared=asked.shared)
    return web.json_response(row, status=201, dumps=dumps)


async def remove_macro(request: web.Request) -> web.Response:
    seat = await require_seat(request)
    core, macro_id = core_of(request), request.match_info["macro_id"][:32]
    may_share = may(seat.role, "replies.share")
    if not await Macros(core.database, clock=core.clock).remove(macro_id, seat_id=seat.id, may_share=may_share):
        raise not_found("没有这个宏，或不能由您删除。")
    return web.json_response({"removed": True}, dumps=dumps)


async def hints(request: web.Request) -> web.Response:
    """Of words that are still in the seat's field. Nothing of them is kept."""
    await require_seat(request)
    asked = await read_model(request, Typed)
    items = [hint.as_dict() for hint in assist.hints(asked.text)]
    return web.json_response({"items": items}, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/seat/macros", list_macros)
    app.router.add_post("/api/v1/seat/macros", add_macro)
    app.router.add_delete("/api/v1/seat/macros/{macro_id}", remove_macro)
    app.router.add_post("/api/v1/seat/hints", hints)
