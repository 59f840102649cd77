"""`/api/v1/knowledge/…` for everybody: browse, search and read what is public, say whether it helped."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from gateway.address import client_address, same_origin
from gateway.body import clean_text, read_model
from gateway.core import Core, core_of
from gateway.errors import ApiError, dumps, forbidden, not_found, too_many
from gateway.public import OPEN_HEADERS
from gateway.shapes import query_number
from gateway.shared_limits import Rate
from knowledge.public_entries import NotAvailable, PublicEntries

_QUERY_CHARACTERS: Final = 500
_FOUND_AT_MOST: Final = 50
_LEAST_CHANCE: Final = 0.05
"""Chance that an entry answers, from which it is listed: far below `answer_entry_at` of `knowledge/parameters.yml`,
from which the bot gives it as the answer. Who reads a list can pass over a line, who listens cannot."""


class Vote(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    helpful: bool


async def _room(request: web.Request, limiter: Rate) -> tuple[Core, PublicEntries]:
    core = core_of(request)
    wait = await limiter.take(client_address(request, core.settings.web))
    if wait > 0:
        raise too_many(wait)
    return core, PublicEntries(core.database, core.clock, licence=core.settings.knowledge.licence)


def _answer(body: Any) -> web.Response:
    return web.json_response(body, dumps=dumps, headers=OPEN_HEADERS)


async def topics(request: web.Request) -> web.Response:
    _, room = await _room(request, core_of(request).limits.knowledge)
    items = await room.topics()
    return _answer({"items": items, "total": sum(item["count"] for item in items)})


async def entries(request: web.Request) -> web.Response:
    core, room = await _room(request, core_of(request).limits.knowledge)
    page, page_size = query_number(request, "page", 1, 1, 10_000), query_number(request, "page_size", 20, 1, 50)
    topic, asked = clean_text(request.query.get("topic", ""))[:300], request.query.get("q", "")
    if len(asked) > _QUERY_CHARACTERS:
        raise ApiError(413, "text_too_long", f"内容太长了，请精简到{_QUERY_CHARACTERS}字以内。")
    words = clean_text(asked)
    if not words:
        return _answer(await room.browse(topic, page, page_size))
    result = await core.knowledge.search(words, limit=_FOUND_AT_MOST)
    found = [hit.id for hit in result.hits if hit.kind == "entry" and hit.probability >= _LEAST_CHANCE]
    return _answer(await room.found(found, topic, page, page_size))


async def entry(request: web.Request) -> web.Response:
    _, room = await _room(request, core_of(request).limits.knowledge)
    try:
        return _answer(await room.one(request.match_info["entry_id"][:64]))
    except NotAvailable as error:
        raise ApiError(404, "not_available", str(error), headers=dict(OPEN_HEADERS)) from error


async def vote(request: web.Request) -> web.Response:
    headers = _voting_page(request)
    _, room = await _room(request, core_of(request).limits.votes)
    asked = await read_model(request, Vote)
    try:
        await room.vote(request.match_info["entry_id"][:64], helpful=asked.helpful)
    except NotAvailable as error:
        raise not_found(str(error), "not_available") from error
    return web.json_response({"recorded": True}, dumps=dumps, headers=headers)


async def preflight(request: web.Request) -> web.Response:
    headers = _voting_page(request)
    return web.Response(
        status=204,
        headers={
            **headers,
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": "Content-Type",
            "Access-Control-Max-Age": "600",
        },
    )


def _voting_page(request: web.Request) -> dict[str, str]:
    """What lets a page of another, known site read the answer.

    Raises:
        ApiError: 403 for a page of a site that is not named in the settings.
    """
    if not same_origin(request, core_of(request).settings.web, required=False):
        raise forbidden("这个网站没有登记，不能提交评价。", "foreign_origin")
    origin = request.headers.get("Origin")
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {}


def add_routes(app: web.Application) -> None:
    root = "/api/v1/knowledge"
    app.router.add_get(f"{root}/topics", topics)
    app.router.add_get(f"{root}/entries", entries)
    app.router.add_get(f"{root}/entries/{{entry_id}}", entry)
    app.router.add_post(f"{root}/entries/{{entry_id}}/helpful", vote)
    app.router.add_options(f"{root}/entries/{{entry_id}}/helpful", preflight)
