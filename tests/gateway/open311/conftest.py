"""A core process with a catalogue, and a keeper who may file by Open311."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from messenger_node import Node, open_node

from base.clock import ManualClock
from base.sections.node import DataSettings, WebSettings
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from gateway.channels import registry
from gateway.open311.keys import api_key
from workorders import catalogue_file
from workorders.catalogue import DEFAULT_PATH
from workorders.catalogue_file import Leaf
from workorders.duties import default_duties


class Leaves:
    """The leaves of the real catalogue, without its models, which take long to train."""

    def __init__(self) -> None:
        read = catalogue_file.read(DEFAULT_PATH, default_duties())
        self.version, self.leaves = read.version, read.leaves

    @property
    def current(self) -> Leaves:
        return self

    def find(self, code: str) -> Leaf | None:
        return next((leaf for leaf in self.leaves if leaf.code == code), None)


@pytest.fixture(scope="session")
def places() -> PlaceMatcher:
    return PlaceMatcher.load()


@pytest.fixture(scope="session")
def leaves() -> Leaves:
    return Leaves()


@pytest.fixture
def settings(tmp_path: Path, migrated_file: Path) -> Settings:
    (tmp_path / "var").mkdir()
    shutil.copyfile(migrated_file, tmp_path / "var" / "hotline.db")
    web = WebSettings(public_url="https://12345.example.cn")
    return Settings(data=DataSettings(directory=tmp_path / "var"), web=web)


@pytest.fixture
async def node(settings: Settings, clock: ManualClock, places: PlaceMatcher, leaves: Leaves) -> AsyncIterator[Node]:
    node = await open_node(settings, clock, places)
    node.core.use(
        conversations=node.conversations,
        knowledge=node.book,
        find_place=lambda text: places.find(text, asked=True),
        catalogue=leaves,  # type: ignore[arg-type]
    )
    yield node
    await node.close()


@pytest.fixture
async def key(node: Node, clock: ManualClock) -> str:
    secret = await registry.add(
        node.core.database, "cityapp", title="城市通", url="", messages_a_minute=60, now=clock.now()
    )
    return api_key("cityapp", secret)
