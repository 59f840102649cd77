"""`GET /api/v1/places`: the city's districts and their streets, for whoever names a place by choosing it."""

from __future__ import annotations

import asyncio
from functools import cache

from aiohttp import web

from bot.entities.gazetteer import Gazetteer
from gateway.errors import dumps


@cache
def districts_and_streets() -> dict[str, list[str]]:
    """Blocks the first time."""
    known = Gazetteer.load()
    return {name: [street.name for street in known.streets if street.district == name] for name in known.districts}


async def places(_request: web.Request) -> web.Response:
    districts = await asyncio.to_thread(districts_and_streets)
    return web.json_response({"districts": districts}, dumps=dumps, headers={"Cache-Control": "public, max-age=3600"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/places", places)
