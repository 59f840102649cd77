"""The editors' API over unanswered questions, statistics and imports, and the public self-query, over HTTP."""

from __future__ import annotations

import io
from typing import Any

from gateway_helpers import Client, Connect, SmallConversations, login, origin
from openpyxl import Workbook

from base.clock import ManualClock
from base.settings import Settings
from gateway.core import Core
from gateway.mining_work import mine_when_due
from knowledge import store
from knowledge.entry import Entry
from knowledge.mining.store import Rebuilt
from knowledge.service import KnowledgeService
from storage.tables import KnowledgeUse, Unanswered

HEADINGS = ["编号", "标准问题", "答案", "主题", "来源标题"]


async def person(core: Core, connect: Connect, name: str, role: str) -> Client:
    client, _ = await login(connect, core, name, role)
    return client


async def send(client: Client, method: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    response = await client.request(method, f"/api/v1/admin/{path}", json=body, headers=origin(client))
    found: dict[str, Any] = await response.json()
    assert response.status == status, found
    return found


async def upload(client: Client, name: str, content: bytes, status: int = 201) -> dict[str, Any]:
    headers = {**origin(client), "Content-Type": "application/octet-stream"}
    response = await client.post(f"/api/v1/admin/imports?name={name}", data=content, headers=headers)
    found: dict[str, Any] = await response.json()
    assert response.status == status, found
    return found


def sheet(*rows: list[str]) -> bytes:
    book = Workbook()
    page = book.create_sheet(index=0)
    for row in (HEADINGS, *rows):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def published(identifier: str, **more: Any) -> Entry:
    return Entry.model_validate(
        {
            "id": identifier,
            "question": "居住证怎么办理？",
            "answer": "到派出所办理，3天办好。",
            "topic": "户籍",
            "sources": [{"title": "测试办法"}],
            **more,
        }
    )


async def publish(core: Core, *entries: Entry) -> None:
    await store.save_entries(core.database, entries, now=core.clock.now(), actor="cli", reason="test")


async def test_what_nobody_answered_becomes_an_entry_that_answers(
    core: Core, connect: Connect, small: SmallConversations, settings: Settings, clock: ManualClock
) -> None:
    editor = await person(core, connect, "ed", "editor")
    reviewer = await person(core, connect, "rita", "reviewer")
    async with core.database.write() as session:
        for number, text in enumerate(("共有产权房可以落户吗", "共有产权房能落户吗", "共有产权房可以落户吗")):
            session.add(
                Unanswered(conversation_id=f"c{number}", text=text, reason="nothing_near", offered=[], at=clock.now())
            )
    assert await send(editor, "POST", "clusters/rebuild", status=202) == {"working": True}
    assert core.mining_asked.is_set() and (await send(editor, "GET", "clusters"))["working"]
    assert await mine_when_due(core) == Rebuilt(clusters=1, questions=3)
    assert not (await send(editor, "GET", "clusters"))["working"]
    cluster = (await send(reviewer, "GET", "clusters?status=open"))["items"][0]
    assert cluster["count"] == 3 and cluster["examples"] == ["共有产权房可以落户吗", "共有产权房能落户吗"]
    await send(reviewer, "POST", f"clusters/{cluster['id']}/draft", status=403)
    made = await send(editor, "POST", f"clusters/{cluster['id']}/draft", status=201)
    assert made["stage"] == "draft" and made["content"]["ask"] == ["共有产权房能落户吗"]
    await send(editor, "POST", f"clusters/{cluster['id']}/draft", status=409)
    content = {
        **made["content"], "answer": "可以，符合条件的可以落户。", "topic": "户籍", "sources": [{"title": "测试办法"}]
    }  # fmt: skip
    saved = {"content": content, "reason": "补充答案", "version": made["version"]}
    await send(editor, "PUT", f"entries/{made['id']}", saved)
    steps = f"entries/{made['id']}/steps"
    await send(editor, "POST", steps, {"event": "submit"})
    await send(reviewer, "POST", steps, {"event": "approve"})
    await send(reviewer, "POST", steps, {"event": "publish"})
    assert (await send(editor, "GET", f"clusters/{cluster['id']}"))["status"] == "answered"
    knowledge = KnowledgeService(core.database, settings, clock=clock)
    await knowledge.start()
    try:
        assert (await knowledge.search("共有产权房可以落户吗")).hits[0].id == made["id"]
    finally:
        await knowledge.close()
    await send(editor, "GET", "clusters/k_none", status=404)
    await send(editor, "GET", "clusters?status=strange", status=400)


async def test_a_cluster_is_put_aside_with_a_note(core: Core, connect: Connect, small: SmallConversations) -> None:
    editor = await person(core, connect, "ed", "editor")
    async with core.database.write() as session:
        session.add(
            Unanswered(conversation_id="c", text="今天股市怎么样", reason="unsure", offered=[], at=core.clock.now())
        )
    await mine_when_due(core)
    cluster = (await send(editor, "GET", "clusters"))["items"][0]
    gone = await send(editor, "POST", f"clusters/{cluster['id']}/dismiss", {"note": "与政务无关"})
    assert gone["status"] == "dismissed" and gone["questions"][0]["text"] == "今天股市怎么样"


async def test_surges_hints_search_and_figures_are_told(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    await publish(core, published("one"), published("two", answer="到派出所办理，15天办好。"))
    async with core.database.write() as session:
        for number in range(8):
            session.add(
                KnowledgeUse(
                    item_id="one", kind="entry", event="hit", conversation_id=f"c{number}", text="居住证",
                    at=core.clock.now(),
                )
            )  # fmt: skip
    assert [item["ratio"] for item in (await send(editor, "GET", "topics/surges"))["items"]] == [16.0]
    await send(editor, "POST", "hints/refresh", status=202)
    await mine_when_due(core)
    assert (await send(editor, "GET", "hints?kind=contradiction"))["items"][0]["other_id"] == "two"
    assert (await send(editor, "GET", "entries/two"))["hints"][0]["kind"] == "contradiction"
    checked = await send(editor, "POST", "entries/check", {"content": published("new").model_dump(mode="json")})
    assert {hint["other_id"] for hint in checked["hints"]} == {"one", "two"}
    assert (await send(editor, "GET", "search?q=居住证&limit=1"))["items"][0]["citations"]
    assert (await send(editor, "GET", "statistics?days=7"))["totals"]["hits"] == 8
    assert (await send(editor, "GET", "statistics/entries?sort=hits"))["items"][0]["id"] == "one"
    assert (await send(editor, "GET", "entries/one/statistics"))["hits"] == 8
    seat = await person(core, connect, "seat", "seat")
    await send(seat, "GET", "statistics", status=403)


async def test_a_table_is_shown_before_it_is_applied(core: Core, connect: Connect, small: SmallConversations) -> None:
    editor = await person(core, connect, "ed", "editor")
    await publish(core, published("one"))
    content = sheet(
        ["one", "居住证怎么办理？", "到派出所办理，5天办好。", "户籍", "测试办法"],
        ["fresh", "身份证怎么补办？", "到派出所补办。", "户籍", "测试办法"],
    )
    shown = await upload(editor, "a.xlsx", content)
    assert (shown["rows"], shown["added"], shown["changed"], shown["problems"]) == (2, 1, 1, [])
    await send(editor, "GET", "entries/fresh", status=404)
    apply = f"imports/{shown['import_id']}/apply"
    assert await send(editor, "POST", apply, {"submit": True}) == {"added": 1, "changed": 1, "unchanged": 0}
    await send(editor, "POST", apply, {"submit": True}, 404)
    changed = await send(editor, "GET", "entries/one")
    assert changed["working"] == "submitted" and "3天" in changed["live_content"]["answer"]
    assert (await upload(editor, "a.xlsx", content))["unchanged"] == 2


async def test_rows_that_do_not_fit_keep_the_whole_table_out(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    rows = sheet(
        ["good", "身份证怎么补办？", "到派出所补办。", "户籍", "测试办法"], ["bad", "没有答案", "", "户籍", "测试办法"]
    )
    shown = await upload(editor, "a.xlsx", rows)
    assert {problem["row"] for problem in shown["problems"]} == {2}
    await send(editor, "POST", f"imports/{shown['import_id']}/apply", {"submit": False}, 400)
    await send(editor, "GET", "entries/good", status=404)
    assert await send(editor, "DELETE", f"imports/{shown['import_id']}") == {"removed": True}
    await send(editor, "DELETE", "imports/..%2F..%2Fpasswd", status=404)
    assert not list((core.settings.var / "imports").iterdir())


async def test_what_is_no_table_or_too_large_is_refused(
    core: Core, connect: Connect, small: SmallConversations
) -> None:
    editor = await person(core, connect, "ed", "editor")
    await upload(editor, "a.exe", b"MZ", 400)
    await upload(editor, "a.xlsx", b"no workbook", 400)
    line = '{"question": "%d"}\n'
    many = "".join(line % number for number in range(core.settings.knowledge.import_limit_rows + 1))
    assert "命令行" in (await upload(editor, "a.jsonl", many.encode(), 413))["error"]["message"]
    core.settings.knowledge.import_limit_bytes = 1_024
    await upload(editor, "a.csv", b"x" * 2_000, 413)
    analyst = await person(core, connect, "ann", "analyst")
    await upload(analyst, "a.csv", b"", 403)


async def test_everybody_browses_reads_and_votes(core: Core, client: Client) -> None:
    root = "/api/v1/knowledge"
    await publish(core, published("k1"), published("secret", sensitivity="internal"))
    topics = await client.get(f"{root}/topics")
    assert topics.headers["Access-Control-Allow-Origin"] == "*"
    assert (await topics.json())["items"] == [{"topic": "户籍", "count": 1}]
    for query in ("?topic=户籍", "?q=居住证", "?q=居住证&topic=户籍&page_size=1"):
        listed = await (await client.get(f"{root}/entries{query}")).json()
        assert [item["id"] for item in listed["items"]] == ["k1"] and listed["total"] == 1
    assert (await (await client.get(f"{root}/entries?q=居住证&topic=其他")).json())["total"] == 0
    one = await (await client.get(f"{root}/entries/k1")).json()
    assert one["sources"][0]["title"] == "测试办法" and one["structured_data"]["@type"] == "FAQPage"
    hidden = await client.get(f"{root}/entries/secret")
    assert hidden.status == 404 and "失效" in (await hidden.json())["error"]["message"]
    vote = f"{root}/entries/k1/helpful"
    assert (await client.post(vote, json={"helpful": True}, headers=origin(client))).status == 200
    assert (await client.post(vote, json={"helpful": "yes"}, headers=origin(client))).status == 400
    assert (await client.post(vote, json={"helpful": True}, headers={"Origin": "https://evil.example"})).status == 403
    core.settings.web.allowed_origins = ["https://www.example.cn"]
    asked = await client.options(vote, headers={"Origin": "https://www.example.cn"})
    assert asked.status == 204 and asked.headers["Access-Control-Allow-Origin"] == "https://www.example.cn"


async def test_one_address_cannot_ask_or_vote_without_end(core: Core, client: Client) -> None:
    await publish(core, published("k1"))
    statuses = {
        (await client.post("/api/v1/knowledge/entries/k1/helpful", json={"helpful": True})).status
        for _ in range(core.settings.web.votes_a_minute + 1)
    }
    assert statuses == {200, 429}
    statuses = {
        (await client.get("/api/v1/knowledge/topics")).status
        for _ in range(core.settings.web.knowledge_requests_a_minute + 1)
    }
    assert statuses == {200, 429}
