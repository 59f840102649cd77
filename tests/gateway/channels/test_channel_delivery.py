"""What is to be told reaches a channel: in order for each citizen, at least once, and nobody waits for another."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from channel_helpers import MESSAGES, Keeper, Receiver, deliver, keeper
from messenger_node import Node, open_node
from sqlalchemy import select

from base.clock import ManualClock
from base.settings import Settings
from bot.entities.place import PlaceMatcher
from storage.messenger_tables import MessengerOutbox
from storage.tables import Conversation


async def with_seat(node: Node, channel: Keeper, user_id: str) -> str:
    await channel.says("转人工", user_id)
    await deliver(node)
    async with node.core.database.read() as session:
        query = select(Conversation.id).where(Conversation.status == "waiting").order_by(Conversation.id.desc())
        conversation_id = (await session.execute(query.limit(1))).scalar_one()
    assert await node.conversations.claim(conversation_id, "s1")
    await deliver(node)  # that somebody is there
    return str(conversation_id)


async def test_after_failures_the_order_is_kept_and_others_go_on(
    node: Node, weibo: Keeper, receiver: Receiver, clock: ManualClock
) -> None:
    first = await with_seat(node, weibo, "citizen-1")
    second = await with_seat(node, weibo, "citizen-2")
    receiver.taken.clear()
    receiver.refuse = lambda message: 503 if message["user_id"] == "citizen-1" else 0
    for number in range(3):
        await node.conversations.seat_message(first, "s1", f"第{number}句")
    await node.conversations.seat_message(second, "s1", "另一位")
    await deliver(node)
    assert receiver.texts("citizen-2") == ["【人工坐席】另一位"] and receiver.texts("citizen-1") == []
    receiver.refuse = None
    await deliver(node)
    assert receiver.texts("citizen-1") == [], "not before the pause is over"
    clock.advance(node.core.settings.channels.first_retry_seconds)
    await deliver(node)
    assert receiver.texts("citizen-1") == [f"【人工坐席】第{number}句" for number in range(3)]


async def test_an_answer_that_was_lost_makes_the_same_message_come_again(
    node: Node, weibo: Keeper, receiver: Receiver, clock: ManualClock
) -> None:
    conversation_id = await with_seat(node, weibo, "citizen-1")
    await deliver(node)
    receiver.tried.clear()
    receiver.refuse = lambda message: 200  # taken, but the answer names no message
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await deliver(node)
    receiver.refuse = None
    clock.advance(node.core.settings.channels.first_retry_seconds)
    await deliver(node)
    await deliver(node)
    assert len(receiver.tried) == 2 and len(set(receiver.tried)) == 1


async def test_what_is_refused_for_good_is_a_dead_letter_and_holds_nobody_up(
    node: Node, weibo: Keeper, receiver: Receiver, clock: ManualClock
) -> None:
    conversation_id = await with_seat(node, weibo, "citizen-1")
    receiver.taken.clear()
    receiver.refuse = lambda message: 422 if "第一句" in message["text"] else 0
    for text in ("第一句", "第二句"):
        await node.conversations.seat_message(conversation_id, "s1", text)
    await deliver(node)
    assert receiver.texts() == ["【人工坐席】第二句"]
    assert node.messengers.channels is not None
    letters = node.messengers.channels.letters
    (dead,) = await letters.dead("weibo")
    assert dead.reason == "HTTP 422" and dead.attempts == 1 and await letters.dead("people_cn") == []
    receiver.refuse = None
    assert await letters.revive("weibo", clock.now()) == 1
    await deliver(node)
    assert receiver.texts() == ["【人工坐席】第二句", "【人工坐席】第一句"] and await letters.dead() == []


async def test_after_all_attempts_it_is_given_up(
    node: Node, weibo: Keeper, receiver: Receiver, clock: ManualClock
) -> None:
    conversation_id = await with_seat(node, weibo, "citizen-1")
    receiver.refuse = lambda message: 500
    receiver.tried.clear()
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    settings = node.core.settings.channels
    for _ in range(settings.attempts + 3):
        await deliver(node)
        clock.advance(settings.longest_retry_seconds)
    assert len(receiver.tried) == settings.attempts
    assert node.messengers.channels is not None
    assert len(await node.messengers.channels.letters.dead("weibo")) == 1


async def test_a_channel_that_does_not_answer_delays_no_other(
    node: Node, weibo: Keeper, receiver: Receiver, clock: ManualClock
) -> None:
    other = Receiver()
    server = other.server()
    await server.start_server()
    toutiao = await keeper(node, clock, "toutiao", url=str(server.make_url("/hotline")))
    other.secret = toutiao.secret
    first, second = await with_seat(node, weibo, "w-1"), await with_seat(node, toutiao, "t-1")
    receiver.secret = "someone else's"  # the receiver fails inside: 500
    await node.conversations.seat_message(first, "s1", "您好")
    await node.conversations.seat_message(second, "s1", "您好")
    await deliver(node)
    assert other.texts("t-1")[-1] == "【人工坐席】您好"
    await server.close()


async def test_two_nodes_push_each_message_once_and_in_order(
    node: Node, weibo: Keeper, receiver: Receiver, settings: Settings, clock: ManualClock, places: PlaceMatcher
) -> None:
    another = await open_node(settings, clock, places)
    try:
        talks = {user: await with_seat(node, weibo, user) for user in ("c-1", "c-2", "c-3")}
        receiver.taken.clear()
        for number in range(4):
            for conversation_id in talks.values():
                await node.conversations.seat_message(conversation_id, "s1", f"第{number}句")
        for _ in range(6):  # whoever finds the first of a citizen under way at the other node looks again
            await asyncio.gather(deliver(node), deliver(another))
        for user in talks:
            assert receiver.texts(user) == [f"【人工坐席】第{number}句" for number in range(4)]
        again = Keeper(another, clock, weibo.name, weibo.secret, itertools.count(1_000))
        headers = {"nonce": "nonce-both-nodes"}
        first = await weibo.post(MESSAGES, {"message_id": "m-1", "user_id": "c-1", "text": "在吗"}, **headers)
        second = await again.post(MESSAGES, {"message_id": "m-1", "user_id": "c-1", "text": "在吗"}, **headers)
        assert (first.status, second.status) == (202, 409)
        third = await again.post(MESSAGES, {"message_id": "m-1", "user_id": "c-1", "text": "在吗"})
        assert (await third.json())["repeated"] is True
        await node.settled()
    finally:
        await another.close()


async def test_fetched_messages_come_again_until_they_are_acknowledged(
    node: Node, portal: Keeper, weibo: Keeper
) -> None:
    await portal.says("居住证丢了怎么补办？")
    first = await portal.fetched()
    assert len(first) >= 2 and await portal.fetched() == first
    done = await portal.post(f"{MESSAGES}/acknowledge", {"ids": [first[0]["id"], "m9-0", "nonsense"]})
    assert await done.json() == {"acknowledged": 1}
    assert await portal.fetched() == first[1:]
    forged = first[1]["id"].partition("-")[0] + "-0000000000000000"
    stranger = await weibo.get(MESSAGES)
    assert stranger.status == 409, "what is pushed is not fetched"
    done = await portal.post(f"{MESSAGES}/acknowledge", {"ids": [forged]})
    assert await done.json() == {"acknowledged": 0} and await portal.fetched() == first[1:]
    again = await keeper(node, portal.clock, "toutiao")
    portal.clock.advance(5)  # it is known within seconds
    done = await again.post(f"{MESSAGES}/acknowledge", {"ids": [first[1]["id"]]})
    assert await done.json() == {"acknowledged": 0}, "not by another channel"


async def test_whoever_waits_gets_what_comes_meanwhile(node: Node, portal: Keeper) -> None:
    waiting = asyncio.create_task(portal.get(MESSAGES, wait_seconds=25))
    await portal.says("居住证丢了怎么补办？")
    response = await waiting
    assert (await response.json())["messages"]
    assert (await portal.get(MESSAGES, wait_seconds=26)).status == 400


async def test_what_nobody_fetches_is_forgotten_in_the_end(node: Node, portal: Keeper, clock: ManualClock) -> None:
    await portal.says("居住证丢了怎么补办？")
    clock.advance(86_400 * (node.core.settings.channels.keep_days + 1))
    assert node.messengers.channels is not None
    await node.messengers.channels.messenger.sweep()
    assert await portal.fetched() == []
    clock.advance(3_700)
    await node.messengers.channels.messenger.sweep()
    async with node.core.database.read() as session:
        rows: list[Any] = list((await session.execute(select(MessengerOutbox))).scalars())
    assert rows == []


async def test_a_seat_is_shown_no_allowance_where_nothing_is_counted(node: Node, portal: Keeper) -> None:
    await portal.says("转人工")
    async with node.core.database.read() as session:
        conversation_id = (await session.execute(select(Conversation.id))).scalar_one()
    assert await node.messengers.allowances([conversation_id]) == {}
