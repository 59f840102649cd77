from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telephony.dtmf import Debouncer, DigitCollector, NumberEntered, PersonWanted


def test_repetitions_of_a_sender_are_one_press() -> None:
    keys = Debouncer()
    assert [keys.press("5", at) for at in (0.0, 0.02, 0.04, 0.10, 0.18)] == ["5", None, None, None, None]
    assert keys.press("5", 0.5) == "5"
    assert keys.press("6", 0.51) == "6"


def test_junk_is_no_key() -> None:
    keys = Debouncer()
    assert [keys.press(junk, 1.0) for junk in ("A", "D", "", "!", "零", "12")] == [None] * 6


def test_zero_is_a_person_at_once() -> None:
    digits = DigitCollector()
    assert digits.press("1", 0.0, number_asked=False) is None
    assert digits.press("0", 0.3, number_asked=False) == PersonWanted()
    assert digits.tick(9.0) is None


def test_zero_within_a_number_belongs_to_it() -> None:
    digits = DigitCollector()
    for index, key in enumerate("13900001234"):
        assert digits.press(key, 0.3 * index, number_asked=True) is None
    assert digits.press("#", 4.0, number_asked=True) == NumberEntered("13900001234")
    assert digits.press("0", 10.0, number_asked=True) is None
    assert digits.tick(10.5) is None
    assert digits.tick(11.3) == PersonWanted()
    assert digits.press("0", 20.0, number_asked=True) is None
    assert digits.press("#", 20.2, number_asked=True) == PersonWanted()


def test_a_pause_ends_a_number_and_a_star_begins_again() -> None:
    digits = DigitCollector()
    digits.press("1", 0.0, number_asked=True)
    digits.press("*", 0.3, number_asked=True)
    digits.press("7", 0.6, number_asked=True)
    assert digits.tick(3.0) is None
    assert digits.tick(3.7) == NumberEntered("7")
    assert digits.tick(9.0) is None


@given(st.lists(st.tuples(st.sampled_from("0123456789*#"), st.floats(0.0, 5.0), st.booleans()), max_size=200))
def test_no_sequence_makes_too_long_a_number(presses: list[tuple[str, float, bool]]) -> None:
    digits = DigitCollector()
    now = 0.0
    for key, pause, asked in presses:
        now += pause
        for event in (digits.tick(now), digits.press(key, now, number_asked=asked)):
            if isinstance(event, NumberEntered):
                assert 1 <= len(event.digits) <= 32 and event.digits.isdigit()
                assert event.digits != "0"
    digits.tick(now + 10)
    assert not digits.collecting
