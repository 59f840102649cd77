"""Shared fixtures: a fresh database, settings on a temporary folder, five entries, the models where they exist."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from knowledge_helpers import MODEL, entry

from base.sections.dialogue import KnowledgeSettings
from base.sections.node import DataSettings
from base.settings import Settings
from knowledge.entry import Entry
from storage.engine import Database
from storage.tables import Base


@pytest.fixture
def entries() -> list[Entry]:
    return [
        entry("heating", "冬天供暖从哪天开始？", "暖气什么时候来", "几月几号供热", "供暖时间是什么时候"),
        entry("residence", "居住证怎么办理？", "外地人办居住证要什么材料", "居住证在哪儿办", "怎么申请居住证"),
        entry("noise", "邻居装修噪声扰民怎么办？", "楼上装修太吵", "周末装修吵人管不管", "装修时间有规定吗"),
        entry("fund", "住房公积金怎么提取？", "租房能取公积金吗", "公积金提取条件", "怎么把公积金取出来"),
        entry(
            "charging", "电动自行车可以在楼道充电吗？", "楼道里给电动车充电", "电瓶车上楼", "电动车进电梯", sample=True
        ),
    ]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=DataSettings(directory=tmp_path),
        knowledge=KnowledgeSettings(embedding_directory=MODEL, snapshot_poll_seconds=0.2),
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = Database(settings.database_url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield opened
    await opened.close()


@pytest.fixture
def today() -> date:
    return date(2026, 1, 5)
