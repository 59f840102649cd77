"""The example of `docs/examples`, as a process of its own between a small platform and the core."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from channel_helpers import deliver, keeper
from messenger_node import ANSWER, Node, open_node
from sqlalchemy import select

from base.clock import SystemClock
from base.settings import ROOT, Settings
from bot.entities.place import PlaceMatcher
from gateway.channels import registry
from storage.tables import Conversation, Turn

pytestmark = [pytest.mark.processes]
ADAPTER = ROOT / "docs" / "examples" / "channel_adapter.py"


@dataclass
class Platform:
    """Somebody's app: citizens write in it, and read what they are told."""

    told: list[dict[str, Any]] = field(default_factory=list)
    away: bool = False

    async def take(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        self.told.append(await request.json())
        return web.json_response({})


@dataclass
class Adapter:
    url: str
    session: aiohttp.ClientSession

    async def writes(self, message_id: str, text: str) -> int:
        said = {"id": message_id, "user": "app-user-1", "text": text}
        async with self.session.post(f"{self.url}/citizen", json=said) as response:
            return response.status


@pytest.fixture
async def real_node(settings: Settings, places: PlaceMatcher) -> AsyncIterator[Node]:
    node = await open_node(settings, SystemClock(), places)
    yield node
    await node.close()


@pytest.fixture
async def platform() -> AsyncIterator[tuple[Platform, str]]:
    platform = Platform()
    app = web.Application()
    app.router.add_post("/messages", platform.take)
    server = TestServer(app)
    await server.start_server()
    yield platform, str(server.make_url("/messages"))
    await server.close()


@pytest.fixture
async def adapter(real_node: Node, platform: tuple[Platform, str], tmp_path: Path) -> AsyncIterator[Adapter]:
    port = unused_port()
    made = await keeper(real_node, real_node.core.clock, "app", url=f"http://127.0.0.1:{port}/hotline")  # type: ignore[arg-type]
    environment = {
        **os.environ,
        "HOTLINE_URL": str(real_node.client.make_url("")),
        "CHANNEL": "app",
        "SECRET": made.secret,
        "PLATFORM_URL": platform[1],
        "PORT": str(port),
    }
    with (tmp_path / "adapter.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(ADAPTER), env=environment, stdout=log, stderr=log
        )
    async with aiohttp.ClientSession() as session:
        adapter = Adapter(f"http://127.0.0.1:{port}", session)
        try:
            await until(adapter_answers(adapter), process)
            yield adapter
        finally:
            process.terminate()
            await process.wait()
    assert made.secret not in (tmp_path / "adapter.log").read_text()


def adapter_answers(adapter: Adapter) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        try:
            async with adapter.session.get(f"{adapter.url}/citizen") as response:
                return response.status == 405
        except aiohttp.ClientError:
            return False

    return answers


async def until(seen: Callable[[], Awaitable[bool]], process: asyncio.subprocess.Process | None = None) -> None:
    for _ in range(600):
        if await seen():
            return
        assert process is None or process.returncode is None
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come to pass within a minute")


async def test_a_door_of_ones_own(real_node: Node, adapter: Adapter, platform: tuple[Platform, str]) -> None:
    node, app = real_node, platform[0]

    async def told() -> list[str]:
        await deliver(node)
        return [message["text"] for message in app.told]

    def has(*words: str) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            texts = await told()
            return all(any(word in text for text in texts) for word in words)

        return check

    assert await adapter.writes("a-1", "居住证丢了怎么补办？") == 200
    assert await adapter.writes("a-1", "居住证丢了怎么补办？") == 200  # the platform calls twice
    await until(has(ANSWER))
    app.away = True
    assert await adapter.writes("a-2", "转人工") == 200
    await node.settled()
    await deliver(node)
    async with node.core.database.read() as session:
        waiting = select(Conversation.id).where(Conversation.status == "waiting")
        conversation_id = (await session.execute(waiting)).scalar_one()
        turns = list((await session.execute(select(Turn.text).where(Turn.role == "citizen"))).scalars())
    assert turns == ["居住证丢了怎么补办？", "转人工"]
    assert await node.conversations.claim(conversation_id, "s1")
    for text in ("您好，我是坐席小李。", "请说。"):
        await node.conversations.seat_message(conversation_id, "s1", text)
    app.away = False
    await until(has("坐席小李", "请说"))
    texts = await told()
    assert texts[-2:] == ["【人工坐席】您好，我是坐席小李。", "【人工坐席】请说。"]
    ids = [message["id"] for message in app.told]
    assert len(ids) == len(set(ids)) and all(text.startswith("【") for text in texts)


async def test_a_wrong_secret_is_told_to_the_platform(real_node: Node, adapter: Adapter) -> None:
    await registry.rotate(real_node.core.database, "app", old_lasts=timedelta(0), now=real_node.core.clock.now())

    async def refused() -> bool:
        return await adapter.writes("a-9", "在吗") == 502

    await until(refused)


def test_it_is_short_and_needs_nothing_of_ours() -> None:
    text = ADAPTER.read_text("utf-8")
    assert len(text.splitlines()) < 100 and "import gateway" not in text and "from gateway" not in text
