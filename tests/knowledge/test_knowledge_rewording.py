"""Rewordings of clauses: what is said well passes, what would mislead a citizen never does."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rewording_cases import DOG, FAITHFUL, FALSE, FURTHER_FALSE, NIGHT, REGISTER, SUBSIDY

from knowledge import rewording

_SOURCES = (DOG, REGISTER, NIGHT, SUBSIDY)


@pytest.mark.parametrize(("source", "reworded"), FAITHFUL, ids=itertools.count())
def test_what_says_the_same_may_be_said(source: str, reworded: str) -> None:
    assert rewording.problem(source, reworded) is None


@pytest.mark.parametrize(("why", "source", "reworded"), [*FALSE, *FURTHER_FALSE], ids=itertools.count())
def test_what_says_something_else_is_refused(why: str, source: str, reworded: str) -> None:
    assert rewording.problem(source, reworded) is not None, why


@pytest.mark.parametrize("source", _SOURCES, ids=itertools.count())
def test_the_clause_itself_is_its_own_rewording(source: str) -> None:
    assert rewording.problem(source, source) is None


@given(source=st.sampled_from(_SOURCES), other=st.sampled_from(_SOURCES), data=st.data())
def test_a_changed_numeral_is_always_seen(source: str, other: str, data: st.DataObject) -> None:
    """Also beside a sentence of another clause, which is never said of this one."""
    numerals = [place for place, character in enumerate(source) if character in "二三四五六七八九"]
    if other != source:
        assert rewording.problem(source, f"{source}{other}") is not None
        assert rewording.problem(f"{source}{other}", source) is not None
    if numerals:
        place = data.draw(st.sampled_from(numerals))
        digit = data.draw(st.sampled_from([d for d in "二三四五六七八九" if d != source[place]]))
        assert rewording.problem(source, source[:place] + digit + source[place + 1 :]) is not None


@given(text=st.text(max_size=80))
def test_nothing_that_comes_back_breaks_the_check(text: str) -> None:
    rewording.problem(DOG, text)
    rewording.pairings(DOG, text)
