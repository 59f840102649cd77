"""The list of units knows every name that dispatch can give, and says what was meant by a wrong one."""

from __future__ import annotations

from workorders.dispatch import assign
from workorders.dispatch_evaluation import read_sample
from workorders.units import known_units, near


def test_whatever_dispatch_names_is_known() -> None:
    known = known_units()
    for case in read_sample()[::4]:
        given = assign(case.draft)
        assert {given.unit, *given.copies} <= known, case.draft.detail
    assert 500 < len(known) < 5_000 and all(name.strip() == name and "：" not in name for name in known)


def test_a_slip_of_the_pen_is_met_with_a_name() -> None:
    known = known_units()
    assert "海淀区学院路街道办事处" in near("海淀区学院路办事处", known)
    assert near("火星分局", known) == []
