"""Offers at the desk: accepted, turned down, let pass; states; what citizens are told; what helps beside a talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until

from base.clock import ManualClock
from base.sections.node import DataSettings
from base.sections.seats import SeatSettings
from base.settings import Settings
from conversations.messages import CitizenTurn
from gateway.core import Core, settle
from gateway.desk import DESK, Desk


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    return Settings(data=DataSettings(directory=tmp_path / "var"), seats=SeatSettings(wrap_up_seconds=30))


@pytest.fixture
async def desk(connect: Connect, core: Core, small: SmallConversations) -> AsyncIterator[Desk]:
    client = await connect()
    app = client.server.app  # type: ignore[attr-defined]
    desk: Desk = app[DESK]
    tasks = [core.spawn(work, "desk") for work in (desk.listen(), desk.push(), desk.offer_on())]
    yield desk
    core.stop()
    desk.changed()
    await asyncio.sleep(0.15)
    desk.changed()
    desk._refreshed.set()
    for subscription in list(small.subscriptions):
        subscription.close()
    await settle(*tasks)


async def a_waiting_citizen(small: SmallConversations) -> str:
    known = (await small.open("web")).conversation_id
    await small.citizen_turn(known, CitizenTurn("人工", "web"))
    return known


async def at_desk(connect: Connect, core: Core, name: str, role: str = "seat") -> tuple[ClientWebSocketResponse, str]:
    client, seat_id = await login(connect, core, name, role)
    socket = await client.ws_connect("/ws/seat", headers=origin(client))
    hello = await until(socket, "hello")
    assert hello["presence"]["state"] == "available" and hello["offer"] is None and "小休" in hello["break_reasons"]
    return socket, seat_id


async def eventually(found: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(250):
        if await found():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about")


async def offer(socket: ClientWebSocketResponse) -> dict[str, Any]:
    while True:
        message = await until(socket, "queue")
        if message["offer"] is not None:
            return dict(message["offer"])


async def without_offer(socket: ClientWebSocketResponse) -> dict[str, Any]:
    while True:
        message = await until(socket, "queue")
        if message["offer"] is None:
            return message


async def test_an_offer_is_accepted_and_after_the_end_there_is_time_to_wrap_up(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, clock: ManualClock
) -> None:
    socket, seat_id = await at_desk(connect, core, "ann")
    known = await a_waiting_citizen(small)
    offered = await offer(socket)
    assert offered["conversation_id"] == known and offered["seconds_left"] == 15 and offered["why"] == "先来先接"
    await socket.send_json({"type": "accept", "conversation_id": known})
    await until(socket, "claimed", conversation_id=known)
    assert small.seat[known] == seat_id
    await socket.send_json({"type": "finish", "conversation_id": known, "disposition": "closed", "code": "nonsense"})
    await until(socket, "error")
    await socket.send_json({"type": "finish", "conversation_id": known, "disposition": "closed", "code": "silent"})
    while (await until(socket, "queue"))["presence"]["state"] != "wrap_up":
        pass
    other = await a_waiting_citizen(small)
    assert [card["conversation_id"] for card in (await until(socket, "queue"))["queue"]] == [other]
    await asyncio.sleep(0.3)
    assert (await core.cases.one(other)).offered_to is None  # not while the paperwork is done
    clock.advance(31)
    desk.heard(seat_id)
    desk.changed()
    assert (await offer(socket))["conversation_id"] == other
    await socket.close()


async def test_turned_down_or_let_pass_it_goes_to_the_next_at_the_front_of_the_queue(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, clock: ManualClock
) -> None:
    ann, ann_id = await at_desk(connect, core, "ann")
    known = await a_waiting_citizen(small)
    await offer(ann)
    bob, bob_id = await at_desk(connect, core, "bob")
    await ann.send_json({"type": "decline", "conversation_id": known})
    offered = await offer(bob)
    assert offered["conversation_id"] == known and offered["why"] == "上一位坐席没有接，退回队首"
    assert offered["priority"] == 10
    clock.advance(15)  # bob lets it pass; to ann it is not offered again at once
    for seat in (ann_id, bob_id):
        desk.heard(seat)
    desk.changed()
    await without_offer(bob)
    assert (await core.cases.one(known)).passed_over == {ann_id, bob_id}
    clock.advance(46)
    for seat in (ann_id, bob_id):
        desk.heard(seat)
    desk.changed()

    async def offered_to_ann() -> bool:
        return (await core.cases.one(known)).offered_to == ann_id

    await eventually(offered_to_ann)
    for socket in (ann, bob):
        await socket.close()


async def test_on_a_break_nothing_is_offered_and_two_misses_lead_there(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, clock: ManualClock
) -> None:
    ann, ann_id = await at_desk(connect, core, "ann")
    await ann.send_json({"type": "presence", "state": "break", "reason": "逛街"})
    await until(ann, "error")
    await ann.send_json({"type": "presence", "state": "break", "reason": "用餐"})
    while (await until(ann, "queue"))["presence"]["reason"] != "用餐":
        pass
    first = await a_waiting_citizen(small)
    await asyncio.sleep(0.3)
    assert (await core.cases.one(first)).offered_to is None
    await a_waiting_citizen(small)
    await ann.send_json({"type": "presence", "state": "available"})
    offered = await offer(ann)
    for _ in range(2):
        clock.advance(15)
        desk.heard(ann_id)
        desk.changed()
        missed = await until(ann, "queue")
        while missed["offer"] and missed["offer"]["conversation_id"] == offered["conversation_id"]:
            missed = await until(ann, "queue")
        while missed["offer"] is None and missed["presence"]["state"] == "available":
            missed = await until(ann, "queue")
        offered = missed["offer"]
    while missed["presence"]["state"] != "break":
        missed = await until(ann, "queue")
    assert missed["presence"]["reason"] == "未应答" and missed["offer"] is None
    await ann.close()


async def test_a_page_that_was_silent_and_is_heard_again_is_at_work_again(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, clock: ManualClock
) -> None:
    ann, ann_id = await at_desk(connect, core, "ann")
    clock.advance(21)
    await desk.give_back_of_absent()
    assert (await core.roster.all())[ann_id].at_desk.state == "offline"
    await ann.send_json({"type": "ping"})
    await until(ann, "pong")
    await desk.give_back_of_absent()
    assert (await core.roster.all())[ann_id].at_desk.state == "available"
    known = await a_waiting_citizen(small)
    assert (await offer(ann))["conversation_id"] == known
    await ann.close()


async def test_a_needed_skill_decides_who_is_offered_it(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = small._card
    monkeypatch.setattr(small, "_card", lambda known: {**whole(known), "categories": ["040313"]})
    ann, _ = await at_desk(connect, core, "ann")
    bob, bob_id = await at_desk(connect, core, "bob")
    await core.roster.enlist("bob", skills=["minors"])
    await desk.refresh()
    known = await a_waiting_citizen(small)
    offered = await offer(bob)
    assert offered["conversation_id"] == known and offered["needs"] == "未成年人"
    assert (await core.cases.one(known)).offered_to == bob_id
    for socket in (ann, bob):
        await socket.close()


async def test_citizens_are_told_where_they_stand_and_may_be_called_back(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk, clock: ManualClock
) -> None:
    core.settings.seats.overflow_wait_seconds = 200
    first = await a_waiting_citizen(small)

    def notices(known: str) -> list[str]:
        return [turn.text for turn in small.turns[known] if turn.role == "system"]

    async def told(known: str) -> str:
        async def there() -> bool:
            return bool(notices(known))

        await eventually(there)
        return notices(known)[-1]

    assert "现在没有坐席在线" in await told(first) and "回电" in await told(first)
    assert small.offered == [(first, "stay")]
    ann, _ = await at_desk(connect, core, "ann")
    for expected in (1, 2, 3):  # the first and two more: she holds three
        known = first if expected == 1 else await a_waiting_citizen(small)
        await ann.send_json({"type": "claim", "conversation_id": known})
        await until(ann, "claimed", conversation_id=known)
    waiting = [await a_waiting_citizen(small) for _ in range(3)]
    assert await told(waiting[0]) == "您排在第一位，预计等候约2分钟，请稍候。"  # 300 s a conversation, three at once
    assert (await told(waiting[2])).startswith("您前面还有2位，预计等候约5分钟，请稍候。您也可以说“回电”")
    assert small.offered[-1] == (waiting[2], "stay")
    await ann.close()


async def test_outside_the_hours_of_the_desk_the_bot_goes_on(
    core: Core, small: SmallConversations, desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, since = small._card, clock.now().isoformat()
    monkeypatch.setattr(small, "_card", lambda known: {**whole(known), "waiting_since": since})
    core.settings.seats.first_hour, core.settings.seats.last_hour = 18, 20  # it is 10 in the city
    known = await a_waiting_citizen(small)

    async def told() -> bool:
        return bool(small.offered)

    await eventually(told)
    assert small.offered == [(known, "go_on")] and "18点到20点" in small.turns[known][-1].text
    clock.advance(300)
    desk.changed()
    await asyncio.sleep(0.3)
    assert len(small.offered) == 1  # told once


async def test_a_long_wait_is_an_alarm(
    core: Core, small: SmallConversations, desk: Desk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = clock.now().isoformat()
    whole = small._card
    monkeypatch.setattr(small, "_card", lambda known: {**whole(known), "waiting_since": since})
    await a_waiting_citizen(small)
    await desk.refresh()
    assert desk.queue[0]["overdue"] is False
    clock.advance(61)
    await desk.refresh()
    assert desk.queue[0]["overdue"] is True


async def test_draft_form_tags_and_snoozing_outlive_the_core(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    known = await a_waiting_citizen(small)
    ann, _ = await at_desk(connect, core, "ann")
    await ann.send_json({"type": "claim", "conversation_id": known})
    await until(ann, "claimed")
    await desk.refresh()
    for message in (
        {"type": "draft", "text": "请问是"},
        {"type": "form", "fields": {"title": "路灯不亮", "confidential": True}},
        {"type": "tags", "tags": ["照明"]},
        {"type": "snooze", "minutes": 5},
    ):
        await ann.send_json({**message, "conversation_id": known})
    while not (cards := (await until(ann, "queue"))["mine"]) or not cards[0]["snoozed_until"]:
        pass
    assert cards[0]["tags"] == ["照明"]
    await desk.unsent.flush()
    later = Desk(core)  # of a core that has just started
    assert await later.unsent.of(known) == ("请问是", {"title": "路灯不亮", "confidential": True})
    other = await a_waiting_citizen(small)
    await ann.send_json({"type": "tags", "conversation_id": other, "tags": ["不是我的"]})
    assert (await until(ann, "error"))["code"] == "not_yours"
    await ann.close()


async def answer(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    response = await client.request(method, path, json=body, headers=origin(client))
    return response.status, await response.json()


async def test_notes_are_seen_by_colleagues_and_by_no_citizen(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    known = await a_waiting_citizen(small)
    client, _ = await login(connect, core, "ann")
    bob, bob_id = await at_desk(connect, core, "bob")
    await client.post(f"/api/v1/seat/conversations/{known}/notes", json={"text": "x"})  # no origin: refused
    path = f"/api/v1/seat/conversations/{known}/notes"
    status, note = await answer(client, "POST", path, {"text": "老人独居，请耐心", "mentions": [bob_id, "nobody"]})
    assert status == 201 and note["mentions"] == [bob_id] and note["author"] == "坐席ann"
    told = await until(bob, "mentioned")
    assert told["conversation_id"] == known
    await small.claim(known, "somebody")
    await bob.send_json({"type": "watch", "conversation_id": known})  # named in a note, so it is open to bob
    shown = await until(bob, "conversation")
    assert "耐心" not in str(shown["transcript"])
    assert [n["text"] for n in (await answer(client, "GET", path))[1].get("items", [])] in ([], ["老人独居，请耐心"])
    assert all("耐心" not in turn.text for turn in small.turns[known])
    await bob.close()


async def test_what_helps_a_seat_needs_the_conversation(
    connect: Connect, core: Core, small: SmallConversations, desk: Desk
) -> None:
    known = await a_waiting_citizen(small)
    client, seat_id = await login(connect, core, "ann")
    about = f"/api/v1/seat/conversations/{known}"
    assert (await answer(client, "GET", f"{about}/history"))[0] == 403  # waits, and is nobody's
    assert (await answer(client, "POST", f"{about}/similar", {}))[0] == 403
    await small.claim(known, seat_id)
    assert await answer(client, "GET", f"{about}/history") == (200, {"contacts": [], "orders": []})
    assert await answer(client, "POST", f"{about}/similar", {"detail": "路灯"}) == (200, {"items": []})
    status, found = await answer(client, "GET", f"{about}/suggestions")
    assert status == 200 and found["items"][0]["question"] == "居住证怎么办"
    assert (await answer(client, "POST", f"{about}/wrap-up", {"code": "filed"}))[0] == 200
    assert (await answer(client, "POST", f"{about}/wrap-up", {"code": "x"}))[0] == 400
    assert (await answer(client, "GET", "/api/v1/seat/conversations/nope/history"))[0] == 404
    assert "海淀区" in (await answer(client, "GET", "/api/v1/seat/places"))[1]["districts"]
    status, reply = await answer(client, "POST", "/api/v1/seat/replies", {"title": "问候", "text": "您好，请讲"})
    assert status == 201 and not reply["shared"]
    shared = {"title": "结束", "text": "再见", "shared": True}
    assert (await answer(client, "POST", "/api/v1/seat/replies", shared))[0] == 403
    assert (await answer(client, "DELETE", f"/api/v1/seat/replies/{reply['id']}"))[0] == 200
    assert (await answer(client, "DELETE", f"/api/v1/seat/replies/{reply['id']}"))[0] == 404
    assert (await answer(client, "GET", "/api/v1/seat/colleagues"))[1] == {"items": []}
