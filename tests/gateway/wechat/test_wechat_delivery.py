"""Seats' words go out by themselves, within WeChat's limits and in spite of its refusals."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from gateway_helpers import login
from wechat_helpers import ANSWER, Citizen, Node
from wechat_seat import QUESTION, SEND, OpenNode, contact, statuses, types, with_seat
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from base.settings import Settings
from gateway.desk import DESK


async def test_a_seat_writes_and_reads(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    assert wechat.texts()[0].startswith("【智能助手】")
    await node.conversations.seat_message(conversation_id, "s1", "您好，我是坐席小李。")
    await node.conversations.seat_message(conversation_id, "s1", "请问是哪个小区？")
    assert await node.send() == 0, "more may follow"
    clock.advance(2)
    assert await node.send() == 1
    assert wechat.texts()[-1] == "【人工坐席】您好，我是坐席小李。\n\n请问是哪个小区？"
    assert await citizen.says("知春里小区") == "", "a person answers"
    turns = await node.conversations.transcript(conversation_id)
    assert turns[-1].text == "知春里小区" and turns[-1].role == "citizen"


async def test_the_limit_ends_with_a_link_and_nothing_is_lost(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    for number in range(3):
        assert await types(node, clock, conversation_id, f"第{number}句") == 1
    assert await types(node, clock, conversation_id, "最后一句") == 1
    assert f"#c={conversation_id}" in wechat.texts()[-1] and "最后一句" in wechat.texts()[-1]
    assert not any("#c=" in text for text in wechat.texts()[:-1])
    assert await types(node, clock, conversation_id, "还有一句") == 0
    assert await types(node, clock, conversation_id, "再有一句") == 0
    assert (await statuses(node))[-2:] == ["held", "held"] and wechat.calls[SEND] == 5
    wechat.allows(citizen.user_id)
    reply = await citizen.says("好的")
    assert reply == "【人工坐席】还有一句\n\n再有一句"
    assert await node.send() == 0


async def test_the_seat_sees_what_is_left(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)

    async def connect() -> Any:
        from aiohttp.test_utils import TestClient

        return TestClient(node.client.server)

    client, seat_id = await login(connect, node.core)
    await node.conversations.pass_on(conversation_id, "s1", seat_id)
    async with client.ws_connect("/ws/seat", headers={"Origin": f"http://{client.host}:{client.port}"}) as socket:
        hello = await socket.receive_json(timeout=5)
        left = (await contact(node)).allowance_left
        assert hello["mine"][0]["allowance"]["left"] == left == 4
        assert hello["mine"][0]["allowance"]["until"].startswith("2026-01-07")
        await socket.send_json({"type": "watch", "conversation_id": conversation_id})
        shown = await socket.receive_json(timeout=5)
        assert shown["snapshot"]["allowance"]["left"] == 4
        await node.conversations.seat_message(conversation_id, seat_id, "您好")
        clock.advance(2)
        await node.send()
        desk = node.client.server.app[DESK]  # type: ignore[attr-defined]
        await desk.refresh()
        assert desk.held[0]["allowance"]["left"] == 3
    clock.advance(48 * 3_600)
    assert (await node.messengers.allowances([conversation_id]))[conversation_id]["left"] == 0
    await client.close()


@pytest.mark.parametrize("code", [45015, 45047])
async def test_wechat_has_the_last_word_on_limits(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, code: int
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, code)
    assert await types(node, clock, conversation_id, "您好") == 0
    assert (await contact(node)).allowance_left == 0 and (await statuses(node))[-1] == "held"
    assert await types(node, clock, conversation_id, "还在吗") == 0
    wechat.allows(citizen.user_id)
    assert await citizen.says("在") == "【人工坐席】您好\n\n还在吗"


async def test_after_two_days_nothing_is_sent(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    calls = wechat.calls[SEND]
    clock.advance(timedelta(hours=48).total_seconds())
    assert await types(node, clock, conversation_id, "您好") == 0
    assert wechat.calls[SEND] == calls and (await statuses(node))[-1] == "held"


async def test_a_busy_api_is_asked_again_later_and_later(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, -1, -503, -1)
    left = (await contact(node)).allowance_left
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await node.send()
    clock.advance(2)
    waited = []
    for _ in range(60):
        if await node.send() or await node.send():
            break
        waited.append(wechat.calls[SEND])
        clock.advance(1)
    assert wechat.texts()[-1] == "【人工坐席】您好" and len(waited) == 2 + 4 + 8
    assert left - (await contact(node)).allowance_left == 2, "the status 503 may have used one up"


async def test_what_is_refused_for_good_is_given_up(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, 45002)
    assert await types(node, clock, conversation_id, "您好") == 0
    assert (await statuses(node))[-1] == "failed"
    assert await types(node, clock, conversation_id, "在吗") == 1, "what comes later is sent"


@pytest.mark.parametrize("codes", [(48001,), (-1,) * 8])
async def test_what_cannot_be_sent_goes_out_with_the_next_answer(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, codes: tuple[int, ...]
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, *codes)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    for _ in range(20):
        clock.advance(130)
        await node.send()
    assert (await statuses(node))[-1] == "held" and not wechat.trouble[SEND]
    assert await citizen.says("喂") == "【人工坐席】您好"


async def test_who_has_left_is_not_written_to(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, 43004)
    await types(node, clock, conversation_id, "您好")
    calls = wechat.calls[SEND]
    assert await types(node, clock, conversation_id, "在吗") == 0
    assert wechat.calls[SEND] == calls and (await statuses(node))[-2:] == ["failed", "failed"]
    await citizen.says("我又来了")
    assert (await contact(node)).reachable


async def test_an_account_without_the_customer_service_api(
    settings: Settings, open_another: OpenNode, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    settings.wechat.customer_service, settings.wechat.passive_reply_seconds = False, 0.1
    node = await open_another()
    citizen = Citizen(node, clock)
    node.understander.gate.clear()
    assert await citizen.says(QUESTION) == ""
    node.understander.gate.set()
    await node.settled()
    assert await node.send() == 0 and set(await statuses(node)) == {"held"}
    assert ANSWER in await citizen.says("没有了"), "it comes with the next answer"
    assert not wechat.sent


async def test_personal_data_is_in_no_log(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, capfd: pytest.CaptureFixture[str]
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, 40003)
    await types(node, clock, conversation_id, "您好")
    await citizen.post(citizen.message("text", Content="我叫王小明"), msg_signature="0" * 40)
    written = "".join(capfd.readouterr())
    assert "callback was refused" in written and "did not leave" in written
    assert citizen.user_id not in written and "王小明" not in written and "callback-token" not in written


async def test_the_background_work_delivers_by_itself(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    work = [node.core.spawn(make(), name) for name, make in node.core.further_work.items()]
    conversation_id = await with_seat(node, citizen, clock, wechat)
    before = len(wechat.sent)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await asyncio.sleep(0.1)
    clock.advance(2)
    for _ in range(60):
        await asyncio.sleep(0.05)
        if len(wechat.sent) > before:
            break
    assert wechat.texts()[-1] == "【人工坐席】您好"
    node.core.stop()
    await node.conversations.close()
    done, late = await asyncio.wait(work, timeout=5)
    assert not late and all(task.exception() is None for task in done)
