"""Cores with the channels of WeChat switched on, and the stand-in of WeChat's API that they talk to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from wechat_helpers import AES_KEY, APP_ID, CORP_ID, CORP_SECRET, SECRET, TOKEN, Citizen, Node, open_node
from wechat_stand_in import KfStandIn, OfficialStandIn, served

from base.clock import ManualClock
from base.sections.channels import WechatSettings, WecomSettings
from base.sections.node import DataSettings
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from storage import migrate
from storage.engine import Database

OpenNode = Callable[[], Awaitable[Node]]


@pytest.fixture(scope="session")
def places() -> PlaceMatcher:
    return PlaceMatcher.load()


@pytest.fixture(scope="session")
def _schema(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """An empty database file: upgrading one takes longer than most of these tests."""
    path = tmp_path_factory.mktemp("schema") / "hotline.db"

    async def make() -> None:
        database = Database(f"sqlite+aiosqlite:///{path}")
        await migrate.upgrade(database)
        await database.close()

    asyncio.run(make())
    return path.read_bytes()


@pytest.fixture
async def wechat(clock: ManualClock) -> AsyncIterator[OfficialStandIn]:
    stand_in = OfficialStandIn(clock, SECRET)
    async with served(stand_in):
        yield stand_in


@pytest.fixture
async def wecom(clock: ManualClock) -> AsyncIterator[KfStandIn]:
    stand_in = KfStandIn(clock, CORP_SECRET)
    async with served(stand_in):
        yield stand_in


@pytest.fixture
def settings(tmp_path: Path, wechat: OfficialStandIn, wecom: KfStandIn, _schema: bytes) -> Settings:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "hotline.db").write_bytes(_schema)
    common = {"enabled": True, "token": TOKEN, "encoding_aes_key": AES_KEY}
    return Settings(
        data=DataSettings(directory=tmp_path / "var"),
        wechat=WechatSettings(**common, app_id=APP_ID, app_secret=SECRET, api_url=wechat.url),
        wecom=WecomSettings(**common, corp_id=CORP_ID, secret=CORP_SECRET, api_url=wecom.url),
    )


@pytest.fixture
async def open_another(settings: Settings, clock: ManualClock, places: PlaceMatcher) -> AsyncIterator[OpenNode]:
    """Further nodes on the same database."""
    nodes: list[Node] = []

    async def open_one() -> Node:
        nodes.append(await open_node(settings, clock, places))
        return nodes[-1]

    yield open_one
    for node in nodes:
        await node.close()


@pytest.fixture
async def node(open_another: OpenNode) -> Node:
    return await open_another()


@pytest.fixture
def citizen(node: Node, clock: ManualClock) -> Citizen:
    return Citizen(node, clock)
