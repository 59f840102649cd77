"""The question of how it was: stored, never in the way, and put once."""

from __future__ import annotations

from conversations_helpers import Room


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
