"""Who gets the order (articles 11 and 12 of the city's regulation)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workorders.dispatch import CENTRE, assign
from workorders.model import CategorySuggestion, OrderDraft

DRAFT = OrderDraft("投诉", "路灯不亮", "胡同里的路灯不亮", "web", district="东城区", street="东四街道")


def _category(code: str, confidence: float = 0.9) -> CategorySuggestion:
    return CategorySuggestion(code, "", "", "", confidence)


def test_a_street_gets_it_and_the_district_a_copy() -> None:
    assignment = assign(replace(DRAFT, category=_category("010201")))
    assert (assignment.unit, assignment.mode) == ("东城区东四街道办事处", "直派")
    assert assignment.copies == ("东城区人民政府",)
    assert assignment.deadline_hours == 168


def test_only_the_district_known_the_district_coordinates() -> None:
    assignment = assign(replace(DRAFT, street=""))
    assert (assignment.unit, assignment.mode) == ("东城区人民政府", "区级协调")


def test_no_place_goes_to_the_desk_that_finds_out() -> None:
    assignment = assign(replace(DRAFT, district="", street=""))
    assert assignment.unit == CENTRE


@pytest.mark.parametrize(
    ("detail", "company"),
    [
        ("暖气不热，室温15度", "市热力集团"),
        ("家里停水了", "市自来水集团"),
        ("整栋楼停电", "市电力公司"),
        ("燃气灶打不着火", "市燃气集团"),
    ],
)
def test_water_power_gas_heat_go_to_the_company(detail: str, company: str) -> None:
    assignment = assign(replace(DRAFT, title="", detail=detail))
    assert (assignment.unit, assignment.mode, assignment.deadline_hours) == (company, "直派", 24)
    assert assignment.copies == ("东城区人民政府",)


def test_sudden_danger_goes_to_police_and_authority_at_once() -> None:
    assignment = assign(replace(DRAFT, title="井盖丢了", detail="人行道井盖丢了，一个大洞"))
    assert (assignment.unit, assignment.mode, assignment.deadline_hours) == ("东城区东四街道办事处", "双派", 2)
    assert "东城区公安分局" in assignment.copies
    without_street = assign(replace(DRAFT, title="井盖丢了", detail="人行道井盖丢了，一个大洞", street=""))
    assert (without_street.unit, without_street.mode) == ("东城区人民政府", "双派")
    nowhere = assign(replace(DRAFT, title="井盖丢了", detail="人行道井盖丢了", district="", street=""))
    assert (nowhere.unit, nowhere.mode) == ("市公安局", "双派")


@pytest.mark.parametrize(
    ("code", "request_type", "unit"),
    [
        ("060104", "举报", "东城区卫生健康委员会"),
        ("020301", "举报", "东城区生态环境局"),
        ("050101", "投诉", "东城区市场监督管理局"),
        ("060301", "投诉", "东城区市场监督管理局"),
        ("030101", "投诉", "东城区人力资源和社会保障局"),
        ("010501", "举报", "东城区东四街道办事处"),
        ("010501", "投诉", "东城区东四街道办事处"),
        ("020101", "投诉", "东城区东四街道办事处"),
        ("090303", "表扬", "东城区东四街道办事处"),
        ("070201", "投诉", "市邮政管理局"),
        ("010206", "建议", "市公交集团"),
    ],
)
def test_function_decides_where_it_is_clear(code: str, request_type: str, unit: str) -> None:
    draft = replace(DRAFT, title="", detail="具体情况", request_type=request_type, category=_category(code))  # type: ignore[arg-type]
    assert assign(draft).unit == unit


def test_a_citys_own_leaf_is_not_dispatched_by_our_digits() -> None:
    ours = _category("060104")
    draft = replace(DRAFT, title="", detail="具体情况", request_type="举报", category=ours)
    assert assign(draft).unit == "东城区卫生健康委员会"
    theirs = replace(ours, of_sample=False)
    assert assign(replace(draft, category=theirs)).unit == "东城区东四街道办事处"
    told = replace(theirs, level3="树木修剪", duty="区:园林局")
    given = assign(replace(draft, category=told))
    assert given.unit == "东城区园林局" and "按“树木修剪”的职责" in given.reason


def test_without_a_district_the_citys_bureau_gets_it() -> None:
    draft = replace(DRAFT, detail="买到假货", district="", street="", category=_category("050101"))
    assert assign(draft).unit == "市市场监督管理局"


def test_an_unsure_category_decides_nothing() -> None:
    assignment = assign(replace(DRAFT, category=_category("050101", 0.2)))
    assert assignment.unit == "东城区东四街道办事处"


@pytest.mark.parametrize(
    ("street", "unit"),
    [
        ("北宫镇", "丰台区北宫镇人民政府"),
        ("花乡街道", "丰台区花乡街道办事处"),
        ("旧宫地区", "丰台区旧宫地区办事处"),
        ("南窖乡", "丰台区南窖乡人民政府"),
        ("北京经济技术开发区", "丰台区北京经济技术开发区管理委员会"),
    ],
)
def test_the_name_of_the_office(street: str, unit: str) -> None:
    assert assign(replace(DRAFT, district="丰台区", street=street)).unit == unit


def test_every_draft_gets_a_unit() -> None:
    assignment = assign(OrderDraft("咨询", "", "", "web"))
    assert assignment.unit
    assert assignment.deadline_hours == 168
