"""The bus: what one node tells reaches the others, and nothing that fails there fails anybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from cluster_helpers import eventually
from redis_server import RedisServer

from cluster.bus import Bus, Message, NoBus
from cluster.redis_bus import RedisBus


class Running:
    """A bus that carries messages, and what it was told."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[Message] = []
        self.task = asyncio.create_task(bus.run())

    async def end(self) -> None:
        await self.bus.close()
        async with asyncio.timeout(60):
            await self.task


@pytest.fixture
async def two(redis_server: RedisServer) -> AsyncIterator[tuple[Running, Running]]:
    nodes = Running(RedisBus(redis_server.url, "a")), Running(RedisBus(redis_server.url, "b"))
    await eventually(lambda: all(node.bus.connected for node in nodes))
    yield nodes
    for node in nodes:
        await node.end()


@pytest.fixture(params=["alone", "redis"])
async def one(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    if request.param == "alone":
        node = Running(NoBus())
    else:
        node = Running(RedisBus(request.getfixturevalue("redis_server").url, "a"))
        await eventually(lambda: node.bus.connected)
    yield node
    await node.end()


async def test_its_own_words_do_not_come_back_and_leaving_twice_is_nothing(one: Running) -> None:
    one.bus.join("topic", one.heard.append)
    for number in range(50):
        one.bus.publish("topic", {"number": number})
    await asyncio.sleep(0.1)
    one.bus.leave("topic")
    one.bus.leave("topic")
    assert one.heard == []


async def test_whoever_has_joined_a_topic_hears_it_and_nobody_else(two: tuple[Running, Running]) -> None:
    first, second = two
    second.bus.join("c1", second.heard.append)

    async def heard() -> bool:  # joining takes a moment, and what is said meanwhile is lost: that is the contract
        first.bus.publish("c2", {"wrong": True})
        first.bus.publish("c1", {"words": "您好"})
        await asyncio.sleep(0.02)
        return bool(second.heard)

    await eventually(heard)
    assert all(message == {"words": "您好"} for message in second.heard)
    second.bus.leave("c1")
    second.bus.join("c2", second.heard.append)
    second.heard.clear()

    async def heard_the_other() -> bool:
        first.bus.publish("c1", {"words": "不该听到"})
        first.bus.publish("c2", {"number": 2})
        await asyncio.sleep(0.02)
        return {"number": 2} in second.heard

    await eventually(heard_the_other)
    second.heard.clear()
    for number in range(20):
        first.bus.publish("c1", {"number": number})
    first.bus.publish("c2", {"last": True})
    await eventually(lambda: {"last": True} in second.heard)
    assert all("words" not in message and message.get("number") in (None, 2) for message in second.heard)


async def test_after_redis_was_away_the_bus_works_again_and_says_that_something_was_missed(
    redis_server: RedisServer,
) -> None:
    times = 0

    def joined() -> None:
        nonlocal times
        times += 1

    first, second = Running(RedisBus(redis_server.url, "a")), Running(RedisBus(redis_server.url, "b", joined=joined))
    second.bus.join("topic", second.heard.append)
    await eventually(lambda: first.bus.connected and second.bus.connected)
    redis_server.kill()
    await eventually(lambda: not first.bus.connected and not second.bus.connected)
    for number in range(5_000):  # more than may wait: the oldest are dropped, and nobody waits
        first.bus.publish("topic", {"number": number})
    redis_server.start()
    await eventually(lambda: second.bus.connected)

    async def heard() -> bool:
        first.bus.publish("topic", {"again": True})
        await asyncio.sleep(0.02)
        return {"again": True} in second.heard

    await eventually(heard)
    assert times >= 2
    for node in (first, second):
        await node.end()


async def test_after_a_moment_in_which_redis_said_nothing_it_is_connected_again(redis_server: RedisServer) -> None:
    """Sending fails after two seconds; hearing needs five to notice, and would never have said that all is well."""
    node = Running(RedisBus(redis_server.url, "a"))
    await eventually(lambda: node.bus.connected)
    redis_server.freeze()
    try:
        node.bus.publish("topic", {"number": 1})
        await eventually(lambda: not node.bus.connected)
    finally:
        redis_server.thaw()
    await eventually(lambda: node.bus.connected)
    await node.end()


async def test_a_message_that_cannot_be_read_ends_nothing(redis_server: RedisServer) -> None:
    from redis.asyncio import Redis

    node = Running(RedisBus(redis_server.url, "a"))

    def refuse(message: Message) -> None:
        if "bad" in message:
            raise ValueError("no such news")
        node.heard.append(message)

    node.bus.join("topic", refuse)
    await eventually(lambda: node.bus.connected)
    async with Redis.from_url(redis_server.url) as stranger:
        for text in ("{", "[]", '{"from": "b"}', '{"from": "b", "message": {"bad": 1}}'):
            await stranger.publish("hotline:topic", text)
        await stranger.publish("hotline:topic", '{"from": "b", "message": {"good": 1}}')
    await eventually(lambda: node.heard == [{"good": 1}])
    await node.end()
