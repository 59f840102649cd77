"""A text that was heard, spelt as words: what is changed and, above all, what is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr_models.homophones import Homophones
from asr_models.words import Words
from base.pinyin import toneless


@pytest.fixture(scope="module")
def words() -> Words:
    return Words.of_jieba()


@pytest.mark.parametrize(
    ("heard", "spelt"),
    [
        ("海淀区中官村大街", "海淀区中关村大街"),
        ("绿化代里有垃圾", "绿化带里有垃圾"),
        ("我的身份正丢了，谢谢", "我的身份证丢了，谢谢"),
    ],
)
def test_a_row_of_characters_that_is_no_word_becomes_one_that_sounds_so(words: Words, heard: str, spelt: str) -> None:
    assert words.read(heard)[1] == spelt


@pytest.mark.parametrize(
    "text",
    [
        "我们小区已经三天没有热水了，物业也没有说法。",
        "我叫王晓红，住在龙泽苑",
        "幺三八零零幺三八零零零",
        "三点半到四点",
        "一百二十弄八号",
        "我的ETC打不开",
        "",
        "，。",
    ],
)
def test_good_text_names_and_numbers_stay(words: Words, text: str) -> None:
    assert words.read(text)[1] == text


@settings(deadline=None)
@given(st.text(alphabet="路灯坏了人工投诉小区三八，。 abAB囍", max_size=24))
def test_the_sounds_and_all_other_characters_stay(text: str) -> None:
    small = Words([("路灯", 50.0), ("鹿灯", 3.0), ("人工", 9.0), ("仁工", 90.0), ("小区", 70.0), ("晓曲", 900.0)])
    likelihood, spelt = small.read(text)
    assert likelihood <= 0.0
    assert len(spelt) == len(text)
    same_sound = {"路": "路鹿", "人": "人仁", "小": "小晓", "区": "区曲"}
    assert all(new in same_sound.get(old, old) for old, new in zip(text, spelt, strict=True))


def test_words_of_the_same_sounds() -> None:
    known = Homophones([("投诉", 90.0), ("投宿", 5.0), ("投速", 4.0), ("透苏", 2.0), ("一百", 50.0), ("遗摆", 3.0)])
    assert known.of("头苏") == ["投诉", "投宿", "投速"], "the commonest first, the rarest not at all"
    assert known.of("投诉") == ["投宿", "投速"]
    assert known.of("一百") == [], "numbers are left alone"
    assert known.of("A苏") == []


def test_tones_are_taken_off() -> None:
    assert [toneless(spelled) for spelled in ("guāng", "lǜ", "nǚ", "lüè", "ê", "a")] == [
        "guang",
        "lv",
        "nv",
        "lve",
        "e",
        "a",
    ]
