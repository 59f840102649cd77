"""A node of several in this process: the real gateway, desk and conversations; intents and categories are scripted."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from gateway_helpers import Client, SmallKnowledge, origin
from test_gateway_whole import OneCategory, Scripted

from base.sections.dialogue import DialogueSettings
from base.sections.node import ClusterSettings, DatabaseSettings, DataSettings
from base.sections.seats import SeatSettings
from base.sections.security import SecuritySettings
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from conversations.service import ConversationService
from gateway.app import build_app
from gateway.core import Core, Part, settle
from gateway.desk import DESK
from gateway.event_relay import EventRelay, keep_up
from gateway.loading import load_database


@cache
def places() -> PlaceMatcher:
    return PlaceMatcher.load()


class TestNode:
    """`catch_up_seconds` is short: what no message told of is found soon."""

    __test__ = False

    def __init__(
        self,
        name: str,
        database_url: str,
        redis_url: str,
        folder: Path,
        keys: Path,
        *,
        redis_timeout_seconds: float = 30,
        **database: float,
    ) -> None:
        self.settings = Settings(
            data=DataSettings(directory=folder),
            database=DatabaseSettings(url=database_url, pool_size=5, **database),
            cluster=ClusterSettings(
                node=name, redis_url=redis_url, redis_timeout_seconds=redis_timeout_seconds, catch_up_seconds=0.1
            ),
            security=SecuritySettings(key_file=keys),
            # Nobody pings in these tests, and the machine may be busy: patience decides nothing here.
            dialogue=DialogueSettings(phone_lost_seconds=600),
            seats=SeatSettings(heartbeat_seconds=600, offer_seconds=600, wrap_up_seconds=0),
        )
        self.core = Core(self.settings)
        self.clients: list[Client] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        core = self.core
        await load_database(core)
        self.server = TestServer(build_app(core))
        await self.server.start_server()
        self.conversations = ConversationService(
            core.database,
            core.settings,
            understanding=Scripted(),
            knowledge=SmallKnowledge(),
            catalogue=OneCategory(),
            orders=core.orders,
            places=places(),
            across=core.conversation_locks,
            owner=core.incarnation,
        )
        self.conversations.join(EventRelay(core.node.bus, self.conversations))
        core.use(conversations=self.conversations, knowledge=SmallKnowledge())
        for name in ("knowledge", "understanding"):
            core.parts[name] = Part(ok=True)
        await self.conversations.start()
        desk = self.server.app[DESK]
        work: dict[str, Any] = {
            "events": desk.listen(),
            "push": desk.push(),
            "pulse": desk.pulse(),
            "bus": core.node.bus.run(),
            "other nodes": keep_up(core, self.conversations),
        }
        self._tasks = [core.spawn(one, name) for name, one in work.items()]

    async def client(self) -> Client:
        made: Client = TestClient(self.server)
        self.clients.append(made)
        return made

    async def seat(self, login: str) -> tuple[Client, str]:
        """A page of a new seat at this node."""
        seat = await self.core.seats.add(login, "a-long-password", display_name=f"坐席{login}", role="seat")
        client = await self.client()
        body = {"login": login, "password": "a-long-password"}
        response = await client.post("/api/v1/seat/login", json=body, headers=origin(client))
        assert response.status == 200, await response.text()
        return client, seat.id

    async def stop(self) -> None:
        for client in self.clients:
            await client.session.close()
        self.core.stop()
        await self.core.node.bus.close()
        await self.conversations.close()
        self.server.app[DESK].changed()
        await settle(*self._tasks)
        await self.server.close()
        await self.core.close()
