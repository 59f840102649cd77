"""A core with a real database and a small conversations room that keeps the contract of `docs/internals.md`.

The whole product behind the same routes is tested in `test_gateway_whole.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import BaseRunner
from gateway_helpers import Client, Connect, SmallConversations, SmallKnowledge

from base.clock import ManualClock
from base.sections.node import DataSettings, WebSettings
from base.sections.seats import SeatSettings
from base.settings import Settings
from gateway.app import build_app
from gateway.core import Core, Part, settle
from gateway.desk import DESK, Desk
from gateway.loading import load_database


class Server(TestServer):
    """As in production, a handler goes on when its client goes away (the test server's default would cancel it)."""

    async def _make_runner(self, **options: Any) -> BaseRunner[Any]:
        return await super()._make_runner(**{**options, "handler_cancellation": False})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=DataSettings(directory=tmp_path / "var"),
        web=WebSettings(request_limit_bytes=65_536, message_limit_characters=1_000),
        seats=SeatSettings(heartbeat_seconds=20, login_failures=3),
    )


@pytest.fixture
async def core(settings: Settings, clock: ManualClock, migrated_file: Path) -> AsyncIterator[Core]:
    settings.var.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(migrated_file, settings.var / "hotline.db")  # so that the upgrade has nothing left to do
    core = Core(settings, clock=clock)
    await load_database(core)
    yield core
    await core.close()


@pytest.fixture
def small(core: Core) -> SmallConversations:
    """The small conversations room, in use."""
    room = SmallConversations(core)
    core.use(conversations=room, knowledge=SmallKnowledge())
    for name in ("knowledge", "understanding"):
        core.parts[name] = Part(ok=True, detail="就绪")
    return room


@pytest.fixture
async def connect(core: Core) -> AsyncIterator[Connect]:
    """Makes clients of one server, each with its own cookies."""
    server = Server(build_app(core))
    await server.start_server()
    clients: list[Client] = []

    async def make() -> Client:
        client: Client = TestClient(server)
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.session.close()
    await server.close()


@pytest.fixture
async def client(connect: Connect, small: SmallConversations) -> Client:
    return await connect()


@pytest.fixture
async def desk(connect: Connect, core: Core, small: SmallConversations) -> AsyncIterator[Client]:
    """The core's server with the desk's background work, and a seat called ann."""
    client = await connect()
    desk: Desk = client.server.app[DESK]  # type: ignore[attr-defined]
    tasks = [core.spawn(work, "desk") for work in (desk.listen(), desk.push())]
    await core.seats.add("ann", "a-long-password", display_name="安安")
    yield client
    core.stop()
    desk.changed()
    for subscription in list(small.subscriptions):
        subscription.close()
    await settle(*tasks)
