"""What an answer to the offer of a call-back means."""

from __future__ import annotations

import pytest

from telephony.callback_offer import Accepted, AskConfirmation, AskNumber, CallBackOffer
from telephony.callback_words import understood
from telephony.dtmf import PersonWanted


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("回电", "call_back"),
        ("会点。", "call_back"),  # heard for 回电
        ("你们给我打回来吧", "call_back"),
        ("回个电话", "call_back"),
        ("不用回电了", "no"),
        ("我再等一会儿", "no"),
        ("不对，换个号码", "no"),
        ("对。", "yes"),
        ("嗯，是的是的", "yes"),
        ("好的，可以", "yes"),
        ("嗯", None),
        ("喂，你好", None),
        ("我们小区的水管爆了现在楼道里都是水你们快点派人来", None),
        ("要人工", "person"),
        ("", None),
    ],
)
def test_short_answers_are_told_apart(text: str, answer: str | None) -> None:
    assert understood(text) == answer


def test_a_word_wants_it_and_a_word_confirms_it() -> None:
    offer = CallBackOffer("13900001234")
    assert offer.hear("对", 1.0) is None, "a yes to nothing that was asked"
    assert offer.hear("给我回电", 2.0) == AskConfirmation("13900001234")
    assert offer.tick(15.0) is None
    assert offer.hear("对的", 16.0) == Accepted("13900001234")
    assert offer.hear("对的", 17.0) is None


def test_another_number_is_keyed_in() -> None:
    offer = CallBackOffer("13900001234")
    offer.hear("回电", 1.0)
    assert offer.hear("不对", 2.0) == AskNumber()
    assert offer.hear("对", 3.0) is None, "there is no number to say yes to"


def test_a_person_can_be_asked_for() -> None:
    assert CallBackOffer("13900001234").hear("转人工", 1.0) == PersonWanted()
