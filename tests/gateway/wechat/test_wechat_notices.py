"""News of an order: template and subscription messages, and the question of a return visit."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from wechat_helpers import ANSWER, Citizen, Node
from wechat_seat import QUESTION, OpenNode, contact, filed, statuses
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from base.sections.channels import WechatNoticeSettings
from base.settings import Settings
from storage.messenger_tables import MessengerOutbox


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


def test_events_of_orders_that_have_notices_exist() -> None:
    from typing import get_args, get_type_hints

    from base.sections.channels import WechatSettings
    from workorders.order import RULES

    named = get_args(get_args(get_type_hints(WechatSettings)["notices"])[0])
    assert named and all(RULES[name].public for name in named)
