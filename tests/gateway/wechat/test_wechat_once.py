"""Each message once and none lost: restarts, a process that dies, two nodes, defects."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select, update
from wechat_helpers import ANSWER, Citizen, Node
from wechat_seat import QUESTION, OpenNode, box_of, contact, with_seat
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from storage.messenger_tables import MessengerContact, MessengerInbox, MessengerOutbox
from storage.tables import Turn


async def test_messages_survive_a_restart(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    await node.conversations.seat_message(conversation_id, "s1", "还没有被任何进程看到")
    successor = await open_another()
    await successor.send()
    clock.advance(2)
    assert await successor.send() == 1 and await node.send() == 0
    assert wechat.texts()[-1] == "【人工坐席】还没有被任何进程看到"


async def test_a_message_on_its_way_when_the_process_dies(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await node.messengers.all[0].feeder.once()
    clock.advance(2)
    contact_id = (await contact(node)).id
    assert await box_of(node).claim(contact_id, clock.now()) is not None  # and dies
    successor = await open_another()
    assert await successor.send() == 0, "somebody may still be sending it"
    clock.advance(61)
    assert await successor.send() == 1


async def test_what_is_on_its_way_is_not_told_in_the_next_answer_too(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await node.messengers.all[0].feeder.once()
    clock.advance(2)
    box, contact_id = box_of(node), (await contact(node)).id
    sending = await box.claim(contact_id, clock.now())
    assert sending is not None and sending.parcel.text == "【人工坐席】您好"
    await node.conversations.seat_message(conversation_id, "s1", "还在吗")
    await node.messengers.all[0].feeder.once()
    assert await citizen.says("在") == "【人工坐席】还在吗"
    await box.not_sent(sending, "busy", "errcode -1", clock.now())
    assert (await contact(node)).allowance_left == 5, "the citizen has written meanwhile"
    clock.advance(3)
    assert await node.send() == 1 and wechat.texts()[-1] == "【人工坐席】您好"


async def test_two_nodes_send_each_message_once(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    other, before = await open_another(), len(wechat.sent)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await asyncio.gather(node.send(), other.send())
    clock.advance(2)
    assert sum(await asyncio.gather(node.send(), other.send(), node.send(), other.send())) == 1
    assert len(wechat.sent) == before + 1


async def test_a_process_that_dies_over_a_message(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    """The turn was stored and the process died before its answer was: no second turn, and the answer comes."""
    wechat.allows(citizen.user_id)
    assert ANSWER in await citizen.says(QUESTION)
    async with node.core.database.write() as session:  # as it stood before the last step
        row = (await session.execute(select(MessengerInbox))).scalar_one()
        found = (await session.execute(select(MessengerContact))).scalar_one()
        found.conversation_id = None
        row.status, row.lease_until, row.reply = "received", clock.now(), ""
        row.payload = {"id": row.id, "user_id": citizen.user_id, "kind": "text", "text": QUESTION}
        await session.execute(update(MessengerOutbox).values(key=MessengerOutbox.key + ":"))
    successor = await open_another()
    assert await successor.messengers.all[0].sweep() == 1
    await successor.settled()
    assert await successor.send() == 1 and ANSWER in wechat.texts()[0]
    async with node.core.database.read() as session:
        turns = (await session.execute(select(Turn).where(Turn.role == "citizen"))).scalars().all()
    assert len(turns) == 1 and await successor.messengers.all[0].sweep() == 0


async def test_a_message_that_cannot_be_dealt_with_is_told(
    node: Node, citizen: Citizen, wechat: OfficialStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat.allows(citizen.user_id)

    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(node.conversations, "citizen_turn", broken)
    message = citizen.message("text", Content=QUESTION)
    assert await citizen.sends(message) == ""
    for _ in range(4):
        await node.messengers.all[0].sweep()
        await node.settled()
    assert await node.send() == 1 and "没有处理成功" in wechat.texts()[0]
