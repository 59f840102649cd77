"""Questions: answered with their source, offered for choice, or said to be unknown."""

from __future__ import annotations

from conversations_helpers import Room, rows

from storage.tables import KnowledgeUse, Unanswered


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
