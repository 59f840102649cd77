"""WeChat delivers: what is genuine is answered once, everything else is refused without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import func, select
from test_wechat_xml import BOMB, EXTERNAL
from wechat_helpers import ANSWER, TOKEN, Citizen, Node
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from base.errors import ConfigurationError
from base.sections.channels import WechatSettings
from base.settings import Settings
from gateway.app import build_app
from gateway.core import Core
from gateway.wechat.crypto import signature
from storage.tables import Conversation, Turn

QUESTION = "居住证丢了怎么补办？"


async def count(node: Node, what: type[Turn] | type[Conversation], **values: str) -> int:
    query = select(func.count()).select_from(what).filter_by(**values)
    async with node.core.database.read() as session:
        return int((await session.execute(query)).scalar_one())


async def verify(node: Node, clock: ManualClock, **query: str) -> tuple[int, str]:
    timestamp = str(int(clock.now().timestamp()))
    params = {
        "timestamp": timestamp,
        "nonce": "n",
        "signature": signature(TOKEN, timestamp, "n"),
        "echostr": "5837397520665436492",
        **query,
    }
    response = await node.client.get("/wechat/callback", params=params)
    return response.status, await response.text()


async def test_the_address_is_verified(node: Node, clock: ManualClock) -> None:
    assert await verify(node, clock) == (200, "5837397520665436492")
    status, text = await verify(node, clock, signature="0" * 40)
    assert status == 403 and "5837397520665436492" not in text
    assert (await verify(node, clock, timestamp="abc"))[0] == 403


async def test_a_question_is_answered_in_the_response(node: Node, citizen: Citizen) -> None:
    reply = await citizen.says(QUESTION)
    assert reply.startswith("【智能助手】") and ANSWER in reply
    assert "依据：《北京市居住证管理办法》第三条（2024-01-01）" in reply
    assert await count(node, Conversation, channel="wechat") == 1


async def test_the_conversation_goes_on(node: Node, citizen: Citizen) -> None:
    assert "投诉" in await citizen.says("我要投诉") or await count(node, Turn, role="bot") > 0
    await citizen.says("楼下的烧烤店，晚上十点以后还在放音乐，吵得睡不着")
    assert await count(node, Conversation) == 1
    assert await count(node, Turn, role="citizen") == 2


@pytest.mark.parametrize(
    ("mode", "sealed", "status"),
    [("plain", False, 200), ("compatible", False, 200), ("compatible", True, 200), ("encrypted", False, 403)],
)
async def test_modes(
    settings: Settings,
    open_another: Callable[[], Awaitable[Node]],
    clock: ManualClock,
    mode: str,
    sealed: bool,
    status: int,
) -> None:
    settings.wechat = WechatSettings.model_validate({**settings.wechat.model_dump(), "mode": mode})
    citizen = Citizen(await open_another(), clock, sealed=sealed)
    response = await citizen.post(citizen.message("text", Content=QUESTION))
    assert response.status == status
    if status == 200:
        assert ANSWER in citizen.read(await response.read())


async def test_what_is_not_genuine_is_refused_alike(node: Node, citizen: Citizen, clock: ManualClock) -> None:
    message = citizen.message("text", Content=QUESTION)
    answers = {
        (response.status, (await response.json())["error"]["message"])
        for response in [
            await citizen.post(message, signature="0" * 40),
            await citizen.post(message, msg_signature="0" * 40),
            await citizen.post(message, nonce="another"),
            await citizen.post(message, timestamp="1"),
            await citizen.post_raw(b"no xml"),
            await citizen.post_raw(BOMB),
            await citizen.post_raw(EXTERNAL),
            await citizen.post({"MsgType": "text", "Content": "no sender"}),
            await node.client.post("/wechat/callback", data=b""),
        ]
    }
    assert answers == {(403, "请求无效。")}
    assert await count(node, Turn) == 0
    metrics = node.core.metrics.text().decode()
    assert 'hotline_messenger_callbacks_total{channel="wechat",result="malformed"} 4.0' in metrics
    assert 'hotline_messenger_callbacks_total{channel="wechat",result="bad_signature"} 5.0' in metrics


@pytest.mark.parametrize("body", [BOMB, EXTERNAL])
async def test_bombs_in_the_outer_document(citizen: Citizen, body: bytes) -> None:
    citizen.sealed = False
    assert (await citizen.post_raw(body)).status == 403


async def test_replays(node: Node, citizen: Citizen, clock: ManualClock) -> None:
    message, then = citizen.message("text", Content=QUESTION), str(int(clock.now().timestamp()))
    fresh = await citizen.post(message)
    query = dict(fresh.request_info.url.query)
    clock.advance(301)
    again = await citizen.post(
        message,
        timestamp=query["timestamp"],
        nonce=query["nonce"],
        signature=query["signature"],
        msg_signature=query["msg_signature"],
    )
    assert again.status == 403
    clock.advance(-602)  # a message from the future is none either
    assert (await citizen.post(message, timestamp=then, signature=signature(TOKEN, then, "n-1"))).status == 403
    assert 'result="stale"} 2.0' in node.core.metrics.text().decode()


async def test_who_goes_on_with_rubbish_is_stopped(node: Node, citizen: Citizen) -> None:
    node.core.limits.requests.__init__(2)  # type: ignore[misc]
    statuses = [(await citizen.post({}, signature="0" * 40)).status for _ in range(4)]
    assert statuses == [403, 403, 429, 429]
    assert ANSWER in await citizen.says(QUESTION), "what is genuine is taken all the same"


async def test_a_repetition_gets_the_same_answer(node: Node, citizen: Citizen) -> None:
    message = citizen.message("text", Content=QUESTION)
    replies = {await citizen.sends(message) for _ in range(3)}
    assert len(replies) == 1 and ANSWER in replies.pop()
    assert await count(node, Turn, role="citizen") == 1


async def test_a_repetition_in_flight_waits_for_the_first(node: Node, citizen: Citizen) -> None:
    message = citizen.message("text", Content=QUESTION)
    node.understander.gate.clear()
    deliveries = [asyncio.create_task(citizen.sends(message)) for _ in range(3)]
    await node.understander.began.wait()
    node.understander.gate.set()
    replies = await asyncio.gather(*deliveries)
    assert len(set(replies)) == 1 and ANSWER in replies[0]
    assert await count(node, Turn, role="citizen") == 1 and len(node.understander.asked) == 1


async def test_a_repetition_at_another_node(
    node: Node, citizen: Citizen, open_another: Callable[[], Awaitable[Node]], wechat: OfficialStandIn
) -> None:
    other, message = await open_another(), citizen.message("text", Content=QUESTION)
    wechat.allows(citizen.user_id)
    node.understander.gate.clear()
    first = asyncio.create_task(citizen.sends(message))
    await node.understander.began.wait()
    second = asyncio.create_task(citizen.sends(message, node=other))
    await asyncio.sleep(0.05)
    node.understander.gate.set()
    assert ANSWER in await first and await second == await first
    assert await citizen.sends(message, node=other) == await first
    assert await count(node, Turn, role="citizen") == 1
    assert await node.send() + await other.send() == 0, "it was answered in the response, and not again"


async def test_a_slow_answer_comes_as_a_message_of_its_own(
    node: Node, citizen: Citizen, wechat: OfficialStandIn, settings: Settings
) -> None:
    settings.wechat.passive_reply_seconds = 0.1
    wechat.allows(citizen.user_id)
    message = citizen.message("text", Content=QUESTION)
    node.understander.gate.clear()
    assert await citizen.sends(message) == ""
    assert await citizen.sends(message) == "", "a repetition meanwhile"
    assert await node.send() == 0
    node.understander.gate.set()
    await node.settled()
    assert await node.send() == 1
    assert ANSWER in wechat.texts()[0] and len(wechat.sent) == 1
    assert await citizen.sends(message) == "" and await node.send() == 0
    assert await count(node, Turn, role="citizen") == 1


async def test_events(node: Node, citizen: Citizen, settings: Settings) -> None:
    settings.wechat.menu["QUESTION"] = QUESTION
    arrived = citizen.message("event", Event="subscribe", EventKey="qrscene_street-7")
    assert "我是智能助手" in await citizen.sends(arrived)
    assert "我是智能助手" in await citizen.sends(citizen.message("event", Event="SCAN", EventKey="street-8"))
    assert await count(node, Conversation) == 0, "a greeting is no contact"
    click = citizen.message("event", Event="CLICK", EventKey="QUESTION")
    assert ANSWER in await citizen.sends(click)
    assert await citizen.sends(click) == await citizen.sends(click)
    assert await count(node, Turn, role="citizen") == 1
    assert await citizen.sends(citizen.message("event", Event="VIEW", EventKey="https://example.cn")) == ""
    assert await citizen.sends(citizen.message("event", Event="unsubscribe")) == ""


async def test_too_many_messages_of_one_citizen(
    settings: Settings, open_another: Callable[[], Awaitable[Node]], clock: ManualClock
) -> None:
    limit = settings.wechat.messages_a_minute = 3
    node = await open_another()
    citizen = Citizen(node, clock)
    for number in range(limit):
        await citizen.says(f"你好{number}")
    assert "请稍等" in await citizen.says("你好")
    assert ANSWER in await Citizen(node, clock, "o_another").says(QUESTION), "the same number, but another citizen"
    assert await count(node, Turn, role="citizen") == limit + 1


async def test_a_long_answer_is_told_in_parts(node: Node, citizen: Citizen, wechat: OfficialStandIn) -> None:
    wechat.allows(citizen.user_id)
    node.book.answer = "".join(f"第{number}条，请带好身份证和材料到窗口办理。" for number in range(120))
    told = [await citizen.says(QUESTION)]
    assert await node.send() == 3
    told += wechat.texts()
    assert all(len(text.encode()) <= 2_048 and text.startswith("【智能助手】") for text in told)
    assert node.book.answer in "".join(text.removeprefix("【智能助手】") for text in told)


async def test_while_the_core_starts_wechat_is_asked_to_come_again(settings: Settings, clock: ManualClock) -> None:
    from aiohttp.test_utils import TestClient, TestServer

    core = Core(settings, clock=clock)
    async with TestClient(TestServer(build_app(core))) as client:
        assert (await client.post("/wechat/callback", data=b"")).status == 503
    await core.close()


async def test_settings_that_are_missing_are_told_at_start(settings: Settings, clock: ManualClock) -> None:
    settings.wechat.app_secret = ""
    core = Core(settings, clock=clock)
    with pytest.raises(ConfigurationError, match=r"wechat\.app_secret"):
        build_app(core)
    settings.wechat.enabled = settings.wecom.enabled = False
    assert not [route for route in build_app(core).router.routes() if "wechat" in str(route.resource)]
    await core.close()
