"""A whole telephone number, out of what two readings have heard of it."""

from __future__ import annotations

import pytest

from asr_models.whisper_numbers import Reading, chosen, digits_told, number_of


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("幺三九零零零零一二三四", "13900001234"),
        ("13900001234", "13900001234"),
        ("你记一下，一三九四个零一二三四", "13900001234"),
        ("那个139然后00001234", "13900001234"),
        ("幺三九零零零零一二三四不对后四位是一二三五", "13900001235"),
        ("13900001234不对后4位是1235", "13900001235"),
        ("一三九零零零零一二三四不对是一三八零零零零一二三四", "13800001234"),
        ("零一零六四一二三四五六", "01064123456"),
        ("一三九零零零零一二三", None),
        ("六四一二三四五六", None),
        ("我没有手机", None),
        ("雁三九零零零零一二三四", None),
    ],
)
def test_the_number_that_a_text_tells(text: str, number: str | None) -> None:
    told = digits_told(text)
    assert (number_of(told) if told is not None else None) == number


def test_a_whole_number_is_preferred_to_one_that_has_lost_a_digit() -> None:
    numerals = [Reading("一三九零零零零一二三", -1.6), Reading("一三九零零零零一二三四", -2.4)]
    best = chosen(numerals, [Reading("1390000123", -2.0), Reading("13900001234", -2.2)], loud_seconds=4.0)
    assert best is not None
    assert best.text == best.read == "一三九零零零零一二三四"


def test_each_reading_may_hear_what_the_other_has_lost() -> None:
    numerals = [Reading("你记一下一三九零零零零一二三", -2.0)]
    best = chosen(numerals, [Reading("你记一下13900001234", -1.5)], loud_seconds=4.0)
    assert best is not None
    assert (best.text, best.read) == ("你记一下一三九零零零零一二三四", "你记一下13900001234")


def test_each_digit_is_as_sure_as_the_texts_that_have_it() -> None:
    numerals = [Reading("一三九零零零零一二三四", -1.0), Reading("一三九零零零零一二三七", -1.2)]
    best = chosen(numerals, [Reading("13900001234", -1.0), Reading("13900001237", -1.2)], loud_seconds=4.0)
    assert best is not None
    assert min(best.digit_confidences[:10]) > 0.99
    assert best.digit_confidences[10] == pytest.approx(0.55, abs=0.01)


def test_nothing_is_made_of_what_the_sound_hardly_supports() -> None:
    weak = [Reading("一三九零零零零一二三四", -9.0)]
    assert chosen(weak, [], loud_seconds=4.0) is None
    assert chosen([], [], loud_seconds=4.0) is None
    assert chosen([Reading("一三九零零零零一二三四", -1.0)], [], loud_seconds=1.5) is None, "nobody speaks that fast"
    assert chosen([Reading("我的电话是", -0.1)], [Reading("我的", -0.2)], loud_seconds=2.0) is None
