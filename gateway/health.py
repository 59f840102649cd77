"""`/healthz`: the process is alive. `/readyz`: its parts are there. `/metrics`: figures for Prometheus."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import case, func, select, text

from gateway.core import CORE, Core, core_of
from gateway.errors import dumps
from gateway.machine_metrics import MachineCollector
from gateway.phone_link import PHONE_LINKS
from storage.tables import CallbackTask, Conversation

_PATIENCE_SECONDS = 2.0
REFUSES = 2  # the value of hotline_phone_level from which on new calls are refused


async def healthz(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"}, dumps=dumps)


async def readyz(request: web.Request) -> web.Response:
    """With `?for=calls` also: a call that rings now would not be refused."""
    core = core_of(request)
    if "schema" in core.parts["database"].extra:
        await _check_database(core)
    ready = core.ready and (request.query.get("for") != "calls" or _takes_calls(request))
    body = {"ready": ready, "parts": {name: part.as_dict() for name, part in core.parts.items()}}
    return web.json_response(body, status=200 if ready else 503, dumps=dumps)


def _takes_calls(request: web.Request) -> bool:
    """A phone is there, and its waiting room is not full. What none has told yet is not believed."""
    level = request.app[PHONE_LINKS].highest("hotline_phone_level")
    return level is not None and level < REFUSES


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
    """Also while the database is away: then its own figures stay as they were, and `hotline_part_ok` tells of it."""
    core = core_of(request)
    if "schema" in core.parts["database"].extra:
        await _check_database(core)
    core.metrics.ready.set(1 if core.ready else 0)
    for name, part in core.parts.items():
        core.metrics.parts.labels(name).set(part.ok)
    if core.parts["database"].ok:
        await _count(core)
    body = await asyncio.to_thread(core.metrics.text)
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _count(core: Core) -> None:
    """What the database knows; the same on every node that shares it."""
    now = core.clock.now()
    contacts = (
        select(Conversation.channel, Conversation.status, func.count())
        .where(Conversation.status != "ended")
        .group_by(Conversation.channel, Conversation.status)
    )
    emergencies = select(func.count(), func.min(Conversation.waiting_since)).where(
        Conversation.status == "waiting", Conversation.outcome == "emergency"
    )
    overdue = case((CallbackTask.due_at < now, 1), else_=0)
    callbacks = select(func.count(), func.coalesce(func.sum(overdue), 0)).where(
        CallbackTask.status.in_(("open", "taken"))
    )
    async with core.database.read() as session:
        rows = (await session.execute(contacts)).all()
        waiting, oldest = (await session.execute(emergencies)).one()
        open_, late = (await session.execute(callbacks)).one()
    metrics = core.metrics
    metrics.contacts.clear()
    for channel, status, count in rows:
        metrics.contacts.labels(channel, status).set(count)
    metrics.emergencies_waiting.set(waiting)
    metrics.emergency_oldest_seconds.set((now - oldest).total_seconds() if oldest is not None else 0.0)
    metrics.callbacks_open.set(open_)
    metrics.callbacks_overdue.set(late)


def add_routes(app: web.Application) -> None:
    settings = app[CORE].settings
    app[CORE].metrics.registry.register(MachineCollector(settings.var, settings.web.tls_certificate))
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
