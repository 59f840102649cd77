"""How likely a text is as words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr_models.word_frequencies import WordFrequencies, jieba_counts


@pytest.fixture(scope="module")
def words() -> WordFrequencies:
    return WordFrequencies(jieba_counts())


def test_the_most_likely_cut_counts() -> None:
    small = WordFrequencies([("路灯", 60), ("路", 10), ("灯", 10), ("坏了", 20)])
    assert small.log_probability("路灯坏了") == pytest.approx(math.log(0.6) + math.log(0.2), rel=1e-5)
    assert small.log_probability("路灯，坏了。") == small.log_probability("路灯坏了")
    assert small.log_probability("") == 0.0
    assert small.log_probability("ABC 123") == 0.0


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("国务院督察组将督促进行整改", "国务院足察组将都促进行整改"),
        ("龙耀滨江广场", "龙药冰江广场"),
        ("我家里停水了", "我家里停谁了"),
    ],
)
def test_what_people_say_is_likelier_than_its_homophones(words: WordFrequencies, said: str, heard: str) -> None:
    assert words.log_probability(said) > words.log_probability(heard)


@given(st.text(max_size=30))
def test_any_text_has_a_likelihood(text: str) -> None:
    assert -1_000 < WordFrequencies([("路灯", 3.0)]).log_probability(text) <= 0.0
