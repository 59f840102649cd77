"""Interruptions, back-channels and noise, in numbers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.barge_in import BargeIn, BargeInRules, Verdict

STEP = 0.032


def feed(machine: BargeIn, probability: float, seconds: float, *, speaking: bool = True) -> list[Verdict]:
    verdicts = [machine.feed(probability, STEP, speaking=speaking) for _ in range(round(seconds / STEP))]
    return [verdict for verdict in verdicts if verdict is not None]


def test_speech_silences_within_a_window_and_stops_when_it_goes_on() -> None:
    machine = BargeIn(BargeInRules())
    assert feed(machine, 0.95, STEP) == ["pause"]
    assert feed(machine, 0.95, 0.8) == []
    assert feed(machine, 0.95, 0.1) == ["stop"]


def test_a_short_sound_only_pauses() -> None:
    machine = BargeIn(BargeInRules())
    assert feed(machine, 0.95, 0.3) == ["pause"]
    assert feed(machine, 0.05, 0.5) == ["resume"]
    assert machine.sound_seconds == pytest.approx(0.3 + 0.5, abs=0.1)


def test_short_gaps_are_within_a_sound() -> None:
    machine = BargeIn(BargeInRules())
    verdicts: list[Verdict] = []
    for _ in range(4):
        verdicts += feed(machine, 0.95, 0.26) + feed(machine, 0.05, 0.13)
    assert verdicts == ["pause", "stop", "pause"]


def test_a_noisy_line_makes_the_bot_less_shy_and_quiet_restores_it() -> None:
    rules = BargeInRules()
    machine = BargeIn(rules)
    for _ in range(3):
        assert feed(machine, 0.95, STEP) == ["pause"]
        assert feed(machine, 0.05, 0.5) == ["resume"]
    assert feed(machine, 0.95, STEP) == []  # the fourth in a row needs twice the voice
    assert feed(machine, 0.05, 0.5) == []
    assert feed(machine, 0.95, 0.93) == ["pause", "stop"]  # real speech is heard all the same
    assert feed(machine, 0.05, 0.5) == []
    assert feed(machine, 0.95, STEP) == ["pause"]
    assert feed(machine, 0.05, 0.5) == ["resume"]


def test_a_sound_that_is_no_speech_does_not_silence_the_bot_for_long() -> None:
    machine = BargeIn(BargeInRules())
    assert feed(machine, 0.7, 3.0, speaking=False)[:2] == ["pause", "resume"]


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError):
        BargeInRules(pause_after_seconds=1.0, stop_after_seconds=0.5)
    with pytest.raises(ValueError):
        BargeInRules(pause_threshold=0.3, voice_threshold=0.5)
    with pytest.raises(ValueError):
        BargeInRules(gap_seconds=0.0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(1, 40), st.booleans()), max_size=40))
def test_whatever_is_heard_the_bot_is_never_left_silent(pattern: list[tuple[float, int, bool]]) -> None:
    """`resume` and `stop` follow a `pause`, no pause outlasts twice the time to a stop, and quiet ends every pause."""
    rules = BargeInRules()
    machine = BargeIn(rules)
    paused_seconds = 0.0
    paused = False
    for probability, count, speaking in pattern:
        for _ in range(count):
            match machine.feed(probability, STEP, speaking=speaking):
                case "pause":
                    assert not paused
                    paused, paused_seconds = True, 0.0
                case "resume":
                    assert paused
                    paused = False
                case "stop":
                    paused = False
                case None:
                    paused_seconds += STEP if paused else 0.0
            assert machine.paused == paused
            assert not paused or paused_seconds <= 2 * rules.stop_after_seconds + STEP
    feed(machine, 0.0, rules.gap_seconds + STEP)
    assert not machine.paused
