"""A message longer than one turn is read to its end: nothing that was written is lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from wechat_helpers import Citizen, Node
from wechat_seat import OpenNode, contact
from wechat_stand_in import OfficialStandIn

from base.clock import ManualClock
from gateway.wechat.parts import in_parts
from storage.messenger_tables import MessengerContact, MessengerInbox, MessengerOutbox
from storage.tables import Turn

LIMIT = 100
STORY = "我要投诉，楼下的烧烤店晚上十点以后还在放音乐，吵得睡不着。" + "".join(
    f"第{number}天夜里还是一样，找过物业也找过居委会，都说管不了，孩子第二天要上学。" for number in range(1, 16)
)
LAST = "最后请记一下，我要求让他们十点以后关掉音响。"


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(st.text(st.sampled_from("路灯不亮，。！？ \n138零一A-.”："), max_size=600), st.integers(100, 200))
def test_nothing_is_lost_and_no_part_is_too_long(text: str, limit: int) -> None:
    parts = in_parts(text, limit)
    assert squeezed("".join(parts)) == squeezed(text)
    assert all(0 < len(part) <= limit for part in parts)


def test_it_ends_behind_a_sentence_else_behind_a_pause() -> None:
    assert in_parts("路灯不亮。" * 30, LIMIT) == ["路灯不亮。" * 20, "路灯不亮。" * 10]
    assert in_parts("他说：“不管。”" * 20, LIMIT)[0].endswith("”")
    assert all(part.endswith("，") for part in in_parts("路灯不亮，" * 30, 99))
    assert in_parts("  ", LIMIT) == [] and in_parts("路灯", LIMIT) == ["路灯"]


@pytest.mark.parametrize("number", ["13900001234", "138 0000 1234", "12,000", "幺三九零零零零幺二三四"])
def test_no_number_is_cut(number: str) -> None:
    for before in range(LIMIT - len(number), LIMIT + 1):
        assert any(number in part for part in in_parts("路" * before + number + "灯" * 40, LIMIT)), before


async def _turns(node: Node) -> list[str]:
    async with node.core.database.read() as session:
        query = select(Turn.text).where(Turn.role == "citizen").order_by(Turn.seq)
        return list((await session.execute(query)).scalars())


async def test_a_long_message_is_stored_to_its_end_and_the_talk_goes_on(
    node: Node, citizen: Citizen, wechat: OfficialStandIn
) -> None:
    node.core.settings.web.message_limit_characters = LIMIT
    wechat.allows(citizen.user_id)
    await citizen.says(STORY + LAST)
    await node.settled()
    turns = await _turns(node)
    assert len(turns) > 5 and squeezed("".join(turns)) == squeezed(STORY + LAST)
    conversation_id = (await contact(node)).conversation_id
    assert conversation_id is not None
    replies = [turn for turn in await node.conversations.transcript(conversation_id) if turn.role == "bot"]
    assert len(replies) >= len(turns) and (await node.conversations.snapshot(conversation_id))["status"] != "ended"


async def test_a_process_that_dies_over_it_says_no_part_twice(
    node: Node, citizen: Citizen, clock: ManualClock, wechat: OfficialStandIn, open_another: OpenNode
) -> None:
    node.core.settings.web.message_limit_characters = LIMIT
    wechat.allows(citizen.user_id)
    taken, turn = 0, node.conversations.citizen_turn

    async def dies_at_the_third(*given: object, **more: object) -> object:
        nonlocal taken
        taken += 1
        if taken == 3:
            raise SystemError("killed")
        return await turn(*given, **more)  # type: ignore[arg-type]

    node.conversations.citizen_turn = dies_at_the_third  # type: ignore[method-assign,assignment]
    await citizen.says(STORY + LAST)
    await node.settled()
    assert len(await _turns(node)) == 2
    async with node.core.database.write() as session:  # nothing of what the dead process knew besides
        await session.execute(update(MessengerContact).values(conversation_id=None))
        await session.execute(update(MessengerInbox).values(lease_until=clock.now()))
        await session.execute(update(MessengerOutbox).values(key=MessengerOutbox.key + ":"))
    clock.advance(61)
    successor = await open_another()
    assert await successor.messengers.all[0].sweep() == 1
    await successor.settled()
    turns = await _turns(successor)
    assert squeezed("".join(turns)) == squeezed(STORY + LAST)
    async with successor.core.database.read() as session:
        assert len(set((await session.execute(select(Turn.conversation_id))).scalars())) == 1
