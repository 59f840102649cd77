"""Service points for everybody: `GET /api/v1/points/kinds` and `GET /api/v1/points/nearest`."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aiohttp import web

from gateway.body import check_text, clean_text, degrees
from gateway.core import Core, core_of
from gateway.errors import bad_request, dumps
from gateway.public import OPEN_HEADERS
from knowledge.points import store
from knowledge.points.coordinates import DATUMS, Datum, to_wgs84
from knowledge.points.service import PointAnswer, Where

_MOST = 20


async def kinds(request: web.Request) -> web.Response:
    core = core_of(request)
    _ = core.points
    async with core.database.read() as session:
        counted = await store.kinds(session)
    items = [{"kind": kind, "count": count} for kind, count in counted]
    return web.json_response({"items": items}, dumps=dumps, headers=OPEN_HEADERS)


async def nearest(request: web.Request) -> web.Response:
    """The nearest points of `kind` to `place` (words: district, street, landmark) or to `longitude` and `latitude`."""
    core = core_of(request)
    asked = check_text(request.query.get("kind", ""), 40)
    kind = core.points.kinds.words.get(asked)
    if kind is None:
        raise bad_request("没有这一类服务点，可用的类型见 /api/v1/points/kinds。", "unknown_kind")
    limit = request.query.get("limit", "3")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _MOST):
        raise bad_request(f"参数 limit 应为1到{_MOST}之间的整数。", "invalid_field")
    where = await _where(core, request)
    return web.json_response(
        _object(await core.points.nearest(kind, where, limit=int(limit), list_anyway=True)),
        dumps=dumps,
        headers=OPEN_HEADERS,
    )


async def _where(core: Core, request: web.Request) -> Where:
    query = request.query
    if "longitude" in query or "latitude" in query:
        datum = query.get("datum", "wgs84")
        if datum not in DATUMS:
            raise bad_request(f"参数 datum 应为 {'、'.join(DATUMS)} 之一。", "invalid_field")
        longitude, latitude = degrees(query.get("longitude", ""), 180), degrees(query.get("latitude", ""), 90)
        return Where(coordinates=to_wgs84(longitude, latitude, cast(Datum, datum)))
    words = clean_text(query.get("place", ""))[:100]
    if not words or core.find_place is None:
        return Where()
    found = await asyncio.to_thread(core.find_place, words)
    choices = tuple((candidate.district, candidate.street) for candidate in found.candidates)
    return Where(found.district, found.street, found.address, choices=choices)


def _object(found: PointAnswer) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "kind": found.kind,
        "place": found.place,
        "total": found.total,
        "choices": list(found.choices),
        "datum": "wgs84",
        "items": [near.as_dict() for near in found.points],
    }


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/points/kinds", kinds)
    app.router.add_get("/api/v1/points/nearest", nearest)
