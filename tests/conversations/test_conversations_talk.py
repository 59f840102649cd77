"""How one talks with a caller: again, slower, louder, or not at all understood."""

from __future__ import annotations

import pytest
from conversations_helpers import Room


@pytest.mark.parametrize("asked", ["再说一遍", "慢一点", "大点声", "听不清", "等一下", "你说什么", "太快了", "声音小"])
@pytest.mark.parametrize(
    "before",
    [
        (),
        ("我们小区的路灯不亮了，晚上很黑",),
        ("我们小区的路灯不亮了，晚上很黑", "朝阳区双井街道广和里小区", "昨天晚上", "不留"),
        ("居住证丢了怎么补办",),
        ("转人工",),
        ("我耳朵背", "我们小区的路灯不亮了，晚上很黑"),
    ],
    ids=["greeting", "form", "confirmation", "answer", "waiting for a seat", "elder"],
)
async def test_requests_about_the_talk_work_in_every_state(room: Room, before: tuple[str, ...], asked: str) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    last = opened
    for text in before:
        last = await room.say(text, opened.conversation_id, channel="phone")
    result = await room.say(asked, opened.conversation_id, channel="phone", kind="speech", confidence=0.8)
    assert (result.asking, result.outcome, result.orders) == (last.asking, last.outcome, last.orders)
    said = "".join(reply.text for reply in result.replies)
    if asked == "等一下":
        waits = result.silence.hold_seconds == 60.0 or result.status == "waiting"
        assert waits and said
    else:
        content = [reply.text for reply in last.replies if "记下了" not in reply.text and "好的，我" not in reply.text]
        assert content[-1] in said
        assert result.manner.speed < 1.0 or result.manner.gain_db > 0


async def test_slower_and_louder_stay_with_the_conversation(room: Room) -> None:
    result = await room.talk("我们小区的路灯不亮了，晚上很黑", "慢一点", "朝阳区双井街道广和里小区", channel="phone")
    assert result.manner.speed == 0.85
    again = await room.restarted().open("phone", conversation_id=result.conversation_id, call_id="k")
    assert again.manner.speed == 0.85


async def test_no_mandarin_that_we_know_gets_a_person_at_the_second_failure(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    strange = {"channel": "phone", "kind": "speech", "confidence": 0.12, "meta": {"voiced_seconds": 3.0}}
    first = await room.say("他来了没有是我", opened.conversation_id, **strange)
    assert (first.outcome, "普通话" in first.replies[0].text) == (None, True)
    second = await room.say("是说的那个来来", opened.conversation_id, **strange)
    assert (second.outcome, second.transfer is not None) == ("seat", True)


async def test_words_that_were_not_found_twice_get_a_person(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    meta = {"voiced_seconds": 2.5, "unrecognised": 2}
    first = await room.say("", opened.conversation_id, channel="phone", kind="speech", meta=meta)
    second = await room.say(
        "", opened.conversation_id, channel="phone", kind="speech", meta={**meta, "unrecognised": 3}
    )
    assert (first.outcome, second.outcome) == (None, "seat")


async def test_an_emergency_wins_over_a_voice_that_is_hardly_understood(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    meta = {"voiced_seconds": 4.0}
    result = await room.say(
        "着火了快来人", opened.conversation_id, channel="phone", kind="speech", confidence=0.2, meta=meta
    )
    assert result.outcome == "emergency"


async def test_long_thinking_is_a_sign_of_age(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    texts = ("我们小区的路灯不亮了，晚上很黑", "朝阳区双井街道广和里小区", "昨天晚上", "13900001111")
    for text in texts:
        result = await room.say(
            text, opened.conversation_id, channel="phone", kind="speech", confidence=0.8,
            meta={"answered_after_seconds": 5.0},
        )  # fmt: skip
    assert result.manner.elder and result.manner.patience_stretch > 1.0


async def test_who_wants_it_louder_and_then_agrees_has_agreed(room: Room) -> None:
    before = ("我们小区的路灯不亮了，晚上很黑", "朝阳区双井街道广和里小区", "昨天晚上", "不留")
    result = await room.talk(*before, "啊？大点声，哦，对对", channel="phone")
    assert len(result.orders) == 1 and result.manner.gain_db > 0


@pytest.mark.timeout(20)
async def test_blanks_without_end_hold_nothing_up(room: Room) -> None:
    before = ("我们小区的路灯不亮了，晚上很黑", "朝阳区双井街道广和里小区", "昨天晚上", "不留")
    result = await room.talk(*before, "，" + " " * 3_900 + "，", channel="phone")
    assert result.asking == "confirm_order"


async def test_who_asks_what_was_asked_is_asked_again(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    asked = await room.say("我们小区的路灯不亮了，晚上很黑", opened.conversation_id, channel="phone")
    text = "您稍等啊，哎烟在第二排，火机一块五，扫那个码，累死我了今儿，您说您说，刚问我什么来着"
    result = await room.say(text, opened.conversation_id, channel="phone")
    assert result.asking == asked.asking == "place"
    assert result.replies[-1].text == asked.replies[-1].text
