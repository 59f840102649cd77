"""Properties of the life cycle and of the numbers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workorders import numbers, order
from workorders.duplicates import similarity


def test_every_status_but_draft_can_be_reached_and_left() -> None:
    reached = {rule.target for rule in order.RULES.values()}
    assert set(order.STATUSES) - {"draft"} <= reached
    for status in order.STATUSES:
        assert any(status in rule.sources for rule in order.RULES.values()), status
    assert set(order.EVENT_TEXT) == set(order.RULES) and set(order.STATUS_TEXT) == set(order.STATUSES)


@given(st.sampled_from(order.STATUSES), st.sampled_from(tuple(order.RULES)), st.text(max_size=4))
def test_only_a_rule_can_move_an_order(status: str, event: str, note: str) -> None:
    rule = order.RULES[event]
    for actor in ("citizen:1", "bot:1", "seat:1", "unit:1", "system:1"):
        allowed = (
            status in rule.sources
            and actor.partition(":")[0] in rule.actors
            and (bool(note.strip()) or not rule.needs_note)
        )
        try:
            after = order.advance(status, event, actor=actor, note=note)  # type: ignore[arg-type]
        except order.OrderStateError:
            assert not allowed
        else:
            assert allowed and after == (rule.target or status)


def test_an_unknown_kind_of_actor_is_a_defect() -> None:
    with pytest.raises(ValueError):
        order.advance("filed", "dispatch", actor="root")


@given(st.integers(1, 99_999_999), st.integers(0, 11), st.integers(1, 9))
def test_one_misheard_digit_is_noticed(sequence: int, position: int, shift: int) -> None:
    number = numbers.order_no(datetime(2026, 1, 5, 17, tzinfo=UTC), sequence)
    assert number.startswith("260106") and numbers.valid_order_no(number)  # 17:00 UTC is the next day in the city
    wrong = number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
    assert not numbers.valid_order_no(wrong)


@given(st.integers(1, 99_999), st.integers(0, 10))
def test_two_swapped_neighbours_are_noticed(sequence: int, position: int) -> None:
    number = numbers.order_no(datetime(2026, 1, 5, tzinfo=UTC), sequence)
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    assert swapped == number or not numbers.valid_order_no(swapped)


def test_codes_are_random_valid_and_bound_to_their_order() -> None:
    codes = {numbers.new_tracking_code() for _ in range(200)}
    assert len(codes) > 190 and all(numbers.valid_tracking_code(code) for code in codes)
    stored = numbers.tracking_hash("260105000017", "123456789")
    assert numbers.tracking_matches("260105000017", "123456789", stored)
    assert not numbers.tracking_matches("260105000024", "123456789", stored)
    assert not numbers.tracking_matches("260105000017", "123456788", stored)


@given(st.text(max_size=30))
def test_any_text_is_taken_for_what_it_is(text: str) -> None:
    if numbers.valid_order_no(text):
        assert text.isascii() and text.isdigit()
    cleaned = numbers.normalise(text)
    assert cleaned == "" or (cleaned.isascii() and cleaned.isdigit())


def test_wide_digits_and_marks_between_them_are_taken() -> None:
    assert numbers.normalise("２６０1-05 0001 7") == "26010500017"


def test_similarity_is_symmetric_and_bounded() -> None:
    assert similarity("暖气不热", "暖气不热") == 1.0
    assert similarity("暖气不热", "路灯坏了") == 0.0
    assert similarity("", "路灯") == 0.0
    assert similarity("家里暖气不热", "暖气不热三天") == similarity("暖气不热三天", "家里暖气不热")
