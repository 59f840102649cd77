"""The desk: login, the live queue, claims, words, finishing, and what happens when a seat goes away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until

from base.clock import ManualClock
from base.ids import new_id
from bot.state import Matter, State
from conversations.messages import CitizenTurn
from gateway.app import build_app
from gateway.channels.registry import add as add_channel
from gateway.core import Core, settle
from gateway.desk import DESK, Desk
from storage.tables import CallbackTask, Conversation
from workorders.model import Assignment

ASSIGNMENT = Assignment("海淀区政府", "直派", (), "ordinary", 168, "按属地")


@pytest.fixture(autouse=True)
def assigned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workorders.dispatch.assign", lambda draft, duties, urgency: ASSIGNMENT)


@pytest.fixture
async def desk(connect: Connect, core: Core, small: SmallConversations) -> AsyncIterator[Desk]:
    """The desk of the server that `connect` talks to, with its background work."""
    client = await connect()
    app = client.server.app  # type: ignore[attr-defined]
    desk: Desk = app[DESK]
    tasks = [core.spawn(work, "desk") for work in (desk.listen(), desk.push())]
    yield desk
    core.stop()
    desk.changed()
    for subscription in list(small.subscriptions):
        subscription.close()
    await settle(*tasks)


async def a_waiting_citizen(small: SmallConversations) -> str:
    known = (await small.open("web")).conversation_id
    await small.citizen_turn(known, CitizenTurn("路灯坏了", "web"))
    await small.citizen_turn(known, CitizenTurn("人工", "web"))
    return known


async def open_desk(client: Client) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
    socket = await client.ws_connect("/ws/seat", headers=origin(client))
    return socket, await until(socket, "hello")


async def test_login_gives_a_cookie_that_scripts_and_strangers_cannot_use(
    connect: Connect, core: Core, small: SmallConversations
) -> None:
    await core.seats.add("ann", "a-long-password")
    await add_channel(core.database, "weibo", title="政务微博", url="", messages_a_minute=60, now=core.clock.now())
    client = await connect()
    body = {"login": "ann", "password": "a-long-password"}
    assert (await client.post("/api/v1/seat/login", json=body)).status == 403
    foreign = {"Origin": "https://evil.example"}
    assert (await client.post("/api/v1/seat/login", json=body, headers=foreign)).status == 403
    response = await client.post("/api/v1/seat/login", json=body, headers=origin(client))
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    me = await (await client.get("/api/v1/seat/me")).json()
    assert set(me) == {"id", "display_name", "role", "permissions", "channels"}
    assert me["channels"] == {"weibo": "政务微博"}
    assert (await client.post("/api/v1/seat/logout", json={}, headers=foreign)).status == 403
    assert (await client.post("/api/v1/seat/logout", json={}, headers=origin(client))).status == 200
    assert (await client.get("/api/v1/seat/me")).status == 401


async def test_guessing_passwords_is_slowed_and_tells_nothing(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    await core.seats.add("ann", "a-long-password")
    client = await connect()

    async def attempt(name: str, password: str) -> tuple[int, str]:
        response = await client.post(
            "/api/v1/seat/login", json={"login": name, "password": password}, headers=origin(client)
        )
        return response.status, (await response.json()).get("error", {}).get("message", "")

    assert await attempt("ann", "wrong-password") == await attempt("nobody", "wrong-password")
    await attempt("ann", "wrong-password")
    await attempt("ann", "wrong-password")
    assert (await attempt("ann", "a-long-password"))[0] == 429
    clock.advance(301)
    assert (await attempt("ann", "a-long-password"))[0] == 200


async def test_every_seat_route_needs_a_login(client: Client) -> None:
    for method, path in (
        ("GET", "/api/v1/seat/me"),
        ("GET", "/api/v1/seat/orders"),
        ("GET", "/api/v1/seat/orders/260105000017"),
        ("GET", "/api/v1/seat/callbacks"),
        ("POST", "/api/v1/seat/orders"),
        ("POST", "/api/v1/seat/orders/260105000017/events"),
        ("POST", "/api/v1/seat/callbacks/x"),
    ):
        response = await client.request(method, path, json={} if method == "POST" else None, headers=origin(client))
        assert response.status == 401, path
    socket = await client.ws_connect("/ws/seat", headers=origin(client))
    assert (await socket.receive(timeout=5)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
    assert socket.close_code == 4401
    with pytest.raises(WSServerHandshakeError):
        await client.ws_connect("/ws/seat", headers={"Origin": "https://evil.example"})


async def test_a_whole_hand_over(connect: Connect, core: Core, small: SmallConversations, desk: Desk) -> None:
    client, seat_id = await login(connect, core)
    socket, hello = await open_desk(client)
    assert hello["queue"] == [] and hello["mine"] == [] and hello["seat"]["id"] == seat_id
    known = await a_waiting_citizen(small)
    queue = await until(socket, "queue")
    while not queue["queue"]:  # one may be on its way that was made before the citizen came
        queue = await until(socket, "queue")
    assert [card["conversation_id"] for card in queue["queue"]] == [known]
    assert set(queue["queue"][0]) == {
        "conversation_id",
        "channel",
        "status",
        "waiting_since",
        "reason",
        "summary",
        "priority",
        "seat_id",
        "why",
        "needs",
        "overdue",
        "offered",
        "tags",
    }
    await socket.send_json({"type": "watch", "conversation_id": known})
    shown = await until(socket, "conversation")
    assert [turn["text"] for turn in shown["transcript"] if turn["role"] == "citizen"] == ["路灯坏了", "人工"]
    assert shown["snapshot"]["order"]["detail"] == {"value": "路灯不亮", "confidence": 0.9}
    await socket.send_json({"type": "claim", "conversation_id": known})
    await until(socket, "claimed", conversation_id=known)
    mine = await until(socket, "queue")
    while not mine["mine"]:
        mine = await until(socket, "queue")
    assert [card["conversation_id"] for card in mine["mine"]] == [known] and mine["queue"] == []
    say = {"type": "say", "conversation_id": known, "text": "您好，请讲", "client_message_id": "a1"}
    await socket.send_json(say)
    turn = (await until(socket, "turn"))["turn"]
    assert (turn["text"], turn["role"], turn["client_message_id"]) == ("您好，请讲", "seat", "a1")
    await socket.send_json(say)  # sent again after a reconnect: settled again, stored once
    await small.citizen_turn(known, CitizenTurn("在学院路", "web"))
    assert (await until(socket, "turn"))["turn"]["text"] == "在学院路"
    assert [turn.text for turn in small.turns[known] if turn.role == "seat"] == ["您好，请讲"]
    await socket.send_json({"type": "finish", "conversation_id": known, "disposition": "order_filed", "note": "已登记"})
    done = await until(socket, "queue")
    while done["mine"]:
        done = await until(socket, "queue")
    assert done["mine"] == [] and small.finished == [(known, seat_id, "order_filed")]
    await socket.close()


async def test_of_two_seats_that_claim_at_once_one_wins(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    known = await a_waiting_citizen(small)
    sockets = [(await open_desk((await login(connect, core, name))[0]))[0] for name in ("ann", "bob")]
    for socket in sockets:
        await socket.send_json({"type": "claim", "conversation_id": known})

    async def answer(socket: ClientWebSocketResponse) -> str:
        while (message := await socket.receive_json(timeout=5))["type"] not in ("claimed", "refused"):
            pass
        return str(message["type"])

    assert sorted(await asyncio.gather(*(answer(socket) for socket in sockets))) == ["claimed", "refused"]
    for socket in sockets:
        await socket.close()


async def test_a_seat_takes_no_more_than_it_can_hold(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    socket, _ = await open_desk((await login(connect, core))[0])
    for expected in ("claimed", "claimed", "claimed", "refused"):
        known = await a_waiting_citizen(small)
        await socket.send_json({"type": "claim", "conversation_id": known})
        await until(socket, expected)
    await socket.close()


async def test_what_an_absent_seat_holds_goes_back(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, clock: ManualClock
) -> None:
    known = await a_waiting_citizen(small)
    client, _seat_id = await login(connect, core)
    socket, _ = await open_desk(client)
    await socket.send_json({"type": "claim", "conversation_id": known})
    await until(socket, "claimed")
    await socket.send_json({"type": "draft", "conversation_id": known, "text": "请问是哪条"})
    await asyncio.sleep(0.05)
    await desk.refresh()
    await socket.send_json({"type": "draft", "conversation_id": known, "text": "请问是哪条路"})
    for _ in range(3):
        clock.advance(10)
        await socket.send_json({"type": "ping"})
        await until(socket, "pong")
        assert await desk.give_back_of_absent() == 0
    await socket.close()
    clock.advance(15)
    assert await desk.give_back_of_absent() == 0  # a page that reloads keeps its conversations
    clock.advance(10)
    assert await desk.give_back_of_absent() == 1
    assert small.status[known] == "waiting"
    other, _ = await open_desk((await login(connect, core, "bob"))[0])
    await other.send_json({"type": "watch", "conversation_id": known})
    assert (await until(other, "conversation"))["draft"] == "请问是哪条路"
    await other.close()


async def test_after_a_restart_seats_get_their_time_to_come_back(
    core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    known = await a_waiting_citizen(small)
    await small.claim(known, "s_before")
    desk: Desk = build_app(core)[DESK]
    assert await desk.give_back_of_absent() == 0
    clock.advance(19)
    assert await desk.give_back_of_absent() == 0
    clock.advance(2)
    assert await desk.give_back_of_absent() == 1


async def test_a_seat_reads_only_what_concerns_it(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    private = (await small.open("web")).conversation_id  # a citizen who talks to the bot
    socket, _ = await open_desk((await login(connect, core))[0])
    leader, _ = await open_desk((await login(connect, core, "boss", "leader"))[0])
    for message in (
        {"type": "watch", "conversation_id": private},
        {"type": "say", "conversation_id": private, "text": "你好", "client_message_id": "m1"},
        {"type": "finish", "conversation_id": private, "disposition": "closed"},
        {"type": "give_back", "conversation_id": private},
        {"type": "watch", "conversation_id": "01NOSUCH"},
        {"type": "explode", "conversation_id": private},
        {"type": "watch", "conversation_id": 5},
    ):
        await socket.send_json(message)
        refused = await until(socket, "error")
        assert refused["message"] and refused.get("client_message_id") == message.get("client_message_id")
    await leader.send_json({"type": "watch", "conversation_id": private})
    assert (await until(leader, "conversation"))["conversation_id"] == private
    for each in (socket, leader):
        await each.close()


async def test_what_a_seat_notes_is_kept(connect: Connect, core: Core, small: SmallConversations, desk: Desk) -> None:
    known = await a_waiting_citizen(small)
    socket, _ = await open_desk((await login(connect, core))[0])
    await socket.send_json({"type": "claim", "conversation_id": known})
    await until(socket, "claimed")
    await socket.send_json({"type": "finish", "conversation_id": known, "disposition": "callback", "note": "晚上再打"})
    await socket.send_json({"type": "ping"})
    await until(socket, "pong")
    async with core.database.read() as session:
        row = await session.get(Conversation, known)
    assert row is not None and row.outcome_detail["seat_note"] == "晚上再打"
    await socket.close()


async def test_a_closed_account_loses_its_desk(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    socket, _ = await open_desk((await login(connect, core))[0])
    await core.seats.set_enabled("seat1", False)
    await socket.send_json({"type": "ping"})
    while (await socket.receive(timeout=5)).type is WSMsgType.TEXT:
        pass
    assert socket.close_code == 4401


FIELDS = {
    "request_type": "投诉",
    "title": "路灯不亮",
    "detail": "学院路的路灯坏了三天",
    "district": "海淀区",
    "contact_phone": "13900001234",
    "confidential": True,
}


async def test_a_seat_files_and_moves_an_order(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    client, _ = await login(connect, core, role="leader")
    known = await a_waiting_citizen(small)
    body = {"conversation_id": known, "fields": FIELDS, "client_message_id": "o1"}
    first = await client.post("/api/v1/seat/orders", json=body, headers=origin(client))
    filed = await first.json()
    assert first.status == 201 and filed["unit"] == "海淀区政府" and filed["tracking_code"]
    again = await client.post("/api/v1/seat/orders", json=body, headers=origin(client))
    assert (again.status, (await again.json())["order_no"]) == (200, filed["order_no"])
    rows = (await (await client.get("/api/v1/seat/orders?status=dispatched")).json())["items"]
    assert [row["order_no"] for row in rows] == [filed["order_no"]] and "accept" in rows[0]["next_events"]
    assert rows[0]["contact_phone"] == "139****1234"
    path = f"/api/v1/seat/orders/{filed['order_no']}"
    assert (await (await client.get(path)).json())["contact_phone"] == "139****1234"
    told = await (await client.post(f"{path}/contact", headers=origin(client))).json()
    assert told["contact_phone"] == "13900001234"
    seen = [entry.action for entry in await core.audit.entries(subject=filed["order_no"])]
    assert seen == ["order.revealed", "order.viewed", "order.filed", "order.filed"]
    moved = await client.post(f"{path}/events", json={"event": "accept", "note": ""}, headers=origin(client))
    assert (await moved.json())["status"] == "accepted"
    refused = await client.post(f"{path}/events", json={"event": "answer", "note": ""}, headers=origin(client))
    assert refused.status == 409
    assert (await client.get("/api/v1/seat/orders?status=nonsense")).status == 400
    wrong = {**body, "fields": {**FIELDS, "request_type": "别的"}}
    assert (await client.post("/api/v1/seat/orders", json=wrong, headers=origin(client))).status == 400


@pytest.mark.parametrize(
    ("event_time", "start", "end"),
    [
        ("昨天晚上", "2026-01-02T18:00+08:00", "2026-01-02T23:00+08:00"),  # as the citizen said it, two days ago
        ("昨天下午", "2026-01-04T13:00+08:00", "2026-01-04T18:00+08:00"),  # as the seat writes it now
        ("每天晚上", None, None),
        ("", None, None),
    ],
)
async def test_the_time_of_a_seats_order_has_its_moments(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, event_time: str, start: str, end: str
) -> None:
    client, _ = await login(connect, core, role="leader")
    known = await a_waiting_citizen(small)
    told = State(matters=[Matter(1, "order", "路灯不亮")])
    told.matters[0].happened("昨天晚上", ("2026-01-02T18:00+08:00", "2026-01-02T23:00+08:00"))
    async with core.database.write() as session:
        row = await session.get(Conversation, known)
        assert row is not None
        row.state = told.as_dict()
    body = {"conversation_id": known, "fields": {**FIELDS, "event_time": event_time}, "client_message_id": "o1"}
    filed = await (await client.post("/api/v1/seat/orders", json=body, headers=origin(client))).json()
    shown = await (await client.get(f"/api/v1/seat/orders/{filed['order_no']}")).json()
    assert (shown["event_start"], shown["event_end"]) == (start, end)


async def test_only_the_holder_files_for_a_conversation(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    client, _ = await login(connect, core)
    known = await a_waiting_citizen(small)
    body = {"conversation_id": known, "fields": FIELDS, "client_message_id": "o1"}
    assert (await client.post("/api/v1/seat/orders", json=body, headers=origin(client))).status == 403
    body["conversation_id"] = "01NOSUCH"
    assert (await client.post("/api/v1/seat/orders", json=body, headers=origin(client))).status == 404


async def test_a_call_back_is_taken_by_one_seat_and_done_once(
    connect: Connect, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    known = await a_waiting_citizen(small)
    task_id, now = new_id("b"), clock.now()
    async with core.database.write() as session:
        session.add(
            CallbackTask(
                id=task_id,
                conversation_id=known,
                number="13900001234",
                reason="lost",
                due_at=now,
                created_at=now,
            )
        )
    ann, _ = await login(connect, core, "ann")
    bob, _ = await login(connect, core, "bob")
    items = (await (await ann.get("/api/v1/seat/callbacks")).json())["items"]
    assert [(item["id"], item["status"], item["number"]) for item in items] == [(task_id, "open", "139****1234")]
    assert items[0]["reason_text"] == "系统中断，通话丢失"
    revealed = await ann.post(f"/api/v1/seat/callbacks/{task_id}/number", headers=origin(ann))
    assert await revealed.json() == {"number": "13900001234"}
    entry = (await core.audit.entries(action="callback.revealed"))[0]
    assert (entry.subject, entry.actor.startswith("seat:"), entry.address) == (task_id, True, "127.0.0.1")

    async def step(client: Client, status: str) -> int:
        response = await client.post(
            f"/api/v1/seat/callbacks/{task_id}", json={"status": status, "note": "打过了"}, headers=origin(client)
        )
        return response.status

    assert await step(ann, "done") == 409
    assert sorted(await asyncio.gather(step(ann, "taken"), step(bob, "taken"))) == [200, 409]
    holder = ann if await step(ann, "taken") == 200 else bob
    assert await step(holder, "done") == 200
    assert await step(holder, "open") == 409
    assert (await (await ann.get("/api/v1/seat/callbacks")).json())["items"] == []
    assert (await ann.post("/api/v1/seat/callbacks/x", json={"status": "done"}, headers=origin(ann))).status == 404
