"""The catalogue for the desk: leaves to choose from, and the leaf that a seat chooses for an order."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, Field

from base.logs import get_logger
from gateway.body import clean_text, read_model
from gateway.core import core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import actor_of, require_seat
from workorders.catalogue import Catalogue
from workorders.catalogue_file import Leaf
from workorders.model import CategorySuggestion

log = get_logger("gateway.catalogue")
_NAMED: Final = 50
_SUGGESTED: Final = 5
_PROPOSED: Final = 3  # the likeliest, and the two next
_MOST_CHARACTERS: Final = 50_000


class ChosenLeaf(BaseModel):
    code: Annotated[str, Field(min_length=1, max_length=16)]
    note: Annotated[str, Field(max_length=1_000)] = ""
    version: int | None = None


class CitizensWords(BaseModel):
    text: Annotated[str, Field(max_length=_MOST_CHARACTERS)]


def _leaf(leaf: Leaf | CategorySuggestion) -> dict[str, Any]:
    return {"code": leaf.code, "level1": leaf.level1, "level2": leaf.level2, "level3": leaf.level3}


async def search(request: web.Request) -> web.Response:
    """Those whose name or code holds `q`, then those that `q` is most like, with the reason in words."""
    await require_seat(request)
    catalogue, text = core_of(request).catalogue.current, clean_text(request.query.get("q", ""))[:1_000]
    named = [
        {**_leaf(leaf), "confidence": None, "reason": ""}
        for leaf in catalogue.leaves
        if text and (leaf.code == text or text in f"{leaf.level1}／{leaf.level2}／{leaf.level3}")
    ][:_NAMED]
    known = {row["code"] for row in named}
    suggested = [
        row for row in await asyncio.to_thread(_likeliest, catalogue, text, _SUGGESTED) if row["code"] not in known
    ]
    return web.json_response({"version": catalogue.version, "items": named + suggested}, dumps=dumps)


async def propose(request: web.Request) -> web.Response:
    """The likeliest leaf of a citizen's words and the two next. A POST: such words are too long for an address."""
    await require_seat(request)
    catalogue, asked = core_of(request).catalogue.current, await read_model(request, CitizensWords)
    items = await asyncio.to_thread(_likeliest, catalogue, clean_text(asked.text), _PROPOSED)
    return web.json_response({"version": catalogue.version, "items": items}, dumps=dumps)


def _likeliest(catalogue: Catalogue, text: str, limit: int) -> list[dict[str, Any]]:
    return [
        {**_leaf(one), "confidence": one.confidence, "reason": catalogue.explain(text, one)}
        for one in catalogue.suggest(text, limit)
    ]


async def choose(request: web.Request) -> web.Response:
    """A seat corrects the category of an order; later suggestions learn from it (`hotline orders learn`)."""
    seat = await require_seat(request)
    core, asked = core_of(request), await read_model(request, ChosenLeaf)
    catalogue = core.catalogue.current
    leaf = catalogue.find(asked.code)
    if leaf is None:
        raise bad_request("目录中没有这个类别，请重新选择。", "invalid_field")
    view = await core.orders.change(
        request.match_info["order_no"],
        "classify",
        actor=actor_of(seat),
        note=clean_text(asked.note),
        data={**_leaf(leaf), "catalogue_version": catalogue.version},
        expected_version=asked.version,
    )
    log.info("category corrected", seat_id=seat.id, code=leaf.code)
    return web.json_response(view.desk(), dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/seat/catalogue", search)
    app.router.add_post("/api/v1/seat/catalogue", propose)
    app.router.add_post("/api/v1/seat/orders/{order_no}/category", choose)
