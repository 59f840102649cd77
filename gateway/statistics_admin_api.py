"""`/api/v1/admin/statistics…`: how answers do."""

from __future__ import annotations

from aiohttp import web

from gateway.core import core_of
from gateway.errors import bad_request, dumps
from gateway.seat_auth import require
from gateway.shapes import query_number
from knowledge.statistics import SORTS, Statistics


def _days(request: web.Request) -> int:
    return query_number(request, "days", 30, 1, 366)


async def overview(request: web.Request) -> web.Response:
    await require(request, "statistics.read")
    core = core_of(request)
    shown = await Statistics(core.database).overview(core.clock.now(), days=_days(request))
    return web.json_response(shown, dumps=dumps)


async def by_entry(request: web.Request) -> web.Response:
    await require(request, "statistics.read")
    core, sort = core_of(request), request.query.get("sort", "hits")
    if sort not in SORTS:
        raise bad_request("参数 sort 不正确。", "invalid_field")
    shown = await Statistics(core.database).entries(
        core.clock.now(),
        days=_days(request),
        sort=sort,
        page=query_number(request, "page", 1, 1, 1_000_000),
        page_size=query_number(request, "page_size", 50, 1, 200),
    )
    return web.json_response(shown, dumps=dumps)


async def of_entry(request: web.Request) -> web.Response:
    await require(request, "knowledge.read")
    core = core_of(request)
    use = await Statistics(core.database).entry(request.match_info["entry_id"], core.clock.now(), days=_days(request))
    return web.json_response(use, dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/admin/statistics", overview)
    app.router.add_get("/api/v1/admin/statistics/entries", by_entry)
    app.router.add_get("/api/v1/admin/entries/{entry_id}/statistics", of_entry)
