"""What citizens say through a channel, and what they are told there."""

from __future__ import annotations

import base64

import pytest
from channel_helpers import Keeper, Receiver, deliver
from messenger_node import ANSWER, Node
from sqlalchemy import select

from base.clock import ManualClock
from storage.messenger_tables import MessengerInbox
from storage.tables import Conversation, Order, Turn

QUESTION = "居住证丢了怎么补办？"
FILING = (
    "我要投诉楼下的烧烤店噪声扰民",
    *("晚上十点以后还在放音乐，吵得睡不着", "海淀区中关村街道知春路48号楼下", "昨天晚上", "楼下的烧烤店"),
    *("希望不要再吵", "免贵姓王", "13900001234", "不用保密", "对"),
)


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def said(node: Node) -> list[Turn]:
    async with node.core.database.read() as session:
        return list((await session.execute(select(Turn).where(Turn.role == "citizen").order_by(Turn.id))).scalars())


async def order(node: Node) -> Order:
    async with node.core.database.read() as session:
        return (await session.execute(select(Order))).scalar_one()


async def test_a_question_is_answered_with_its_source_and_the_mark_of_a_machine(
    node: Node, weibo: Keeper, receiver: Receiver
) -> None:
    await weibo.says(QUESTION)
    await deliver(node)
    told = receiver.taken[0]
    assert ANSWER in told["text"] and told["text"].startswith("【智能助手】") and told["label"] == "【智能助手】"
    assert told["author"] == "machine" and told["type"] == "text" and told["user_id"] == "citizen-1"
    assert told["citations"][0]["title"] == "北京市居住证管理办法"
    async with node.core.database.read() as session:
        conversation = (await session.execute(select(Conversation))).scalar_one()
    assert conversation.channel == "weibo" and conversation.id == told["conversation_id"]


async def test_a_message_that_comes_again_is_one_turn_and_one_answer(
    node: Node, weibo: Keeper, receiver: Receiver
) -> None:
    for _ in range(3):
        response = await weibo.sends("citizen-1", "wb-same", text=QUESTION)
        assert response.status == 202
    assert (await response.json()) == {"message_id": "wb-same", "repeated": True}
    await deliver(node)
    await deliver(node)
    ids = [message["id"] for message in receiver.taken]
    assert len(await said(node)) == 1 and ids == list(dict.fromkeys(ids))
    assert sum(ANSWER in text for text in receiver.texts()) == 1


async def test_an_order_is_filed_with_the_picture_and_its_progress_is_told(
    node: Node, weibo: Keeper, receiver: Receiver, clock: ManualClock
) -> None:
    media_id = (await (await weibo.uploads(PICTURE)).json())["media_id"]
    for text in FILING[:3]:
        await weibo.says(text)
    assert (await weibo.sends(type="image", media_id=media_id)).status == 202
    for text in FILING[3:]:
        await weibo.says(text)
    filed = await order(node)
    assert filed.channel == "weibo" and filed.address is not None and "知春路48号" in filed.address
    assert [found["media_type"] for found in await node.core.attachments.of(filed.order_no)] == ["image/png"]
    await deliver(node)
    assert any(filed.order_no in text for text in receiver.texts())
    receiver.taken.clear()
    unit = f"unit:{filed.unit}"
    await node.core.orders.change(filed.order_no, "accept", actor=unit)
    await node.core.orders.change(filed.order_no, "answer", actor=unit, note="已责令商户晚十点后停业。")
    assert node.messengers.channels is not None
    await node.messengers.channels.messenger.sweep()
    await deliver(node)
    notices = {message["order"]["event"]: message for message in receiver.taken if message["type"] == "order_notice"}
    assert list(notices)[-2:] == ["accept", "answer"]
    assert notices["answer"]["order"]["status"] == "answered" and "已责令商户" in notices["answer"]["text"]
    assert notices["answer"]["text"].startswith("【智能助手】") and "13900001234" not in str(receiver.taken)
    await node.messengers.channels.messenger.sweep()
    await deliver(node)
    assert len([message for message in receiver.taken if message["type"] == "order_notice"]) == len(notices)


async def test_a_seat_takes_over_and_writes_back_the_same_way(node: Node, weibo: Keeper, receiver: Receiver) -> None:
    await weibo.says("转人工")
    async with node.core.database.read() as session:
        conversation = (await session.execute(select(Conversation))).scalar_one()
    assert conversation.status == "waiting"
    assert await node.conversations.claim(conversation.id, "s1")
    await node.conversations.seat_message(conversation.id, "s1", "您好，我是坐席小李。")
    await node.conversations.seat_message(conversation.id, "s1", "请说。")
    await weibo.says("楼下太吵了")
    await deliver(node)
    by_seat = [message for message in receiver.taken if message["author"] == "seat"]
    assert [message["text"] for message in by_seat] == ["【人工坐席】您好，我是坐席小李。", "【人工坐席】请说。"]
    assert (await said(node))[-1].text == "楼下太吵了"
    assert receiver.taken[-1]["author"] == "seat", "the bot says nothing while a seat is there"


async def test_a_voice_with_its_words_a_place_and_a_link(node: Node, portal: Keeper) -> None:
    await portal.sends(type="voice", text=QUESTION)
    assert ANSWER in (await portal.fetched())[0]["text"]
    await portal.sends(type="location", text="海淀区知春路48号", longitude=116.33, latitude=39.97)
    await portal.sends(type="link", text="https://example.cn/1")
    turns = await said(node)
    assert [turn.kind for turn in turns] == ["speech", "location", "link"]
    assert turns[1].meta["location"] == {"longitude": 116.33, "latitude": 39.97, "datum": "WGS-84"}


async def test_a_voice_that_is_no_sound_is_kept_and_asked_for_in_writing(node: Node, portal: Keeper) -> None:
    media_id = (await (await portal.uploads(b"no sound at all")).json())["media_id"]
    assert (await portal.sends(type="voice", media_id=media_id)).status == 202
    assert "请您打字告诉我们" in (await portal.fetched())[-1]["text"]
    assert (await said(node))[0].meta["media_id"]


async def test_opening_greets_and_leaving_ends_what_is_told(node: Node, portal: Keeper) -> None:
    await portal.sends(type="opened")
    (greeting,) = await portal.fetched()
    assert "12345" in greeting["text"] and not await said(node)
    await portal.sends(type="left")
    assert await portal.fetched() == []
    await portal.says(QUESTION)
    assert (await portal.fetched())[0]["id"] == greeting["id"], "back again, nothing is lost"


@pytest.mark.parametrize(
    "message",
    [
        {"text": ""},
        {"text": "好", "user_id": ""},
        {"text": "好", "user_id": "a\u0000b"},
        {"type": "image"},
        {"type": "location", "text": "海淀区"},
        {"type": "location", "longitude": 500, "latitude": 1},
        {"type": "dance", "text": "好"},
    ],
)
async def test_what_is_no_message_is_refused_and_not_stored(
    node: Node, portal: Keeper, message: dict[str, str]
) -> None:
    fields = {"user_id": "citizen-1", **message}
    assert (await portal.sends(**fields)).status == 400
    async with node.core.database.read() as session:
        assert (await session.execute(select(MessengerInbox))).first() is None


async def test_a_file_must_have_been_sent_before_by_the_same_channel(node: Node, portal: Keeper, weibo: Keeper) -> None:
    media_id = (await (await weibo.uploads(PICTURE)).json())["media_id"]
    assert (await portal.sends(type="image", media_id=media_id)).status == 404
    assert (await portal.sends(type="image", media_id="../hotline.db")).status == 404
    assert (await weibo.sends(type="image", media_id=media_id)).status == 202


async def test_too_fast_is_refused_and_stored_when_it_comes_again(
    node: Node, portal: Keeper, clock: ManualClock
) -> None:
    node.understander.gate.clear()  # nothing need be answered here
    limit = node.core.settings.channels.messages_a_minute
    body = {"user_id": "citizen-1", "text": "在吗"}
    statuses = []
    for number in range(limit + 1):
        response = await portal.post("/api/v1/channel/messages", {"message_id": f"fast-{number}", **body})
        statuses.append(response.status)
    assert statuses == [202] * limit + [429]
    clock.advance(float(response.headers["Retry-After"]) + 1)
    again = await portal.post("/api/v1/channel/messages", {"message_id": f"fast-{limit}", **body})
    assert again.status == 202
    node.understander.gate.set()
    await node.settled()
