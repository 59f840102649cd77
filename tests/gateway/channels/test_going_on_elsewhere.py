"""An order filed through one door is followed and added to through another, with its number and tracking code."""

from __future__ import annotations

import re

from channel_helpers import Keeper
from messenger_node import Node
from sqlalchemy import select
from test_channel_messages import FILING

from storage.tables import Order, OrderEvent


async def filed(node: Node, door: Keeper) -> tuple[str, str]:
    """Number and tracking code, as the citizen was told them."""
    for text in FILING:
        await door.says(text)
    texts = "".join(message["text"] for message in await door.fetched())
    found = re.search(r"工单编号(\d+)，查询码(\d+)", texts)
    assert found is not None, texts
    return found[1], found[2]


async def supplements(node: Node) -> list[OrderEvent]:
    async with node.core.database.read() as session:
        query = select(OrderEvent).where(OrderEvent.event == "supplement").order_by(OrderEvent.id)
        return list((await session.execute(query)).scalars())


async def told(door: Keeper, text: str) -> str:
    before = {message["id"] for message in await door.fetched()}
    await door.says(text, "somebody-else")
    return "".join(message["text"] for message in await door.fetched() if message["id"] not in before)


async def test_through_another_channel_by_number_and_code(node: Node, portal: Keeper) -> None:
    number, code = await filed(node, portal)
    assert "查询码" in await told(portal, f"查一下工单{number}办到哪里了")
    shown = await told(portal, code)
    assert "已派单" in shown and "补充" in shown
    assert "例如" in await told(portal, "我要补充一下")
    assert f"尾号{number[-4:]}" in await told(portal, "补充：昨天夜里又吵到三点")
    (event,) = await supplements(node)
    assert event.order_no == number and event.note == "昨天夜里又吵到三点" and event.public


async def test_not_without_the_code(node: Node, portal: Keeper) -> None:
    number, code = await filed(node, portal)
    await told(portal, f"查一下工单{number}办到哪里了")
    assert "没有查到" in await told(portal, f"{int(code) ^ 1:09d}")
    await told(portal, "补充：昨天夜里又吵到三点")
    assert await supplements(node) == []


async def test_what_takes_no_more_says_so(node: Node, portal: Keeper) -> None:
    number, code = await filed(node, portal)
    await node.core.orders.change(number, "withdraw", actor="seat:s1", note="市民撤回")
    await told(portal, f"查一下工单{number}办到哪里了")
    await told(portal, code)
    assert "不能再补充" in await told(portal, "补充：昨天夜里又吵到三点")
    assert await supplements(node) == []


async def test_over_http_by_number_and_code(node: Node, portal: Keeper) -> None:
    number, code = await filed(node, portal)
    url, good = f"/api/v1/orders/{number}/supplements", {"X-Tracking-Code": code}
    for _ in range(2):  # sent again, it is the same
        answer = await node.client.post(url, json={"text": "又吵了", "supplement_id": "a1"}, headers=good)
        assert answer.status == 201, await answer.text()
    shown = await answer.json()
    assert shown["events"][-1]["event"] == "supplement"
    assert "又吵了" not in str(shown), "nothing is given out for a code"
    assert [event.note for event in await supplements(node)] == ["又吵了"]
    wrong = await node.client.post(url, json={"text": "又吵了"}, headers={"X-Tracking-Code": "000000000"})
    assert wrong.status == 404
    assert (await node.client.post(url, json={"text": " "}, headers=good)).status == 400
    assert (await node.client.post(url, json={"text": "吵" * 2_001}, headers=good)).status == 413
    await node.core.orders.change(number, "withdraw", actor="seat:s1", note="市民撤回")
    assert (await node.client.post(url, json={"text": "还有"}, headers=good)).status == 409
    async with node.core.database.read() as session:
        assert (await session.get_one(Order, number)).status == "closed"
