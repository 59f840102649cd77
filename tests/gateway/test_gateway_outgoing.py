"""Calls that we place: by a seat's click, by the bot; hours, attempts, results, one call a number, never too many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, Connect, SmallConversations, login, origin, until
from sqlalchemy import select

from base.clock import ManualClock
from base.ids import new_id
from base.settings import Settings
from gateway.core import Core
from gateway.internal import ensure_token
from gateway.phone_messages import CallEnded
from storage.calling_tables import OutgoingCall
from storage.follow_up_tables import ReturnVisit
from storage.tables import CallbackTask, Conversation, Order
from workorders.model import Assignment, OrderDraft

NUMBER = "13900001234"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    settings.telephony.trunk_uri = "sip:{number}@127.0.0.1:5070"
    settings.calling.calls_at_once = 2
    return settings


@pytest.fixture
async def phone(client: Client, core: Core) -> AsyncIterator[ClientWebSocketResponse]:
    socket = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    yield socket
    await socket.close()


async def a_task(core: Core, *, number: str | None = NUMBER, reason: str = "no seat in time") -> str:
    """A promised call-back of a conversation that is over."""
    now, task_id, conversation_id = core.clock.now(), new_id("cb_"), new_id("c_")
    async with core.database.write() as session:
        session.add(
            Conversation(
                id=conversation_id, channel="phone", trace_id="t", status="ended", outcome="callback",
                caller_number=number, created_at=now, updated_at=now, ended_at=now,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            CallbackTask(
                id=task_id, conversation_id=conversation_id, number=number, reason=reason, status="open",
                note="", due_at=now, created_at=now,
            )
        )  # fmt: skip
    return task_id


async def task_row(core: Core, task_id: str) -> CallbackTask:
    async with core.database.read() as session:
        return await session.get_one(CallbackTask, task_id)


async def call_row(core: Core, call_id: str) -> OutgoingCall:
    async with core.database.read() as session:
        return await session.get_one(OutgoingCall, call_id)


async def click(client: Client, task_id: str) -> dict[str, Any]:
    """The seat takes the task and clicks; what the core answers, with its status."""
    await client.post(f"/api/v1/seat/callbacks/{task_id}", json={"status": "taken"}, headers=origin(client))
    response = await client.post(f"/api/v1/seat/callbacks/{task_id}/call", json={}, headers=origin(client))
    return {"status_code": response.status, **(await response.json())}


async def not_reached(phone: ClientWebSocketResponse, call_id: str, reason: str, status: int | None = None) -> None:
    ended = {"type": "call_ended", "call_id": call_id, "reason": reason, "sip_status": status, "sip_call_id": "x@y"}
    for _ in range(2):  # told twice, counted once
        await phone.send_json(ended)
        await until(phone, "ended", call_id=call_id)


async def test_a_click_dials_and_busy_is_an_attempt(
    connect: Connect, core: Core, phone: ClientWebSocketResponse, clock: ManualClock
) -> None:
    client, seat_id = await login(connect, core)
    desk = await client.ws_connect("/ws/seat", headers=origin(client))
    task_id = await a_task(core)
    refused = await client.post(f"/api/v1/seat/callbacks/{task_id}/call", json={}, headers=origin(client))
    assert refused.status == 409  # not taken
    told = await click(client, task_id)
    assert (told["status_code"], told["status"], told["by"]) == (202, "placed", seat_id)
    order = await until(phone, "place_call")
    assert order["number"] == NUMBER and order["line"] == "with_seat" and "回电" in order["say"][0]["text"]
    again = await click(client, task_id)
    assert again["status_code"] == 409 and "正在拨打" in again["error"]["message"]
    await phone.send_json({"type": "call_rings", "call_id": order["call_id"], "sip_call_id": "abc@host"})
    ringing = await until(desk, "outgoing", status="ringing")
    assert ringing["callback_id"] == task_id
    await not_reached(phone, order["call_id"], "busy", 486)
    assert (await until(desk, "outgoing", status="ended"))["text"] == "占线"
    task, call = await task_row(core, task_id), await call_row(core, order["call_id"])
    assert (task.status, task.attempts) == ("unreachable", 1) and "占线" in task.note
    assert task.next_at is not None and task.next_at - clock.now() == timedelta(hours=1)
    assert (call.result, call.sip_status, call.sip_call_id, call.open_number) == ("busy", 486, "x@y", None)
    counted = 'hotline_outgoing_calls_total{by="seat",purpose="callback",result="busy"} 1.0'
    assert counted in await (await client.get("/metrics")).text()
    rows = (await (await client.get("/api/v1/seat/callbacks")).json())["items"]
    assert rows[0]["call"]["text"] == "占线" and rows[0]["callable"] is False
    too_early = await click(client, task_id)
    assert too_early["status_code"] == 409


async def test_who_answers_is_the_seats_conversation_and_the_seat_may_speak(
    connect: Connect, core: Core, phone: ClientWebSocketResponse
) -> None:
    client, seat_id = await login(connect, core)
    desk = await client.ws_connect("/ws/seat", headers=origin(client))
    task_id = await a_task(core)
    call_id = (await click(client, task_id))["call_id"]
    await until(phone, "place_call", call_id=call_id)
    await phone.send_json(
        {"type": "call_started", "call_id": call_id, "caller": NUMBER, "leg": "sip", "placed": "abc@host"}
    )
    opened = await until(phone, "opened", call_id=call_id)
    told = await until(desk, "outgoing", status="answered")
    conversation_id = told["conversation_id"] or (await until(desk, "outgoing", status="answered"))["conversation_id"]
    assert conversation_id == opened["conversation_id"]
    connecting = {"type": "audio", "conversation_id": conversation_id, "action": "connect"}
    await desk.send_json(connecting)
    leg = await until(phone, "leg_order", call_id=call_id)
    assert (leg["role"], leg["via"]) == ("seat", "browser")
    await phone.send_json({"type": "call_ended", "call_id": call_id, "reason": "caller_hung_up"})
    await until(phone, "ended", call_id=call_id)
    task, call = await task_row(core, task_id), await call_row(core, call_id)
    assert (call.status, call.result, call.conversation_id) == ("ended", "answered", conversation_id)
    assert (task.status, task.seat_id, task.attempts) == ("taken", seat_id, 0)  # the seat says what came of it


async def test_without_a_trunk_without_a_phone_out_of_hours_and_beyond_the_lines(
    connect: Connect, client: Client, core: Core, clock: ManualClock
) -> None:
    seat, _ = await login(connect, core)
    task_id = await a_task(core)
    unconnected = await click(seat, task_id)
    assert unconnected["status_code"] == 503 and unconnected["error"]["code"] == "no_phone"
    assert (await task_row(core, task_id)).attempts == 0  # nobody was rung up
    phone = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    tasks = [await a_task(core, number=f"1390000000{number}") for number in range(3)]
    answers = await asyncio.gather(*(click(seat, one) for one in tasks))
    assert sorted(answer["status_code"] for answer in answers) == [202, 202, 409]
    await phone.close()
    clock.advance(11 * 3_600)
    assert "白天" in (await click(seat, task_id))["error"]["message"]
    core.settings.telephony.trunk_uri = ""
    told = await click(seat, task_id)
    assert told["status_code"] == 409 and told["error"]["code"] == "no_trunk"
    assert (await (await seat.get("/api/v1/seat/calling")).json())["trunk"] is False


async def test_a_result_that_comes_after_a_restart_counts_and_one_that_never_comes_too(
    connect: Connect, client: Client, core: Core, small: SmallConversations, clock: ManualClock
) -> None:
    core.settings.calling.bot_calls_back = True
    headers = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    first, second = await a_task(core), await a_task(core, number="13900005678")
    phone = await client.ws_connect("/internal/phone", headers=headers)
    assert await core.outgoing.call_what_is_due() == 2
    orders = {order["number"]: order["call_id"] for order in [await until(phone, "place_call") for _ in range(2)]}
    await phone.close()
    restarted = Core(core.settings, clock=clock, database=core.database)  # what was in memory is gone
    ended = CallEnded(call_id=orders[NUMBER], reason="no_answer", sip_call_id="a@b")
    assert await restarted.outgoing.ended(orders[NUMBER], ended, None)
    row = await task_row(core, first)
    assert (row.status, row.seat_id, row.attempts) == ("open", None, 1)
    assert await restarted.outgoing.sweep() == 0
    clock.advance(core.settings.calling.ring_seconds + 61)
    assert await restarted.outgoing.sweep() == 1
    row = await task_row(core, second)
    assert (row.status, row.attempts) == ("open", 1) and "结果不明" in row.note
    assert await restarted.outgoing.ended(orders["13900005678"], ended, None)  # it comes all the same
    assert (await call_row(core, orders["13900005678"])).result == "no_answer"
    assert (await task_row(core, second)).attempts == 1


async def test_the_bot_calls_within_the_hours_three_times_and_not_about_danger(
    client: Client, core: Core, phone: ClientWebSocketResponse, clock: ManualClock
) -> None:
    core.settings.calling.bot_calls_back = True
    task_id = await a_task(core)
    await a_task(core, number="13900005678", reason="emergency 119")
    await a_task(core, number="13900005679", reason="seat")
    await a_task(core, number=None)
    for attempt in range(1, 4):
        assert await core.outgoing.call_what_is_due() == 1, attempt
        assert await core.outgoing.call_what_is_due() == 0
        order = await until(phone, "place_call")
        assert (order["number"], order["line"]) == (NUMBER, "bot")
        await not_reached(phone, order["call_id"], "no_answer")
        assert (await task_row(core, task_id)).attempts == attempt
        clock.advance(3_601)
    assert await core.outgoing.call_what_is_due() == 0
    row = await task_row(core, task_id)
    assert (row.status, row.result) == ("done", "given_up")


async def test_the_bot_makes_a_return_visit(
    client: Client, core: Core, phone: ClientWebSocketResponse, clock: ManualClock
) -> None:
    core.settings.calling.bot_visits = True
    draft = OrderDraft(
        "投诉", "", "暖气不热", "phone", contact_phone=NUMBER,
        assignment=Assignment("市热力集团", "直派", (), "ordinary", 168, "职责"),
    )  # fmt: skip
    async with core.database.write() as session:
        filed = await core.orders.file(session, draft, key="c:1", now=clock.now(), actor="bot:policy")
    for event in ("accept", "answer"):
        await core.orders.change(filed.order_no, event, actor="unit:市热力集团", note="已修好")
    await core.visits.sweep()
    assert await core.outgoing.call_what_is_due() == 1
    order = await until(phone, "place_call")
    assert "回电（visit）" in order["say"][0]["text"]
    await not_reached(phone, order["call_id"], "refused", 603)

    async def visit() -> ReturnVisit:
        async with core.database.read() as session:
            return (await session.execute(select(ReturnVisit))).scalar_one()

    row = await visit()
    assert (row.status, row.attempts, row.taken_by) == ("open", 1, None) and "拒接" in row.note
    for _ in range(2):
        clock.advance(3_601)
        assert await core.outgoing.call_what_is_due() == 1
        await not_reached(phone, (await until(phone, "place_call"))["call_id"], "no_answer")
    await core.visits.sweep()
    assert (await visit()).status == "lapsed"
    async with core.database.read() as session:
        assert (await session.execute(select(Order.status))).scalar_one() == "closed"
