"""Places for citizens who name theirs by choosing: `GET /api/v1/places`, the city's districts and streets;
`GET /api/v1/places/around`, where some degrees probably are."""

from __future__ import annotations

import asyncio
from typing import cast

from aiohttp import web

from gateway.body import degrees
from gateway.core import Core, core_of
from gateway.errors import ApiError, bad_request, dumps
from knowledge.points.coordinates import DATUMS, Datum, to_wgs84
from knowledge.points.finder import Around
from workorders.units import districts_and_streets


def around(core: Core, longitude: float, latitude: float, datum: Datum) -> Around | None:
    """Where it probably is, as the city's service points tell; None where they do not, or are not there yet."""
    try:
        points = core.points
    except ApiError:
        return None
    found = points.around(*to_wgs84(longitude, latitude, datum))
    return found if found is not None and found.district in districts_and_streets() else None


def in_words(found: Around | None) -> str:
    return "" if found is None else f"{found.district}{found.street}"


async def places(_request: web.Request) -> web.Response:
    districts = await asyncio.to_thread(districts_and_streets)
    return web.json_response({"districts": districts}, dumps=dumps, headers={"Cache-Control": "public, max-age=3600"})


async def place_around(request: web.Request) -> web.Response:
    """`{district, street}` of `longitude` and `latitude`, empty where nothing near tells them. A guess."""
    datum = request.query.get("datum", "wgs84")
    if datum not in DATUMS:
        raise bad_request(f"参数 datum 应为 {'、'.join(DATUMS)} 之一。", "invalid_field")
    longitude, latitude = (
        degrees(request.query.get("longitude", ""), 180),
        degrees(request.query.get("latitude", ""), 90),
    )
    found = await asyncio.to_thread(around, core_of(request), longitude, latitude, cast(Datum, datum)) or Around("")
    answer = {"district": found.district, "street": found.street}
    return web.json_response(answer, dumps=dumps, headers={"Cache-Control": "no-store"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/places", places)
    app.router.add_get("/api/v1/places/around", place_around)
