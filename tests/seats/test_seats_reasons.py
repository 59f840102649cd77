"""Every code by which a contact ends, or is to be called back, has words for the desk."""

from __future__ import annotations

import pytest

from gateway.phone_messages import END_REASONS
from seats.reasons import WORDS, in_words


def test_what_the_phone_tells_is_known() -> None:
    assert set(END_REASONS) <= set(WORDS)


@pytest.mark.parametrize("reason", [*WORDS, "emergency 119"])
def test_no_code_is_shown(reason: str) -> None:
    said = in_words(reason)
    assert said and not any(character.isascii() and character.isalpha() for character in said)


def test_danger_names_its_line_and_words_stay() -> None:
    assert in_words("emergency 119") == "紧急，已告知拨打119"
    assert in_words("晚上再打") == "晚上再打"
