"""`/healthz`: the process is alive. `/readyz`: its parts are there. `/metrics`: figures for Prometheus."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import func, select, text

from gateway.core import Core, core_of
from gateway.errors import dumps
from storage.tables import Conversation


async def healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"}, dumps=dumps)


async def readyz(request: web.Request) -> web.Response:
    core = core_of(request)
    if core.parts["database"].ok:
        await _check_database(core)
    body = {"ready": core.ready, "parts": {name: part.as_dict() for name, part in core.parts.items()}}
    return web.json_response(body, status=200 if core.ready else 503, dumps=dumps)


async def _check_database(core: Core) -> None:
    part = core.parts["database"]
    try:
        async with asyncio.timeout(2.0), core.database.read() as session:
            await session.execute(text("SELECT 1"))
        part.extra.pop("failing", None)
    except Exception as error:  # noqa: BLE001  (any failure of the driver means the same here)
        part.extra["failing"] = type(error).__name__
        part.ok = False
        core.spawn(_database_again(core), "database check")


async def _database_again(core: Core) -> None:
    """After a failure: ready again as soon as a query succeeds."""
    while True:
        await asyncio.sleep(1.0)
        try:
            async with asyncio.timeout(2.0), core.database.read() as session:
                await session.execute(text("SELECT 1"))
        except Exception as error:  # noqa: BLE001
            core.parts["database"].extra["failing"] = type(error).__name__
            continue
        core.parts["database"].extra.pop("failing", None)
        core.parts["database"].ok = True
        return


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
