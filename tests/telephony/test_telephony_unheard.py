"""Whose matter a turn is in which no word was recognised."""

from __future__ import annotations

from telephony.unheard import UnheardTurns


def test_long_speech_without_a_word_is_told_the_second_time_and_counted_on() -> None:
    turns = UnheardTurns()
    assert [turns.speech(2.0) for _ in range(3)] == [0, 2, 3]


def test_words_in_between_begin_the_count_again() -> None:
    turns = UnheardTurns()
    assert turns.speech(2.0) == 0
    turns.words()
    assert [turns.speech(2.0), turns.speech(2.0)] == [0, 2]


def test_short_sounds_are_no_speech() -> None:
    turns = UnheardTurns()
    assert [turns.speech(0.8) for _ in range(5)] == [0] * 5


def test_an_answer_to_yes_or_no_is_asked_for_twice_and_told_from_then_on() -> None:
    turns = UnheardTurns()
    assert [turns.answer("yes_no") for _ in range(4)] == [0, 0, 2, 2]
    turns.words()
    assert turns.answer("yes_no") == 0


def test_where_no_yes_or_no_was_asked_for_a_short_sound_is_never_told() -> None:
    turns = UnheardTurns()
    assert [turns.answer("normal") for _ in range(5)] == [0] * 5
