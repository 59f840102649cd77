"""How often the decoder reads a number again: only where a reading can still change what is heard."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from asr_models.whisper_digits import is_near
from asr_models.whisper_expected import ExpectedReader
from asr_models.whisper_guards import Evidence
from asr_models.whisper_numbers import Reading, has_time
from asr_models.whisper_numbers import is_near as readings_are_near
from asr_models.whisper_pieces import Decoded, Piece

WHOLE = "一三九零零零零一二三四"


@dataclass
class Result:
    sequences_ids: list[list[int]]
    scores: list[float]


class Characters:
    """A vocabulary whose tokens are characters."""

    start = (0x10FFF0,)
    first_special = 0x10FFF0

    def all_but(self, texts: Iterable[str]) -> list[int]:
        return sorted({ord(one) for text in texts for one in text})

    def tokens_of(self, text: str) -> list[int]:
        return [ord(one) for one in text]

    def text(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))


@dataclass
class Model:
    """Writes `numerals` and `digits` where it reads from the beginning, `behind` where words stand before."""

    numerals: str
    digits: str
    behind: str
    asked: list[str] = field(default_factory=list)

    def generate(self, encoded: Any, prompts: list[list[int]], *, suppress_tokens: list[int], **_: Any) -> list[Result]:
        before = prompts[0][1:]
        if ord("我") not in suppress_tokens:  # nothing but numerals
            self.asked.append("behind")
            return [Result([[*before, *map(ord, self.behind)]], [-0.05])]
        alphabet = "digits" if ord("5") in suppress_tokens else "numerals"
        self.asked.append(alphabet)
        text = self.digits if alphabet == "digits" else self.numerals
        return [Result([[ord(one) for one in text]], [-0.05])]


def read(model: Model, free: str, *, loud_seconds: float) -> str | None:
    reader = ExpectedReader(model, Characters())  # type: ignore[arg-type]
    piece = Piece(np.zeros(16_000 * 4, np.float32), loud_seconds, 1_000, "digits")
    heard = reader.read(piece, Decoded([], Evidence(free, -0.2, 0.0, loud_seconds)))
    return heard.evidence.text if heard is not None else None


def test_a_whole_number_is_read_in_both_alphabets() -> None:
    model = Model(WHOLE, "13900001234", "")
    assert read(model, WHOLE, loud_seconds=4.0) == WHOLE
    assert model.asked == ["numerals", "digits"]


def test_what_one_alphabet_has_lost_is_looked_for_in_the_other() -> None:
    model = Model(WHOLE[:-2], "13900001234", "")
    assert read(model, WHOLE[:-2], loud_seconds=4.0) == WHOLE
    assert model.asked == ["numerals", "digits"]


def test_half_a_number_is_read_in_one_alphabet_and_behind_one_beginning() -> None:
    model = Model("一三九零零零零", "1390000", "一三九零零零零")
    assert read(model, "一三九零零零零", loud_seconds=3.0) == "一三九零零零零"
    assert model.asked == ["numerals", "behind"]


def test_in_so_short_a_time_nobody_says_a_whole_number() -> None:
    model = Model("一三九", "139", "一三九")
    assert read(model, "一三九", loud_seconds=1.5) == "一三九"
    assert model.asked == ["behind"]


@pytest.mark.parametrize(
    ("digits", "near"), [(WHOLE, True), (WHOLE[:8], True), (WHOLE[:7], False), ("一三九四个零", False)]
)
def test_another_beginning_adds_few_digits(digits: str, near: bool) -> None:
    assert is_near(digits) is near


def test_another_alphabet_finds_few_digits() -> None:
    assert readings_are_near([Reading("一三九", -0.1), Reading("我的电话是一三九四个零一", -3.0)])
    assert not readings_are_near([Reading("一三九四个零", -0.1), Reading("我没有电话", -3.0)])
    assert not readings_are_near([])


def test_eleven_digits_take_their_time() -> None:
    assert has_time(2.0)
    assert not has_time(1.8)
