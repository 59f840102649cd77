"""The leader's wall over its socket: who may see it, what it shows, reading along, listening in, reassigning."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from gateway_helpers import Connect, SmallConversations, login, origin
from structlog.testing import capture_logs
from test_gateway_seat_audio import Phone, a_held_call
from test_gateway_seat_audio import phone as phone

from base.clock import ManualClock
from conversations.messages import CitizenTurn
from gateway.core import Core
from gateway.desk import DESK


async def until(socket: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next message of this kind, however busy the machine is."""
    while True:
        message: dict[str, Any] = await socket.receive_json(timeout=60)
        if message["type"] == kind:
            return message


async def wall(connect: Connect, core: Core, name: str = "lee", role: str = "leader") -> ClientWebSocketResponse:
    client, _ = await login(connect, core, name, role)
    socket = await client.ws_connect("/ws/leader", headers=origin(client))
    await until(socket, "hello")
    return socket


async def at_desk(connect: Connect, core: Core, name: str) -> tuple[ClientWebSocketResponse, str]:
    client, seat_id = await login(connect, core, name)
    socket = await client.ws_connect("/ws/seat", headers=origin(client))
    await until(socket, "hello")
    return socket, seat_id


async def a_waiting_citizen(small: SmallConversations, channel: Any = "web") -> str:
    known = (await small.open(channel)).conversation_id
    await small.citizen_turn(known, CitizenTurn("人工", channel))
    return known


async def board(socket: ClientWebSocketResponse, **wanted: Any) -> dict[str, Any]:
    """The next picture in which everything wanted is so."""
    while True:
        shown: dict[str, Any] = (await until(socket, "board"))["board"]
        if all(condition(shown) for condition in wanted.values()):
            return shown


@pytest.mark.parametrize("role", ["seat", "dispatcher", "visitor", "unit", "editor", "reviewer", "analyst", None])
async def test_the_wall_is_for_leaders(
    connect: Connect, core: Core, small: SmallConversations, role: str | None
) -> None:
    client = await connect()
    if role is not None:
        unit = {"unit": "某局"} if role == "unit" else {}
        await core.seats.add("ann", "a-long-password", role=role, **unit)
        body = {"login": "ann", "password": "a-long-password"}
        await client.post("/api/v1/seat/login", json=body, headers=origin(client))
    socket = await client.ws_connect("/ws/leader", headers=origin(client))
    message = await socket.receive(timeout=60)
    assert message.type is WSMsgType.CLOSE and socket.close_code == 4401


async def test_it_shows_who_waits_and_who_works_and_makes_nobody_present(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    leader = await wall(connect, core, role="admin")
    seat, seat_id = await at_desk(connect, core, "ann")
    known = await a_waiting_citizen(small)
    client = await connect()
    desk = client.server.app[DESK]  # type: ignore[attr-defined]
    clock.advance(16)  # accounts are read again
    await desk.refresh()
    shown = await board(leader, queue=lambda one: one["queues"], seats=lambda one: one["seats"])
    assert [card["conversation_id"] for card in shown["conversations"]] == [known]
    assert shown["queues"][0]["waiting"] == 1 and shown["queues"][0]["skill"] == "不限"
    (row,) = shown["seats"]
    assert (row["seat_id"], row["state"], row["chats"]) == (seat_id, "available", 0)
    assert [alarm["kind"] for alarm in shown["alarms"]] == ["phone"]
    assert shown["day"]["contacts"] == 1 and shown["service_seconds"] == 15
    assert set(desk.present()) == {seat_id}, "a leader at the wall is offered nothing"
    await seat.close()


async def test_a_leader_reads_along_and_every_look_is_a_line_in_the_log(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    known = await a_waiting_citizen(small)
    leader = await wall(connect, core)
    with capture_logs() as lines:
        await leader.send_json({"type": "watch", "conversation_id": known})
        opened = await until(leader, "conversation")
    assert [turn["text"] for turn in opened["transcript"]][1] == "人工"
    assert [line["conversation_id"] for line in lines if line["event"] == "a leader reads a conversation"] == [known]
    assert (await until(leader, "legs"))["on_phone"] is False
    await small.citizen_turn(known, CitizenTurn("还在吗", "web"))
    assert (await until(leader, "turn"))["turn"]["text"] == "还在吗"
    await leader.send_json({"type": "audio", "conversation_id": known, "action": "listen"})
    assert (await until(leader, "error"))["code"] == "no_call"
    await leader.send_json({"type": "audio", "conversation_id": known, "action": "hold"})
    assert (await until(leader, "error"))["code"] == "unknown_type"
    await leader.send_json({"type": "watch", "conversation_id": "c_nothing"})
    assert (await until(leader, "error"))["code"] == "unknown_conversation"


async def test_a_conversation_goes_from_the_queue_to_a_seat_to_another_and_back(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    ann, ann_id = await at_desk(connect, core, "ann")
    bob, bob_id = await at_desk(connect, core, "bob")
    known = await a_waiting_citizen(small)
    leader = await wall(connect, core)

    async def move(to: str, held_by: str, *, wanted: str = "reassigned") -> dict[str, Any]:
        await leader.send_json({"type": "reassign", "conversation_id": known, "to_seat_id": to, "held_by": held_by})
        return await until(leader, wanted)

    with capture_logs() as lines:
        await move(ann_id, "")
        assert small.seat[known] == ann_id
        assert (await until(ann, "passed_on"))["conversation_id"] == known
        await move(bob_id, ann_id)
        assert "转给坐席bob" in (await until(ann, "taken_away"))["message"]
        await until(bob, "passed_on")
        assert (await move(ann_id, ann_id, wanted="error"))["code"] == "conflict"  # bob has it now
        await move("", bob_id)
    assert small.status[known] == "waiting" and small.seat[known] is None
    await until(bob, "taken_away")
    entries = await core.audit.entries(action="conversation.reassigned", subject=known)
    assert [entry.detail["to"] for entry in reversed(entries)] == [ann_id, bob_id, ""]
    told = [
        (line["from_seat_id"], line["to_seat_id"]) for line in lines if line["event"] == "a conversation was reassigned"
    ]
    assert told == [(None, ann_id), (ann_id, bob_id), (bob_id, None)]


async def test_nobody_is_given_more_than_they_can_serve_or_while_they_are_away(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    _ann, ann_id = await at_desk(connect, core, "ann")
    leader = await wall(connect, core)
    absent = await core.seats.add("cyn", "a-long-password")
    editor = await core.seats.add("edi", "a-long-password", role="editor")
    for _ in range(core.settings.seats.capacity):
        small.seat[taken := await a_waiting_citizen(small)] = None
        assert await small.claim(taken, ann_id)
    known = await a_waiting_citizen(small)
    for seat_id, code in (
        (absent.id, "seat_absent"),
        (editor.id, "seat_absent"),
        ("s_none", "seat_absent"),
        (ann_id, "seat_full"),
    ):
        await leader.send_json({"type": "reassign", "conversation_id": known, "to_seat_id": seat_id, "held_by": ""})
        assert (await until(leader, "error"))["code"] == code
    assert small.status[known] == "waiting"


async def test_a_leader_comes_into_a_call_from_the_wall_and_gives_it_away(
    connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    ann, ann_id = await at_desk(connect, core, "ann")
    _bob, bob_id = await at_desk(connect, core, "bob")
    known = await a_held_call(phone, small, ann_id)
    leader = await wall(connect, core)

    async def audio(socket: ClientWebSocketResponse, action: str) -> None:
        await socket.send_json({"type": "audio", "conversation_id": known, "action": action})

    await audio(ann, "connect")
    seat_leg = await phone.order(0)
    await phone.joined(seat_leg)
    await leader.send_json({"type": "watch", "conversation_id": known})
    assert (await until(leader, "legs"))["on_phone"] is True
    await audio(leader, "listen")
    own = await phone.order(1)
    assert own["role"] == "listener"
    await phone.joined(own)
    while (await until(leader, "audio"))["state"] != "joined":
        pass
    await audio(leader, "whisper")
    await audio(leader, "join")
    await phone.until(lambda: len(phone.controls) == 2)
    assert [control["role"] for control in phone.controls] == ["whisperer", "third"]
    entries = await core.audit.entries(action="conversation.listened", subject=known)
    assert [entry.detail["how"] for entry in reversed(entries)] == ["listen", "whisper", "join"]

    move = {"type": "reassign", "conversation_id": known, "to_seat_id": bob_id, "held_by": ann_id}
    await leader.send_json(move)
    await until(leader, "reassigned")
    await phone.until(lambda: len(phone.controls) == 3)
    assert (phone.controls[2]["leg_id"], phone.controls[2]["drop"]) == (seat_leg["leg_id"], True)
    await until(ann, "taken_away")
    assert small.seat[known] == bob_id
