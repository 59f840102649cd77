"""微信客服 of WeCom: told of by a callback, read by a cursor, answered through the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse
from sqlalchemy import func, select
from test_wechat_xml import BOMB
from wechat_helpers import ANSWER, KF_CRYPTO, Node
from wechat_stand_in import KfStandIn

from base.clock import ManualClock
from base.settings import Settings
from gateway.wechat import xml
from storage.messenger_tables import MessengerContact, MessengerCursor, MessengerOutbox
from storage.tables import Conversation, Turn

USER = "wm_citizen_0001"
QUESTION = "居住证丢了怎么补办？"
OpenNode = Callable[[], Awaitable[Node]]


async def call(node: Node, clock: ManualClock, message: bytes | None = None, **query: str) -> ClientResponse:
    """WeCom's callback: there is something to read."""
    plain = message or (
        b"<xml><ToUserName>ww</ToUserName><MsgType>event</MsgType><Event>kf_msg_or_event</Event>"
        b"<Token>SYNC</Token><OpenKfId>kf1</OpenKfId></xml>"
    )
    timestamp, nonce = str(int(clock.now().timestamp())), "n"
    ciphertext, sign = KF_CRYPTO.seal(plain, timestamp=timestamp, nonce=nonce)
    params = {"timestamp": timestamp, "nonce": nonce, "msg_signature": sign, **query}
    body = f"<xml><ToUserName>ww</ToUserName><Encrypt>{xml.cdata(ciphertext)}</Encrypt></xml>"
    return await node.client.post("/wecom/kf/callback", params=params, data=body.encode())


async def told(node: Node, clock: ManualClock) -> None:
    """A callback, and everything that follows from it."""
    assert (await call(node, clock)).status == 200
    for task in [task for task in node.core._tasks if task.get_name() == "wecom messages"]:
        await task
    await node.settled()
    await node.send()


async def count(node: Node, what: Any, **values: str) -> int:
    async with node.core.database.read() as session:
        query = select(func.count()).select_from(what).filter_by(**values)
        return int((await session.execute(query)).scalar_one())


async def conversation_of(node: Node) -> str:
    async with node.core.database.read() as session:
        return (await session.execute(select(MessengerContact.conversation_id))).scalar_one() or ""


async def test_the_address_is_verified(node: Node, clock: ManualClock) -> None:
    timestamp = str(int(clock.now().timestamp()))
    ciphertext, sign = KF_CRYPTO.seal(b"1616140317555161061", timestamp=timestamp, nonce="n")
    params = {"timestamp": timestamp, "nonce": "n", "msg_signature": sign, "echostr": ciphertext}
    response = await node.client.get("/wecom/kf/callback", params=params)
    assert (response.status, await response.text()) == (200, "1616140317555161061")
    for wrong in ({"msg_signature": "0" * 40}, {"nonce": "other"}, {"echostr": "AAAA"}):
        assert (await node.client.get("/wecom/kf/callback", params={**params, **wrong})).status == 403


async def test_callbacks_that_are_not_genuine(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.writes(USER, QUESTION)
    assert (await call(node, clock, msg_signature="0" * 40)).status == 403
    assert (await call(node, clock, BOMB)).status == 403
    old = str(int(clock.now().timestamp()) - 301)
    ciphertext, sign = KF_CRYPTO.seal(b"<xml/>", timestamp=old, nonce="n")
    body = f"<xml><Encrypt>{ciphertext}</Encrypt></xml>"
    params = {"timestamp": old, "nonce": "n", "msg_signature": sign}
    assert (await node.client.post("/wecom/kf/callback", params=params, data=body)).status == 403
    assert not wecom.asked


async def test_a_question_is_answered(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    assert ANSWER in wecom.texts(USER)[0] and wecom.texts()[0].startswith("【智能助手】")
    assert wecom.sent[0]["open_kfid"] == "kf1" and wecom.asked[0]["token"] == "SYNC"
    assert await count(node, Conversation, channel="wecom") == 1


async def test_everything_is_read_once_page_by_page(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.page = 2
    for number in range(5):
        wecom.writes(f"{USER}-{number}", QUESTION)
    await told(node, clock)
    assert len(wecom.asked) == 3 and len(wecom.sent) == 5
    await told(node, clock)
    assert wecom.asked[-1]["cursor"] == "5" and len(wecom.sent) == 5
    assert await count(node, Turn, role="citizen") == 5


async def test_the_cursor_survives_a_restart(
    node: Node, clock: ManualClock, wecom: KfStandIn, open_another: OpenNode
) -> None:
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    wecom.writes(USER, "没有了")
    successor = await open_another()
    assert successor.messengers.wecom is not None
    await successor.messengers.wecom.catch_up()
    await successor.settled()
    assert wecom.asked[-1]["cursor"] == "1" and await count(node, Turn, role="citizen") == 2


async def test_a_page_that_was_read_and_not_noted_is_read_again(
    node: Node, clock: ManualClock, wecom: KfStandIn, open_another: OpenNode
) -> None:
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    async with node.core.database.write() as session:
        row = (await session.execute(select(MessengerCursor))).scalar_one()
        row.cursor = ""
    await told(node, clock)
    await told(await open_another(), clock)
    assert len(wecom.sent) == 1 and await count(node, Turn, role="citizen") == 1


async def test_an_api_that_fails_in_between(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.page = 1
    for number in range(3):
        wecom.writes(f"{USER}-{number}", QUESTION)
    wecom.fails("/cgi-bin/kf/sync_msg", 0, -1)
    await told(node, clock)
    await told(node, clock)
    assert await count(node, Turn, role="citizen") == 3 and len(wecom.sent) == 3


async def test_what_was_written_before_we_came_is_left_alone(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.writes(USER, "三天前的话")
    clock.advance(7_200)
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    assert len(wecom.sent) == 1 and await count(node, Turn, role="citizen") == 1


async def test_a_session_begins_with_a_greeting(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    event = {"event_type": "enter_session", "open_kfid": "kf1", "external_userid": USER, "scene": "123"}
    wecom.happens({"origin": 4, "msgtype": "event", "event": {**event, "welcome_code": "CODE"}})
    wecom.happens({"origin": 4, "msgtype": "event", "event": event})
    await told(node, clock)
    assert [greeted["code"] for greeted in wecom.greeted] == ["CODE"] and not wecom.sent
    assert wecom.greeted[0]["text"]["content"].startswith("【智能助手】您好")
    assert await count(node, Conversation) == 0


async def test_our_own_seats_answer(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.writes(USER, "转人工")
    await told(node, clock)
    assert not wecom.handed, "our desk is the default"
    conversation_id = await conversation_of(node)
    assert await node.conversations.claim(conversation_id, "s1")
    await node.conversations.seat_message(conversation_id, "s1", "您好，我是坐席。")
    clock.advance(2)
    await node.send()
    assert wecom.texts()[-1].endswith("【人工坐席】您好，我是坐席。")


@pytest.mark.parametrize(("hand_over", "state"), [("pool", 2), ("servicer", 3)])
async def test_the_corporations_own_servicers_take_over(
    settings: Settings, open_another: OpenNode, clock: ManualClock, wecom: KfStandIn, hand_over: str, state: int
) -> None:
    settings.wecom.hand_over, settings.wecom.servicer = hand_over, "zhangsan"  # type: ignore[assignment]
    node = await open_another()
    wecom.writes(USER, "转人工")
    await told(node, clock)
    assert [(handed["service_state"], handed.get("servicer_userid")) for handed in wecom.handed] == [
        (state, "zhangsan" if hand_over == "servicer" else None)
    ]
    snapshot = await node.conversations.snapshot(await conversation_of(node))
    assert (snapshot["status"], snapshot["outcome"]) == ("ended", "seat"), "one contact, one outcome"
    turns = await count(node, Turn)
    wecom.writes(USER, QUESTION)
    wecom.writes(USER, "", origin=5, msgtype="text", text={"content": "我是张三"})
    await told(node, clock)
    assert await count(node, Turn) == turns, "a person reads and answers it"
    change = {"event_type": "session_status_change", "open_kfid": "kf1", "external_userid": USER, "change_type": 3}
    wecom.happens({"origin": 4, "msgtype": "event", "event": change})
    wecom.state[USER] = 1
    await told(node, clock)
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    assert ANSWER in wecom.texts()[-1]


async def test_a_hand_over_that_fails_leaves_it_to_our_seats(
    settings: Settings, open_another: OpenNode, clock: ManualClock, wecom: KfStandIn
) -> None:
    settings.wecom.hand_over = "pool"
    node = await open_another()
    wecom.fails("/cgi-bin/kf/service_state/trans", 95016)
    wecom.writes(USER, "转人工")
    await told(node, clock)
    assert [card["channel"] for card in await node.conversations.waiting()] == ["wecom"]


@pytest.mark.parametrize("code", [95001, 95002, 95018])
async def test_limits(node: Node, clock: ManualClock, wecom: KfStandIn, code: int) -> None:
    wecom.fails("/cgi-bin/kf/send_msg", code)
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    assert not wecom.sent
    wecom.writes(USER, "没有了")
    await told(node, clock)
    assert ANSWER in wecom.texts()[0], "it comes when the citizen writes again"


async def test_a_message_sent_twice_arrives_once(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    """The answer to the first was lost: WeCom knows the message by its id."""
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    async with node.core.database.write() as session:
        for row in (await session.execute(select(MessengerOutbox))).scalars():
            row.status, row.body, row.attempts = "waiting", {"text": "同一句话"}, 0
    await node.send()
    async with node.core.database.write() as session:
        for row in (await session.execute(select(MessengerOutbox))).scalars():
            row.status, row.body, row.attempts = "waiting", {"text": "同一句话"}, 0
    await node.send()
    assert len(wecom.sent) == 2


async def test_a_message_that_wecom_could_not_deliver(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.writes(USER, QUESTION)
    await told(node, clock)
    event = {
        "event_type": "msg_send_fail",
        "open_kfid": "kf1",
        "external_userid": USER,
        "fail_msgid": wecom.sent[0]["msgid"],
        "fail_type": 10,
    }
    wecom.happens({"origin": 4, "msgtype": "event", "event": event})
    await told(node, clock)
    assert await count(node, MessengerOutbox, status="failed") >= 1


async def test_pictures_voices_places_and_links(node: Node, clock: ManualClock, wecom: KfStandIn) -> None:
    wecom.media["p1"] = ("image/jpeg", b"\xff\xd8\xff\xe0" + bytes(100))
    wecom.writes(USER, "", msgtype="image", image={"media_id": "p1"})
    place = {"latitude": 39.97, "longitude": 116.33, "name": "知春大厦", "address": "海淀区知春路48号"}
    wecom.writes(USER, "", msgtype="location", location=place)
    wecom.writes(USER, "", msgtype="link", link={"title": "通知", "desc": "", "url": "https://example.cn"})
    wecom.writes(USER, "", msgtype="business_card", business_card={"userid": "x"})
    await told(node, clock)
    async with node.core.database.read() as session:
        said = (await session.execute(select(Turn.text).where(Turn.role == "citizen").order_by(Turn.seq))).scalars()
        assert list(said) == ["[图片]", "[位置] 海淀区知春路48号 知春大厦", "[链接] 通知\nhttps://example.cn"]
    assert len(wecom.sent) >= 1
