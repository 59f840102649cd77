"""What a category asks: told by the citizen, kept by itself with the order, and beside the story as before."""

from __future__ import annotations

from conversations_helpers import PHONE, Room, rows

from bot.state import Matter, State
from conversations import drafts
from storage.tables import Order
from workorders import answers

WAGES = "我要投诉，朝阳区双井街道富力城工地的老板拖欠我的工资，一直坏了良心不退"


async def test_wages_are_asked_for_and_kept(room: Room) -> None:
    first = await room.say(WAGES)
    asked, result = [first.replies[-1].text], first
    said = {"欠": "一个月六千五，拖了四个月，没签合同", "电话": PHONE, "保密": "不用保密", "老板": "张老板的工地"}
    for _ in range(8):
        if result.asking == "confirm_order":
            break
        question = result.replies[-1].text
        answer = next((words for cue, words in said.items() if cue in question), "不清楚")
        result = await room.say(answer, first.conversation_id)
        asked.append(result.replies[-1].text)
    assert result.asking == "confirm_order", asked
    assert (await room.say("对", first.conversation_id)).orders
    (order,) = await rows(room, Order)
    kept = order.extra[answers.ANSWERS]
    assert (kept["owed_rate"]["value"], kept["owed_rate"]["unit"]) == (6_500, "元/月")
    assert (kept["owed_months"]["value"], kept["contract"]["value"]) == (4, "没有")
    assert kept["owed_rate"]["question"] in asked and "26000" not in str(order.extra)
    assert "一个月六千五，拖了四个月，没签合同" in order.detail, "the story stays as it is"


async def test_an_answer_that_the_read_back_has_no_room_for_is_read_back_by_itself(room: Room) -> None:
    long = (
        "我们家暖气不热，"
        + "找物业物业说等供热公司，供热公司又说让找物业，来回推了好多回，" * 2
        + "屋里只有十四度，整栋楼都这样"
    )
    result = await room.talk(long, "朝阳区双井街道富力城3号楼2单元", "从昨天开始", PHONE)
    assert result.asking == "confirm_order"
    assert "室内温度：14℃" in result.replies[0].text and "室内温度，14℃" in result.replies[0].spoken


async def test_what_the_read_back_tells_anyway_is_told_once(room: Room) -> None:
    result = await room.talk("我家暖气不热，只有十四度，整栋楼都这样", "朝阳区双井街道富力城3号楼2单元", "昨天", PHONE)
    assert result.asking == "confirm_order" and result.replies[0].text.count("十四度") == 1
    assert "14" not in result.replies[0].text.replace(PHONE, "")


def test_a_seat_who_words_the_story_anew_files_the_answers_too() -> None:
    wages = Matter(1, "order", "公司拖欠我工资", request_type="投诉", opening="公司拖欠我三个月工资，一共三万五")
    lamp = Matter(2, "order", "路灯不亮", opening="小区门口路灯不亮")
    state = State(matters=[wages, lamp])
    wages.text = wages.opening
    kept = drafts.answers_about("公司拖欠三个月工资一共三万五", state)[answers.ANSWERS]
    assert kept["owed_money"]["value"] == 35_000
    assert drafts.answers_about("小区门口路灯不亮了", state) == drafts.answers_about("井盖丢了", state) == {}
