"""Short answers where a yes or no was asked for: which second reading is taken, and what really comes by telephone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr_models.recogniser import Expected, Recognition, Samples, Utterance
from asr_models.whisper import Whisper
from asr_models.whisper_answers import chosen, is_worth_reading
from base.settings import load
from knowledge.confusion_training import Caller
from knowledge.confusion_training import Utterance as Said
from telephony.audio import RATE_HZ


def test_only_what_may_be_a_misheard_answer_is_read_again() -> None:
    assert is_worth_reading("请。", -0.6, 0.4) and is_worth_reading("", -2.0, 0.3)
    assert is_worth_reading("好。", -1.5, 0.3), "an answer, but nothing to rely on"
    assert not is_worth_reading("好的。", -0.2, 0.3), "an answer already"
    assert not is_worth_reading("我要反映一件事", -0.6, 0.9), "more than an answer"
    assert not is_worth_reading("请", -0.6, 2.5), "too long for one"


@pytest.mark.parametrize(
    ("read", "free", "expected"),
    [
        ([("行", -0.4)], -1.2, 0),
        ([("行是", -0.3), ("行", -0.5)], -1.2, 1),
        ([("行", -0.9)], -1.2, None),
        ([("可以", -0.6)], -0.2, None),
        ([("行是", -0.1)], -1.2, None),
        ([], -1.2, None),
    ],
)
def test_an_answer_is_taken_where_the_sound_supports_it(
    read: list[tuple[str, float]], free: float, expected: int | None
) -> None:
    assert chosen(read, free) == expected


def test_answers_by_telephone(whisper_directory: Path) -> None:
    """Other speeds and noises than those on which the limit was chosen."""
    whisper, caller = Whisper(whisper_directory), Caller(load())

    def heard(samples: Samples, expected: Expected) -> str:
        (outcome,) = whisper.recognise_many([Utterance(samples, RATE_HZ, expected=expected)])
        assert isinstance(outcome, Recognition)
        return outcome.text.strip("。")

    def said(text: str, seed: int) -> Samples:
        return caller.say(Said(text, 1.1, 13.0, seed), lead_seconds=0.3, tail_seconds=0.3)[0]

    answers = {
        text: said(text, 901) for text in ("可以", "保密", "不保密", "不满意", "很满意", "不公开", "好的", "不能")
    }
    right = [text for text, samples in answers.items() if heard(samples, "yes_no") == text]
    free = [text for text, samples in answers.items() if heard(samples, "anything") == text]
    assert len(right) >= 6 and len(right) > len(free), (right, free)
    for text in ("停电了", "再说一遍", "朝阳区"):
        samples = said(text, 902)
        assert heard(samples, "yes_no") == heard(samples, "anything")
    noise = np.random.default_rng(903).normal(0.0, 0.02, RATE_HZ).astype(np.float32)
    assert heard(noise, "yes_no") == ""
