from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.back_channel import is_back_channel
from telephony.playback import Playback


def filled(*sentences: tuple[str, int]) -> Playback:
    playback = Playback()
    for number, (text, size) in enumerate(sentences):
        sentence = playback.add(text, answer=True)
        sentence.audio += bytes([number]) * size
        sentence.complete = True
    return playback


def test_audio_comes_in_order_and_then_nothing() -> None:
    playback = filled(("一", 4), ("二", 4))
    assert playback.take(6) == b"\0\0\0\0\1\1"
    assert playback.take(6) == b"\1\1"
    assert playback.idle


def test_a_sentence_tells_when_it_has_begun() -> None:
    playback = filled(("一", 4))
    second = playback.add("二")
    second.audio += b"abcd"
    second.complete = True
    playback.take(4)
    begun = [second.begun]
    playback.take(2)
    begun.append(second.begun)
    playback.put_back(2)  # the leg did not take it
    begun.append(second.begun)
    assert begun == [False, True, False]


def test_a_sentence_that_is_still_rendered_is_waited_for() -> None:
    playback = Playback()
    first = playback.add("一")
    assert playback.take(10) == b"" and not playback.idle
    first.audio += b"abcd"
    assert playback.take(2) == b"ab"
    assert playback.take(10) == b"cd"
    assert not playback.idle
    first.complete = True
    assert playback.idle


def test_what_was_not_heard_is_known_to_the_character() -> None:
    playback = filled(("一二三四五六七八九十", 100), ("后面一句。", 50))
    playback.take(60)
    assert playback.interrupt(pending_bytes=0) == "七八九十后面一句。"
    assert playback.idle


def test_what_the_leg_had_not_sent_was_not_heard() -> None:
    playback = filled(("一二三四五六七八九十", 100), ("后面一句。", 50))
    for _ in range(12):
        playback.take(10)
    assert playback.interrupt(pending_bytes=40) == "九十后面一句。"


def test_resuming_begins_with_the_sentence_that_was_cut() -> None:
    playback = filled(("前一句", 10), ("被打断的", 10), ("最后", 10))
    playback.take(10)
    playback.take(5)
    playback.heard(0)
    assert playback.interrupt(0) == "断的最后"
    assert playback.resume()
    assert playback.take(100) == b"\1" * 10 + b"\2" * 10
    assert not playback.resume()


def test_a_refusal_of_the_leg_loses_nothing() -> None:
    playback = filled(("一", 4), ("二", 4))
    assert playback.take(6) == b"\0\0\0\0\1\1"
    playback.put_back(3)
    assert playback.take(8) == b"\0\1\1\1\1"
    with pytest.raises(ValueError):
        playback.put_back(99)


def test_a_filler_goes_before_an_answer_that_has_not_begun() -> None:
    playback = filled(("答案", 4))
    filler = playback.add("", first=True)
    filler.audio += b"ff"
    filler.complete = True
    assert not playback.next_is_answer
    assert playback.take(3) == b"ff\0"
    late = playback.add("", first=True)
    late.audio += b"gg"
    late.complete = True
    assert playback.take(9) == b"\0\0\0gg"


@given(
    st.lists(st.tuples(st.text("一二三四五。", min_size=1, max_size=12), st.integers(1, 200)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), max_size=30),
)
def test_heard_and_unheard_make_the_whole(sentences: list[tuple[str, int]], steps: list[tuple[int, int]]) -> None:
    playback = filled(*sentences)
    for size, refused in steps:
        piece = playback.take(size)
        playback.put_back(min(refused, len(piece)))
        playback.heard(0)
    unheard = playback.interrupt(0)
    assert "".join(text for text, _ in sentences).endswith(unheard)
    if playback.resume():
        assert playback.take(10_000)


@pytest.mark.parametrize("text", ["嗯", "嗯嗯。", "哦", "好的好的", "对，对", "啊", "知道了"])
def test_sounds_of_a_listener(text: str) -> None:
    assert is_back_channel(text)


@pytest.mark.parametrize("text", ["", "不对", "好的我知道了再见", "人工", "不是", "等一下", "怎么办", "十"])
def test_words_of_a_speaker(text: str) -> None:
    assert not is_back_channel(text)
