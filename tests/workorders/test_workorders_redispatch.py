"""What goes with a unit that a person has chosen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workorders.dispatch import CENTRE, assign
from workorders.model import OrderDraft
from workorders.redispatch import way_to
from workorders.units import districts_and_streets, known_units

STREET, OTHER, GOVERNMENT, POLICE = (
    "海淀区学院路街道办事处",
    "海淀区中关村街道办事处",
    "海淀区人民政府",
    "海淀区公安分局",
)
PLACE: Any = {"district": "海淀区", "street": "学院路街道"}


def test_a_street_has_its_district_and_a_functional_body_nobody() -> None:
    assert way_to(STREET, **PLACE).copies == (GOVERNMENT,)
    assert (way_to(GOVERNMENT, **PLACE).mode, way_to(GOVERNMENT, **PLACE).copies) == ("区级协调", ())
    assert way_to("海淀区城市管理委员会", **PLACE).copies == ()
    assert way_to("市热力集团", **PLACE).copies == (GOVERNMENT,)
    assert way_to("市教育委员会", **PLACE) == way_to("市教育委员会")


def test_a_street_of_another_district_has_that_district() -> None:
    assert way_to("朝阳区望京街道办事处", **PLACE, copies=[GOVERNMENT]).copies == ("朝阳区人民政府",)


@pytest.mark.parametrize(
    ("unit", "copies"),
    [
        (STREET, (POLICE, GOVERNMENT)),
        (OTHER, (POLICE, GOVERNMENT)),
        (GOVERNMENT, (POLICE,)),
        (POLICE, (STREET, GOVERNMENT)),
        ("市燃气集团", (POLICE, STREET, GOVERNMENT)),
    ],
)
def test_whoever_leads_in_danger_police_and_local_authority_have_it(unit: str, copies: tuple[str, ...]) -> None:
    way = way_to(unit, **PLACE, both=True, copies=[POLICE, GOVERNMENT])
    assert (way.mode, way.copies) == ("双派", copies)


def test_a_danger_nobody_knows_where_stays_with_the_dispatch_desk() -> None:
    assert way_to("市公安局", both=True).copies == (CENTRE,)
    assert way_to("市燃气集团", both=True).copies == ("市公安局", CENTRE)


def test_who_had_a_copy_for_their_function_keeps_it() -> None:
    kept = way_to(STREET, **PLACE, copies=["海淀区民政局", "市教育委员会", "海淀区人民政府"])
    assert kept.copies == (GOVERNMENT, "海淀区民政局", "市教育委员会")
    moved = way_to("朝阳区望京街道办事处", **PLACE, copies=["海淀区民政局"])
    assert moved.copies == ("朝阳区人民政府", "朝阳区民政局")
    assert way_to("海淀区民政局", **PLACE, copies=["海淀区民政局"]).copies == ()


@given(
    st.sampled_from([(district, street) for district, all_of in districts_and_streets().items() for street in all_of]),
    st.sampled_from(["路灯不亮", "人行道井盖丢了，一个大洞", "家里停水了", "暖气不热"]),
)
def test_the_rules_own_choice_has_the_rules_own_copies(place: tuple[str, str], words: str) -> None:
    draft = OrderDraft("投诉", "", words, "web", district=place[0], street=place[1])
    found = assign(draft)
    way = way_to(found.unit, district=place[0], street=place[1], both=found.mode == "双派")
    assert (way.mode, way.copies) == (found.mode, found.copies)


@given(
    st.sampled_from(sorted(known_units())), st.booleans(), st.lists(st.sampled_from(sorted(known_units())), max_size=3)
)
def test_copies_go_to_units_that_there_are_and_not_to_the_unit_itself(unit: str, both: bool, had: list[str]) -> None:
    way = way_to(unit, **PLACE, both=both, copies=had)
    assert unit not in way.copies and len(way.copies) == len(set(way.copies))
    assert {*way.copies} <= known_units()
