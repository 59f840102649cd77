"""When a waiting caller is listened to, and what is kept of a word."""

from __future__ import annotations

import struct

import pytest

from telephony.audio import BYTES_A_SECOND
from telephony.word_ear import AUDIBLE_PEAK, CLEAR_PEAK, LISTEN_SECONDS, LONGEST_SECONDS, WordEar

STEP = 0.032


def sound(peak: int) -> bytes:
    """One step of it; the half wave below zero is the louder one."""
    samples = int(STEP * BYTES_A_SECOND) // 2
    return struct.pack(f"<{samples}h", *([peak - 1, -peak] * (samples // 2)))


PCM = sound(8_000)


def hear(ear: WordEar, probability: float, seconds: float) -> list[bytes]:
    words = []
    for _ in range(round(seconds / STEP)):
        ear.feed(PCM)
        if (word := ear.voice(probability, STEP)) is not None:
            words.append(word)
    return words


def test_closed_it_lets_nothing_through() -> None:
    ear = WordEar()
    assert ear.feed(PCM) == b"" and ear.voice(1.0, STEP) is None
    ear.open(0.0)
    assert ear.feed(PCM) == PCM
    ear.tick(LISTEN_SECONDS)
    assert not ear.listening and ear.feed(PCM) == b""


def test_a_word_comes_with_what_was_before_it_and_once() -> None:
    ear = WordEar()
    ear.open(0.0)
    assert hear(ear, 0.0, 1.5) == [] and hear(ear, 0.9, 0.8) == []
    ear.tick(LISTEN_SECONDS)
    assert ear.listening, "a word that has begun is heard to its end"
    (word,) = hear(ear, 0.0, 1.0)
    assert 1.6 <= len(word) / BYTES_A_SECOND <= 1.9
    ear.tick(LISTEN_SECONDS)
    assert not ear.listening


def test_a_click_is_no_word_and_a_story_is_cut() -> None:
    ear = WordEar()
    ear.open(0.0)
    assert hear(ear, 0.9, 0.1) + hear(ear, 0.0, 1.0) == []
    first, *_ = hear(ear, 0.9, LONGEST_SECONDS + 1.0)
    assert len(first) / BYTES_A_SECOND <= LONGEST_SECONDS + 0.1


@pytest.mark.parametrize(("asked", "least"), [(True, AUDIBLE_PEAK), (False, CLEAR_PEAK)])
def test_the_detector_is_asked_about_sounds_only_and_hears_a_little_of_what_follows(asked: bool, least: int) -> None:
    ear = WordEar()
    ear.open(0.0, asked=asked)
    below, above = sound(least - 1), sound(least)
    assert [ear.feed(below) for _ in range(40)] == [b""] * 40
    assert ear.feed(above) == above
    passed = [ear.feed(below) for _ in range(40)]
    assert passed[:8] == [below] * 8 and passed[12:] == [b""] * 28


def test_a_word_is_heard_to_its_end_over_a_silent_line() -> None:
    ear = WordEar()
    ear.open(0.0)
    words = []
    for peak in [0] * 40 + [3_000] * 15 + [0] * 40:
        if ear.feed(sound(peak)):
            words.append(ear.voice(0.9 if peak else 0.0, STEP))
    (word,) = [word for word in words if word is not None]
    assert 0.9 <= len(word) / BYTES_A_SECOND <= 1.7
    assert ear.feed(sound(0)) == b"", "and nothing more is let through"
