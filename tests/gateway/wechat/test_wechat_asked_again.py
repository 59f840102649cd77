"""Article 11 (3) in WeChat: who left no number is known again all the same, and no second order is made."""

from __future__ import annotations

from sqlalchemy import func, select
from wechat_helpers import Citizen, Node
from wechat_seat import ANSWERS, contact
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from storage.tables import Conversation, Order

TOLD = "我要投诉，楼下的烧烤店晚上十点以后还在放音乐，吵得睡不着"


async def _asked(node: Node, citizen: Citizen) -> str:
    """The last question; everything before it is answered, and no number left."""
    answers = {**ANSWERS, "contact_phone": "不想留电话", "contact_name": "不想说"}
    told = await citizen.says(TOLD)
    for _ in range(9):
        asking = (await node.conversations.snapshot((await contact(node)).conversation_id or ""))["asking"]
        if asking == "confirm_order":
            break
        told = await citizen.says(answers[asking])
    return told


async def test_the_contact_is_known_again(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn
) -> None:
    wechat.allows(citizen.user_id)
    assert "核对" in await _asked(node, citizen)
    assert "工单编号" in await citizen.says("对")
    await citizen.says("没有了")
    clock.advance(3_600 * 30)
    await node.conversations.sweep()
    asked = await _asked(node, citizen)
    assert "查到您反映过同一地点的同类问题" in asked
    await citizen.says("是")
    async with node.core.database.read() as session:
        order = (await session.execute(select(Order))).scalar_one()
        conversations = (await session.execute(select(func.count()).select_from(Conversation))).scalar_one()
    assert not order.contact_phone and conversations == 2
    stranger = Citizen(node, clock, user_id="o_citizen_0002")
    wechat.allows(stranger.user_id)
    assert "反映过" not in await stranger.says(TOLD + "，海淀区中关村街道知春路48号楼下，前几天反映过")
