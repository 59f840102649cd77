"""PostgreSQL away: it has died, or the network is cut. What citizens say is noted, and taken in when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cluster_helpers import eventually
from cluster_nodes import TestNode
from frail_link import FrailLink
from fresh_database import emptied
from redis_server import RedisServer
from test_cluster_conversations import say

from bot import wording
from storage import migrate
from storage.keyring import Keyring

pytestmark = pytest.mark.long


@pytest.fixture
async def link(postgresql_url: str, tmp_path: Path) -> AsyncIterator[FrailLink]:
    there = Path(postgresql_url.split("host=")[1]) / ".s.PGSQL.5432"
    here = tmp_path / "pg"
    here.mkdir()
    link = FrailLink(here / ".s.PGSQL.5432", there)
    await link.open()
    yield link
    await link.close()


@pytest.fixture
async def node(
    postgresql_url: str, link: FrailLink, redis_server: RedisServer, tmp_path: Path
) -> AsyncIterator[TestNode]:
    empty = await emptied(postgresql_url)
    await migrate.upgrade(empty)
    await empty.close()
    keys = tmp_path / "keys.json"
    assert Keyring(lambda: keys).keys.current
    url = f"postgresql+asyncpg://hotline@/postgres?host={tmp_path / 'pg'}"
    node = TestNode("a", url, redis_server.url, tmp_path / "a", keys, statement_timeout_seconds=1)
    await node.start()
    yield node
    await node.stop()


@pytest.mark.parametrize("how", ["dead", "cut off"])
async def test_words_are_noted_and_taken_in_when_it_is_back(node: TestNode, link: FrailLink, how: str) -> None:
    client = await node.client()
    known = (await say(client, "我要投诉噪声", None))["conversation_id"]
    if how == "dead":
        await link.close()
    else:
        link.freeze()
    for number in range(2):
        answer = await say(client, f"停电时第{number}句", known, f"away-{number}")
        (told,) = [reply["text"] for reply in answer["replies"]]
        assert told == wording.JOURNALLED_MORE if number else "已记录" in told and "记录号A-" in told
    begun = await say(client, "停电时新来的人", None, "away-new")
    assert ["记录号A-" in reply["text"] for reply in begun["replies"]] == [True]
    if how == "dead":
        await link.open()
    else:
        link.thaw()

    async def taken_in() -> bool:
        try:
            await node.conversations.take_in_journal()
        except Exception:  # noqa: BLE001 (not yet)
            return False
        said = [turn.text for turn in await node.conversations.transcript(known) if turn.role == "citizen"]
        return said == ["我要投诉噪声", "停电时第0句", "停电时第1句"]

    await eventually(taken_in)
    answer = await say(client, "还在吗", known, "after")
    assert answer["conversation_id"] == known and "记录号" not in answer["replies"][0]["text"]
