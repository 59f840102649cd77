"""`/healthz`: the process is alive. `/readyz`: its parts are there. `/metrics`: figures for Prometheus."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import func, select, text

from gateway.core import Core, core_of
from gateway.errors import dumps
from storage.tables import Conversation

_PATIENCE_SECONDS = 2.0


async def healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"}, dumps=dumps)


async def readyz(request: web.Request) -> web.Response:
    core = core_of(request)
    if "schema" in core.parts["database"].extra:
        await _check_database(core)
    body = {"ready": core.ready, "parts": {name: part.as_dict() for name, part in core.parts.items()}}
    return web.json_response(body, status=200 if core.ready else 503, dumps=dumps)


async def _check_database(core: Core) -> None:
    """A query that must come back within two seconds. One that does not is left to itself, never cancelled, and the
    part is not ready until it, or a later one, has succeeded."""
    part = core.parts["database"]
    if core.checking is None or core.checking.done():
        core.checking = core.spawn(_query(core), "database check")
    await asyncio.wait({core.checking}, timeout=_PATIENCE_SECONDS)
    part.ok = core.checking.done() and core.checking.exception() is None
    part.detail = "就绪" if part.ok else "数据库没有响应"


async def _query(core: Core) -> None:
    async with core.database.read() as session:
        await session.execute(text("SELECT 1"))


async def metrics(request: web.Request) -> web.Response:
    core = core_of(request)
    core.metrics.ready.set(1 if core.ready else 0)
    if core.parts["database"].ok:
        query = (
            select(Conversation.channel, Conversation.status, func.count())
            .where(Conversation.status != "ended")
            .group_by(Conversation.channel, Conversation.status)
        )
        async with core.database.read() as session:
            rows = (await session.execute(query)).all()
        core.metrics.contacts.clear()
        for channel, status, count in rows:
            core.metrics.contacts.labels(channel, status).set(count)
    body = await asyncio.to_thread(core.metrics.text)
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def add_routes(app: web.Application) -> None:
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
