"""A receiver of the outbox that does as it is told, and orders that give it something to receive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from sqlalchemy import select

from base.clock import Clock
from storage.engine import Database
from storage.order_tables import OutboxMessage
from workorders.model import Assignment, OrderDraft
from workorders.outbox.delivery import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER
from workorders.outbox.signature import signature
from workorders.outbox.targets import Target
from workorders.service import OrderService

SECRET = b"a secret of the receiver, long enough"
UNIT = "海淀区供热办"
NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
Behaviour = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


async def honest(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    return web.json_response({"id": body["id"]})


@dataclass
class Receiver:
    """Checks every signature; `taken` are the bodies that it truly acknowledged, in the order of their arrival."""

    behave: Behaviour = honest
    seen: list[dict[str, Any]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        expected = signature(
            SECRET, timestamp=request.headers[TIMESTAMP_HEADER], message_id=request.headers[ID_HEADER], body=raw
        )
        assert request.headers[SIGNATURE_HEADER] == expected
        body = json.loads(raw)
        self.seen.append(body)
        answer = await self.behave(request, body)
        if self.behave is honest:
            self.taken.append(body)
        return answer

    def target(self, name: str = "city", **changes: Any) -> Target:
        return Target(name, self.url, SECRET, **changes)


@asynccontextmanager
async def receiver(behave: Behaviour = honest) -> AsyncIterator[Receiver]:
    """Listens on a free port of the loopback."""
    room = Receiver(behave)
    app = web.Application()
    app.router.add_post("/hook", room.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    room.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield room
    finally:
        await runner.cleanup()


async def file_order(database: Database, orders: OrderService, key: str, clock: Clock, **changes: Any) -> str:
    values: dict[str, Any] = {
        "request_type": "投诉",
        "title": "",
        "detail": "家里暖气不热，已经三天了",
        "channel": "web",
        "contact_name": "王某",
        "contact_phone": f"139{abs(hash(key)) % 10**8:08d}",
        "address": "学院路5号",
        "assignment": Assignment(UNIT, "直派", ("海淀区人民政府",), "utility", 24, "供热直派"),
    }
    async with database.write() as session:
        draft = OrderDraft(**{**values, **changes})
        filed = await orders.file(session, draft, key=key, now=clock.now(), actor="bot:policy")
    return filed.order_no


async def messages(database: Database) -> list[OutboxMessage]:
    async with database.read() as session:
        return list((await session.execute(select(OutboxMessage).order_by(OutboxMessage.id))).scalars())


async def pause(seconds: float, stop: asyncio.Event) -> bool:
    """As the core's: wait, unless it is time to end."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True
