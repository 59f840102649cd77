from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.lexical import TermMatrix
from knowledge.phonetic import spoken_number, syllable_terms, syllables
from knowledge.text import character_terms, normalise


def matrix(*texts: str) -> TermMatrix:
    return TermMatrix.build([normalise(text) for text in texts], character_terms)


def test_the_text_that_shares_most_with_the_question_comes_first() -> None:
    held = matrix("居住证怎么办理", "供暖什么时候开始", "居住证丢了怎么补办")
    scores = held.scores(character_terms(["居住证补办"])[0])
    assert int(scores.argmax()) == 2
    assert scores[1] == 0


def test_a_number_or_latin_word_counts_as_one_word() -> None:
    held = matrix("A5区小学报名", "A7区小学报名")
    scores = held.scores(character_terms([normalise("Ａ７区")])[0])
    assert scores[1] > scores[0]


def test_the_best_possible_mass_bounds_every_score_of_short_texts() -> None:
    held = matrix("供暖开始", "居住证办理", "公积金提取")
    codes = character_terms(["公积金"])[0]
    assert 0 < held.scores(codes).max() <= held.best_possible(codes) * 2.2


def test_words_that_no_text_has_add_to_what_is_missing() -> None:
    held = matrix("供暖开始", "居住证办理")
    assert held.best_possible(character_terms(["居住证火星"])[0]) > held.best_possible(character_terms(["居住证"])[0])


def test_an_empty_collection_scores_nothing() -> None:
    assert matrix().scores(character_terms(["供暖"])[0]).shape == (0,)
    assert matrix("", "。，").scores(character_terms(["供暖"])[0]).tolist() == [0.0, 0.0]


@given(st.lists(st.text(max_size=40), max_size=6))
def test_any_text_can_be_cut(texts: list[str]) -> None:
    clean = [normalise(text) for text in texts]
    for cut in (character_terms, syllable_terms):
        codes, owners = cut(clean)
        assert len(codes) == len(owners)
        assert owners.tolist() == [] or (owners.min() >= 0 and owners.max() < len(texts))


def test_terms_do_not_reach_over_the_end_of_a_text() -> None:
    apart = character_terms(["甲", "乙"])[0]
    together = character_terms(["甲乙"])[0]
    assert len(apart) == 2
    assert len(together) == 3


@pytest.mark.parametrize(
    ("digits", "said"),
    [("0", "零"), ("7", "七"), ("10", "十"), ("15", "十五"), ("20", "二十"), ("105", "一百零五"), ("110", "一百一十"),
     ("125", "一百二十五"), ("300", "三百"), ("12345", "一二三四五")],
)  # fmt: skip
def test_numbers_as_they_are_said(digits: str, said: str) -> None:
    assert spoken_number(digits) == said


def test_homophones_sound_alike() -> None:
    assert syllables("居住证") == syllables("具住正")
    assert syllables("WiFi 3个") == ["@wifi", "san", "ge"]
    assert np.array_equal(np.sort(syllable_terms(["公积金"])[0]), np.sort(syllable_terms(["公鸡金"])[0]))
