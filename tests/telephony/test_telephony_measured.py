"""What the core is told of a turn besides its words."""

from __future__ import annotations

from asr_models.recogniser import Recognition
from base import alternatives
from base.alternatives import Alternative
from telephony.caller_turn import measured
from telephony.turn_taking import CallerFinished

_FINISHED = CallerFinished(1.5, 0.6, 0.25, False)


def test_what_may_have_been_said_instead_goes_with_the_turn() -> None:
    others = (Alternative("居住证怎么半", -0.25),)
    heard = Recognition("居住证怎么办", 0.9, 2.0, 0.1, "fake", alternatives=others)
    assert alternatives.read(measured(heard, _FINISHED)["alternatives"]) == others


def test_a_recogniser_with_one_text_tells_of_no_others() -> None:
    assert "alternatives" not in measured(Recognition("好", 0.9, 2.0, 0.1, "fake"), _FINISHED)
