"""A core process that speaks with channels, and an address of a channel."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from channel_helpers import Keeper, Receiver, keeper
from messenger_node import Node, open_node

from base.clock import ManualClock
from base.sections.node import DataSettings
from base.settings import Settings
from bot.entities.place import PlaceMatcher


@pytest.fixture(scope="session")
def places() -> PlaceMatcher:
    return PlaceMatcher.load()


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    (tmp_path / "var").mkdir()
    shutil.copyfile(migrated_file, tmp_path / "var" / "hotline.db")
    return Settings(data=DataSettings(directory=tmp_path / "var"))


@pytest.fixture
async def node(settings: Settings, clock: ManualClock, places: PlaceMatcher) -> AsyncIterator[Node]:
    node = await open_node(settings, clock, places)
    yield node
    await node.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = receiver.server()
    await server.start_server()
    receiver.url = str(server.make_url("/hotline"))
    yield receiver
    await server.close()


@pytest.fixture
async def weibo(node: Node, clock: ManualClock, receiver: Receiver) -> Keeper:
    """A channel with an address."""
    made = await keeper(node, clock, url=receiver.url)
    receiver.secret = made.secret
    return made


@pytest.fixture
async def portal(node: Node, clock: ManualClock) -> Keeper:
    """A channel that fetches."""
    return await keeper(node, clock, "people_cn")
