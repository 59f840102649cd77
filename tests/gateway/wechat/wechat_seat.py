"""A citizen who talks with a seat in WeChat, or has an order: what the tests of outgoing messages begin with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy import select
from wechat_helpers import Citizen, Node
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from gateway.wechat.delivery import Delivery
from gateway.wechat.outbox import Outbox
from storage.messenger_tables import MessengerContact, MessengerOutbox
from workorders.model import OrderDraft

QUESTION = "居住证丢了怎么补办？"
SEND = "/cgi-bin/message/custom/send"
ANSWERS = {
    "detail": "晚上十点以后还在放音乐，吵得睡不着",
    "place": "海淀区中关村街道知春路48号楼下",
    "event_time": "昨天晚上",
    "subject": "楼下的烧烤店",
    "appeal": "希望不要再吵",
    "contact_name": "免贵姓王",
    "contact_phone": "13900001234",
    "confidential": "不用保密",
    "confirm_order": "对",
}
OpenNode = Callable[[], Awaitable[Node]]


def box_of(node: Node) -> Outbox:
    delivery = node.messengers.all[0].delivery
    assert isinstance(delivery, Delivery)
    return delivery.outbox


async def contact(node: Node) -> MessengerContact:
    async with node.core.database.read() as session:
        return (await session.execute(select(MessengerContact))).scalar_one()


async def statuses(node: Node) -> list[str]:
    async with node.core.database.read() as session:
        return list((await session.execute(select(MessengerOutbox.status).order_by(MessengerOutbox.id))).scalars())


async def with_seat(node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn) -> str:
    """The citizen talks with a seat; what was said on the way there has been told."""
    await citizen.says("转人工")
    wechat.allows(citizen.user_id)
    conversation_id = (await contact(node)).conversation_id
    assert conversation_id is not None
    assert await node.conversations.claim(conversation_id, "s1")
    await node.send()
    clock.advance(2)
    await node.send()
    return conversation_id


async def types(node: Node, clock: ManualClock, conversation_id: str, text: str) -> int:
    await node.conversations.seat_message(conversation_id, "s1", text)
    await node.send()
    clock.advance(2)
    return await node.send()


async def file_order(node: Node, citizen: Citizen) -> str:
    await citizen.says("我要投诉楼下的烧烤店噪声扰民")
    for _ in range(14):
        conversation_id = (await contact(node)).conversation_id
        assert conversation_id is not None
        snapshot = await node.conversations.snapshot(conversation_id)
        if snapshot["orders"]:
            return str(snapshot["orders"][-1])
        await citizen.says(ANSWERS.get(snapshot["asking"] or "", "对"))
    raise AssertionError("no order was filed")


async def filed(node: Node, citizen: Citizen) -> str:
    """An order of the citizen's conversation, as the dialogue files it, without all its questions."""
    await citizen.says("楼下的烧烤店太吵了")
    draft = OrderDraft(
        "投诉", "噪声", "楼下的烧烤店太吵了", "wechat", conversation_id=(await contact(node)).conversation_id
    )
    async with node.core.database.write() as session:
        order = await node.core.orders.file(session, draft, key="k1", now=node.core.clock.now(), actor="bot:policy")
    return order.order_no
