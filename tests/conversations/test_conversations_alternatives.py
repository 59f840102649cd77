"""What a recogniser took for nearly as likely: searched with the words of its turn, and stored nowhere."""

from __future__ import annotations

from dataclasses import replace

from base.alternatives import Alternative
from base.clock import ManualClock
from bot.decision import Wanted
from conversations import turn_input
from conversations.messages import CitizenTurn
from conversations.turns import _details

TURN = CitizenTurn(
    "嗯，居住证怎么半。",
    "phone",
    "speech",
    confidence=0.7,
    meta={"engine": "whisper", "alternatives": [["嗯，居住证怎么办。", -0.3]]},
)


def test_they_go_with_a_search_for_the_words_of_their_turn_alone() -> None:
    given = turn_input.of(TURN, ManualClock().now())
    expected = (Alternative("居住证怎么办", -0.3),)
    assert given.alternatives_to(Wanted("search", ("居住证怎么半",))) == expected
    assert given.alternatives_to(Wanted("search", ("居住证丢了",))) == ()
    assert given.alternatives_to(Wanted("understand", ("居住证怎么半",))) == ()


def test_typed_words_have_none() -> None:
    typed = turn_input.of(replace(TURN, kind="text", channel="web"), ManualClock().now())
    assert typed.alternatives == ()


def test_they_are_not_stored() -> None:
    assert _details(TURN, {}) == {"engine": "whisper", "recogniser_confidence": 0.7}
