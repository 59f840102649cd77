"""What goes out by itself: seats' words, news of orders, notices; within WeChat's limits, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from gateway_helpers import login
from sqlalchemy import select, update
from wechat_helpers import ANSWER, Citizen, Node
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from base.sections.channels import WechatNoticeSettings
from base.settings import Settings
from gateway.desk import DESK
from gateway.wechat.delivery import Delivery
from gateway.wechat.outbox import Outbox
from storage.messenger_tables import MessengerContact, MessengerInbox, MessengerOutbox
from storage.tables import Turn
from workorders.model import OrderDraft

QUESTION = "居住证丢了怎么补办？"
SEND = "/cgi-bin/message/custom/send"
ANSWERS = {
    "detail": "晚上十点以后还在放音乐，吵得睡不着",
    "place": "海淀区中关村街道知春路48号楼下",
    "event_time": "昨天晚上",
    "subject": "楼下的烧烤店",
    "appeal": "希望不要再吵",
    "contact_name": "免贵姓王",
    "contact_phone": "13900001234",
    "confidential": "不用保密",
    "confirm_order": "对",
}
OpenNode = Callable[[], Awaitable[Node]]


def box_of(node: Node) -> Outbox:
    delivery = node.messengers.all[0].delivery
    assert isinstance(delivery, Delivery)
    return delivery.outbox


async def contact(node: Node) -> MessengerContact:
    async with node.core.database.read() as session:
        return (await session.execute(select(MessengerContact))).scalar_one()


async def statuses(node: Node) -> list[str]:
    async with node.core.database.read() as session:
        return list((await session.execute(select(MessengerOutbox.status).order_by(MessengerOutbox.id))).scalars())


async def with_seat(node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn) -> str:
    """The citizen talks with a seat; what was said on the way there has been told."""
    await citizen.says("转人工")
    wechat.allows(citizen.user_id)
    conversation_id = (await contact(node)).conversation_id
    assert conversation_id is not None
    assert await node.conversations.claim(conversation_id, "s1")
    await node.send()
    clock.advance(2)
    await node.send()
    return conversation_id


async def types(node: Node, clock: ManualClock, conversation_id: str, text: str) -> int:
    await node.conversations.seat_message(conversation_id, "s1", text)
    await node.send()
    clock.advance(2)
    return await node.send()


async def file_order(node: Node, citizen: Citizen) -> str:
    await citizen.says("我要投诉楼下的烧烤店噪声扰民")
    for _ in range(14):
        conversation_id = (await contact(node)).conversation_id
        assert conversation_id is not None
        snapshot = await node.conversations.snapshot(conversation_id)
        if snapshot["orders"]:
            return str(snapshot["orders"][-1])
        await citizen.says(ANSWERS.get(snapshot["asking"] or "", "对"))
    raise AssertionError("no order was filed")


async def filed(node: Node, citizen: Citizen) -> str:
    """An order of the citizen's conversation, as the dialogue files it, without all its questions."""
    await citizen.says("楼下的烧烤店太吵了")
    draft = OrderDraft(
        "投诉", "噪声", "楼下的烧烤店太吵了", "wechat", conversation_id=(await contact(node)).conversation_id
    )
    async with node.core.database.write() as session:
        order = await node.core.orders.file(session, draft, key="k1", now=node.core.clock.now(), actor="bot:policy")
    return order.order_no


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


async def test_without_a_token_messages_wait(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    """As while an operator corrects a secret."""
    conversation_id = await with_seat(node, citizen, clock, wechat)
    left = (await contact(node)).allowance_left
    clock.advance(7_200)
    wechat.fails("/cgi-bin/stable_token", *[40164] * 12)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    for _ in range(40):
        clock.advance(600)
        if await node.send():
            break
    assert wechat.texts()[-1] == "【人工坐席】您好" and (await contact(node)).allowance_left == left - 1


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


@pytest.mark.parametrize("lost", ["forgotten", "over"])
async def test_a_token_that_ends_in_mid_flight(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, lost: str
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    assert wechat.fetched == 1
    if lost == "forgotten":
        wechat.expire_tokens()
    else:
        for token in wechat.tokens:
            wechat.tokens[token] = clock.now()
    assert await types(node, clock, conversation_id, "您好") == 1
    assert wechat.texts()[-1] == "【人工坐席】您好" and wechat.fetched == 2


async def test_a_token_that_is_refused_though_it_is_the_newest(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    wechat.fails(SEND, 40001)
    assert await types(node, clock, conversation_id, "您好") == 1
    assert (wechat.fetched, wechat.forced) == (3, 1)


async def test_one_token_for_all_nodes(
    node: Node, open_another: OpenNode, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    other = await open_another()
    wechat.fetch_delay_seconds = 0.05
    tokens = [n.messengers.all[0].account._api._token for n in (node, other)]  # type: ignore[attr-defined]
    got = await asyncio.gather(*(token.get() for token in tokens for _ in range(20)))
    assert len(set(got)) == 1 and wechat.fetched == 1
    clock.advance(7_200 - 301)
    assert await tokens[0].get() == got[0] and wechat.fetched == 1
    clock.advance(2)
    early = await asyncio.gather(*(token.get() for token in tokens for _ in range(20)))
    assert wechat.fetched == 2 and set(early) <= {*got, *wechat.tokens}
    assert await tokens[1].get() in set(wechat.tokens) - set(got)


async def test_without_a_new_token_the_old_one_serves_while_it_lasts(
    node: Node, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    token = node.messengers.all[0].account._api._token  # type: ignore[attr-defined]
    first = await token.get()
    clock.advance(7_000)
    wechat.fails("/cgi-bin/stable_token", -1, 45009)
    assert await token.get() == first
    assert await token.get() == first
    assert await token.get() != first


async def test_the_token_is_not_readable_in_the_database(node: Node) -> None:
    token = await node.messengers.all[0].account._api._token.get()  # type: ignore[attr-defined]
    async with node.core.database.engine.connect() as connection:
        stored = (await connection.exec_driver_sql("SELECT token FROM messenger_tokens")).scalar_one()
    assert token not in stored


async def test_messages_survive_a_restart(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    await node.conversations.seat_message(conversation_id, "s1", "还没有被任何进程看到")
    successor = await open_another()
    await successor.send()
    clock.advance(2)
    assert await successor.send() == 1 and await node.send() == 0
    assert wechat.texts()[-1] == "【人工坐席】还没有被任何进程看到"


async def test_a_message_on_its_way_when_the_process_dies(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await node.messengers.all[0].feeder.once()
    clock.advance(2)
    contact_id = (await contact(node)).id
    assert await box_of(node).claim(contact_id, clock.now()) is not None  # and dies
    successor = await open_another()
    assert await successor.send() == 0, "somebody may still be sending it"
    clock.advance(61)
    assert await successor.send() == 1


async def test_what_is_on_its_way_is_not_told_in_the_next_answer_too(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await node.messengers.all[0].feeder.once()
    clock.advance(2)
    box, contact_id = box_of(node), (await contact(node)).id
    sending = await box.claim(contact_id, clock.now())
    assert sending is not None and sending.parcel.text == "【人工坐席】您好"
    await node.conversations.seat_message(conversation_id, "s1", "还在吗")
    await node.messengers.all[0].feeder.once()
    assert await citizen.says("在") == "【人工坐席】还在吗"
    await box.not_sent(sending, "busy", "errcode -1", clock.now())
    assert (await contact(node)).allowance_left == 5, "the citizen has written meanwhile"
    clock.advance(3)
    assert await node.send() == 1 and wechat.texts()[-1] == "【人工坐席】您好"


async def test_two_nodes_send_each_message_once(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    conversation_id = await with_seat(node, citizen, clock, wechat)
    other, before = await open_another(), len(wechat.sent)
    await node.conversations.seat_message(conversation_id, "s1", "您好")
    await asyncio.gather(node.send(), other.send())
    clock.advance(2)
    assert sum(await asyncio.gather(node.send(), other.send(), node.send(), other.send())) == 1
    assert len(wechat.sent) == before + 1


async def test_a_process_that_dies_over_a_message(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    """The turn was stored and the process died before its answer was: no second turn, and the answer comes."""
    wechat.allows(citizen.user_id)
    assert ANSWER in await citizen.says(QUESTION)
    async with node.core.database.write() as session:  # as it stood before the last step
        row = (await session.execute(select(MessengerInbox))).scalar_one()
        found = (await session.execute(select(MessengerContact))).scalar_one()
        found.conversation_id = None
        row.status, row.lease_until, row.reply = "received", clock.now(), ""
        row.payload = {"id": row.id, "user_id": citizen.user_id, "kind": "text", "text": QUESTION}
        await session.execute(update(MessengerOutbox).values(key=MessengerOutbox.key + ":"))
    successor = await open_another()
    assert await successor.messengers.all[0].sweep() == 1
    await successor.settled()
    assert await successor.send() == 1 and ANSWER in wechat.texts()[0]
    async with node.core.database.read() as session:
        turns = (await session.execute(select(Turn).where(Turn.role == "citizen"))).scalars().all()
    assert len(turns) == 1 and await successor.messengers.all[0].sweep() == 0


async def test_a_message_that_cannot_be_dealt_with_is_told(
    node: Node, citizen: Citizen, wechat: OfficialStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    wechat.allows(citizen.user_id)

    async def broken(*_: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(node.conversations, "citizen_turn", broken)
    message = citizen.message("text", Content=QUESTION)
    assert await citizen.sends(message) == ""
    for _ in range(4):
        await node.messengers.all[0].sweep()
        await node.settled()
    assert await node.send() == 1 and "没有处理成功" in wechat.texts()[0]


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


def notices(settings: Settings, *events: str) -> None:
    fields = {"character_string1": "order_no", "thing2": "status", "thing3": "note", "time4": "time", "thing5": "unit"}
    for event in events:
        settings.wechat.notices[event] = WechatNoticeSettings(template_id=f"T-{event}", fields=fields)  # type: ignore[index]


@pytest.mark.parametrize(
    ("account_type", "path"),
    [("service", "/cgi-bin/message/template/send"), ("subscription", "/cgi-bin/message/subscribe/bizsend")],
)
async def test_notices_of_an_order(
    settings: Settings,
    open_another: OpenNode,
    clock: ManualClock,
    wechat: OfficialStandIn,
    account_type: str,
    path: str,
) -> None:
    settings.wechat.account_type = account_type  # type: ignore[assignment]
    notices(settings, "answer", "accept")
    node = await open_another()
    citizen = Citizen(node, clock)
    order_no = await filed(node, citizen)
    wechat.windows.clear()  # notices need none
    clock.advance(3 * 86_400)
    note = "经现场检查，已要求经营者晚十点后停止播放音乐并整改，后续将加强巡查"
    await node.core.orders.change(order_no, "accept", actor="seat:s1")
    await node.core.orders.change(order_no, "answer", actor="seat:s1", note=note)
    assert await node.messengers.all[0].sweep() == 2
    assert await node.messengers.all[0].sweep() == 0
    assert await node.send() == 2
    assert [message["path"] for message in wechat.sent] == [path, path]
    told = {name: value["value"] for name, value in wechat.sent[1]["data"].items()}
    assert told["character_string1"] == order_no and told["time4"].startswith("2026-01-08")
    assert told["thing3"] == note[:19] + "…" and wechat.sent[1]["template_id"] == "T-answer"
    assert await node.send() == 0


async def test_a_notice_that_is_refused(
    settings: Settings, open_another: OpenNode, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    notices(settings, "accept")
    node = await open_another()
    order_no = await filed(node, Citizen(node, clock))
    await node.core.orders.change(order_no, "accept", actor="seat:s1")
    wechat.fails("/cgi-bin/message/template/send", -1, 43101)
    await node.messengers.all[0].sweep()
    assert await node.send() == 0 and (await statuses(node))[-1] == "waiting"
    clock.advance(3)
    assert await node.send() == 0 and (await statuses(node))[-1] == "failed"


async def test_wechat_tells_later_that_a_notice_was_blocked(
    settings: Settings, open_another: OpenNode, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    notices(settings, "accept")
    node = await open_another()
    citizen = Citizen(node, clock)
    await node.core.orders.change(await filed(node, citizen), "accept", actor="seat:s1")
    await node.messengers.all[0].sweep()
    await node.send()
    async with node.core.database.read() as session:
        row = (await session.execute(select(MessengerOutbox).where(MessengerOutbox.kind == "notice"))).scalar_one()
    event = citizen.message(
        "event", Event="TEMPLATESENDJOBFINISH", MsgID=row.remote_id or "", Status="failed:user block"
    )
    assert await citizen.sends(event) == ""
    assert (await statuses(node))[-1] == "failed"


async def test_a_return_visit_is_asked_and_answered_in_wechat(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    """The question stands in the conversation of the order, though another one has begun since."""
    from conversations.visits import VisitAsker

    order_no = await filed(node, citizen)
    first = (await contact(node)).conversation_id
    await citizen.says("没有了")
    clock.advance(3_600)
    await node.conversations.sweep()
    clock.advance(3_600)
    assert ANSWER in await citizen.says(QUESTION)
    assert (await contact(node)).conversation_id != first
    clock.advance(3_600)
    await node.conversations.sweep()
    await node.core.orders.change(order_no, "accept", actor="seat:s1")
    await node.core.orders.change(order_no, "answer", actor="seat:s1", note="已处理")
    await node.core.visits.sweep()
    service = node.conversations
    asker = VisitAsker(node.core.database, node.core.visits, locks=service._locks, hub=service._hub, clock=clock)
    assert await asker.sweep() == 1
    wechat.allows(citizen.user_id)
    await node.send()
    clock.advance(2)
    assert await node.send() == 1 and order_no in wechat.texts()[-1]
    reply = await citizen.says("联系了")
    assert (await contact(node)).conversation_id == first and "解决" in reply


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


def test_events_of_orders_that_have_notices_exist() -> None:
    from typing import get_args, get_type_hints

    from base.sections.channels import WechatSettings
    from workorders.order import RULES

    named = get_args(get_args(get_type_hints(WechatSettings)["notices"])[0])
    assert named and all(RULES[name].public for name in named)
