"""Which open orders are thought to be one matter, and which are not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workorders.likely_repeats import Candidate, groups, pair

START = datetime(2026, 1, 5, 2, tzinfo=UTC)
DARK = "学院路上的路灯坏了三天，晚上什么也看不见"


def order(number: int, **changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "request_type": "求助",
        "created_at": START + timedelta(hours=number),
        "detail": DARK,
        "district": "海淀区",
        "street": "学院路街道",
        "address": "学院路5号",
        "category_code": "030201",
        "category": "路灯",
    }
    return Candidate(str(number), **{**values, **changes})


def grouped(*orders: Candidate, **more: Any) -> list[tuple[str, list[str]]]:
    return [(group.main, [row.order_no for row in group.repeats]) for group in groups(orders, **more)]


def test_the_same_place_and_matter_is_one_group_under_the_oldest() -> None:
    (group,) = groups([order(3), order(1), order(2, request_type="投诉", detail="路灯不亮，请尽快修")])
    assert (group.main, [row.order_no for row in group.repeats]) == ("1", ["2", "3"])
    assert group.newest == START + timedelta(hours=3)
    assert group.repeats[1].why == ("同一街道（学院路街道）", "地址相近", "同一事项类别（路灯）", "内容相似（100%）")


@pytest.mark.parametrize(
    "other",
    [
        {"district": "朝阳区"},
        {"street": "中关村街道"},
        {"address": "学院路15号"},
        {"address": "成府路口"},
        {"category_code": "050101", "category": "噪声", "detail": "工地夜里一直施工，吵得睡不着"},
        {"request_type": "表扬"},
        {"address": "", "detail": "请把灯修一修"},  # the street alone is too large a place
        {"address": "小区门口", "category_code": "050101", "category": "噪声"},
    ],
)
def test_another_place_or_another_matter_is_none(other: dict[str, Any]) -> None:
    assert grouped(order(1), order(2, **other)) == []


@pytest.mark.parametrize(
    "other",
    [
        {"street": ""},
        {"address": "海淀区学院路五号院门口"},
        {"address": ""},
        {"address": "小区门口"},
        {"category_code": "030202", "category": "道路照明"},
        {"category_code": "", "category": "", "address": ""},
        {"detail": "请把灯修一修"},
    ],
)
def test_what_is_not_known_or_told_otherwise_hinders_nothing(other: dict[str, Any]) -> None:
    assert grouped(order(1), order(2, **other)) == [("1", ["2"])]


def test_half_alike_orders_make_no_chain() -> None:
    first, middle = order(1, address="学院路5号"), order(2, address="学院路5号、学院路15号")
    assert grouped(first, middle, order(3, address="学院路15号")) == [("1", ["2"])]


def test_what_a_person_found_to_be_two_matters_is_not_proposed_again() -> None:
    assert grouped(order(1), order(2), order(3), apart={pair("2", "1")}) == [("1", ["3"])]


def test_an_order_that_others_were_merged_into_leads_and_joins_nothing() -> None:
    assert grouped(order(1), order(2, leads=True)) == [("2", ["1"])]
    assert grouped(order(1, leads=True), order(2, leads=True)) == []


def test_what_filing_has_linked_is_shown_whatever_the_place() -> None:
    linked = {"district": "", "street": "", "address": "", "detail": "还是没人来"}
    (group,) = groups([order(1, district="", street=""), order(2, duplicate_of="1", **linked)])
    assert group.repeats[0].why == ("登记时已识别为同一市民的同一诉求",)
    assert grouped(order(2, duplicate_of="0", **linked)) == []  # the other one is not open any more


def test_the_group_with_the_newest_order_comes_first() -> None:
    heat = {"address": "成府路2号", "detail": "家里暖气不热", "category_code": "0101", "category": "供热"}
    assert grouped(order(1), order(2), order(0, **heat), order(4, **heat)) == [("0", ["4"]), ("1", ["2"])]
