"""条例 article 11 (3): who asks again without new facts is told how far it has got or the result; no second order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from conversations_helpers import LAMP, PHONE, PLACE, Room, count, rows

from conversations import order_progress
from conversations.messages import TurnResult
from storage.messenger_tables import MessengerContact, MessengerConversation
from storage.tables import Order, OrderEvent

AGAIN = "我前两天反映过小区门口路灯不亮的事，到现在还没人来修"
ANSWER = "电缆已更换，路灯恢复照明。请与李师傅联系，电话13911112222。"
HEARD = "电缆已更换，路灯恢复照明。"


async def _filed(room: Room) -> tuple[str, str, str]:
    """Number, tracking code and unit."""
    filed = await room.talk(LAMP, PLACE, PHONE, "对")
    ((number, code),) = filed.tracking_codes.items()
    return number, code, (await rows(room, Order))[0].unit


async def _answered(room: Room, *, closed: bool = False) -> tuple[str, str, str]:
    number, code, unit = await _filed(room)
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    await room.orders.change(number, "answer", actor=f"unit:{unit}", note=ANSWER)
    if closed:
        await room.orders.change(number, "close", actor="system:core")
    return number, code, unit


async def _events(room: Room, number: str) -> list[str]:
    return [row.event for row in await rows(room, OrderEvent) if row.order_no == number]


async def _status(room: Room, number: str) -> str:
    return (await room.orders.view(number, seat="s")).status


async def test_the_stage_is_told(room: Room) -> None:
    number, _, unit = await _filed(room)
    asked = await room.talk(AGAIN, PLACE, PHONE)
    assert f"已经派给{unit}" in asked.replies[0].text and number[-4:] in asked.replies[0].text
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    asked = await room.talk(AGAIN, PLACE, PHONE)
    assert f"{unit}已经接单，正在办理" in asked.replies[0].text


@pytest.mark.parametrize("closed", [False, True])
async def test_the_result_is_told_and_a_yes_takes_the_order_up_again(room: Room, closed: bool) -> None:
    number, _, unit = await _answered(room, closed=closed)
    asked = await room.talk(LAMP, PLACE, PHONE)  # not even said to be reported before
    told = asked.replies[0].text
    assert asked.asking == "confirm_order" and f"{unit}已经在11月2日答复" in told
    assert HEARD in told and "1391" not in told and "李师傅" not in told
    last = await room.say("还没解决，又不亮了", asked.conversation_id)
    assert "重新办理" in last.replies[0].text and last.orders == (number,)
    assert await count(room, Order) == 1 and await _status(room, number) == "dispatched"
    assert (await _events(room, number))[-2:] == ["reopen", "supplement"]


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("said", ["知道了", "我就是问问结果", "不用了，已经修好了"])
async def test_who_only_wanted_to_know_ends_without_a_second_order(room: Room, said: str, closed: bool) -> None:
    number, _, _ = await _answered(room, closed=closed)
    asked = await room.talk(AGAIN, PLACE, PHONE)
    last = await room.say(said, asked.conversation_id)
    assert last.asking is None and await count(room, Order) == 1
    assert await _status(room, number) == ("closed" if closed else "answered")
    assert (await room.say("没有了", asked.conversation_id)).outcome == "answered"


async def test_who_only_wanted_to_know_of_a_running_order_adds_nothing(room: Room) -> None:
    number, _, _ = await _filed(room)
    asked = await room.talk(AGAIN, PLACE, PHONE)
    await room.say("我就是想问问到哪一步了", asked.conversation_id)
    assert await count(room, Order) == 1 and "supplement" not in await _events(room, number)


async def test_no_is_asked_about_and_another_matter_is_filed(room: Room) -> None:
    await _answered(room)
    asked = await room.talk(LAMP, PLACE, PHONE)
    which = await room.say("不是", asked.conversation_id)
    assert which.asking == "confirm_order" and "另外一件事" in which.replies[0].text
    read_back = await room.say("是另外一件事", asked.conversation_id)
    assert "核对" in read_back.replies[0].text
    await room.say("对", asked.conversation_id)
    assert await count(room, Order) == 2


async def test_what_was_closed_long_ago_or_withdrawn_is_filed_anew(room: Room) -> None:
    number, _, _ = await _answered(room, closed=True)
    room.clock.advance((order_progress.LATELY + timedelta(hours=1)).total_seconds())
    asked = await room.talk(LAMP, PLACE, PHONE)
    assert "核对" in asked.replies[0].text
    last = await room.say("对", asked.conversation_id)
    (second,) = last.orders
    await room.orders.change(second, "withdraw", actor="seat:s1", note="市民撤回")
    assert second != number and "核对" in (await room.talk(LAMP, PLACE, PHONE)).replies[0].text


async def test_after_a_return_visit_in_vain_a_person_decides(room: Room) -> None:
    number, _, _ = await _answered(room)
    await room.orders.change(number, "visit", actor="system:core", note="没有解决")
    asked = await room.talk(LAMP, PLACE, PHONE)
    assert "回访" in asked.replies[0].text
    last = await room.say("还没解决", asked.conversation_id)
    assert last.orders == (number,) and await _status(room, number) == "visited"
    assert (await _events(room, number))[-1] == "supplement"


async def test_a_secret_order_is_told_only_to_its_own_number(room: Room) -> None:
    number, _, unit = await _filed(room)
    async with room.database.write() as session:
        order = await session.get(Order, number)
        assert order is not None
        order.confidential = True
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    await room.orders.change(number, "answer", actor=f"unit:{unit}", note=ANSWER)
    typed = await room.talk(LAMP, PLACE, PHONE)
    assert "承办单位已经在11月2日答复" in typed.replies[0].text
    assert HEARD not in typed.replies[0].text and unit not in typed.replies[0].text
    called = await room.service.open("phone", caller_number=PHONE, call_id="k-1")
    for words in (LAMP, PLACE, "对，就用这个号码"):
        last = await room.say(words, called.conversation_id, channel="phone", kind="speech")
    assert HEARD in last.replies[0].text


async def test_a_typed_number_and_a_mere_hint_tell_no_answer_a_call_from_it_does(room: Room) -> None:
    await _answered(room)
    typed = await room.talk(AGAIN, PLACE, PHONE)
    assert "已经在11月2日答复，答复内容可以凭工单编号和查询码查看" in typed.replies[0].text
    called = await room.service.open("phone", caller_number=PHONE, call_id="k-1")
    for words in (AGAIN, PLACE, "对，就用这个号码"):
        last = await room.say(words, called.conversation_id, channel="phone", kind="speech")
    assert HEARD in last.replies[0].text


async def test_number_and_code_tell_stage_and_answer(room: Room) -> None:
    number, code, unit = await _answered(room, closed=True)
    told = await room.talk("查一下我的工单进度", number, code)
    text = told.replies[0].text
    assert "“已办结”" in text and f"{unit}在11月2日答复了，答复是：{HEARD}" in text
    assert "1391" not in text and "补充" not in "".join(reply.text for reply in told.replies)


BOTH = "我们小区门口的路灯不亮，已经坏了三天了。还有楼下饭馆油烟太大，每天晚上熏得没法开窗"
FUMES = "楼下饭馆油烟太大，每天晚上熏得没法开窗"


async def _until(room: Room, first: str, said: dict[str, str], *, stop: str, **more: Any) -> TurnResult:
    """Answers by the words of the question, until a reply has `stop` in it."""
    result = await room.say(first, **more)
    for _ in range(10):
        text = result.replies[-1].text
        if stop in text:
            return result
        answer = next((words for cue, words in said.items() if cue in text), "不清楚")
        result = await room.say(answer, result.conversation_id, **more)
    raise AssertionError(result.replies[-1].text)


ANSWERS = {
    "区": PLACE,
    "电话": PHONE,
    "保密": "不用保密",
    "怎么解决": "尽快解决",
    "哪家": "一家饭馆",
    "什么时候": "从上周开始",
}


async def test_of_two_matters_the_one_that_has_an_order_is_asked_about_and_the_other_filed(room: Room) -> None:
    number, _, _ = await _filed(room)
    asked = await _until(room, BOTH, ANSWERS, stop=number[-4:])
    assert asked.asking == "confirm_order" and await count(room, Order) == 1
    assert "路灯" in asked.replies[-1].text.partition("”")[0], "which of the two it is"
    rest = await room.say("是同一件", asked.conversation_id)
    assert "补充" in rest.replies[0].text and "核对" in rest.replies[-1].text and "油烟" in rest.replies[-1].text
    assert "路灯" not in rest.replies[-1].text
    last = await room.say("对", asked.conversation_id)
    assert await count(room, Order) == 2 and len(last.orders) == 2
    assert (await _events(room, number))[-1] == "supplement"
    assert all(order.duplicate_of is None for order in await rows(room, Order))


async def test_both_of_two_matters_may_have_an_order(room: Room) -> None:
    await _filed(room)
    read = await _until(room, FUMES, ANSWERS, stop="核对")
    await room.say("对", read.conversation_id)
    assert await count(room, Order) == 2
    asked = await _until(room, BOTH, ANSWERS, stop="同一件事吗")
    other = await room.say("是", asked.conversation_id)
    assert "同一件事吗" in other.replies[-1].text and "油烟" in other.replies[-1].text
    last = await room.say("是", asked.conversation_id)
    assert last.asking is None and await count(room, Order) == 2
    assert [row.event for row in await rows(room, OrderEvent)].count("supplement") == 2


async def test_who_says_that_it_is_another_one_has_both_filed(room: Room) -> None:
    number, _, _ = await _filed(room)
    asked = await _until(room, BOTH, ANSWERS, stop=number[-4:])
    read = await room.say("不是同一件事，是另一件", asked.conversation_id)
    assert "第一件" in read.replies[-1].text and "第二件" in read.replies[-1].text
    await room.say("对", asked.conversation_id)
    assert await count(room, Order) == 3


async def test_an_order_that_takes_no_more_is_filed_anew_and_the_other_matter_is_still_asked(room: Room) -> None:
    number, _, _ = await _filed(room)
    asked = await _until(room, BOTH, ANSWERS, stop=number[-4:])
    await room.orders.change(number, "withdraw", actor="seat:s1", note="市民撤回")
    rest = await room.say("是同一件", asked.conversation_id)
    assert len(rest.orders) == 1 and rest.orders != (number,) and rest.asking == "confirm_order"
    assert "油烟" in rest.replies[-1].text, "the question that stands"
    await room.say("对", asked.conversation_id)
    assert await count(room, Order) == 3


async def _by_messenger(room: Room, contact: str, conversation_id: str) -> None:
    now = room.clock.now()
    async with room.database.write() as session:
        if await session.get(MessengerContact, contact) is None:
            session.add(
                MessengerContact(
                    id=contact, channel="wechat", account="a", user_key=contact, user_id=contact,
                    created_at=now, updated_at=now,
                )
            )  # fmt: skip
            await session.flush()
        session.add(MessengerConversation(conversation_id=conversation_id, contact_id=contact))


async def test_a_contact_of_a_messenger_is_known_without_a_number(room: Room) -> None:
    told = {**ANSWERS, "电话": "不想留"}
    read = await _until(room, LAMP, told, stop="核对", citizen="mc_1", channel="wechat")
    ((number, _),) = (await room.say("对", read.conversation_id, citizen="mc_1")).tracking_codes.items()
    await _by_messenger(room, "mc_1", read.conversation_id)
    unit = (await rows(room, Order))[0].unit
    await room.orders.change(number, "accept", actor=f"unit:{unit}")
    await room.orders.change(number, "answer", actor=f"unit:{unit}", note=ANSWER)
    again = await _until(room, f"我前两天反映过{PLACE}小区门口路灯不亮的事", told, stop=number[-4:], citizen="mc_1")
    assert again.replies[-1].text.startswith("查到您反映过") and HEARD in again.replies[-1].text
    assert (await room.say("知道了", again.conversation_id, citizen="mc_1")).asking is None
    other = await _until(room, LAMP, told, stop="核对", citizen="mc_2", channel="wechat")
    assert number[-4:] not in other.replies[-1].text, "another contact is told nothing of it"
    assert await count(room, Order) == 1
