"""The database fails under the nodes: words are noted, nothing is promised, and they are taken in once it is back."""

from __future__ import annotations

import pytest
from cluster_nodes import TestNode
from sqlalchemy import select, text
from test_cluster_conversations import say

from bot import wording
from storage.tables import CallbackTask


@pytest.mark.long
async def test_what_was_said_meanwhile_is_taken_in_once_and_in_order(nodes: list[TestNode]) -> None:
    here, there = nodes
    client = await here.client()
    known = (await say(client, "我要投诉噪声", None))["conversation_id"]
    async with there.core.database.write() as session:
        await session.execute(text("ALTER TABLE turns RENAME TO turns_away"))
    first = ""
    for number in range(3):
        answer = await say(client, f"停电时第{number}句", known, f"away-{number}")
        (told,) = [reply["text"] for reply in answer["replies"]]
        assert told == wording.JOURNALLED_MORE if number else "已记录" in told and "记录号A-" in told
        first = told if number == 0 else first
    async with there.core.database.write() as session:
        await session.execute(text("ALTER TABLE turns_away RENAME TO turns"))
    assert await there.conversations.take_in_journal() == 0, "it is the other node's"
    assert await here.conversations.take_in_journal() == 3
    assert await here.conversations.take_in_journal() == 0
    said = [turn.text for turn in await there.conversations.transcript(known) if turn.role == "citizen"]
    assert said == ["我要投诉噪声", *(f"停电时第{number}句" for number in range(3))]
    async with there.core.database.read() as session:
        tasks = (await session.execute(select(CallbackTask.conversation_id, CallbackTask.reason))).all()
    assert [tuple(task) for task in tasks] == [(known, "journal")]
    again = await say(client, "停电时第0句", known, "away-0")
    assert [reply["text"] for reply in again["replies"]] == [first], "what was promised is said again"
    after = await say(client, "还在吗", known, "after")
    assert after["conversation_id"] == known and "记录号" not in after["replies"][0]["text"]
    receipt = first.partition("记录号")[2].partition("，")[0]
    found = await say(client, f"帮我查一下记录号{receipt}的进度", None, "asked")
    assert found["replies"][0]["text"] == wording.RECEIPT_WAITING
