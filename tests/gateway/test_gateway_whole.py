"""The gateway with the real conversations, orders and places behind it; intents and categories are scripted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse
from gateway_helpers import Client, Connect, SmallKnowledge, login, origin, until
from sqlalchemy import func, select

from base.clock import ManualClock
from bot.entities.place import PlaceMatcher
from bot.understanding import Understood
from conversations.service import ConversationService
from gateway.core import Core, Part, settle
from gateway.desk import DESK, Desk
from gateway.internal import ensure_token
from storage.tables import CallbackTask, Conversation, Order, Turn
from workorders.model import CategorySuggestion


class Scripted:
    """Understands what these conversations say, and nothing else."""

    async def parse(self, text: str, *, spoken: bool) -> Understood:
        intent = "none"
        for words, meant in (("人工", "human"), ("投诉", "complain"), ("没有", "nothing_more"), ("对", "affirm")):
            if words in text:
                intent = meant
                break
        return Understood(intent, 0.97, ((intent, 0.97),), "fallback", 0.001)


class OneCategory:
    """Every matter is noise: the real catalogue takes seconds to learn and is tested in its own room."""

    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        return [CategorySuggestion("0101", "生态环境", "噪声", "社会生活噪声", 0.8)][:limit]


@pytest.fixture(scope="module")
def catalogue() -> OneCategory:
    return OneCategory()


@pytest.fixture(scope="module")
def places() -> PlaceMatcher:
    return PlaceMatcher.load()


def furnish(core: Core, catalogue: OneCategory, places: PlaceMatcher) -> ConversationService:
    conversations = ConversationService(
        core.database,
        core.settings,
        understanding=Scripted(),
        knowledge=SmallKnowledge(),
        catalogue=catalogue,
        orders=core.orders,
        places=places,
        clock=core.clock,
    )
    core.use(conversations=conversations, knowledge=SmallKnowledge())
    for name in ("knowledge", "understanding"):
        core.parts[name] = Part(ok=True)
    return conversations


@pytest.fixture
async def whole(
    connect: Connect, core: Core, catalogue: OneCategory, places: PlaceMatcher
) -> AsyncIterator[ConversationService]:
    conversations = furnish(core, catalogue, places)
    await conversations.start()
    desk: Desk = (await connect()).server.app[DESK]  # type: ignore[attr-defined]
    tasks = [core.spawn(work, "desk") for work in (desk.listen(), desk.push())]
    await asyncio.sleep(0)
    yield conversations
    core.stop()
    desk.changed()
    await conversations.close()
    await settle(*tasks)


async def say(client: Client, text: str, conversation_id: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"conversation_id": conversation_id, "text": text, "channel": "web", **more}
    response = await client.post("/api/v1/chat", json=body)
    answer: dict[str, Any] = await response.json()
    assert response.status == 200, answer
    assert answer["replies"] or more.get("silent"), "never an empty reply"
    return answer


ANSWERS = {
    "detail": "晚上十点以后还在放音乐，吵得睡不着",
    "place": "海淀区中关村街道知春路48号楼下",
    "event_time": "昨天晚上",
    "subject": "楼下的烧烤店",
    "appeal": "希望不要再吵",
    "contact_name": "免贵姓王",
    "contact_phone": "13900001234",
    "confidential": "需要保密",
    "confirm_order": "对",
}


async def complain(client: Client) -> tuple[str, list[dict[str, Any]]]:
    """Plays a citizen with a complaint until the order is filed."""
    answers = [await say(client, "我要投诉楼下的烧烤店噪声扰民")]
    known = answers[0]["conversation_id"]
    for _ in range(12):
        if answers[-1]["orders"]:
            return known, answers
        answers.append(await say(client, ANSWERS.get(answers[-1]["asking"] or "", "对"), known))
    raise AssertionError([answer["replies"] for answer in answers])


async def test_a_complaint_becomes_an_order_that_can_be_followed(
    connect: Connect, core: Core, whole: ConversationService
) -> None:
    client = await connect()
    known, answers = await complain(client)
    number = answers[-1]["orders"][0]
    text = " ".join(reply["text"] for reply in answers[-1]["replies"])
    code = re.search(r"查询码\D*(\d{9})", text)
    assert number in text and code is not None
    response = await client.get(f"/api/v1/orders/{number}", params={"tracking_code": code.group(1)})
    shown = await response.json()
    assert response.status == 200 and shown["status"] == "dispatched" and shown["confidential"] is True
    assert "烧烤" not in str(shown) and "1390000" not in str(shown)
    closing = await say(client, "没有了", known)
    assert closing["outcome"] == "order_filed"
    await asyncio.sleep(0.05)
    assert 'hotline_outcomes_total{outcome="order_filed"} 1.0' in await (await client.get("/metrics")).text()


async def test_the_same_confirmation_twice_files_once(connect: Connect, core: Core, whole: ConversationService) -> None:
    client = await connect()
    answer = await say(client, "我要投诉楼下的烧烤店噪声扰民")
    known = answer["conversation_id"]
    while answer["asking"] != "confirm_order":
        answer = await say(client, ANSWERS.get(answer["asking"] or "", "对"), known)
    twice = await asyncio.gather(*(say(client, "对", known, client_message_id="yes") for _ in range(3)))
    assert len({str(body["orders"]) for body in twice}) == 1 and twice[0]["orders"]
    async with core.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Order))).scalar_one() == 1


async def hello(client: Client, conversation_id: str | None = None, after_seq: int = 0) -> ClientWebSocketResponse:
    socket = await client.ws_connect("/ws/chat")
    await socket.send_json({"type": "hello", "conversation_id": conversation_id, "after_seq": after_seq})
    return socket


async def test_a_whole_hand_over_between_two_pages(connect: Connect, core: Core, whole: ConversationService) -> None:
    citizen = await hello(await connect())
    welcome = await until(citizen, "welcome")
    known = welcome["conversation_id"]
    assert welcome["transcript"][0]["role"] == "bot"
    client, seat_id = await login(connect, core)
    desk = await client.ws_connect("/ws/seat", headers=origin(client))
    await until(desk, "hello")
    await citizen.send_json({"type": "message", "text": "转人工", "client_message_id": "m1"})
    assert (await until(citizen, "reply", in_reply_to="m1"))["status"] == "waiting"
    queue = await until(desk, "queue")
    while not queue["queue"]:  # what stood there before may still be told
        queue = await until(desk, "queue")
    assert [card["conversation_id"] for card in queue["queue"]] == [known]
    await desk.send_json({"type": "watch", "conversation_id": known})
    shown = await until(desk, "conversation")
    assert "转人工" in [turn["text"] for turn in shown["transcript"]]
    await desk.send_json({"type": "claim", "conversation_id": known})
    await until(desk, "claimed", conversation_id=known)
    await until(citizen, "status", status="with_seat")
    say_it = {"type": "say", "conversation_id": known, "text": "您好，我是坐席", "client_message_id": "s1"}
    await desk.send_json(say_it)
    await desk.send_json(say_it)
    while (turn := (await until(citizen, "turn"))["turn"])["role"] != "seat":
        pass
    assert turn["text"] == "您好，我是坐席"
    await citizen.send_json({"type": "message", "text": "路灯坏了", "client_message_id": "m2"})
    reply = await until(citizen, "reply", in_reply_to="m2")
    assert reply["replies"] == [] and reply["status"] == "with_seat"
    while (turn := (await until(desk, "turn"))["turn"])["role"] != "citizen":
        pass
    assert (turn["text"], turn["client_message_id"]) == ("路灯坏了", "m2")
    fields = {"request_type": "求助", "title": "路灯不亮", "detail": "学院路路灯坏了", "district": "海淀区"}
    order = await client.post(
        "/api/v1/seat/orders",
        json={"conversation_id": known, "fields": fields, "client_message_id": "o1"},
        headers=origin(client),
    )
    assert order.status == 201 and (await order.json())["unit"]
    await desk.send_json({"type": "finish", "conversation_id": known, "disposition": "order_filed"})
    await until(citizen, "status", status="ended")
    assert (await until(desk, "conversation"))["snapshot"]["outcome"] == "seat"
    async with core.database.read() as session:
        row = await session.get(Conversation, known)
        said = (await session.execute(select(Turn.text).where(Turn.role == "seat"))).scalars().all()
    assert row is not None and (row.outcome, row.disposition, row.status) == ("seat", "order_filed", "ended")
    assert row.seat_id == seat_id and said == ["您好，我是坐席"]
    for socket in (citizen, desk):
        await socket.close()


def call_message(message: str, call_id: str, **more: Any) -> dict[str, Any]:
    blank = {"caller": "13900001234", "leg": "sip", "trace_id": "ab" * 16, "conversation_id": None}
    return {"type": message, "call_id": call_id, **(blank if message == "call_started" else {}), **more}


def spoken(call_id: str, turn_id: str, text: str, kind: str = "speech") -> dict[str, Any]:
    return call_message("turn", call_id, turn_id=turn_id, kind=kind, text=text, confidence=0.9, unplayed="", meta={})


async def heard_until(phone: ClientWebSocketResponse, words: str) -> list[dict[str, Any]]:
    """What is pushed to the phone, up to the message that says these words."""
    messages = []
    while True:
        messages.append(await until(phone, "say"))
        if any(words in said["text"] for said in messages[-1]["say"]):
            return messages


async def test_a_call_is_answered_put_through_and_ended(
    connect: Connect, core: Core, whole: ConversationService
) -> None:
    client = await connect()
    headers = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    phone = await client.ws_connect("/internal/phone", headers=headers)
    await phone.send_json(call_message("call_started", "call-1"))
    opened = await until(phone, "opened")
    assert opened["say"] and "录音" in opened["say"][0]["text"]
    await phone.send_json(spoken("call-1", "t1", "0", "dtmf"))
    reply = await until(phone, "reply", turn_id="t1")
    assert reply["transfer"] == {"target": "seat", "sip_uri": None, "method": "bridge"} and reply["say"]
    assert await whole.claim(opened["conversation_id"], "s_1")
    heard = await heard_until(phone, "坐席已经接入")
    assert heard[-1]["say"][0]["origin"] == "system"
    await whole.seat_message(opened["conversation_id"], "s_1", "您好，请讲")
    heard += await heard_until(phone, "您好，请讲")
    lines = [message["line"] for message in heard if message["line"]]
    assert lines[0] == "waiting_for_seat" and lines[-1] == "with_seat"
    await whole.finish(opened["conversation_id"], "s_1", "answered")
    await heard_until(phone, "满意")
    await phone.send_json(spoken("call-1", "t2", "1", "dtmf"))
    assert (await until(phone, "reply", turn_id="t2"))["hang_up"]
    await phone.send_json(call_message("call_ended", "call-1", reason="bot_hung_up", recording=None))
    await until(phone, "ended")
    told = await (await client.get("/internal/calls/call-1", headers=headers)).json()
    assert (told["outcome"], told["disposition"], told["status"]) == ("seat", "answered", "ended")
    await phone.close()


async def test_a_call_back_chosen_in_the_waiting_room_is_stored_before_goodbye(
    connect: Connect, core: Core, whole: ConversationService
) -> None:
    client = await connect()
    headers = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    phone = await client.ws_connect("/internal/phone", headers=headers)
    await phone.send_json(call_message("call_started", "call-1"))
    await until(phone, "opened")
    chosen = spoken("call-1", "t1", "13800138000", "dtmf")
    await phone.send_json({**chosen, "meta": {"purpose": "overload_callback"}})
    reply = await until(phone, "reply", turn_id="t1")
    assert reply["hang_up"] and reply["outcome"] == "callback" and "受理" in reply["say"][0]["text"]
    end = call_message("call_ended", "call-1", reason="bot_hung_up", recording=None, callback_number="13800138000")
    await phone.send_json(end)
    await until(phone, "ended")
    (task,) = await core.callbacks.tasks()
    assert (task["number"], task["status"]) == ("13800138000", "open")
    await phone.close()


async def test_a_call_that_the_core_slept_through_is_a_call_back_with_its_recording(
    connect: Connect, core: Core, whole: ConversationService
) -> None:
    path = core.settings.var / "recordings" / "2026-01-05" / "call-9.wav"
    client = await connect()
    headers = {"Authorization": f"Bearer {ensure_token(core.settings)}"}
    phone = await client.ws_connect("/internal/phone", headers=headers)
    end = call_message("call_ended", "call-9", reason="error", recording=str(path), caller="13900001234")
    for _ in range(2):  # told again until it is confirmed
        await phone.send_json(end)
        await until(phone, "ended")
    (task,) = await core.callbacks.tasks()
    assert task["number"] == "13900001234"
    (known,) = await core.recordings.of(task["conversation_id"])
    assert known.name == "2026-01-05/call-9.wav"
    await phone.close()


async def test_an_emergency_on_the_phone_is_transferred_at_once(
    connect: Connect, core: Core, whole: ConversationService
) -> None:
    core.settings.telephony.emergency_sip_uris["119"] = "sip:119@10.0.0.1"
    client = await connect()
    phone = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    await phone.send_json(call_message("call_started", "call-1"))
    await until(phone, "opened")
    await phone.send_json(spoken("call-1", "t1", "着火了，楼道里全是烟"))
    reply = await until(phone, "reply", turn_id="t1")
    assert reply["transfer"] == {"target": "119", "sip_uri": "sip:119@10.0.0.1", "method": "bridge"}
    assert reply["outcome"] == "emergency"
    await phone.close()


async def test_after_a_kill_the_chat_goes_on_and_the_call_becomes_a_call_back(
    connect: Connect,
    core: Core,
    whole: ConversationService,
    clock: ManualClock,
    catalogue: OneCategory,
    places: PlaceMatcher,
) -> None:
    client = await connect()
    chat = await say(client, "我要投诉楼下的烧烤店噪声扰民")
    phone = await client.ws_connect(
        "/internal/phone", headers={"Authorization": f"Bearer {ensure_token(core.settings)}"}
    )
    await phone.send_json(call_message("call_started", "call-1"))
    lost = (await until(phone, "opened"))["conversation_id"]
    await phone.send_json(call_message("call_started", "call-2"))
    kept = (await until(phone, "opened"))["conversation_id"]
    # The process is gone without a word; another one starts on the same database.
    second = Core(core.settings, clock=clock)
    conversations = furnish(second, catalogue, places)
    await conversations.start()
    clock.advance(15)
    await conversations.open("phone", conversation_id=kept, call_id="call-2")  # this call came back in time
    clock.advance(15)
    assert await conversations.sweep() == 1
    async with second.database.read() as session:
        tasks = (await session.execute(select(CallbackTask))).scalars().all()
        row = await session.get(Conversation, lost)
        other = await session.get(Conversation, kept)
    assert [(task.conversation_id, task.number) for task in tasks] == [(lost, "13900001234")]
    assert row is not None and (row.outcome, row.status) == ("callback", "ended")
    assert other is not None and other.status == "open"
    turns = await conversations.transcript(chat["conversation_id"])
    assert [turn.role for turn in turns] == ["citizen", "bot"]
    await conversations.close()
    await second.close()
    answer = await say(client, ANSWERS.get(chat["asking"] or "", "对"), chat["conversation_id"])
    assert answer["conversation_id"] == chat["conversation_id"] and answer["asking"]
    await phone.close()


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE orders; --", "<img src=x onerror=alert(1)>", "{{7*7}}", "%00%0a", "🔥" * 50]
)
async def test_hostile_words_are_answered_like_any_others(
    connect: Connect, core: Core, whole: ConversationService, text: str
) -> None:
    client = await connect()
    answer = await say(client, text)
    turns = await whole.transcript(answer["conversation_id"])
    assert turns[0].role == "citizen" and turns[0].text
    async with core.database.read() as session:
        assert (await session.execute(select(func.count()).select_from(Order))).scalar_one() == 0
