"""Hot topics: published by an editor, matched before everything, told in the greeting, ended by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until

from base.clock import ManualClock
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from bot.understanding import Understood
from conversations.service import ConversationService
from gateway.core import Core
from gateway.internal import ensure_token
from knowledge.service import KnowledgeService
from workorders.model import CategorySuggestion

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


class Consulting:
    """Takes everything for a question about policy."""

    async def parse(self, text: str, *, spoken: bool) -> Understood:
        return Understood("consult", 0.97, (("consult", 0.97),), "fallback", 0.001)


class NoCategory:
    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        return []


@pytest.fixture
async def talking(core: Core, knowledge: KnowledgeService) -> AsyncIterator[ConversationService]:
    """Real conversations over the real knowledge; only intents are scripted."""
    opened = ConversationService(
        core.database,
        core.settings,
        understanding=Consulting(),
        knowledge=knowledge,
        catalogue=NoCategory(),
        orders=core.orders,
        places=PlaceMatcher.load(),
        notices=knowledge.greetings,
        clock=core.clock,
    )
    core.use(conversations=opened, knowledge=knowledge)
    await opened.start()
    yield opened
    await opened.close()


@pytest.mark.usefixtures("talking")
async def test_a_caller_hears_the_topic_in_the_greeting_and_as_the_answer_until_it_ends(
    core: Core, connect: Connect, clock: ManualClock
) -> None:
    editor, _ = await login(connect, core, "ed", "editor")
    made = await send(editor, "POST", "topics", {**CARD, "areas": [], "spoken": "十八点前来水。"}, 201)
    await send(editor, "POST", f"topics/{made['id']}/steps", {"event": "publish"})
    token = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    phone = await (await connect()).ws_connect("/internal/phone", headers=token)
    call = {"type": "call_started", "caller": "13900001234", "leg": "sip", "trace_id": "ab" * 16}

    async def greeted(call_id: str) -> str:
        await phone.send_json({**call, "call_id": call_id, "conversation_id": None})
        return " ".join(part["spoken"] for part in (await until(phone, "opened"))["say"])

    assert "东城区停水，预计十八点恢复。" in await greeted("call-1")
    await phone.send_json(
        {
            "type": "turn", "call_id": "call-1", "turn_id": "t1", "kind": "speech", "text": "我家停水了什么时候来水",
            "confidence": 0.9, "unplayed": "", "meta": {},
        }
    )  # fmt: skip
    reply = await until(phone, "reply")
    assert "十八点前来水" in " ".join(part["spoken"] for part in reply["say"])
    clock.advance(8 * 3_600)
    assert "停水" not in await greeted("call-2")
    await phone.close()


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
