"""Status and outcome after a decision, and what words after the end belong to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.decision import Decision, Effect, Escalate
from bot.state import State
from conversations import life_cycle
from conversations.messages import CitizenTurn
from storage.tables import Conversation

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
SEAT, FIRE = Escalate("seat", "asked"), Escalate("119", "fire")


def row(channel: str, status: str, outcome: str | None = None) -> Conversation:
    ended_at = NOW - timedelta(minutes=5) if status == "ended" else None
    return Conversation(
        id="c_1", channel=channel, status=status, outcome=outcome, version=3, state={}, outcome_detail={"kept": 1},
        ended_at=ended_at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "status", "outcome", "effects", "becomes"),
    [
        ("web", "open", None, (), ("open", None)),
        ("web", "open", "answered", (), ("ended", "answered")),
        ("phone", "open", "seat", (SEAT,), ("waiting", "seat")),
        ("web", "open", "emergency", (FIRE,), ("ended", "emergency")),
        ("phone", "open", "emergency", (FIRE,), ("waiting", "emergency")),
        ("phone", "waiting", "seat", (), ("waiting", "before")),
        ("phone", "waiting", "seat", (FIRE,), ("waiting", "emergency")),
        ("phone", "waiting", "callback", (), ("ended", "callback")),
        ("phone", "waiting", None, (), ("open", None)),
        ("web", "with_seat", None, (), ("with_seat", "before")),
        ("web", "with_seat", None, (FIRE,), ("with_seat", "emergency")),
        ("web", "ended", "seat", (), ("ended", "seat")),
        ("web", "ended", "seat", (SEAT,), ("waiting", "seat")),
        ("web", "ended", None, (), ("open", None)),
    ],
)
def test_what_a_decision_makes_of_a_conversation(
    channel: str, status: str, outcome: str | None, effects: tuple[Effect, ...], becomes: tuple[str, str | None]
) -> None:
    conversation = row(channel, status, "before")
    life_cycle.settle(conversation, Decision(State(outcome=outcome, detail={"more": 2}), effects=effects), NOW)
    assert (conversation.status, conversation.outcome) == becomes
    assert conversation.version == 4 and conversation.outcome_detail == {"kept": 1, "more": 2}
    assert (conversation.ended_at is not None) == (conversation.status == "ended")
    assert (conversation.heard_at == NOW) == (channel == "phone")


@pytest.mark.parametrize(
    ("channel", "minutes", "outcome", "goes_on_with"),
    [
        ("web", 5, "answered", None),
        ("web", 5, "emergency", "emergency"),
        ("web", 11, "answered", "a new contact"),
        ("phone", 600, "answered", None),
    ],
)
def test_words_after_the_end(channel: str, minutes: int, outcome: str, goes_on_with: str | None) -> None:
    conversation = row(channel, "ended", outcome)
    conversation.ended_at = NOW - timedelta(minutes=minutes)
    turn = CitizenTurn("还有一件事", channel)
    state = life_cycle.taken_up(conversation, State(outcome=outcome), turn, turn.text, NOW)
    assert (state.outcome if state is not None else "a new contact") == goes_on_with
