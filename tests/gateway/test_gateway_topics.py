"""Hot topics: published by an editor, matched before everything, told in the greeting, ended by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin

from base.clock import ManualClock
from base.settings import Settings
from gateway.core import Core
from knowledge.service import KnowledgeService

CARD: dict[str, Any] = {
    "title": "东城区今天停水",
    "triggers": ["停水", "没有 自来水"],
    "answer": "因管道抢修，今天十八点前恢复供水。",
    "areas": ["东城区"],
    "starts_at": "2026-01-05T10:00:00+08:00",
    "ends_at": "2026-01-05T18:00:00+08:00",
    "in_greeting": True,
    "greeting": "东城区停水，预计十八点恢复。",
}


@pytest.fixture
async def knowledge(core: Core, settings: Settings, clock: ManualClock) -> AsyncIterator[KnowledgeService]:
    opened = KnowledgeService(core.database, settings, clock=clock)
    await opened.start()
    yield opened
    await opened.close()


async def send(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    response = await client.request(method, f"/api/v1/admin/{path}", json=body, headers=origin(client))
    found: dict[str, Any] = await response.json()
    assert response.status == status, found
    return found


async def test_a_card_is_matched_first_greets_and_ends_by_itself(
    core: Core, connect: Connect, small: SmallConversations, knowledge: KnowledgeService, clock: ManualClock
) -> None:
    editor, _ = await login(connect, core, "ed", "editor")
    made = await send(editor, "POST", "topics", CARD, 201)
    assert made["status"] == "draft" and not made["active"]
    assert not (await knowledge.search("我家停水了")).hits
    assert (await send(editor, "POST", f"topics/{made['id']}/steps", {"event": "publish"}))["active"]
    found = await knowledge.search("我家停水了什么时候来")
    assert found.verdict == "answer" and found.hits[0].kind == "topic"
    assert found.hits[0].answer == "东城区：因管道抢修，今天十八点前恢复供水。"
    assert (await knowledge.search("怎么没有一点自来水了")).hits[0].kind == "topic"
    assert not (await knowledge.search("我家停水了", district="海淀区")).hits
    assert (await knowledge.search("东城区停水了", district="海淀区")).hits[0].kind == "topic"
    assert await knowledge.greetings() == ["东城区停水，预计十八点恢复。"]
    clock.advance(8 * 3_600)
    assert not (await knowledge.search("我家停水了")).hits
    assert await knowledge.greetings() == []
    (ended,) = (await send(editor, "GET", "topics?all=1"))["items"]
    assert ended["status"] == "ended" and (await send(editor, "GET", "topics"))["items"] == []


async def test_heard_words_match_by_sound_and_an_ended_card_is_gone_at_once(
    core: Core, connect: Connect, small: SmallConversations, knowledge: KnowledgeService
) -> None:
    editor, _ = await login(connect, core, "ed", "editor")
    made = await send(editor, "POST", "topics", {**CARD, "triggers": ["供水管道"], "areas": []}, 201)
    await send(editor, "POST", f"topics/{made['id']}/steps", {"event": "publish"})
    assert (await knowledge.search("那个共谁管到怎么了", spoken=False)).hits == ()
    assert (await knowledge.search("那个共水管到怎么了", spoken=True)).hits[0].kind == "topic"
    changed = {**CARD, "triggers": ["供水管道"], "areas": [], "answer": "已经提前恢复。", "version": 2}
    await send(editor, "PUT", f"topics/{made['id']}", changed)
    assert (await knowledge.search("供水管道")).hits[0].answer == "已经提前恢复。"
    await send(editor, "PUT", f"topics/{made['id']}", changed, 409)
    await send(editor, "POST", f"topics/{made['id']}/steps", {"event": "end"})
    assert (await knowledge.search("供水管道")).hits == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": "2026-01-05T09:00:00+08:00"},
        {"triggers": []},
        {"triggers": ["水"]},
        {"greeting": ""},
        {"starts_at": "2026-01-05T10:00:00"},
        {"url": "javascript:alert(1)"},
        {"colour": "red"},
    ],
)
async def test_a_card_that_cannot_be_is_refused(
    core: Core, connect: Connect, small: SmallConversations, wrong: dict[str, Any]
) -> None:
    editor, _ = await login(connect, core, "ed", "editor")
    await send(editor, "POST", "topics", {**CARD, **wrong}, 400)


async def test_only_editors_publish_cards(core: Core, connect: Connect, small: SmallConversations) -> None:
    reviewer, _ = await login(connect, core, "rita", "reviewer")
    await send(reviewer, "POST", "topics", CARD, 403)
    assert (await send(reviewer, "GET", "topics"))["items"] == []
