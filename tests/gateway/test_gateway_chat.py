"""The chat API and the citizen's socket: the contract, and what must never get lost."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSServerHandshakeError
from gateway_helpers import Client, Connect, SmallConversations

from base.clock import ManualClock
from gateway.core import Core


async def say(client: Client, text: str, **more: Any) -> tuple[int, dict[str, Any]]:
    response = await client.post("/api/v1/chat", json={"text": text, **more})
    return response.status, await response.json()


async def test_a_message_gets_exactly_the_contracts_object(client: Client) -> None:
    status, body = await say(client, "居住证怎么办", conversation_id=None, channel="api", client_message_id="m1")
    assert status == 200
    assert set(body) == {"conversation_id", "replies", "asking", "outcome", "orders"}
    assert body["replies"][0]["text"] == "您说的是：居住证怎么办"
    assert set(body["replies"][0]) == {"text", "citations"}
    assert set(body["replies"][0]["citations"][0]) == {"title", "source", "clause", "effective_from", "url"}
    assert (body["asking"], body["outcome"], body["orders"]) == ("detail", None, [])
    again, more = await say(client, "还有呢", conversation_id=body["conversation_id"])
    assert (again, more["conversation_id"]) == (200, body["conversation_id"])


async def test_the_same_message_again_is_answered_from_the_store(client: Client, small: SmallConversations) -> None:
    first = await asyncio.gather(*(say(client, "路灯坏了", client_message_id="same") for _ in range(4)))
    assert len({body["conversation_id"] for _, body in first}) == 1
    conversation = first[0][1]["conversation_id"]
    await say(client, "路灯坏了", conversation_id=conversation, client_message_id="same")
    assert len(small.said) == 1


async def test_an_unknown_conversation_is_told_so(client: Client, small: SmallConversations) -> None:
    status, body = await say(client, "你好", conversation_id="01NOSUCHCONVERSATION")
    assert (status, body["error"]["code"]) == (404, "unknown_conversation")
    assert small.said == []


async def test_while_starting_the_chat_says_so(connect: Connect, core: Core) -> None:
    client = await connect()
    status, body = await say(client, "你好")
    assert (status, body["error"]["code"]) == (503, "starting")
    assert (await client.get("/healthz")).status == 200
    assert (await client.get("/readyz")).status == 503
    with pytest.raises(WSServerHandshakeError):
        await client.ws_connect("/ws/chat")


async def test_too_many_messages_in_one_conversation_wait(client: Client, core: Core, clock: ManualClock) -> None:
    _, body = await say(client, "你好")
    known = body["conversation_id"]
    seen = [(await say(client, "你好", conversation_id=known))[0] for _ in range(61)]
    assert seen.count(200) == 60 and seen[-1] == 429
    clock.advance(2)
    assert (await say(client, "你好", conversation_id=known))[0] == 200


async def hello(client: Client, conversation_id: str | None = None, after_seq: int = 0) -> ClientWebSocketResponse:
    socket = await client.ws_connect("/ws/chat")
    await socket.send_json({"type": "hello", "conversation_id": conversation_id, "after_seq": after_seq})
    return socket


async def test_the_socket_welcomes_answers_and_pushes_what_a_seat_types(
    client: Client, small: SmallConversations
) -> None:
    socket = await hello(client)
    welcome = await socket.receive_json(timeout=5)
    assert welcome["type"] == "welcome" and welcome["status"] == "open" and welcome["message_limit"] == 1_000
    known = welcome["conversation_id"]
    assert [turn["text"] for turn in welcome["transcript"]] == ["您好，我是智能助手。"]
    await socket.send_json({"type": "message", "text": "人工", "client_message_id": "m1"})
    messages = [await socket.receive_json(timeout=5) for _ in range(2)]
    reply = next(message for message in messages if message["type"] == "reply")
    assert {"type": "status", "status": "waiting", "outcome": None} in messages
    assert (reply["in_reply_to"], reply["seq"], reply["status"]) == ("m1", 3, "waiting")
    assert await small.claim(known, "s1")
    assert (await socket.receive_json(timeout=5))["status"] == "with_seat"
    await small.seat_message(known, "s1", "您好，我是坐席")
    pushed = await socket.receive_json(timeout=5)
    assert pushed["type"] == "turn" and pushed["turn"]["text"] == "您好，我是坐席" and pushed["turn"]["seq"] == 4
    await socket.close()


async def test_nothing_is_lost_when_the_line_drops(client: Client, small: SmallConversations) -> None:
    socket = await hello(client)
    known = (await socket.receive_json(timeout=5))["conversation_id"]
    small.delay = 0.05
    await socket.send_json({"type": "message", "text": "人工", "client_message_id": "m1"})
    assert socket._response.connection is not None
    await asyncio.sleep(0.02)
    socket._response.connection.close()  # the line drops before the answer
    await asyncio.sleep(0.3)
    small.delay = 0.0
    await small.claim(known, "s1")
    await small.seat_message(known, "s1", "在的")
    again = await hello(client, known, after_seq=1)
    welcome = await again.receive_json(timeout=5)
    assert [(turn["seq"], turn["role"]) for turn in welcome["transcript"]] == [
        (2, "citizen"),
        (3, "bot"),
        (4, "seat"),
    ]
    assert welcome["transcript"][0]["client_message_id"] == "m1"
    assert welcome["status"] == "with_seat"
    await again.send_json({"type": "message", "text": "人工", "client_message_id": "m1"})
    reply = await again.receive_json(timeout=5)
    assert (reply["type"], reply["in_reply_to"]) == ("reply", "m1")
    assert len(small.said) == 1
    await again.close()


async def test_a_socket_that_goes_leaves_nothing_behind(client: Client, small: SmallConversations, core: Core) -> None:
    for _ in range(10):
        socket = await hello(client)
        await socket.receive_json(timeout=5)
        await socket.close()
    await asyncio.sleep(0.05)
    assert small.subscriptions == [] and core._tasks == set()


async def test_a_foreign_page_may_not_use_the_socket(client: Client) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/ws/chat", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403
    own = f"http://{client.host}:{client.port}"
    socket = await client.ws_connect("/ws/chat", headers={"Origin": own})
    await socket.close()
    assert (await client.get("/ws/chat")).status == 426


async def test_an_unknown_conversation_on_the_socket_can_begin_anew(client: Client) -> None:
    socket = await hello(client, "01NOSUCHCONVERSATION")
    refused = await socket.receive_json(timeout=5)
    assert (refused["type"], refused["code"]) == ("error", "unknown_conversation")
    await socket.send_json({"type": "hello", "conversation_id": None, "after_seq": 0})
    assert (await socket.receive_json(timeout=5))["type"] == "welcome"
    await socket.close()


async def test_a_failing_turn_is_told_and_the_socket_lives_on(client: Client, small: SmallConversations) -> None:
    socket = await hello(client)
    await socket.receive_json(timeout=5)
    small.failure = RuntimeError("secret 13900001234")
    await socket.send_json({"type": "message", "text": "你好", "client_message_id": "m1"})
    refused = await socket.receive_json(timeout=5)
    assert (refused["code"], refused["client_message_id"]) == ("internal", "m1")
    assert "1390" not in str(refused)
    small.failure = None
    await socket.send_json({"type": "message", "text": "你好", "client_message_id": "m1"})
    assert (await socket.receive_json(timeout=5))["type"] == "reply"
    await socket.close()


async def test_one_address_cannot_hold_every_socket(client: Client, core: Core) -> None:
    core.settings.web.sockets_of_one_address = 2
    first, second = await hello(client), await hello(client)
    with pytest.raises(WSServerHandshakeError) as refused:
        await client.ws_connect("/ws/chat")
    assert refused.value.status == 429
    await first.close()
    await asyncio.sleep(0.05)
    third = await hello(client)
    assert (await third.receive_json(timeout=5))["type"] == "welcome"
    for socket in (second, third):
        await socket.close()
