"""`/api/v1/openapi.json`: the API as `gateway/api_description` has it; a test holds it against the routes."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from gateway.api_description import (
    accounts,
    channels,
    desk,
    desk_tools,
    dispatch,
    knowledge,
    leader,
    open311,
    public,
    units,
)
from gateway.api_description.words import Schema, answer, ref
from gateway.core import core_of
from gateway.errors import dumps

PATHS: Final[dict[str, dict[str, Schema]]] = {
    **public.PATHS,
    **channels.PATHS,
    **open311.PATHS,
    **accounts.PATHS,
    **desk.PATHS,
    **desk_tools.PATHS,
    **leader.PATHS,
    **units.PATHS,
    **dispatch.PATHS,
    **knowledge.PATHS,
}


def document(title: str, url: str) -> dict[str, Any]:
    """The whole description, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": url}],
        "paths": PATHS,
        "components": {
            "schemas": {**public.SCHEMAS, **channels.SCHEMAS, **open311.SCHEMAS},
            "responses": {"Error": answer("错误，附中文说明", ref("Error"))},
            "securitySchemes": {
                "seatCookie": {"type": "apiKey", "in": "cookie", "name": "hotline_seat"},
                "unitSignature": {"type": "apiKey", "in": "header", "name": "X-Hotline-Signature"},
            },
        },
    }


async def openapi(request: web.Request) -> web.Response:
    settings = core_of(request).settings
    return web.json_response(document(settings.service.hotline_name, settings.web.public_url), dumps=dumps)


def add_routes(app: web.Application) -> None:
    app.router.add_get("/api/v1/openapi.json", openapi)
