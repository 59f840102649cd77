"""Turn taking, driven by numbers in scripted time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.turn_end.evidence import Evidence, TextEvidence
from telephony.turn_taking import (
    Action,
    AskSound,
    BackChannel,
    CallerBegan,
    CallerFinished,
    Comfort,
    DropGuess,
    Filler,
    GiveSilenceTurn,
    Guess,
    Patience,
    PausePlayback,
    ResumePlayback,
    ShortSound,
    SilencePrompt,
    StopPlayback,
    TurnTaking,
    TurnTakingRules,
)

STEP = 0.032


class Table:
    """A machine, its clock, and everything it wanted."""

    def __init__(self, rules: TurnTakingRules | None = None) -> None:
        self.now = 0.0
        self.machine = TurnTaking(rules or TurnTakingRules(), 0.0)
        self.actions: list[tuple[float, Action]] = []

    def hear(self, probability: float, seconds: float) -> list[Action]:
        wanted: list[Action] = []
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            wanted += self.machine.voice(probability, STEP, self.now)
            wanted += self.machine.tick(self.now)
        self.actions += [(self.now, action) for action in wanted]
        return wanted

    def speech(self, seconds: float) -> list[Action]:
        return self.hear(0.95, seconds)

    def quiet(self, seconds: float) -> list[Action]:
        return self.hear(0.02, seconds)


def kinds(actions: list[Action]) -> list[type]:
    return [type(action) for action in actions]


def test_a_turn_in_silence() -> None:
    table = Table()
    assert kinds(table.speech(1.0)) == [CallerBegan]
    assert kinds(table.quiet(1.0)) == [Guess, CallerFinished]


def test_barge_in_works_every_time() -> None:
    table = Table()
    for _ in range(12):
        table.machine.playback_started(table.now)
        assert table.quiet(1.0) == []
        assert kinds(table.speech(0.1)) == [PausePlayback]  # silent at once, before anything is decided
        assert kinds(table.speech(0.7)) == []
        assert kinds(table.speech(0.2)) == [StopPlayback, CallerBegan]
        assert not table.machine.playing
        assert kinds(table.quiet(1.0)) == [Guess, CallerFinished]


def test_short_sounds_with_gaps_never_add_up_to_an_interruption() -> None:
    table = Table()
    table.machine.playback_started(table.now)
    for _ in range(30):
        assert StopPlayback not in kinds(table.speech(0.3))
        assert StopPlayback not in kinds(table.quiet(0.5))


def test_the_bot_does_not_speak_into_the_breath_of_who_interrupts() -> None:
    table = Table()
    table.machine.playback_started(table.now)
    assert kinds(table.speech(0.5)) == [PausePlayback]
    assert kinds(table.quiet(0.3)) == []
    assert StopPlayback in kinds(table.speech(0.6))


def test_a_back_channel_pauses_the_bot_for_a_moment_and_is_told_as_such() -> None:
    table = Table()
    table.machine.playback_started(table.now)
    table.speech(0.3)
    actions = table.quiet(1.0)
    assert kinds(actions) == [ResumePlayback, ShortSound, BackChannel]
    sound = actions[1]
    assert isinstance(sound, ShortSound)
    assert 0.65 < sound.ago_seconds < 0.75 and 0.35 < sound.trailing_seconds < 0.45
    assert table.machine.playing


def test_words_in_a_short_sound_stop_the_bot_after_all() -> None:
    table = Table()
    table.machine.playback_started(table.now)
    table.speech(0.3)
    table.quiet(0.5)
    assert kinds(table.machine.short_sound_was_speech(table.now)) == [StopPlayback]
    assert table.machine.short_sound_was_speech(table.now) == []  # there is nothing more to stop


def test_a_pause_of_the_bot_ends_when_the_callers_audio_stays_away() -> None:
    table = Table()
    table.machine.playback_started(table.now)
    assert kinds(table.speech(0.2)) == [PausePlayback]
    table.now += 0.6
    assert kinds(table.machine.tick(table.now)) == [ResumePlayback]
    assert table.machine.tick(table.now) == []


def test_what_must_be_heard_is_not_interrupted() -> None:
    table = Table()
    table.machine.playback_started(table.now, interruptible=False)
    assert table.speech(3.0) == []
    assert table.machine.key_pressed(table.now) == []
    assert kinds(table.machine.playback_finished(table.now)) == [CallerBegan]  # they still speak: now it counts


def test_speech_that_outlasts_the_playback_is_a_turn() -> None:
    table = Table()
    table.machine.playback_started(table.now)
    assert kinds(table.speech(0.35)) == [PausePlayback]
    began = table.machine.playback_finished(table.now)
    assert kinds(began) == [CallerBegan]
    assert isinstance(began[0], CallerBegan) and 0.3 < began[0].ago_seconds < 0.4
    assert kinds(table.speech(0.5) + table.quiet(1.0)) == [Guess, CallerFinished]


def test_a_guess_is_dropped_when_the_caller_goes_on() -> None:
    table = Table()
    table.speech(1.0)
    assert kinds(table.quiet(0.5)) == [Guess]
    assert kinds(table.speech(0.5)) == [DropGuess]


def test_the_patience_depends_on_what_was_asked() -> None:
    for patience, pause, finished in (("yes_no", 0.7, True), ("number", 1.3, False), ("number", 1.6, True)):
        table = Table()
        table.machine.expect(patience)  # type: ignore[arg-type]
        table.speech(0.5)
        assert (CallerFinished in kinds(table.quiet(pause))) is finished


class Scripted:
    """A strategy that waits long, unless the sound or the text speaks for an end."""

    name = "scripted"
    wants_text = True

    def wants_sound(self, state: Patience) -> bool:
        return True

    def patience_seconds(self, evidence: Evidence) -> float:
        if evidence.text is not None:
            return 0.5 if evidence.text.finished > 0.5 else 2.0
        if evidence.sound is not None:
            return 1.0 if evidence.sound > 0.5 else 2.0
        return 1.5


def test_a_promising_sound_asks_for_the_text_soon_and_the_text_ends_the_turn() -> None:
    table = Table(TurnTakingRules(turn_end=Scripted()))
    table.speech(1.0)
    asked = table.quiet(0.25)
    assert asked == [AskSound(1)]
    assert table.machine.heard_sound(1, 0.96) == [], "many a pause is over by then"
    assert table.quiet(0.1) == [Guess(1)]
    assert table.quiet(0.2) == []
    table.machine.heard_text(1, TextEvidence(0.9))
    assert kinds(table.quiet(0.04)) == [CallerFinished]  # 0.5 s have passed already


def test_a_doubtful_sound_puts_the_recognition_off_and_lengthens_the_patience() -> None:
    table = Table(TurnTakingRules(turn_end=Scripted()))
    table.speech(1.0)
    table.quiet(0.25)
    assert table.machine.heard_sound(1, 0.1) == []
    assert table.quiet(0.35) == []
    assert table.quiet(0.1) == [Guess(1)]
    assert kinds(table.quiet(1.15)) == []
    assert kinds(table.quiet(0.3)) == [CallerFinished]


def test_a_sound_that_is_not_sure_enough_puts_the_recognition_off() -> None:
    table = Table(TurnTakingRules(turn_end=Scripted()))
    table.speech(1.0)
    table.quiet(0.25)
    assert table.machine.heard_sound(1, 0.9) == []
    assert table.quiet(0.15) == []
    assert Guess(1) in table.quiet(0.3)


def test_an_opinion_that_comes_too_late_counts_for_nothing() -> None:
    table = Table(TurnTakingRules(turn_end=Scripted()))
    table.speech(1.0)
    assert AskSound(1) in table.quiet(0.25)
    assert kinds(table.speech(0.5)) == [DropGuess]
    assert table.machine.heard_sound(1, 0.99) == []
    table.machine.heard_text(1, TextEvidence(0.99))
    assert table.quiet(0.25) == [AskSound(2)]
    assert table.machine.heard_sound(1, 0.99) == []
    assert kinds(table.quiet(1.2)) == [Guess]  # after the usual time: no opinion on this pause has come
    assert kinds(table.quiet(0.2)) == [CallerFinished]


def test_silence_counts_only_in_the_callers_time() -> None:
    table = Table()
    table.machine.playback_started(0.0)
    assert table.quiet(20.0) == []
    table.machine.playback_finished(table.now)
    assert table.quiet(5.9) == []
    assert table.quiet(0.3) == [SilencePrompt(1)]
    table.machine.playback_started(table.now, answer=False)
    table.quiet(3.0)
    table.machine.playback_finished(table.now)
    assert table.quiet(5.5) == []
    assert table.quiet(0.6) == [SilencePrompt(2)]
    assert GiveSilenceTurn() in table.quiet(6.5)


def test_any_sign_of_life_begins_the_silence_anew() -> None:
    table = Table()
    table.quiet(5.5)
    table.speech(0.5)
    table.quiet(1.0)
    assert table.quiet(4.8) == []
    table.machine.key_pressed(table.now)
    assert table.quiet(5.8) == []


def test_fillers_while_the_answer_is_late() -> None:
    table = Table()
    table.machine.thinking_started(table.now)
    assert table.quiet(1.2) == []
    assert table.quiet(0.2) == [Filler(1)]  # decided 0.2 s before it must be heard
    assert table.quiet(7.5) == []
    assert table.quiet(0.6) == [Filler(2)]
    table.machine.thinking_ended(table.now)
    assert table.quiet(5.5) == []


@pytest.mark.parametrize(("pause", "filler_after"), [(0.6, 0.7), (0.8, 0.5), (1.5, 0.15)])
def test_the_dead_air_counts_from_the_last_sound(pause: float, filler_after: float) -> None:
    """Whatever pause ended the turn: 1.3 s after the last sound, yet not in the first 0.15 s of the wait."""
    table = Table()
    table.quiet(3.0)
    table.machine.thinking_started(table.now, spoke_until=table.now - pause)
    assert table.quiet(filler_after - 0.05) == []
    assert table.quiet(0.15) == [Filler(1)]


def test_a_filler_gives_way_to_any_speech() -> None:
    table = Table()
    table.machine.thinking_started(table.now)
    table.machine.playback_started(table.now, answer=False)
    assert kinds(table.speech(0.3)) == [PausePlayback, StopPlayback, CallerBegan]


def test_a_reminder_gives_way_to_any_speech_and_half_a_number_is_its_beginning() -> None:
    """Who has looked the number up begins just when they are reminded: three digits are no turn of their own."""
    table = Table()
    table.machine.expect("number")
    table.machine.playback_started(table.now)
    table.machine.playback_finished(table.now)
    assert table.quiet(6.1) == [SilencePrompt(1)]
    table.machine.playback_started(table.now, answer=False)
    assert kinds(table.speech(0.6)) == [PausePlayback, StopPlayback, CallerBegan]
    assert CallerFinished not in kinds(table.quiet(1.2))
    table.speech(0.8)
    assert kinds(table.quiet(2.0)).count(CallerFinished) == 1


def test_an_answer_after_a_reminder_is_not_given_up_for_an_assent() -> None:
    table = Table()
    assert table.quiet(6.1) == [SilencePrompt(1)]
    table.machine.playback_started(table.now)
    assert StopPlayback not in kinds([*table.speech(0.3), *table.quiet(0.6)])


def test_no_filler_begins_while_there_is_voice() -> None:
    table = Table()
    table.machine.thinking_started(table.now)
    table.quiet(1.25)
    assert Filler not in kinds(table.speech(0.15))


def test_a_caller_who_asked_us_to_wait_is_left_in_peace_and_asked_once() -> None:
    table = Table()
    table.machine.expect("normal", hold_seconds=60.0)
    assert table.quiet(59.5) == []
    assert table.quiet(1.0) == [SilencePrompt(1, held=True)]
    assert table.quiet(11.0) == []
    assert table.quiet(1.5) == [GiveSilenceTurn()]
    assert table.quiet(6.5) == [SilencePrompt(1)]  # afterwards as usual


def test_the_number_of_reminders_and_the_stretch_can_be_chosen() -> None:
    table = Table()
    table.machine.expect("normal", reminders=0)
    assert table.quiet(5.5) == []
    assert table.quiet(1.0) == [GiveSilenceTurn()]
    table = Table()
    table.machine.expect("yes_no", stretch=1.5)
    assert table.quiet(8.5) == []
    assert table.quiet(1.0) == [SilencePrompt(1)]
    table.speech(0.5)
    assert CallerFinished not in kinds(table.quiet(0.7))
    assert CallerFinished in kinds(table.quiet(0.4))


def test_a_caller_who_waits_for_a_seat_is_comforted_not_questioned() -> None:
    table = Table()
    table.machine.line = "waiting_for_seat"
    wanted = table.quiet(65.0)
    assert wanted == [Comfort()] * 3
    table.machine.line = "with_seat"
    assert table.quiet(65.0) == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), st.floats(0.0, 1.0), st.integers(1, 60)),
        st.tuples(st.sampled_from(["play", "end_play", "think", "end_think", "key"]), st.just(0.0), st.integers(0, 1)),
    ),
    max_size=50,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_no_pattern_confuses_the_machine(pattern: list[tuple[str, float, int]]) -> None:
    """Stop only while playing; every finished turn began; after enough quiet the machine always asks again."""
    table = Table()
    machine = table.machine
    caller = False
    for what, probability, count in pattern:
        was_playing = machine.playing
        wanted: list[Action] = []
        match what:
            case "hear":
                wanted = table.hear(probability, count * STEP)
            case "play" if not machine.caller_speaking:
                machine.playback_started(table.now)
            case "end_play":
                wanted = machine.playback_finished(table.now)
            case "think":
                machine.thinking_started(table.now)
            case "end_think":
                machine.thinking_ended(table.now)
            case "key":
                wanted = machine.key_pressed(table.now)
        assert sum(isinstance(action, StopPlayback) for action in wanted) <= int(was_playing)
        for action in wanted:
            if isinstance(action, CallerBegan):
                caller = True
            elif isinstance(action, Guess | DropGuess):
                assert caller
            elif isinstance(action, CallerFinished):
                assert caller
                caller = False
        assert machine.caller_speaking == caller or machine.playing
    machine.playback_finished(table.now)
    machine.thinking_ended(table.now)
    assert any(isinstance(action, SilencePrompt | GiveSilenceTurn) for action in table.quiet(30.0))
