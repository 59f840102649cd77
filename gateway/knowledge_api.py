"""`GET /api/v1/knowledge/search?q=…&limit=5`: the public self-query of the knowledge base."""

from __future__ import annotations

from aiohttp import web

from gateway.body import check_text
from gateway.core import core_of
from gateway.errors import bad_request, dumps
from gateway.shapes import search_object

_QUERY_CHARACTERS = 500


async def search(request: web.Request) -> web.Response:
    core = core_of(request)
    query = check_text(request.query.get("q", ""), _QUERY_CHARACTERS)
    limit = request.query.get("limit", "5")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= 20):
        raise bad_request("参数 limit 应为1到20之间的整数。", "invalid_field")
    result = await core.knowledge.search(query, limit=int(limit))
    return web.json_response(search_object(result), dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/knowledge/search", search)
