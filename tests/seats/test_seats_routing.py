"""To whom what waits is offered, how long somebody will wait, and the states of a seat: rules in virtual time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from seats import presence, queue, skills, waiting_time
from seats.presence import AtDesk
from seats.routing import SeatLoad, Waiting, offers
from seats.waiting_time import Told

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def seat(name: str, **values: object) -> SeatLoad:
    return SeatLoad(name, **{"state": "available", "capacity": 2, **values})  # type: ignore[arg-type]


def test_the_first_in_the_queue_goes_to_who_holds_least_and_was_served_longest_ago() -> None:
    seats = [seat("busy", chats=1), seat("rested", served_at=NOW - 5 * MINUTE), seat("just", served_at=NOW - MINUTE)]
    waiting = [Waiting("a", "chat"), Waiting("b", "chat"), Waiting("c", "chat"), Waiting("d", "chat")]
    assert offers(waiting, seats) == [("a", "rested"), ("b", "just"), ("c", "busy")]
    assert offers(waiting, [*seats, seat("new")])[0] == ("a", "new")


def test_a_call_goes_to_a_seat_without_one_and_a_seat_on_a_call_gets_no_chat() -> None:
    assert offers([Waiting("call", "call")], [seat("on", calls=1), seat("off", chats=1)]) == [("call", "off")]
    assert offers([Waiting("chat", "chat")], [seat("on", calls=1)]) == []
    assert offers([Waiting("chat", "chat")], [seat("full", chats=2)]) == []


def test_only_seats_at_work_on_this_core_without_an_offer() -> None:
    for values in ({"state": "break"}, {"state": "wrap_up"}, {"has_offer": True}, {"here": False}):
        assert offers([Waiting("a", "chat")], [seat("s", **values)]) == [], values
    assert offers([Waiting("a", "chat", offered=True)], [seat("s")]) == []


def test_a_needed_skill_is_waited_for_only_while_somebody_at_work_has_it() -> None:
    minors = frozenset({"minors"})
    able, other = seat("able", skills=minors, state="wrap_up"), seat("other")
    assert offers([Waiting("a", "chat", minors), Waiting("b", "chat")], [able, other]) == [("b", "other")]
    assert offers([Waiting("a", "chat", minors)], [other]) == [("a", "other")]
    away = seat("able", skills=minors, state="break")
    assert offers([Waiting("a", "chat", minors)], [away, other]) == [("a", "other")]


def test_who_turned_it_down_is_passed_over_and_the_next_in_the_queue_does_not_wait_for_that() -> None:
    waiting = [Waiting("a", "chat", passed_over=frozenset({"s"})), Waiting("b", "chat")]
    assert offers(waiting, [seat("s")]) == [("b", "s")]
    assert offers(waiting, [seat("s"), seat("t", chats=1)]) == [("a", "t"), ("b", "s")]


@given(
    st.lists(st.tuples(st.sampled_from(["call", "chat"]), st.booleans()), max_size=12),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from(presence.STATES)), max_size=6),
)
def test_never_two_offers_of_one_conversation_nor_to_one_seat_nor_beyond_what_it_holds(
    drawn: list[tuple[str, bool]], desks: list[tuple[int, int, str]]
) -> None:
    waiting = [Waiting(str(n), kind, offered=offered) for n, (kind, offered) in enumerate(drawn)]  # type: ignore[arg-type]
    seats = [seat(f"s{n}", chats=chats, calls=calls, state=state) for n, (chats, calls, state) in enumerate(desks)]
    made = offers(waiting, seats)
    assert len({c for c, _ in made}) == len(made) == len({s for _, s in made})
    by_id = {one.seat_id: one for one in seats}
    for conversation_id, seat_id in made:
        assert not waiting[int(conversation_id)].offered and by_id[seat_id].state == "available"
        assert by_id[seat_id].calls == 0
        assert waiting[int(conversation_id)].kind == "call" or by_id[seat_id].chats < 2


def test_the_expected_wait_follows_what_was_measured() -> None:
    assert waiting_time.handling_seconds([]) == waiting_time.USUAL_SECONDS
    assert waiting_time.handling_seconds([100.0] * 10) == 100.0
    assert waiting_time.handling_seconds([100.0]) == (100.0 + 4 * 300.0) / 5
    assert waiting_time.expected_seconds(ahead=0, free=1, slots=3, handling=300) == 0
    assert waiting_time.expected_seconds(ahead=4, free=0, slots=5, handling=300) == 300
    assert waiting_time.expected_seconds(ahead=4, free=0, slots=0, handling=300) is None


def test_a_citizen_is_told_on_the_hand_over_and_when_it_changes_much() -> None:
    first = Told(3, 600.0, NOW)
    assert waiting_time.worth_telling(None, first) and waiting_time.worth_telling(None, Told(0, None, NOW))
    assert not waiting_time.worth_telling(None, Told(0, 0.0, NOW))  # about to be served
    assert not waiting_time.worth_telling(first, Told(2, 200.0, NOW + timedelta(seconds=30)))  # too soon
    assert not waiting_time.worth_telling(first, Told(3, 500.0, NOW + 2 * MINUTE))  # as good as before
    assert waiting_time.worth_telling(first, Told(2, 200.0, NOW + 2 * MINUTE))
    assert waiting_time.worth_telling(first, Told(0, 590.0, NOW + 2 * MINUTE))  # the first now
    assert waiting_time.worth_telling(first, Told(3, None, NOW + 2 * MINUTE))  # everybody has gone
    assert "您前面还有3位" in waiting_time.words(first) and "10分钟" in waiting_time.words(first)
    assert "不能确定" in waiting_time.words(Told(0, None, NOW))


def test_opening_hours_may_go_over_midnight() -> None:
    assert all(waiting_time.is_open(0, 24, hour) for hour in range(24))
    assert [hour for hour in range(24) if waiting_time.is_open(22, 6, hour)] == [0, 1, 2, 3, 4, 5, 22, 23]
    assert not waiting_time.is_open(8, 18, 18) and "8点到18点" in waiting_time.closed_words(8, 18)


def test_the_states_of_a_seat() -> None:
    half = timedelta(seconds=30)
    at_work = presence.came(None, NOW)
    assert at_work.state == "available"
    on_break = presence.chosen("break", NOW, reason="用餐", wrap_up=half)
    assert presence.came(on_break, NOW + MINUTE) == on_break  # a reload does not end a break
    after = presence.finished(at_work, NOW, holds_others=False, wrap_up=half)
    assert after.state == "wrap_up" and after.at(NOW + timedelta(seconds=29)) == after
    assert after.at(NOW + half) == AtDesk("available", NOW + half)
    assert presence.finished(at_work, NOW, holds_others=True, wrap_up=half) == at_work
    assert presence.finished(on_break, NOW, holds_others=False, wrap_up=half) == on_break
    once = presence.missed_one(at_work, NOW)
    twice = presence.missed_one(once, NOW)
    assert once.state == "available" and (twice.state, twice.reason) == ("break", presence.NOT_ANSWERING)


def test_what_a_conversation_needs_is_data() -> None:
    known = skills.default()
    assert known.needs(channel="web", categories=["040313"]) == {"minors"}
    assert known.needs(channel="phone", categories=[], not_understood=True) == {"language"}
    assert known.needs(channel="web", categories=["010101", "100205"]) == {"enterprise"}
    assert known.needs(channel="web", categories=["010101"]) == frozenset()
    assert known.names({"minors", "gone"}) == "gone、未成年人"


def test_the_place_in_the_queue_is_explained() -> None:
    def told(turned_down: bool = False, **card: object) -> tuple[int, str]:
        return queue.priority_of(card, turned_down=turned_down), queue.why(card, turned_down=turned_down)

    assert told(alarm=True, elderly=True) == (queue.EMERGENCY, "有人身或财产危险，最先接")
    assert told(priority=10) == (queue.GIVEN_BACK, "服务到一半被退回，排在队首")
    assert told(turned_down=True)[1] == "上一位坐席没有接，退回队首"
    assert told(elderly=True) == (queue.ELDERLY, "老年人，按多等5分钟计")
    assert told() == (queue.ORDINARY, "先来先接")
    assert queue.may_claim("call", calls=0, chats=9, capacity=3) and not queue.may_claim(
        "call", calls=1, chats=0, capacity=3
    )
    assert not queue.may_claim("chat", calls=0, chats=3, capacity=3)
