"""The editors' API: who may do what, an entry from draft to every channel and away again, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSMsgType
from gateway_helpers import Client, Connect, SmallConversations, login, origin

from base.clock import ManualClock
from base.settings import Settings
from gateway.core import Core
from knowledge.service import KnowledgeService

CONTENT: dict[str, Any] = {
    "question": "电动自行车可以带人吗？",
    "ask": ["骑电动车能带孩子吗"],
    "answer": "可以搭载一名十二周岁以下的未成年人。",
    "spoken": "可以带一名十二岁以下的孩子。",
    "sources": [{"title": "测试办法", "clause": "第三条", "document_no": "京测〔2025〕1号"}],
    "topic": "交通",
    "owner": "交管部门",
}


async def person(core: Core, connect: Connect, name: str, role: str) -> Client:
    client, _ = await login(connect, core, name, role)
    return client


async def send(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    response = await client.request(method, f"/api/v1/admin/{path}", json=body, headers=origin(client))
    found: dict[str, Any] = await response.json()
    assert response.status == status, found
    return found


async def drafted(editor: Client, **more: Any) -> dict[str, Any]:
    return await send(editor, "POST", "entries", {"content": {**CONTENT, **more}, "reason": "新政策"}, 201)


@pytest.mark.parametrize("role", ["seat", "leader", "analyst", "reviewer"])
async def test_only_editors_write(core: Core, connect: Connect, small: SmallConversations, role: str) -> None:
    client = await person(core, connect, "somebody", role)
    refused = await send(client, "POST", "entries", {"content": CONTENT}, 403)
    assert refused["error"]["code"] == "no_permission"
    account = await (await client.get("/api/v1/seat/me")).json()
    assert "knowledge.edit" not in account["permissions"]


async def test_nobody_gets_in_without_a_login_or_from_a_foreign_page(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    stranger = await connect()
    await send(stranger, "GET", "entries", status=401)
    editor = await person(core, connect, "ed", "editor")
    response = await editor.post(
        "/api/v1/admin/entries", json={"content": CONTENT}, headers={"Origin": "https://evil.example"}
    )
    assert response.status == 403


async def test_an_entry_goes_from_draft_to_every_channel_and_is_gone_at_once(
    core: Core, connect: Connect, small: SmallConversations, settings: Settings, clock: ManualClock
) -> None:
    editor = await person(core, connect, "ed", "editor")
    reviewer = await person(core, connect, "rita", "reviewer")
    knowledge = KnowledgeService(core.database, settings, clock=clock)
    await knowledge.start()
    try:
        made = await drafted(editor)
        steps = f"entries/{made['id']}/steps"
        assert made["stage"] == "draft" and {event["event"] for event in made["events"]} == {
            "submit",
            "discard",
            "edit",
        }
        await send(reviewer, "POST", steps, {"event": "approve"}, 409)
        await send(editor, "POST", steps, {"event": "submit"})
        await send(editor, "POST", steps, {"event": "approve"}, 403)
        assert (await send(reviewer, "POST", steps, {"event": "approve"}))["stage"] == "reviewed"
        await knowledge.refresh()
        assert not (await knowledge.search("电动自行车可以带人吗")).hits
        live = await send(reviewer, "POST", steps, {"event": "publish"})
        assert live["stage"] == "published" and live["live"]
        await knowledge.refresh()
        assert (await knowledge.search("电动自行车可以带人吗")).hits[0].id == made["id"]
        gone = await send(reviewer, "POST", steps, {"event": "withdraw", "note": "政策调整"})
        assert gone["stage"] == "withdrawn" and not gone["live"]
        assert not (await knowledge.search("电动自行车可以带人吗")).hits
        history = (await send(reviewer, "GET", steps))["items"]
        assert [item["event"] for item in history] == ["withdraw", "publish", "approve", "submit", "edit"]
        assert history[0]["actor_name"] == "坐席rita" and history[0]["note"] == "政策调整"
    finally:
        await knowledge.close()


async def test_four_eyes_hold_for_an_administrator_too(core: Core, connect: Connect, small: SmallConversations) -> None:
    chief = await person(core, connect, "chief", "admin")
    other = await person(core, connect, "other", "admin")
    made = await drafted(chief)
    steps = f"entries/{made['id']}/steps"
    await send(other, "POST", steps, {"event": "submit"})
    for somebody in (chief, other):
        refused = await send(somebody, "POST", steps, {"event": "approve"}, 409)
        assert "不能审核自己" in refused["error"]["message"]


async def test_a_new_version_is_reviewed_while_the_old_one_answers(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    reviewer = await person(core, connect, "rita", "reviewer")
    made = await drafted(editor)
    steps = f"entries/{made['id']}/steps"
    await send(editor, "POST", steps, {"event": "submit"})
    await send(reviewer, "POST", steps, {"event": "approve"})
    live = await send(reviewer, "POST", steps, {"event": "publish"})
    newer = {**live["content"], "answer": "可以搭载一名十六周岁以下的未成年人。"}
    body = {"content": newer, "reason": "年龄改了", "version": live["version"]}
    saved = await send(editor, "PUT", f"entries/{made['id']}", body)
    assert saved["stage"] == "published" and saved["working"] == "draft"
    assert saved["live_content"]["answer"] == CONTENT["answer"]
    await send(editor, "PUT", f"entries/{made['id']}", body, 409)  # somebody saved meanwhile
    (change,) = saved["difference"]
    assert change["label"] == "答案"
    assert {"text": "二", "kind": "removed"} in change["parts"] and {"text": "六", "kind": "added"} in change["parts"]
    numbers = [item["number"] for item in (await send(editor, "GET", f"entries/{made['id']}/versions"))["items"]]
    assert numbers == [2, 1]
    shown = await send(editor, "GET", f"entries/{made['id']}/versions/2?against=1")
    assert shown["difference"] == saved["difference"]


async def test_a_scheduled_entry_appears_by_itself_to_the_minute(
    core: Core, connect: Connect, small: SmallConversations, settings: Settings, clock: ManualClock
) -> None:
    editor = await person(core, connect, "ed", "editor")
    reviewer = await person(core, connect, "rita", "reviewer")
    made = await drafted(editor)
    steps = f"entries/{made['id']}/steps"
    await send(editor, "POST", steps, {"event": "submit"})
    await send(reviewer, "POST", steps, {"event": "approve"})
    at = "2026-01-05T10:30:00+08:00"  # the clock stands at 10:00 there
    planned = await send(reviewer, "POST", steps, {"event": "publish", "publish_at": at})
    assert planned["stage"] == "scheduled" and not planned["live"]
    quick = settings.model_copy(
        update={"knowledge": settings.knowledge.model_copy(update={"snapshot_poll_seconds": 0.05})}
    )
    knowledge = KnowledgeService(core.database, quick, clock=clock)
    await knowledge.start()
    try:
        clock.advance(29 * 60)
        for _ in range(200):
            if (await send(reviewer, "GET", f"entries/{made['id']}"))["live"]:
                break
            clock.advance(0.5)
        assert 30 * 60 <= clock.monotonic() <= 31 * 60
    finally:
        await knowledge.close()


async def test_what_contradicts_itself_is_told_and_cannot_be_submitted(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    made = await drafted(editor, effective_from="2026-03-01", effective_to="2026-02-01", answer="")
    assert {problem["message"] for problem in made["problems"]} >= {"答案：没有填写"}
    refused = await send(editor, "POST", f"entries/{made['id']}/steps", {"event": "submit"}, 400)
    assert "条目还不完整" in refused["error"]["message"]
    body = {"content": {**CONTENT, "effective_from": "2026-03-01", "effective_to": "2026-02-01"}, "id": "x1"}
    (problem,) = (await send(editor, "POST", "entries/check", body))["problems"]
    assert "互相矛盾" in problem["message"]
    await send(editor, "POST", "entries", {"content": {**CONTENT, "colour": "red"}}, 400)
    await send(editor, "POST", "entries", {"content": {**CONTENT, "ask": "not a list"}}, 400)


async def test_a_cycle_of_related_entries_hangs_nothing(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    await drafted(editor, id="one", related=["two"])
    await drafted(editor, id="two", related=["one", "nowhere"])
    shown = await send(editor, "GET", "entries/two")
    assert [item["id"] for item in shown["related"]] == ["one"]
    assert [hint["other_id"] for hint in shown["hints"]] == ["nowhere"]
    await drafted(editor, id="me-too", related=["me-too"])
    assert "相关条目里写了自己" in (await send(editor, "GET", "entries/me-too"))["problems"][0]["message"]


async def test_lists_are_searched_filtered_and_cut_into_pages(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    reviewer = await person(core, connect, "rita", "reviewer")
    for number in range(5):
        owner = f"单位{number % 2}"
        await drafted(editor, id=f"e{number}", question=f"第{number}个问题是什么？", owner=owner)
    asked = {"ids": ["e0", "e1", "none"], "event": "submit"}
    many = await send(editor, "POST", "entries/steps", asked)
    assert many["done"] == ["e0", "e1"] and many["refused"][0]["id"] == "none"
    page = await send(reviewer, "GET", "entries?owner=单位0&page_size=2&sort=question")
    assert page["total"] == 3 and [item["id"] for item in page["items"]] == ["e0", "e2"]
    assert page["stages"]["submitted"] == 2 and page["owners"] == ["单位0", "单位1"]
    assert [item["id"] for item in (await send(reviewer, "GET", "entries?q=第3个"))["items"]] == ["e3"]
    assert (await send(reviewer, "GET", "entries?q=%25"))["total"] == 0
    assert (await send(reviewer, "GET", "entries?stage=submitted"))["total"] == 2
    await send(reviewer, "GET", "entries?stage=nonsense", status=400)
    await send(reviewer, "GET", "entries?page=0", status=400)


async def test_owners_get_a_list_of_what_expires(core: Core, connect: Connect, small: SmallConversations) -> None:
    editor = await person(core, connect, "ed", "editor")
    reviewer = await person(core, connect, "rita", "reviewer")
    for name, end in (("soon", "2026-01-20"), ("late", "2026-12-31"), ("minute", "2026-01-05T10:01")):
        await drafted(editor, id=name, effective_to=end)
    for event, who in (("submit", editor), ("approve", reviewer), ("publish", reviewer)):
        await send(who, "POST", "entries/steps", {"ids": ["soon", "late", "minute"], "event": event})
    (unit,) = (await send(reviewer, "GET", "expiring?days=30"))["owners"]
    assert unit["owner"] == "交管部门" and [row["id"] for row in unit["entries"]] == ["minute", "soon"]
    assert unit["entries"][0]["stage"] == "expiring"


@pytest.mark.parametrize(("role", "opens"), [("seat", True), ("leader", True), ("editor", False), ("analyst", False)])
async def test_only_who_works_with_citizens_sees_their_data(
    core: Core, connect: Connect, small: SmallConversations, role: str, opens: bool
) -> None:
    client = await person(core, connect, "somebody", role)
    for path in ("/api/v1/seat/orders", "/api/v1/seat/callbacks"):
        assert (await client.get(path)).status == (200 if opens else 403)
    recording = await client.get("/api/v1/seat/conversations/c1/recording")
    assert recording.status == (404 if opens else 403)
    account = await (await client.get("/api/v1/seat/me")).json()
    assert ("desk.work" in account["permissions"]) is opens
    async with client.ws_connect("/ws/seat", headers=origin(client)) as socket:
        message = await socket.receive(timeout=5)
        assert (message.type is WSMsgType.TEXT) is opens
        if not opens:
            assert socket.close_code == 4401
