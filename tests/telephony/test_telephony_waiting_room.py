"""The waiting room: fairness, places, and how long it takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.waiting_room import ServiceTimes, WaitingRoom, standing


@given(st.lists(st.tuples(st.sampled_from(["enter", "leave", "busy", "ready", "next"]), st.integers(0, 9))))
def test_first_come_first_served_and_no_place_ever_gets_worse(moves: list[tuple[str, int]]) -> None:
    room, order, places = WaitingRoom(6), [], {}
    for move, number in moves:
        call = f"call-{number}"
        if move == "enter" and call not in room and not room.full:
            room.enter(call)
            order.append(call)
            places[call] = len(order) - 1
        elif move == "leave" and call in room:
            room.leave(call)
            order.remove(call)
        elif move in ("busy", "ready"):
            room.set_busy(call, move == "busy")
        elif move == "next" and (called := room.next()) is not None:
            room.leave(called)
            order.remove(called)
        assert len(room) == len(order) <= 6
        for waiting in order:
            assert room.ahead_of(waiting) == order.index(waiting) <= places[waiting]
            places[waiting] = order.index(waiting)


def test_who_is_choosing_is_passed_over_and_keeps_the_place() -> None:
    room = WaitingRoom(3)
    for call in ("a", "b", "c"):
        room.enter(call)
    room.set_busy("a", True)
    assert room.next() == "b"
    room.leave("b")
    room.set_busy("a", False)
    assert room.next() == "a" and room.ahead_of("c") == 1
    with pytest.raises(ValueError, match="no place"):
        room.enter("a")


def test_the_expected_wait_follows_the_calls_that_were_served() -> None:
    times = ServiceTimes()
    for _ in range(200):
        times.ended(120.0)
    assert times.mean_seconds == pytest.approx(120.0, abs=0.1)
    # Ten calls of two minutes: one ends every 12 seconds.
    assert times.wait_seconds(0, serving=10, limit=10) == pytest.approx(12.0, abs=0.1)
    assert times.wait_seconds(4, serving=10, limit=10) == pytest.approx(60.0, abs=0.1)
    assert times.wait_seconds(0, serving=10, limit=8) == pytest.approx(36.0, abs=0.1), "two too many must end first"


@pytest.mark.parametrize(
    ("ahead", "seconds", "again", "said"),
    [
        (3, 110.0, False, "您前面还有3位，大约需要等2分钟。"),
        (2, 110.0, True, "您前面还有2位，大约还要等2分钟。"),
        (0, 20.0, False, "您是下一位，预计不到1分钟。"),
        (40, 4_000.0, False, "您前面还有40位，预计要等30分钟以上。"),
        (47, 110.0, False, "您前面还有40多位，大约需要等2分钟。"),
        (347, 110.0, False, "您前面还有300多位，大约需要等2分钟。"),
    ],
)
def test_where_a_caller_stands_in_words(ahead: int, seconds: float, again: bool, said: str) -> None:
    assert "".join(standing(ahead, seconds, again=again)) == said
