"""What a call-back's note keeps when it is full, and when words stand in it already."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seats import callback_note
from seats.callback_note import NOTE_CHARACTERS


def test_a_note_grows_by_lines() -> None:
    assert callback_note.added("", "路灯坏了") == "路灯坏了"
    assert callback_note.added("路灯坏了", "请下午再打\n") == "路灯坏了\n请下午再打"


@given(st.integers(0, 9_000), st.integers(0, 2_000))
def test_a_full_note_keeps_what_it_began_with_and_the_newest(held: int, said: int) -> None:
    words = "着火了" + "短" * said
    note = callback_note.added("路灯坏了" + "长" * held, words)
    assert len(note) <= NOTE_CHARACTERS and note.startswith("路灯坏了") and note.endswith(words)
    assert callback_note.added(note, "一句").startswith("路灯坏了")


def test_notes_that_become_one_keep_the_beginning_and_the_end_of_each() -> None:
    assert callback_note.joined("", "早", "晚") == "早\n晚"
    note = callback_note.joined("路灯" + "长" * 3_990 + "着火", "漏水" + "长" * 3_990 + "塌了")
    assert len(note) <= NOTE_CHARACTERS
    assert note.startswith("路灯") and "着火\n漏水" in note and note.endswith("塌了")


def test_words_stand_in_a_note_as_whole_lines() -> None:
    assert callback_note.says("号码不对\n下午\n再打", "下午\n再打") and not callback_note.says("号码不对", "对")
    assert callback_note.ends_with("不对\n下午", "下午") and callback_note.ends_with("下午", "下午")
    assert not callback_note.ends_with("不对", "对") and not callback_note.ends_with("对\n下午", "对")
