"""Two nodes, one database: one conversation goes on at either, in one order, and every page shows every turn."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from cluster_helpers import WAIT_SECONDS, eventually
from cluster_nodes import TestNode
from gateway_helpers import Client, origin
from redis_server import RedisServer
from sqlalchemy import func, select
from test_gateway_seat_audio import Phone

from gateway.desk import DESK
from gateway.internal import ensure_token
from storage.tables import Conversation, Turn


async def say(client: Client, text: str, conversation_id: str | None, message_id: str | None = None) -> dict[str, Any]:
    body = {"conversation_id": conversation_id, "text": text, "channel": "web", "client_message_id": message_id}
    response = await client.post("/api/v1/chat", json=body)
    answer: dict[str, Any] = await response.json()
    assert response.status == 200 and answer["replies"], answer
    return answer


async def next_of(socket: ClientWebSocketResponse, kind: str, **wanted: Any) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            message: dict[str, Any] = await socket.receive_json()
            if message["type"] == kind and all(message.get(key) == value for key, value in wanted.items()):
                return message


async def test_a_chat_goes_on_at_the_other_node_where_it_was(nodes: list[TestNode]) -> None:
    here, there = [await node.client() for node in nodes]
    first = await say(here, "我要投诉楼下的烧烤店噪声扰民", None)
    known, asking = first["conversation_id"], first["asking"]
    second = await say(there, "晚上十点以后还在放音乐，吵得睡不着", known)
    assert second["conversation_id"] == known and second["asking"] not in (None, asking)
    third = await say(here, "海淀区中关村街道知春路48号楼下", known)
    turns = await nodes[1].conversations.transcript(known)
    assert [turn.seq for turn in turns] == list(range(1, len(turns) + 1))
    assert [turn.text for turn in turns if turn.role == "citizen"] == [
        "我要投诉楼下的烧烤店噪声扰民", "晚上十点以后还在放音乐，吵得睡不着", "海淀区中关村街道知春路48号楼下",
    ]  # fmt: skip
    assert third["asking"] not in (None, second["asking"])


async def test_turns_at_two_nodes_at_the_same_moment_happen_one_after_another(nodes: list[TestNode]) -> None:
    clients = [await node.client() for node in nodes]
    known = (await say(clients[0], "你好", None))["conversation_id"]
    words = [f"第{number}句话" for number in range(12)]
    await asyncio.gather(*(say(clients[number % 2], text, known, text) for number, text in enumerate(words)))
    again = await asyncio.gather(
        *(say(clients[(number + 1) % 2], text, known, text) for number, text in enumerate(words))
    )
    turns = await nodes[0].conversations.transcript(known)
    assert [turn.seq for turn in turns] == list(range(1, len(turns) + 1))
    said = [turn.text for turn in turns if turn.role == "citizen"]
    assert sorted(said) == sorted(["你好", *words])
    texts = {turn.text for turn in turns if turn.role == "bot"}
    assert all(reply["text"] in texts for answer in again for reply in answer["replies"])


async def test_the_same_first_message_to_both_nodes_begins_one_conversation(nodes: list[TestNode]) -> None:
    clients = [await node.client() for node in nodes]
    answers = await asyncio.gather(*(say(client, "我要投诉噪声", None, "first-1") for client in clients * 2))
    answers.append(await say(clients[1], "我要投诉噪声", None, "first-1"))
    assert len({answer["conversation_id"] for answer in answers}) == 1
    async with nodes[0].core.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Conversation))).scalar_one() == 1
        citizens = select(func.count()).select_from(Turn).where(Turn.role == "citizen")
        assert (await session.execute(citizens)).scalar_one() == 1


async def hand_over(nodes: list[TestNode]) -> tuple[ClientWebSocketResponse, ClientWebSocketResponse, str, str]:
    """A citizen's page at the first node, and a seat's at the second who has taken the conversation."""
    citizen_client = await nodes[0].client()
    seat_client, seat_id = await nodes[1].seat("seat1")
    seat = await seat_client.ws_connect("/ws/seat", headers=origin(seat_client))
    await next_of(seat, "hello")
    citizen = await citizen_client.ws_connect("/ws/chat", headers=origin(citizen_client))
    await citizen.send_json({"type": "hello", "conversation_id": None, "after_seq": 0})
    known = (await next_of(citizen, "welcome"))["conversation_id"]
    await citizen.send_json({"type": "message", "text": "我要人工", "client_message_id": "m1"})
    await next_of(citizen, "reply", in_reply_to="m1")
    while not any(card["conversation_id"] == known for card in (await next_of(seat, "queue"))["queue"]):
        pass
    await seat.send_json({"type": "claim", "conversation_id": known})
    await next_of(seat, "claimed", conversation_id=known)
    await seat.send_json({"type": "watch", "conversation_id": known})
    await next_of(seat, "conversation", conversation_id=known)
    await next_of(citizen, "status", status="with_seat")
    return citizen, seat, known, seat_id


async def talk(citizen: ClientWebSocketResponse, seat: ClientWebSocketResponse, known: str, count: int) -> None:
    """Seat and citizen in turn; each sees each word of the other once and in order."""
    for number in range(count):
        await seat.send_json(
            {
                "type": "say",
                "conversation_id": known,
                "text": f"坐席{number}",
                "client_message_id": f"s{number}-{known}",
            }
        )
        heard = await next_of(citizen, "turn")
        while heard["turn"]["role"] != "seat":
            heard = await next_of(citizen, "turn")
        assert heard["turn"]["text"] == f"坐席{number}"
        await citizen.send_json({"type": "message", "text": f"市民{number}", "client_message_id": f"c{number}-{known}"})
        seen = await next_of(seat, "turn", conversation_id=known)
        while seen["turn"]["role"] != "citizen":
            seen = await next_of(seat, "turn", conversation_id=known)
        assert seen["turn"]["text"] == f"市民{number}"


async def test_a_seat_at_one_node_serves_a_citizen_at_the_other(nodes: list[TestNode]) -> None:
    citizen, seat, known, _ = await hand_over(nodes)
    await talk(citizen, seat, known, 5)
    await seat.send_json({"type": "finish", "conversation_id": known, "disposition": "answered"})
    await next_of(citizen, "status", status="ended")


async def test_without_redis_both_go_on_and_no_word_is_lost(nodes: list[TestNode], redis_server: RedisServer) -> None:
    citizen, seat, known, _ = await hand_over(nodes)
    redis_server.kill()
    await eventually(lambda: not any(node.core.node.bus.connected for node in nodes))
    await talk(citizen, seat, known, 3)
    redis_server.start()
    await eventually(lambda: all(node.core.node.bus.connected for node in nodes))
    await seat.send_json({"type": "finish", "conversation_id": known, "disposition": "answered"})
    await next_of(citizen, "status", status="ended")


@pytest.mark.parametrize("nodes", [0.5], indirect=True)
async def test_with_redis_cut_off_both_go_on_and_no_word_is_lost(
    nodes: list[TestNode], redis_server: RedisServer
) -> None:
    citizen, seat, known, _ = await hand_over(nodes)
    redis_server.freeze()
    try:
        await eventually(lambda: not any(node.core.node.bus.connected for node in nodes))
        await talk(citizen, seat, known, 3)
    finally:
        redis_server.thaw()
    await eventually(lambda: all(node.core.node.bus.connected for node in nodes))
    await seat.send_json({"type": "finish", "conversation_id": known, "disposition": "answered"})
    await next_of(citizen, "status", status="ended")


@pytest.mark.long
async def test_a_seat_whose_node_is_another_is_not_taken_for_absent(nodes: list[TestNode]) -> None:
    _, seat, known, seat_id = await hand_over(nodes)
    desk = nodes[0].server.app[DESK]
    await eventually(lambda: seat_id in desk.present())
    assert await desk.give_back_of_absent() == 0
    held = await nodes[0].conversations.held(seat_id)
    assert [card["conversation_id"] for card in held] == [known]
    await seat.send_json({"type": "ping"})
    await next_of(seat, "pong")


async def test_a_seat_at_one_node_talks_in_a_call_at_the_other(nodes: list[TestNode]) -> None:
    here, there = nodes
    at_the_core = await here.client()
    token = {"Authorization": f"Bearer {ensure_token(here.settings)}"}
    phone = Phone(await at_the_core.ws_connect("/internal/phone", headers=token))
    known = await phone.call()
    turn = {"turn_id": "t1", "kind": "speech", "text": "我要人工", "confidence": 0.9, "unplayed": "", "meta": {}}
    await phone.socket.send_json({"type": "turn", "call_id": "call-1", **turn})
    seat_client, seat_id = await there.seat("ann")
    _, colleague_id = await there.seat("ben")
    seat = await seat_client.ws_connect("/ws/seat", headers=origin(seat_client))
    await next_of(seat, "hello")

    async def waits() -> bool:
        return any(card["conversation_id"] == known for card in await there.conversations.waiting())

    await eventually(waits)
    await eventually(lambda: there.core.node.bus.connected and here.core.node.bus.connected)
    await seat.send_json({"type": "claim", "conversation_id": known})
    await next_of(seat, "claimed", conversation_id=known)
    await seat.send_json({"type": "watch", "conversation_id": known})
    await next_of(seat, "legs", on_phone=True)
    ask = {"type": "audio", "conversation_id": known}
    await seat.send_json({**ask, "action": "connect"})
    await eventually(lambda: len(phone.orders) == 1)
    order = phone.orders[0]
    assert (order["role"], order["via"]) == ("seat", "browser")
    leg = {"leg_id": order["leg_id"], "role": "seat", "via": "browser"}
    await phone.tell("leg", **leg, state="expected", ticket="t" * 43, port=8346)
    assert (await next_of(seat, "audio", state="expected"))["address"]["ticket"] == "t" * 43
    await phone.tell("leg", **leg, state="joined")
    assert (await next_of(seat, "audio", state="joined"))["leg_id"] == order["leg_id"]
    await seat.send_json({**ask, "action": "mute"})
    await eventually(lambda: any(control.get("muted") for control in phone.controls))
    await seat.send_json({**ask, "action": "invite", "seat_id": colleague_id})
    assert (await next_of(seat, "error"))["code"] == "seat_absent"
    words = {"text": "您好，我是坐席。", "client_message_id": "s1"}
    await seat.send_json({"type": "say", "conversation_id": known, **words})
    await eventually(lambda: any(said["text"] == "您好，我是坐席。" for told in phone.said for said in told["say"]))
    assert [card["conversation_id"] for card in await here.conversations.held(seat_id)] == [known]
    await phone.close()
