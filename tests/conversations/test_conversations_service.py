"""Turns end to end: what is said, what is stored, and that everything happens exactly once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from conversations_helpers import Room
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from conversations.errors import NotYours, UnknownConversation
from conversations.messages import CitizenTurn
from storage.tables import CallbackTask, Conversation, KnowledgeUse, Order, Turn, Unanswered

LAMP = "我们小区门口的路灯不亮，已经坏了三天了，晚上黑得看不见路"
PLACE = "朝阳区双井街道富力城"
PHONE = "13900001234"


async def count(room: Room, table: Any) -> int:
    async with room.database.read() as session:
        return int((await session.execute(select(func.count()).select_from(table))).scalar_one())


async def rows(room: Room, table: Any) -> list[Any]:
    async with room.database.read() as session:
        return list((await session.execute(select(table))).scalars())


async def test_a_consultation_is_answered_with_its_source_and_date(room: Room) -> None:
    result = await room.say("居住证丢了怎么补")
    said = result.replies[0]
    assert "居住证丢了怎么补办" in said.text
    assert said.citations[0].title == "示例办法"
    assert "2024-01-01" in said.text
    assert "2024年1月1日" in said.spoken
    assert result.asking is None
    assert (await room.say("没有了，谢谢", result.conversation_id)).outcome == "answered"


async def test_a_question_that_goes_on_is_answered_as_it_was_found_from_the_last_answer(room: Room) -> None:
    first = await room.say("居住证丢了怎么补")
    room.book.unsure = True
    offered = await room.say("交多少钱？", first.conversation_id)
    lines = offered.replies[-1].text  # the completed question alone finds the two in the other order
    assert lines.index("第一次办居住证") < lines.index("居住证丢了")
    assert "带身份证" in (await room.say("第一个", first.conversation_id)).replies[0].text
    assert [row.text for row in await rows(room, Unanswered)] == ["居住证交多少钱？"]


async def test_no_is_data_and_brings_the_next_candidate(room: Room) -> None:
    first = await room.say("居住证需要什么")
    second = await room.say("不是这个意思", first.conversation_id)
    assert second.asking == "confirm_question"
    assert "第一次办居住证" in second.replies[-1].text
    third = await room.say("对", first.conversation_id)
    assert "带身份证" in third.replies[0].text
    (turned_down,) = await rows(room, Unanswered)
    assert turned_down.reason == "turned_down"
    uses = [(use.event, use.kind, use.channel) for use in await rows(room, KnowledgeUse)]
    assert uses == [("hit", "entry", "web"), ("turned_down", "entry", "web"), ("hit", "entry", "web")]


async def test_an_unsure_match_is_asked_about_and_the_second_can_be_chosen(room: Room) -> None:
    room.book.unsure = True
    first = await room.say("居住证怎么办理")
    assert first.asking == "confirm_question"
    second = await room.say("第二个", first.conversation_id)
    assert "带身份证" in second.replies[0].text
    (offered,), (use,) = await rows(room, Unanswered), await rows(room, KnowledgeUse)
    assert (offered.reason, offered.text) == ("unsure", use.text) and len(offered.offered) == 2
    assert use.event == "hit" and use.at >= offered.at


async def test_an_unknown_question_is_said_to_be_unknown_and_a_person_offered(room: Room) -> None:
    first = await room.say("宠物猫怎么办理上岗证")
    assert first.asking == "confirm_question"
    assert "没有查到" in first.replies[0].text
    second = await room.say("好的", first.conversation_id)
    assert (second.outcome, second.status) == ("seat", "waiting")
    assert (await rows(room, Unanswered))[0].reason == "nothing_near"


async def test_an_order_asks_only_what_is_missing_and_is_read_back(room: Room) -> None:
    first = await room.say(LAMP)
    assert first.asking == "place"
    second = await room.say(PLACE, first.conversation_id)
    assert second.asking == "contact_phone"  # the time was in the first sentence
    third = await room.say(f"我姓王，{PHONE}", first.conversation_id)
    assert third.asking == "confirm_order"
    assert "双井街道" in third.replies[0].text
    assert PHONE in third.replies[0].text
    last = await room.say("对", first.conversation_id)
    (number,) = last.orders
    assert last.tracking_codes[number]
    assert number in last.replies[0].text
    assert "零" in last.replies[0].spoken or "幺" in last.replies[0].spoken
    (order,) = await rows(room, Order)
    assert (order.request_type, order.district, order.street) == ("求助", "朝阳区", "双井街道")
    assert (order.contact_phone, order.confidential) == (PHONE, False)
    assert (await room.say("没了", first.conversation_id)).outcome == "order_filed"


async def test_confirming_twice_files_once(room: Room) -> None:
    ready = await room.talk(LAMP, PLACE, PHONE)
    turn = CitizenTurn("对", "web", client_message_id="m-1")
    first = await room.service.citizen_turn(ready.conversation_id, turn)
    again = await room.service.citizen_turn(ready.conversation_id, turn)
    assert [reply.text for reply in again.replies] == [reply.text for reply in first.replies]
    assert again.orders == first.orders
    assert await count(room, Order) == 1


async def test_the_same_message_at_once_is_taken_once(room: Room) -> None:
    first = await room.say(LAMP)
    turn = CitizenTurn(PLACE, "web", client_message_id="m-2")
    results = await asyncio.gather(*(room.service.citizen_turn(first.conversation_id, turn) for _ in range(5)))
    assert {result.seq for result in results} == {results[0].seq}
    said = [turn for turn in await room.service.transcript(first.conversation_id) if turn.role == "citizen"]
    assert len(said) == 2


async def test_turns_of_one_conversation_have_no_gaps(room: Room) -> None:
    first = await room.say("喂")
    await asyncio.gather(*(room.say(f"你好{number}", first.conversation_id) for number in range(8)))
    seqs = [turn.seq for turn in await room.service.transcript(first.conversation_id)]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_a_correction_changes_one_thing_and_keeps_the_rest(room: Room) -> None:
    ready = await room.talk(LAMP, "朝阳区双井街道富力城3号楼", PHONE)
    changed = await room.say("不对，是5号楼，不是3号楼", ready.conversation_id)
    assert changed.asking == "confirm_order"
    assert "5号楼" in changed.replies[0].text
    assert "3号楼" not in changed.replies[0].text
    phone = await room.say("电话错了，尾号是1299", ready.conversation_id)
    assert "13900001299" in phone.replies[0].text
    await room.say("对", ready.conversation_id)
    (order,) = await rows(room, Order)
    assert (order.street, order.contact_phone) == ("双井街道", "13900001299")


async def test_a_side_question_is_answered_and_the_form_goes_on(room: Room) -> None:
    first = await room.say(LAMP)
    aside = await room.say("居住证丢了怎么补", first.conversation_id)
    assert aside.asking == "place"
    assert "派出所" in aside.replies[0].text
    assert (await room.say(PLACE, first.conversation_id)).asking == "contact_phone"


async def test_two_matters_become_two_orders(room: Room) -> None:
    first = await room.say("我有两件事，一个是小区的路灯不亮，再一个是楼下烧烤摊太吵")
    result = first
    answers = {
        "detail": "路灯坏了三盏，烧烤摊吵到半夜",
        "place": PLACE,
        "event_time": "一个星期了",
        "subject": "不知道",
        "appeal": "都给管管",
        "contact_phone": PHONE,
        "confidential": "不用",
        "confirm_order": "对",
    }
    for _ in range(10):
        if result.asking is None:
            break
        result = await room.say(answers[result.asking], first.conversation_id)
    orders = await rows(room, Order)
    assert sorted(order.category_level3 for order in orders) == ["噪声", "路灯"]
    assert {order.street for order in orders} == {"双井街道"}


async def test_the_same_matter_again_is_merged_when_the_citizen_agrees(room: Room) -> None:
    await room.talk(LAMP, PLACE, PHONE, "对")
    asked = await room.talk("我前两天反映过小区门口路灯不亮的事，到现在还没人来修", PLACE, PHONE)
    assert asked.asking == "confirm_order"
    assert "同一件事" in asked.replies[0].text
    merged = await room.say("是的", asked.conversation_id)
    assert await count(room, Order) == 1
    assert merged.orders == ((await rows(room, Order))[0].order_no,)


async def test_emergency_in_the_middle_of_the_form(room: Room) -> None:
    first = await room.say(LAMP, channel="phone")
    result = await room.say("哎呀不好，着火了，烟冒出来了", first.conversation_id, channel="phone")
    assert result.outcome == "emergency"
    assert result.transfer is not None
    assert result.transfer.target == "119"
    assert "119" in result.replies[0].text
    (task,) = await rows(room, CallbackTask)
    assert task.due_at == room.clock.now()


async def test_zero_on_the_keypad_is_a_person(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900009999", call_id="k-1")
    assert "录音" in opened.replies[0].text
    result = await room.say("0", opened.conversation_id, channel="phone", kind="dtmf")
    assert (result.outcome, result.status) == ("seat", "waiting")
    assert result.transfer is not None
    assert result.transfer.target == "seat"


async def test_models_down_never_leave_a_citizen_without_an_answer(room: Room) -> None:
    room.parser.down = room.book.down = True
    result = await room.say("路灯不亮")
    assert result.replies[0].text
    assert result.asking is not None


async def test_a_defect_in_the_policy_is_apologised_for(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await room.say(LAMP)

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.policy.decide", broken)
    result = await room.say(PLACE, first.conversation_id)
    assert "人工" in result.replies[0].text
    assert result.asking == "place"


async def test_a_failed_filing_promises_a_call_back_and_accepts_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = await room.talk(LAMP, PLACE, PHONE)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no unit")

    monkeypatch.setattr(room.orders, "file", broken)
    result = await room.say("对", ready.conversation_id)
    assert "还没有受理" in result.replies[0].text
    assert await count(room, Order) == 0
    assert (await rows(room, CallbackTask))[0].number == PHONE


async def test_what_is_said_while_the_database_is_away_is_journalled_and_taken_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await room.say(LAMP)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("BEGIN", {}, Exception("disk"))

    with monkeypatch.context() as patch:
        patch.setattr(room.database, "write", away)
        result = await room.say("就在三号楼前面", first.conversation_id)
    assert "已记录" in result.replies[0].text
    assert "受理" not in result.replies[0].text
    again = room.restarted()
    await again.start()
    texts = [turn.text for turn in await again.transcript(first.conversation_id)]
    assert "就在三号楼前面" in texts
    assert await count(room, CallbackTask) == 1
    await room.restarted().start()
    assert [turn.text for turn in await again.transcript(first.conversation_id)].count("就在三号楼前面") == 1


async def test_unknown_conversations_are_refused(room: Room) -> None:
    for call in (
        room.say("你好", "c_nothing"),
        room.service.transcript("c_nothing"),
        room.service.snapshot("c_nothing"),
        room.service.hang_up("c_nothing", reason="x"),
        room.service.claim("c_nothing", "s1"),
    ):
        with pytest.raises(UnknownConversation):
            await call


@pytest.mark.parametrize(
    "text", ["", "   ", "\x00\x07", "'; drop table orders; --", "<script>alert(1)</script>", "啊" * 5000]
)
async def test_bad_input_gets_a_polite_answer(room: Room, text: str) -> None:
    result = await room.say(text)
    assert result.replies
    assert all(reply.text.strip() for reply in result.replies)
    assert await count(room, Order) == 0


async def test_a_seat_takes_over_types_and_finishes(room: Room) -> None:
    asked = await room.talk(LAMP, "转人工")
    (card,) = await room.service.waiting()
    assert card["conversation_id"] == asked.conversation_id
    assert "路灯" in card["summary"]
    won = await asyncio.gather(*(room.service.claim(asked.conversation_id, f"s{n}") for n in range(4)))
    assert sum(won) == 1
    seat = f"s{won.index(True)}"
    silent = await room.say("就是富力城这边", asked.conversation_id)
    assert (silent.status, silent.replies) == ("with_seat", ())
    urgent = await room.say("哎呀着火了", asked.conversation_id)
    assert "119" in urgent.replies[0].text
    first = await room.service.seat_message(asked.conversation_id, seat, "您好", client_message_id="x")
    twice = await room.service.seat_message(asked.conversation_id, seat, "您好", client_message_id="x")
    assert first.seq == twice.seq
    with pytest.raises(NotYours):
        await room.service.seat_message(asked.conversation_id, "other", "抢")
    await room.service.give_back(asked.conversation_id, seat)
    assert (await room.service.waiting())[0]["priority"] >= 10
    assert await room.service.claim(asked.conversation_id, "s9")
    await room.service.finish(asked.conversation_id, "s9", "order_filed")
    (row,) = await rows(room, Conversation)
    assert (row.status, row.disposition) == ("ended", "order_filed")


async def test_the_snapshot_prefills_the_order(room: Room) -> None:
    result = await room.talk(LAMP, PLACE)
    order = (await room.service.snapshot(result.conversation_id))["order"]
    assert order["street"]["value"] == "双井街道"
    assert order["contact_phone"]["confidence"] == 0.0


async def test_watchers_hear_of_turns_and_a_slow_one_is_dropped(room: Room) -> None:
    first = await room.say("喂")
    watcher = room.service.subscribe(first.conversation_id)
    await room.say(LAMP, first.conversation_id)
    event = await anext(watcher)
    assert (event.kind, event.turn and event.turn.role) == ("turn", "citizen")
    slow = room.service.subscribe(None)
    for _ in range(150):
        await room.say("在吗", first.conversation_id)
    assert slow.dropped
    assert [event.kind async for event in slow] == ["dropped"]
    watcher.close()


async def test_words_long_after_the_end_are_a_new_contact(room: Room) -> None:
    ended = await room.talk("居住证丢了怎么补", "没有了，谢谢")
    room.clock.advance(60)
    soon = await room.say("对了，路灯不亮的事也说一下", ended.conversation_id)
    assert soon.conversation_id == ended.conversation_id
    assert soon.outcome is None
    await room.service.hang_up(ended.conversation_id, reason="left")
    room.clock.advance(3_600)
    later = await room.say("你好", ended.conversation_id)
    assert later.conversation_id != ended.conversation_id


async def test_no_contact_number_unlocks_an_order(room: Room) -> None:
    filed = await room.talk(LAMP, PLACE, PHONE, "对")
    (number,) = filed.orders
    opened = await room.service.open("phone", caller_number=PHONE, call_id="k-2")
    result = await room.say("查一下我的工单进度", opened.conversation_id, channel="phone")
    assert result.asking == "order_no"
    result = await room.say(number, opened.conversation_id, channel="phone")
    assert result.asking == "order_no"
    result = await room.say("我没有查询码", opened.conversation_id, channel="phone")
    assert all("路灯" not in reply.text and "承办" not in reply.text for reply in result.replies)


async def test_an_order_is_told_to_whoever_has_number_and_code(room: Room) -> None:
    filed = await room.talk(LAMP, PLACE, PHONE, "对")
    ((number, code),) = filed.tracking_codes.items()
    told = await room.talk("查一下我的工单进度", number, code)
    assert "承办单位" in told.replies[0].text
    assert (await count(room, Turn)) > 6


# --- the talk about the talk ------------------------------------------------------------------------------------------


async def test_a_yes_to_a_list_takes_nothing_silently(room: Room) -> None:
    room.book.unsure = True
    listed = await room.talk("居住证的事怎么办", channel="phone")
    assert listed.asking == "confirm_question"
    which = await room.say("对", listed.conversation_id, channel="phone")
    assert which.asking == "confirm_question" and "第一个，还是第二个" in which.replies[0].text
    told = await room.say("第二个", listed.conversation_id, channel="phone")
    assert "带身份证和居住证明" in told.replies[0].text


async def test_a_second_yes_to_a_list_says_which_it_takes(room: Room) -> None:
    room.book.unsure = True
    listed = await room.talk("居住证的事怎么办", "对", "嗯", channel="phone")
    texts = [reply.text for reply in listed.replies]
    assert "第一个" in texts[0] and "派出所申请补领" in texts[1]


async def test_a_key_chooses_from_a_list(room: Room) -> None:
    room.book.unsure = True
    listed = await room.talk("居住证的事怎么办", channel="phone")
    told = await room.say("2", listed.conversation_id, channel="phone", kind="dtmf")
    assert "带身份证和居住证明" in told.replies[0].text


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


async def test_a_rating_is_stored_shown_and_never_changes_the_outcome(room: Room) -> None:
    served = await room.talk("居住证丢了怎么补办", "没有了", channel="phone")
    assert (served.asking, served.outcome, served.hang_up, served.silence.reminders) == (
        "satisfaction", "answered", False, (),
    )  # fmt: skip
    rated = await room.say("2", served.conversation_id, channel="phone", kind="dtmf")
    assert (rated.rating, rated.outcome, rated.hang_up) == ("fair", "answered", True)
    snapshot = await room.service.snapshot(served.conversation_id)
    assert (snapshot["outcome_detail"]["rating"], snapshot["status"]) == ("fair", "ended")


async def test_hanging_up_instead_of_rating_changes_nothing(room: Room) -> None:
    served = await room.talk("居住证丢了怎么补办", "没有了", channel="phone")
    assert await room.service.hang_up(served.conversation_id, reason="caller_hung_up") == "answered"


async def test_an_emergency_in_place_of_a_rating_is_one(room: Room) -> None:
    served = await room.talk("居住证丢了怎么补办", "没有了", channel="phone")
    result = await room.say("我家厨房着火了", served.conversation_id, channel="phone")
    assert result.outcome == "emergency"


async def test_nobody_is_asked_to_rate_where_the_setting_says_so(room: Room) -> None:
    room.settings.dialogue.ask_rating = False
    served = await room.talk("居住证丢了怎么补办", "没有了", channel="phone")
    assert (served.asking, served.hang_up) == (None, True)


async def test_long_thinking_is_a_sign_of_age(room: Room) -> None:
    opened = await room.service.open("phone", call_id="k")
    texts = ("我们小区的路灯不亮了，晚上很黑", "朝阳区双井街道广和里小区", "昨天晚上", "13900001111")
    for text in texts:
        result = await room.say(
            text, opened.conversation_id, channel="phone", kind="speech", confidence=0.8,
            meta={"answered_after_seconds": 5.0},
        )  # fmt: skip
    assert result.manner.elder and result.manner.patience_stretch > 1.0


async def test_a_seat_that_has_served_a_caller_leaves_the_question_how_it_was(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    await room.say("转人工", opened.conversation_id, channel="phone")
    await room.service.claim(opened.conversation_id, "s1")
    await room.service.finish(opened.conversation_id, "s1", "answered")
    snapshot = await room.service.snapshot(opened.conversation_id)
    assert (snapshot["asking"], snapshot["outcome"], snapshot["disposition"]) == ("satisfaction", "seat", "answered")
    rated = await room.say("1", opened.conversation_id, channel="phone", kind="dtmf")
    assert (rated.rating, rated.outcome, rated.hang_up) == ("satisfied", "seat", True)
    assert (await room.service.snapshot(opened.conversation_id))["disposition"] == "answered"


async def test_a_call_back_by_a_seat_is_not_rated(room: Room) -> None:
    opened = await room.service.open("phone", caller_number="13900005678", call_id="k")
    await room.say("转人工", opened.conversation_id, channel="phone")
    await room.service.claim(opened.conversation_id, "s1")
    await room.service.finish(opened.conversation_id, "s1", "callback")
    assert (await room.service.snapshot(opened.conversation_id))["asking"] is None


async def test_a_caller_who_calls_again_and_is_served_is_not_called_back(room: Room) -> None:
    first = await room.service.open("phone", caller_number="13900001234", call_id="call-1")
    assert await room.service.hang_up(first.conversation_id, reason="abandoned") == "callback"
    second = await room.service.open("phone", caller_number="13900001234", call_id="call-2")
    await room.say("居住证丢了怎么补", second.conversation_id, channel="phone", kind="speech")
    assert await room.service.hang_up(second.conversation_id, reason="caller_hung_up") == "answered"
    async with room.database.read() as session:
        (task,) = (await session.execute(select(CallbackTask))).scalars()
    assert (task.conversation_id, task.status, task.result) == (first.conversation_id, "done", "called_again")
