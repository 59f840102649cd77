"""Voices at the desk: tickets, permissions, three-way calls, leaders, passing on; what of it stands in the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until

from gateway.core import Core
from gateway.internal import ensure_token


class Phone:
    """The phone's end of the link: answers orders for legs as the real one does."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.orders: list[dict[str, Any]] = []
        self.controls: list[dict[str, Any]] = []
        self.said: list[dict[str, Any]] = []
        self.noted: list[str] = []
        self.conversation_id = ""
        self._opened = asyncio.Event()
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for message in self.socket:
            data = message.json()
            match data["type"]:
                case "opened":
                    self.conversation_id = data["conversation_id"]
                    self._opened.set()
                case "leg_order":
                    self.orders.append(data)
                case "leg_control":
                    self.controls.append(data)
                case "say":
                    self.said.append(data)
                case "noted":
                    self.noted.append(data["heard_id"])
            self._news.set()

    async def call(self) -> str:
        await self.socket.send_json({"type": "call_started", "call_id": "call-1", "caller": None, "leg": "sip"})
        await asyncio.wait_for(self._opened.wait(), 5)
        return self.conversation_id

    async def tell(self, kind: str, **fields: Any) -> None:
        await self.socket.send_json({"type": kind, "call_id": "call-1", **fields})

    async def until(self, found: Any) -> Any:
        """The value of `found()` as soon as it is one."""
        async with asyncio.timeout(5):
            while not (value := found()):
                self._news.clear()
                await self._news.wait()
        return value

    async def order(self, number: int) -> dict[str, Any]:
        await self.until(lambda: len(self.orders) > number)
        return self.orders[number]

    async def joined(self, order: dict[str, Any]) -> None:
        await self.tell("leg", leg_id=order["leg_id"], state="joined", role=order["role"], via=order["via"])

    async def close(self) -> None:
        await self.socket.close()
        await self._task


@pytest.fixture
async def phone(client: Client, core: Core, small: SmallConversations) -> AsyncIterator[Phone]:
    headers = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    phone = Phone(await client.ws_connect("/internal/phone", headers=headers))
    yield phone
    await phone.close()


async def a_desk(connect: Connect, core: Core, name: str, role: str = "seat") -> tuple[ClientWebSocketResponse, str]:
    client, seat_id = await login(connect, core, name, role)
    socket = await client.ws_connect("/ws/seat", headers=origin(client))
    await until(socket, "hello")
    return socket, seat_id


async def ask(socket: ClientWebSocketResponse, conversation_id: str, action: str, **fields: Any) -> None:
    await socket.send_json({"type": "audio", "conversation_id": conversation_id, "action": action, **fields})


async def a_held_call(phone: Phone, small: SmallConversations, seat_id: str) -> str:
    known = await phone.call()
    small._become(known, "waiting")
    assert await small.claim(known, seat_id)
    return known


async def test_a_seat_who_holds_the_call_gets_a_ticket_and_directs_it(
    connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    desk, seat_id = await a_desk(connect, core, "ann")
    known = await a_held_call(phone, small, seat_id)
    await desk.send_json({"type": "watch", "conversation_id": known})
    assert (await until(desk, "legs"))["on_phone"] is True
    await ask(desk, known, "connect")
    order = await phone.order(0)
    assert (order["role"], order["via"]) == ("seat", "browser")
    await phone.tell(
        "leg", leg_id=order["leg_id"], state="expected", role="seat", via="browser", ticket="t" * 43, port=8346
    )
    expected = await until(desk, "audio", state="expected")
    assert expected["address"] == {"url": "", "port": 8346, "tls": False, "ticket": "t" * 43}
    await phone.joined(order)
    legs = await until(desk, "legs")
    while not legs["legs"] or legs["legs"][0]["state"] != "joined":
        legs = await until(desk, "legs")
    assert legs["legs"][0]["name"] == "坐席ann"
    assert ("joined", "坐席ann") in small.people

    await ask(desk, known, "hold")
    await ask(desk, known, "mute")
    await ask(desk, known, "invite", sip_uri="sip:7001@pbx")
    third = await phone.order(1)
    assert (third["role"], third["via"], third["sip_uri"]) == ("third", "sip", "sip:7001@pbx")
    await phone.until(lambda: len(phone.controls) == 2)
    assert [(c["leg_id"], c.get("held"), c.get("muted")) for c in phone.controls] == [
        ("caller", True, None),
        (order["leg_id"], None, True),
    ]
    await phone.tell("leg", leg_id="caller", state="changed", role="caller", held=True)
    assert (await until(desk, "legs", caller={"muted": False, "held": True}))["on_phone"]
    await phone.tell("leg", leg_id=third["leg_id"], state="failed", role="third", via="sip")
    assert (await until(desk, "audio", state="failed"))["message"] == "没有接通。"
    await ask(desk, known, "remove", leg_id=third["leg_id"])
    assert (await until(desk, "error"))["code"] == "no_leg"

    await small.finish(known, seat_id, "answered")
    await phone.until(lambda: any(control.get("drop") for control in phone.controls))
    assert phone.said[-1]["hang_up"] is True, "the seat leaves, the caller hears the goodbye"


async def test_others_keep_out_and_leaders_listen_whisper_and_join(
    connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    _, ann = await a_desk(connect, core, "ann")
    other, _ = await a_desk(connect, core, "ben")
    leader, _ = await a_desk(connect, core, "lea", "leader")
    known = await a_held_call(phone, small, ann)
    for action in ("connect", "listen", "whisper", "join", "hold", "invite", "pass_on"):
        await ask(other, known, action, sip_uri="sip:1@x", seat_id=ann)
        assert (await until(other, "error"))["code"] in ("forbidden", "no_leg"), action
    await ask(other, "01UNKNOWN", "connect")
    assert (await until(other, "error"))["code"] == "no_call"
    assert not phone.orders and not phone.controls

    await ask(leader, known, "listen")
    order = await phone.order(0)
    assert order["role"] == "listener"
    await phone.joined(order)
    await until(leader, "audio", state="joined")
    await ask(leader, known, "hold")
    assert (await until(leader, "error"))["code"] == "forbidden"
    await ask(leader, known, "whisper")
    await ask(leader, known, "join")
    await phone.until(lambda: len(phone.controls) == 2)
    assert [control["role"] for control in phone.controls] == ["whisperer", "third"]
    assert small.people == [], "who only listens does not stand in the record"


async def test_a_colleague_is_invited_and_the_call_is_passed_on(
    connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    desk, ann = await a_desk(connect, core, "ann")
    other, ben = await a_desk(connect, core, "ben")
    known = await a_held_call(phone, small, ann)
    await ask(desk, known, "colleagues")
    assert [seat["id"] for seat in (await until(desk, "colleagues"))["seats"]] == [ben]
    await ask(desk, known, "invite", seat_id=ben)
    assert (await until(other, "invited"))["conversation_id"] == known
    await other.send_json({"type": "watch", "conversation_id": known})
    await until(other, "legs")
    await ask(other, known, "join")
    assert (await phone.order(0))["role"] == "third"

    await ask(desk, known, "connect")
    mine = await phone.order(1)
    await phone.joined(mine)
    await until(desk, "audio", state="joined")
    await ask(desk, known, "pass_on", seat_id="nobody")
    assert (await until(desk, "error"))["code"] == "seat_absent"
    await ask(desk, known, "pass_on", seat_id=ben)
    await until(other, "passed_on")
    assert small.seat[known] == ben
    await phone.until(lambda: [c for c in phone.controls if c["leg_id"] == mine["leg_id"] and c.get("drop")])
    await ask(other, known, "connect")
    assert (await phone.order(2))["role"] == "seat"
    await ask(desk, known, "hold")
    assert (await until(desk, "error"))["code"] == "forbidden"


async def test_somebody_whom_the_phone_dialled_and_what_was_said(
    connect: Connect, core: Core, small: SmallConversations, phone: Phone
) -> None:
    desk, _ = await a_desk(connect, core, "ann")
    known = await phone.call()
    small._become(known, "waiting")
    await phone.tell("leg", leg_id="l9", state="ringing", role="seat", via="sip")
    await phone.tell("leg", leg_id="l9", state="joined", role="seat", via="sip")
    for number, side in enumerate(("citizen", "seat", "third")):
        await phone.tell("heard", heard_id=f"h{number}", side=side, text=f"第{number}句", confidence=0.9)
    await phone.until(lambda: len(phone.noted) == 3)
    assert [(turn.role, turn.text) for turn in small.turns[known][-3:]] == [
        ("citizen", "第0句"),
        ("seat", "第1句"),
        ("seat", "第2句"),
    ]
    await phone.tell("leg", leg_id="l9", state="left", role="seat", via="sip", reason="caller_hung_up")
    await phone.until(lambda: [say for say in phone.said if say["line"] == "bot"])
    assert small.people == [("joined", "人工电话"), ("left", "人工电话")]

    # The last words are recognised when the call is over.
    await phone.tell("call_ended", reason="caller_hung_up", recording=None)
    await phone.tell("heard", heard_id="h9", side="citizen", text="再见")
    await phone.until(lambda: "h9" in phone.noted)
    assert small.turns[known][-1].text == "再见"
    await ask(desk, known, "connect")
    assert (await until(desk, "error"))["code"] == "no_call"


async def test_the_workbench_may_reach_the_phone_and_nothing_else(client: Client, core: Core) -> None:
    async def allowed(path: str) -> str:
        policy = (await client.get(path)).headers["Content-Security-Policy"]
        return next(part for part in policy.split("; ") if part.startswith("connect-src"))

    assert await allowed("/seat") == "connect-src 'self' ws://127.0.0.1:8346"
    assert await allowed("/") == "connect-src 'self'"
    core.settings.telephony.seat_audio_url = "wss://audio.example.cn/node-1"
    assert await allowed("/seat") == "connect-src 'self' wss://audio.example.cn"
    core.settings.telephony.seat_audio_url = ""
    core.settings.telephony.seat_audio_port = None
    assert await allowed("/seat") == "connect-src 'self'"
