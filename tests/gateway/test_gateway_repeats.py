"""Likely repeats of different citizens before a dispatcher: shown without persons, merged, and taken apart again."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_browser import chromium_page, log_in
from gateway_helpers import Client, Connect, SmallConversations, login, origin
from playwright.async_api import expect

from base.clock import ManualClock
from gateway.core import Core
from workorders import repeat_search
from workorders.model import Assignment, CategorySuggestion, OrderDraft

PATIENCE_MS = 120_000
UNIT, DISTRICT = "海淀区城市管理委员会", "海淀区人民政府"
LEAF = CategorySuggestion("030201", "城市管理", "市政设施", "路灯", 0.9)


async def file(
    core: Core, key: str, *, phone: str = "", detail: str = "路灯坏了三天，晚上什么也看不见", **more: Any
) -> str:
    draft = OrderDraft(
        "求助",
        more.pop("title", "王小明反映路灯不亮，电话13900001234"),
        detail,
        "web",
        district="海淀区",
        street="学院路街道",
        address=more.pop("address", "学院路5号王小明家门口"),
        contact_name="王小明",
        contact_phone=phone or f"1390000{len(key):04d}",
        category=LEAF,
        assignment=Assignment(UNIT, "直派", (DISTRICT,), "ordinary", 24, "照明"),
    )
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot:policy")
    return filed.order_no


async def listed(client: Client, days: int = 7) -> dict[str, Any]:
    response = await client.get("/api/v1/repeats", params={"days": days})
    assert response.status == 200, await response.text()
    body: dict[str, Any] = await response.json()
    return body


async def step(client: Client, number: str, **body: Any) -> tuple[int, dict[str, Any]]:
    response = await client.post(f"/api/v1/repeats/{number}", json=body, headers=origin(client))
    return response.status, await response.json()


async def events_of(core: Core, number: str) -> list[dict[str, Any]]:
    return list((await core.orders.view(number, seat="s")).events)


async def test_repeats_are_shown_without_persons_to_dispatchers_only(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    first = await file(core, "k")
    clock.advance(3_600)
    second = await file(core, "kk")
    await file(core, "kkk", detail="垃圾桶满了好几天没有人来收", address="成府路2号")
    seat, _ = await login(connect, core, "seat1")
    assert (await seat.get("/api/v1/repeats")).status == 403
    assert (await step(seat, first, step="merge", orders=[second], reason="同一处"))[0] == 403
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    found = await listed(dispatcher)
    (group,) = found["items"]
    assert group["main"]["order_no"] == first and [row["order_no"] for row in group["repeats"]] == [second]
    assert found["complete"] and found["merged"] == []
    (repeat,) = group["repeats"]
    assert "同一事项类别（路灯）" in repeat["why"] and repeat["unit"] == UNIT
    assert repeat["title"].endswith("反映路灯不亮，电话139****1234") and "学院路5号" in repeat["place"]
    text = await (await dispatcher.get("/api/v1/repeats")).text()
    assert "王小明" not in text and "1390000" not in text and "看不见" not in text
    assert len(await core.audit.entries(action="orders.listed", subject="repeats")) == 2
    assert (await dispatcher.get("/api/v1/repeats", params={"days": "31"})).status == 400
    clock.advance(8 * 86_400)
    dispatcher, _ = await login(connect, core, "dispatcher2", "dispatcher")  # the first login has expired
    assert (await listed(dispatcher))["items"] == []
    assert len((await listed(dispatcher, 30))["items"]) == 1


async def test_a_dispatcher_merges_and_takes_out_again_with_who_and_when(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    first, second, third = [await file(core, "k" * count) for count in (1, 2, 3)]
    dispatcher, who = await login(connect, core, "dispatcher", "dispatcher")
    assert (await step(dispatcher, first, step="merge", orders=[second, third], reason=" "))[0] == 409
    assert (await step(dispatcher, first, step="merge", orders=[], reason="同一处"))[0] == 400
    await core.orders.change(third, "accept", actor=f"unit:{UNIT}")
    await core.orders.change(third, "answer", actor=f"unit:{UNIT}", note="修好了")
    status, body = await step(dispatcher, first, step="merge", orders=[second, third], reason="王小明说的同一处路灯")
    assert (status, body["merged"]) == (200, [second])
    assert [row["order_no"] for row in body["refused"]] == [third] and "已答复" in body["refused"][0]["message"]
    merge = (await events_of(core, second))[-1]
    assert (merge["event"], merge["actor"]) == ("merge", f"seat:{who}")
    found = await listed(dispatcher)
    (merged,) = found["merged"]
    assert found["items"] == [] and (merged["order_no"], merged["main"]) == (second, first)
    assert merged["reason"] == "**说的同一处路灯" and merged["merged_at"] == clock.now().isoformat()
    assert (await step(dispatcher, first, step="merge", orders=[second], reason="同一处"))[0] == 409  # sent twice
    assert (await step(dispatcher, second, step="undo", reason=""))[0] == 409
    status, body = await step(dispatcher, second, step="undo", reason="是两盏灯")
    assert (status, body) == (200, {"order_no": second, "status": "dispatched", "unit": UNIT})
    events = await events_of(core, second)
    assert [event["event"] for event in events][-3:] == ["merge", "unmerge", "dispatch"]
    assert events[-2]["actor"] == f"seat:{who}" and events[-2]["note"] == "是两盏灯"
    view = await core.orders.view(second, seat="s")
    assert view.fields["duplicate_of"] is None and view.fields["copies"] == [DISTRICT]
    found = await listed(dispatcher)
    assert found["items"] == [] and found["merged"] == []  # a person has judged: not proposed again
    assert (await step(dispatcher, "260105999999", step="undo", reason="x"))[0] == 404


async def test_orders_that_are_no_repeats_are_kept_apart_by_a_note(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    first, second = [await file(core, "k" * count) for count in (1, 2)]
    leader, who = await login(connect, core, "leader", "leader")
    assert (await step(leader, first, step="apart", orders=[second], reason=""))[0] == 409
    assert len((await listed(leader))["items"]) == 1
    assert (await step(leader, first, step="apart", orders=[second], reason="两个路口"))[0] == 200
    note = (await events_of(core, second))[-1]
    assert (note["event"], note["actor"], note["public"]) == ("note", f"seat:{who}", False)
    assert note["note"] == f"经核对，与工单{first}不是同一件事：两个路口"
    assert (await listed(leader))["items"] == []


async def test_what_the_service_linked_by_itself_can_be_merged(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    first = await file(core, "k", phone="13900001234")
    second = await file(core, "kk", phone="13900001234")
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    (group,) = (await listed(dispatcher))["items"]
    assert group["repeats"][0]["why"] == ["登记时已识别为同一市民的同一诉求"]
    assert (await step(dispatcher, first, step="merge", orders=[second], reason="同一诉求"))[0] == 200
    assert (await core.orders.view(second, seat="s")).status == "merged"


async def test_no_more_than_the_limits_are_read_and_the_list_says_so(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeat_search, "OF_A_PLACE", 2)
    orders = []
    for count in (1, 2, 3):
        orders.append(await file(core, "k" * count))
        clock.advance(60)
    dispatcher, _ = await login(connect, core, "dispatcher", "dispatcher")
    found = await listed(dispatcher)
    (group,) = found["items"]
    assert [group["main"]["order_no"], group["repeats"][0]["order_no"]] == orders[1:]
    assert not found["complete"]


@pytest.mark.long
async def test_the_page_merges_with_one_press_and_undoes_it(
    client: Client, core: Core, small: SmallConversations
) -> None:
    first, second = [await file(core, "k" * count) for count in (1, 2)]
    await core.seats.add("dispatcher", "a-long-password", role="dispatcher")
    async with chromium_page("unit.html", patience_ms=PATIENCE_MS) as page:
        await log_in(page, client, "/unit", "dispatcher")
        await page.get_by_role("button", name="重复诉求").click()
        panel = page.get_by_role("region", name="重复诉求")
        await expect(panel).to_contain_text("相似之处：同一街道（学院路街道），地址相近")
        await page.get_by_role("button", name=f"并入{first}").click()
        await expect(panel).to_contain_text(f"已将1件工单并入{first}。")
        assert (await core.orders.view(second, seat="s")).status == "merged"
        await page.get_by_label("为什么不是同一件事").fill("是两盏灯")
        await page.get_by_role("button", name="恢复单独办理").click()
        await expect(panel).to_contain_text(f"工单{second}已恢复单独办理。")
        assert (await core.orders.view(second, seat="s")).status == "dispatched"
