"""The order in which waiting citizens are served, and the words that explain it: pure rules.

Danger goes before everything. Somebody who was already being served, or was offered to a seat that did not take it,
comes next. The elderly get a head start of five minutes, and every minute of waiting counts as much for everybody, so
nobody waits for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from seats.permissions import may

EMERGENCY: Final = 100
GIVEN_BACK: Final = 10
ELDERLY: Final = 5
ORDINARY: Final = 0

Kind = Literal["call", "chat"]


@dataclass(frozen=True, slots=True)
class Place:
    """One who waits. `priority` is the sum or the highest of the constants above."""

    conversation_id: str
    priority: int
    waiting_since: datetime


def priority(*, emergency: bool = False, given_back: bool = False, elderly: bool = False) -> int:
    if emergency:
        return EMERGENCY
    if given_back:
        return GIVEN_BACK
    return ELDERLY if elderly else ORDINARY


def urgency(place: Place, now: datetime) -> tuple[int, float]:
    """What the queue is sorted by, greatest first: the rank, and in the last one points and minutes waited."""
    minutes = max(0.0, (now - place.waiting_since).total_seconds() / 60)
    if place.priority >= EMERGENCY:
        return 2, minutes
    if place.priority >= GIVEN_BACK:
        return 1, minutes
    return 0, place.priority + minutes


def in_order(places: list[Place], now: datetime) -> list[Place]:
    """The queue, first to be served first; of equals the one who came first, then by id."""

    def key(place: Place) -> tuple[int, float, datetime, str]:
        rank, points = urgency(place, now)
        return -rank, -points, place.waiting_since, place.conversation_id

    return sorted(places, key=key)


def sort_cards(cards: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Cards of the desk in queue order; one without a readable `waiting_since` counts as just arrived."""
    by_id = {card["conversation_id"]: card for card in cards}
    places = [Place(card["conversation_id"], int(card.get("priority") or 0), since(card, now)) for card in cards]
    return [by_id[place.conversation_id] for place in in_order(places, now)]


def priority_of(card: dict[str, Any], *, turned_down: bool) -> int:
    """`turned_down`: a seat to whom it was offered did not take it."""
    emergency = bool(card.get("alarm")) or int(card.get("priority") or 0) >= EMERGENCY
    given_back = turned_down or int(card.get("priority") or 0) >= GIVEN_BACK
    return priority(emergency=emergency, given_back=given_back, elderly=bool(card.get("elderly")))


def why(card: dict[str, Any], *, turned_down: bool) -> str:
    """Why somebody stands where they stand, for the seat. The time waited is shown beside it."""
    match priority_of(card, turned_down=turned_down):
        case priority_now if priority_now >= EMERGENCY:
            return "有人身或财产危险，最先接"
        case priority_now if priority_now >= GIVEN_BACK:
            return "上一位坐席没有接，退回队首" if turned_down else "服务到一半被退回，排在队首"
        case priority_now if priority_now >= ELDERLY:
            return f"老年人，按多等{ELDERLY}分钟计"
    return "先来先接"


def since(card: dict[str, Any], now: datetime) -> datetime:
    value = card.get("waiting_since")
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else now
    except ValueError:
        return now
    return found if found.tzinfo is not None else now


def kind_of(card: dict[str, Any]) -> Kind:
    return "call" if card.get("channel") == "phone" else "chat"


def may_claim(kind: Kind, *, calls: int, chats: int, capacity: int) -> bool:
    """Whether a seat that holds so many may take one more: one call, and so many chats."""
    return calls < 1 if kind == "call" else chats < capacity


def may_watch(*, role: str, seat_id: str, status: str, held_by: str | None, callback_open: bool) -> bool:
    """Whether a seat may read a conversation: one that waits, its own, one to be called back; a leader any."""
    if may(role, "desk.lead"):
        return True
    return status == "waiting" or held_by == seat_id or callback_open


def waited_seconds(card: dict[str, Any], now: datetime) -> float:
    return max(0.0, (now - since(card, now)).total_seconds())
