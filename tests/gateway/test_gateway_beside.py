"""Beside a conversation: the citizen's earlier orders and contacts, and orders that may be about the same."""

from __future__ import annotations

from typing import Any

import pytest
from gateway_helpers import Client, Connect, SmallConversations, login, origin
from sqlalchemy import update

from conversations.messages import CitizenTurn
from gateway.core import Core
from storage.tables import Conversation
from workorders.model import Assignment, OrderDraft

NUMBER = "13900001234"
PLACE = {"district": "海淀区", "street": "学院路街道"}
TROUBLE = "学院路上的路灯坏了三天，晚上什么也看不见"


async def filed(core: Core, key: str, *, conversation_id: str, detail: str = TROUBLE, number: str = "") -> str:
    draft = OrderDraft(
        "求助",
        "路灯不亮",
        detail,
        "web",
        conversation_id=conversation_id,
        contact_phone=number,
        assignment=Assignment("海淀区城市管理委员会", "直派", (), "ordinary", 24, "照明"),
        district=PLACE["district"],
        street=PLACE["street"],
    )
    async with core.database.write() as session:
        order = await core.orders.file(session, draft, key=key, now=core.clock.now(), actor="bot")
    return order.order_no


@pytest.fixture
async def held(connect: Connect, core: Core, small: SmallConversations) -> tuple[Client, str]:
    """A seat, and the conversation that it holds: a citizen with a number."""
    client, seat_id = await login(connect, core)
    known = (await small.open("web")).conversation_id
    await small.citizen_turn(known, CitizenTurn("人工", "web"))
    assert await small.claim(known, seat_id)
    values = {"seat_id": seat_id, "caller_number": NUMBER}
    async with core.database.write() as session:
        await session.execute(update(Conversation).where(Conversation.id == known).values(**values))
        row = await session.get_one(Conversation, known, populate_existing=True)
        row.caller_number = NUMBER  # what is looked up follows it
    return client, known


async def asked(client: Client, known: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    path = f"/api/v1/seat/conversations/{known}/{what}"
    response = await (client.get(path) if body is None else client.post(path, json=body, headers=origin(client)))
    assert response.status == 200, await response.text()
    answer: dict[str, Any] = await response.json()
    return answer


async def test_earlier_orders_and_contacts_of_the_same_number(
    held: tuple[Client, str], core: Core, small: SmallConversations
) -> None:
    client, known = held
    before = (await small.open("phone", caller_number=NUMBER)).conversation_id
    strangers = (await small.open("phone", caller_number="13900005678")).conversation_id
    theirs = await filed(core, "k1", conversation_id=before, number=NUMBER)
    await filed(core, "k2", conversation_id=strangers, number="13900005678")
    history = await asked(client, known, "history")
    assert [order["order_no"] for order in history["orders"]] == [theirs]
    assert [contact["conversation_id"] for contact in history["contacts"]] == [before]
    assert len(await core.audit.entries(action="history.viewed")) == 1


async def test_orders_about_the_same_and_none_of_this_conversation(
    held: tuple[Client, str], core: Core, small: SmallConversations
) -> None:
    client, known = held
    elsewhere = (await small.open("web")).conversation_id
    other = await filed(core, "k1", conversation_id=elsewhere)
    same = await filed(core, "k2", conversation_id=elsewhere, number=NUMBER)
    await filed(core, "k3", conversation_id=elsewhere, detail="小区里的垃圾桶满了好几天没有人来收")
    await filed(core, "k4", conversation_id=known, number=NUMBER)  # what was just filed here
    told = {"phone": NUMBER, "detail": TROUBLE, **PLACE}
    found = (await asked(client, known, "similar", told))["items"]
    assert [(item["order_no"], item["same_citizen"]) for item in found] == [(same, True), (other, False)]
    away = {**told, "district": "朝阳区", "street": "望京街道"}
    assert (await asked(client, known, "similar", away))["items"] == []
