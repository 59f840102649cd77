"""The pure rules of the desk: who is next, who is there, who may read what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from seats import queue
from seats.presence import Presence
from seats.queue import Place

NOW = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)


def waited(name: str, minutes: float, priority: int = queue.ORDINARY) -> Place:
    return Place(name, priority, NOW - timedelta(minutes=minutes))


def names(places: list[Place]) -> list[str]:
    return [place.conversation_id for place in queue.in_order(places, NOW)]


def test_danger_then_those_given_back_then_by_waiting_with_a_head_start_for_the_elderly() -> None:
    places = [
        waited("ordinary, long", 9),
        waited("elderly, 5 minutes", 5, queue.ELDERLY),
        waited("elderly, 3 minutes", 3, queue.ELDERLY),
        waited("given back", 1, queue.GIVEN_BACK),
        waited("danger", 0, queue.EMERGENCY),
        waited("ordinary, new", 0),
    ]
    assert names(places) == [
        "danger",
        "given back",
        "elderly, 5 minutes",
        "ordinary, long",
        "elderly, 3 minutes",
        "ordinary, new",
    ]


@given(st.lists(st.tuples(st.floats(0, 600), st.sampled_from([0, 5, 10, 100])), max_size=12))
def test_the_order_is_total_and_waiting_longer_never_hurts(drawn: list[tuple[float, int]]) -> None:
    places = [waited(str(index), minutes, priority) for index, (minutes, priority) in enumerate(drawn)]
    order = names(places)
    assert sorted(order) == sorted(place.conversation_id for place in places)
    assert names(list(reversed(places))) == order
    for place in places:
        longer = [waited(p.conversation_id, (NOW - p.waiting_since).total_seconds() / 60, p.priority) for p in places]
        longer = [p if p.conversation_id != place.conversation_id else _older(p) for p in longer]
        assert names(longer).index(place.conversation_id) <= order.index(place.conversation_id)


def _older(place: Place) -> Place:
    return Place(place.conversation_id, place.priority, place.waiting_since - timedelta(minutes=30))


def test_priorities_are_the_highest_that_applies() -> None:
    assert queue.priority(emergency=True, elderly=True) == queue.EMERGENCY
    assert queue.priority(given_back=True, elderly=True) == queue.GIVEN_BACK
    assert queue.priority(elderly=True) == queue.ELDERLY and queue.priority() == queue.ORDINARY


def test_cards_without_a_readable_time_count_as_just_arrived() -> None:
    cards: list[dict[str, Any]] = [
        {"conversation_id": "new", "waiting_since": None, "priority": 0},
        {"conversation_id": "odd", "waiting_since": "yesterday", "priority": None},
        {"conversation_id": "old", "waiting_since": (NOW - timedelta(minutes=1)).isoformat(), "priority": 0},
    ]
    assert queue.sort_cards(cards, NOW)[0]["conversation_id"] == "old"
    assert queue.waited_seconds(cards[2], NOW) == 60.0 and queue.waited_seconds(cards[0], NOW) == 0.0


def test_who_may_read_a_conversation() -> None:
    def may(role: str = "seat", status: str = "open", held_by: str | None = None, callback: bool = False) -> bool:
        return queue.may_watch(role=role, seat_id="s1", status=status, held_by=held_by, callback_open=callback)

    assert may(status="waiting") and may(status="with_seat", held_by="s1") and may(status="ended", callback=True)
    assert not may() and not may(status="with_seat", held_by="s2") and not may(status="ended")
    assert may(role="leader") and not may(role="editor")


def test_presence_is_a_matter_of_seconds() -> None:
    presence = Presence(20.0)
    presence.heard("a", 100.0)
    assert presence.present(119.9) == {"a"} and presence.present(120.0) == frozenset()
    presence.heard("a", 110.0)
    presence.heard("a", 90.0)  # a message that was late changes nothing
    assert presence.present(129.0) == {"a"}
    presence.left("a")
    assert presence.present(111.0) == frozenset()


def test_a_seat_never_heard_of_gets_its_time() -> None:
    presence = Presence(20.0)
    assert presence.absent(frozenset({"a"}), 0.0) == frozenset()
    assert presence.absent(frozenset({"a"}), 19.0) == frozenset()
    assert presence.absent(frozenset({"a"}), 20.0) == {"a"}
    presence.heard("a", 21.0)
    assert presence.absent(frozenset({"a"}), 22.0) == frozenset()
