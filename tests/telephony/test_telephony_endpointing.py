"""Endpointing with numbers alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.endpointing import (
    Endpointer,
    EndpointEvent,
    EndpointingRules,
    ShortPause,
    SpeechBegan,
    SpeechEnded,
    SpeechResumed,
)

STEP = 0.032


def feed(endpointer: Endpointer, probability: float, seconds: float) -> list[EndpointEvent]:
    events: list[EndpointEvent] = []
    for _ in range(round(seconds / STEP)):
        events += endpointer.feed(probability, STEP)
    return events


def kinds(events: list[EndpointEvent]) -> list[type]:
    return [type(event) for event in events]


def test_a_sentence_begins_pauses_and_ends() -> None:
    endpointer = Endpointer(EndpointingRules(), patience_seconds=0.8)
    assert feed(endpointer, 0.01, 2.0) == []
    began = feed(endpointer, 0.9, 1.0)
    assert kinds(began) == [SpeechBegan]
    assert endpointer.speaking
    ended = feed(endpointer, 0.01, 1.0)
    assert kinds(ended) == [ShortPause, SpeechEnded]
    last = ended[-1]
    assert isinstance(last, SpeechEnded)
    assert last.voiced_seconds == pytest.approx(1.0, abs=0.05)
    assert last.trailing_seconds == pytest.approx(0.8, abs=0.05)
    assert not endpointer.speaking


def test_a_click_is_no_speech() -> None:
    endpointer = Endpointer(EndpointingRules(), 0.8)
    for _ in range(20):
        assert feed(endpointer, 0.95, 0.096) == []
        assert feed(endpointer, 0.05, 0.4) == []


def test_going_on_after_a_pause_is_said() -> None:
    endpointer = Endpointer(EndpointingRules(), 0.8)
    events = feed(endpointer, 0.9, 0.5) + feed(endpointer, 0.1, 0.5) + feed(endpointer, 0.9, 0.5)
    assert kinds(events) == [SpeechBegan, ShortPause, SpeechResumed]


def test_patience_may_change_within_the_pause() -> None:
    endpointer = Endpointer(EndpointingRules(), 0.8)
    feed(endpointer, 0.9, 0.5)
    feed(endpointer, 0.1, 0.6)
    endpointer.patience_seconds = 1.5
    assert feed(endpointer, 0.1, 0.6) == []
    assert kinds(feed(endpointer, 0.1, 0.5)) == [SpeechEnded]


def test_hysteresis_keeps_a_voice_that_fades() -> None:
    endpointer = Endpointer(EndpointingRules(), 0.6)
    feed(endpointer, 0.9, 0.5)
    assert feed(endpointer, 0.4, 2.0) == []  # between the thresholds: still speaking
    fresh = Endpointer(EndpointingRules(), 0.6)
    assert feed(fresh, 0.4, 2.0) == []
    assert not fresh.speaking


def test_an_endless_talker_is_cut_and_goes_on() -> None:
    endpointer = Endpointer(EndpointingRules(maximum_turn_seconds=10.0), 0.8)
    events = feed(endpointer, 0.9, 25.0)
    ends = [event for event in events if isinstance(event, SpeechEnded)]
    assert len(ends) == 2 and all(end.forced for end in ends)
    assert endpointer.speaking


@pytest.mark.parametrize(("probability", "seconds"), [(1.5, 0.03), (-0.1, 0.03), (0.5, 0.0), (0.5, -1.0)])
def test_misuse_is_refused(probability: float, seconds: float) -> None:
    with pytest.raises(ValueError):
        Endpointer(EndpointingRules(), 0.8).feed(probability, seconds)


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError):
        EndpointingRules(speech_threshold=0.3, silence_threshold=0.6)
    with pytest.raises(ValueError):
        Endpointer(EndpointingRules(), 0.0)


stretches = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.integers(1, 80), st.sampled_from([0.01, 0.02, 0.032])), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(stretches, st.sampled_from([0.6, 0.8, 1.3, 1.5]))
def test_events_always_make_sense(pattern: list[tuple[float, int, float]], patience: float) -> None:
    """Whatever is heard: began, then pauses and resumptions in turn, then ended; and silence ends every speech."""
    rules = EndpointingRules(maximum_turn_seconds=20.0)
    endpointer = Endpointer(rules, patience)
    speaking = paused = False
    voiced = 0.0
    for probability, count, seconds in pattern:
        for _ in range(count):
            if probability >= rules.silence_threshold:
                voiced += seconds
            for event in endpointer.feed(probability, seconds):
                match event:
                    case SpeechBegan(ago):
                        assert not speaking
                        assert rules.minimum_speech_seconds - 1e-6 <= ago
                        speaking, paused = True, False
                    case ShortPause():
                        assert speaking and not paused
                        paused = True
                    case SpeechResumed():
                        assert speaking and paused
                        paused = False
                    case SpeechEnded(voiced_seconds, total, trailing, _):
                        assert speaking
                        assert rules.minimum_speech_seconds - 1e-6 <= voiced_seconds <= min(total, voiced) + 1e-6
                        assert total <= rules.maximum_turn_seconds + 0.1
                        assert trailing <= patience + 0.04
                        speaking = paused = False
            assert endpointer.speaking == speaking
    events = feed(endpointer, 0.0, patience + 0.2)
    assert not endpointer.speaking
    assert sum(isinstance(event, SpeechEnded) for event in events) == int(speaking)
