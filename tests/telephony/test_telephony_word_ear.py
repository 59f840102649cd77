"""When a waiting caller is listened to, and what is kept of a word."""

from __future__ import annotations

from telephony.audio import BYTES_A_SECOND
from telephony.word_ear import LISTEN_SECONDS, LONGEST_SECONDS, WordEar

STEP = 0.032
PCM = bytes(int(STEP * BYTES_A_SECOND) // 2 * 2)


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
