"""Choosing a call-back, by keys and by words."""

from __future__ import annotations

import pytest

from telephony.callback_offer import (
    Accepted,
    AskConfirmation,
    AskNumber,
    CallBackOffer,
    ChoiceLapsed,
    NotUnderstood,
    OfferEvent,
    is_number,
)
from telephony.dtmf import PersonWanted


def press_all(offer: CallBackOffer, keys: str, start: float = 0.0) -> list[OfferEvent]:
    events = [offer.press(key, start + 0.3 * index) for index, key in enumerate(keys)]
    return [event for event in events if event is not None]


def test_the_callers_own_number_is_confirmed() -> None:
    offer = CallBackOffer("13900001234")
    assert press_all(offer, "1#") == [AskConfirmation("13900001234"), Accepted("13900001234")]
    assert press_all(offer, "1#0") == []


def test_one_once_more_is_a_yes_too() -> None:
    offer = CallBackOffer("13900001234")
    assert press_all(offer, "11") == [AskConfirmation("13900001234")]
    assert offer.tick(2.0) is None
    assert offer.tick(3.5) == Accepted("13900001234")


def test_another_number_may_be_keyed_in_and_is_read_back() -> None:
    offer = CallBackOffer("13900001234")
    assert press_all(offer, "101088886666##") == [
        AskConfirmation("13900001234"),
        AskConfirmation("01088886666"),
        Accepted("01088886666"),
    ]


def test_a_hidden_number_must_be_keyed_in_and_nonsense_is_asked_again() -> None:
    offer = CallBackOffer("")
    assert press_all(offer, "1123#") == [AskNumber(), AskNumber(again=True)]
    assert press_all(offer, "13800138000##", start=5.0) == [AskConfirmation("13800138000"), Accepted("13800138000")]


def test_who_changes_their_mind_goes_on_waiting_and_zero_is_a_person() -> None:
    offer = CallBackOffer("13900001234")
    press_all(offer, "1")
    assert offer.tick(19.0) is None
    assert offer.tick(20.0) == ChoiceLapsed() and not offer.choosing
    assert press_all(offer, "70", start=20.0) == [PersonWanted()]
    entering = CallBackOffer("")
    press_all(entering, "10")
    assert entering.tick(1.8) == PersonWanted()


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("13900001234", True),
        ("01088886666", True),
        ("88886666", True),
        ("057112345678", True),
        ("12345", False),
        ("110", False),
        ("12900001234", False),
        ("1", False),
    ],
)
def test_what_can_be_called_back(digits: str, valid: bool) -> None:
    assert is_number(digits) is valid


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


def test_what_is_no_answer_to_the_number_is_asked_again_but_not_for_ever() -> None:
    offer = CallBackOffer("13900001234")
    assert offer.hear("最时代", 0.5) is None, "nothing was read back yet"
    offer.hear("回电", 1.0)
    assert [offer.hear("最时代", 12.0 * turn) for turn in (1, 2, 3)] == [NotUnderstood(), NotUnderstood(), None]
    assert offer.tick(50.0) is None, "somebody is talking"
    assert offer.hear("对", 51.0) == Accepted("13900001234")


def test_a_person_can_be_asked_for() -> None:
    assert CallBackOffer("13900001234").hear("转人工", 1.0) == PersonWanted()
