"""Who gets an order (北京市接诉即办工作条例 articles 11, 12 and 21): pure rules on category, place, words and urgency.

Clear responsibility goes straight to the unit (直派), with a copy to the district where the unit is a street; where
only the district is known the district coordinates (区级协调); sudden danger goes to the police and the local authority
at once (双派). Water, power, gas and heat go straight to the company. What a body answers for is data
(`workorders/duties.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from workorders import deadlines
from workorders.deadline_rules import default_rules
from workorders.duties import COMPANY, LANE_TEXT, STREET, Duties, LaneRule, default_duties
from workorders.model import Assignment, OrderDraft, Urgency

CENTRE: Final = "市民热线服务中心分派岗"
_COMPANY_WORDS: Final = (
    (re.compile(r"暖气|供暖|供热|采暖|地暖|锅炉"), "市热力集团"),
    (re.compile(r"燃气|煤气|天然气|打不着火|没气"), "市燃气集团"),
    (re.compile(r"停电|没(?:有)?电(?!话|梯|视|脑)|断电|跳闸|电压|电表|变压器|供电"), "市电力公司"),
    (re.compile(r"停水|没(?:有)?水(?!表|平|果)|断水|自来水|水压|水表|爆管|(?<![污下排雨粪])水管|跑水"), "市自来水集团"),
)
COMPANIES: Final = tuple(company for _, company in _COMPANY_WORDS)
_SURE: Final = 0.35  # a category less likely than this decides nothing
_LIKELY: Final = 0.35  # unless its body is likely all the same: several of its matters may share a text

_WATER: Final = "市自来水集团"
_VILLAGE_WATER: Final = "区:水务局"  # a village has a well of its own, which the district's water authority looks after
_VILLAGE_WELL: Final = re.compile(r"(?:我们|俺们?|咱们?|全|这个?|山)村|村(?:里|儿|子|委|民)|机井|水窖|山泉")

Mode = Literal["直派", "区级协调", "双派"]


@dataclass(frozen=True, slots=True)
class _Choice:
    unit: str
    mode: Mode
    copies: tuple[str, ...]
    reason: str
    lane: str = ""


def assign(draft: OrderDraft, duties: Duties | None = None, urgency: Urgency | None = None) -> Assignment:
    """The unit, the way of dispatch, the copies and the deadline of an order. Pure; never raises for a draft.
    `urgency`: a person's own judgement; None: it is told by the words."""
    text = " ".join(part for part in (draft.title, draft.detail, draft.subject, draft.appeal, draft.event_time) if part)
    if urgency is None:
        deadline = deadlines.assess(text, draft.request_type, draft.category)
    else:
        deadline = deadlines.judged(urgency)
    choice = _choose(draft, text, deadline.urgency, duties or default_duties())
    return Assignment(
        choice.unit,
        choice.mode,
        choice.copies,
        deadline.urgency,
        deadline.hours,
        f"{choice.reason}；{deadline.reason}",
        choice.lane,
        deadline.term.working_days,
    )


def assign_emergency(draft: OrderDraft, line: str) -> Assignment:
    """The record of a danger whose citizen was told to call `line` (110, 119, 120, 122): always 双派, at once."""
    choice = _both(draft)
    term = default_rules().of("sudden").term
    reason = f"{choice.reason}；已请市民拨打{line}，{deadlines.within(term)}反馈"
    return Assignment(choice.unit, choice.mode, choice.copies, "sudden", term.hours, reason, "", term.working_days)


def _choose(draft: OrderDraft, text: str, urgency: Urgency, duties: Duties) -> _Choice:
    category = draft.category
    if urgency == "sudden":
        return _both(draft)
    sure = category is not None and (category.confidence >= _SURE or category.duty_confidence >= _LIKELY)
    known = category is not None and sure and duties.hold_for(of_sample=category.of_sample)
    code = category.code if category is not None and known else ""
    duty = (category.duty if category is not None and sure else "") or duties.of(code, draft.request_type)
    if category is not None and known and category.duty == duties.of(code):
        duty = duties.of(code, draft.request_type)  # the same body, but a type of request may have another
    because = f"按“{category.level3}”的职责" if category is not None and sure and category.level3 else "按职责"
    if (rule := duties.lane(text, code)) is not None and draft.request_type != "表扬":
        return _by_lane(draft, rule, text, duty, because)
    company = _company(duty, text, urgency)
    if company == _WATER and _VILLAGE_WELL.search(text):
        return _by_duty(draft, _VILLAGE_WATER, "村里供水由区水务部门管，")
    if company:
        return _Choice(company, "直派", _district_copy(draft), f"{because}，公共服务企业直接承办")
    return _by_duty(draft, duty, because)


def _by_duty(draft: OrderDraft, duty: str, because: str) -> _Choice:
    if duty.startswith("市:"):
        return _Choice(duty[2:], "直派", (), f"{because}，市级单位职责明确")
    if duty.startswith("区:"):
        return _Choice(_body(draft, duty), "直派", (), f"{because}，职能部门职责明确")
    if draft.street and draft.district:
        reason = f"{because}属地管理，街道乡镇直接承办" if duty == STREET else "属地管理，街道乡镇直接承办"
        return _Choice(office(draft.district, draft.street), "直派", _district_copy(draft), reason)
    if draft.district:
        return _Choice(f"{draft.district}人民政府", "区级协调", (), "只知道所在区，由区政府协调")
    return _Choice(CENTRE, "直派", (), "地点不明，由分派岗核实后转派")


def _by_lane(draft: OrderDraft, rule: LaneRule, text: str, duty: str, because: str) -> _Choice:
    """A lane with a unit of its own leads; else whoever has the function, and the lane's body gets a copy."""
    own = rule.unit_for(text)
    if rule.name == "minors" and duty.startswith(("区:教育", "区:文化")):
        own = ""  # a school and a net café have their supervisors: civil affairs follow with a copy
    name = LANE_TEXT[rule.name]
    copies: tuple[str, ...] = (_body(draft, rule.copy),) if rule.copy else ()
    if own:
        unit = _body(draft, own)
        copies = tuple(copy for copy in copies if copy != unit)
        return _Choice(unit, "直派", copies, f"{name}专线", rule.name)
    base = _by_duty(draft, duty, because)
    copies = tuple(dict.fromkeys((*base.copies, *(copy for copy in copies if copy != base.unit))))
    return _Choice(base.unit, base.mode, copies, f"{base.reason}，{name}专线", rule.name)


def _both(draft: OrderDraft) -> _Choice:
    """The local authority leads; the police get the order in the same moment."""
    if not draft.district:
        return _Choice("市公安局", "双派", (CENTRE,), "突发情况，公安与属地双派，地点由分派岗核实")
    government, police = f"{draft.district}人民政府", f"{draft.district}公安分局"
    if draft.street:
        unit = office(draft.district, draft.street)
        return _Choice(unit, "双派", (police, government), "突发情况，公安与属地双派")
    return _Choice(government, "双派", (police,), "突发情况，公安与属地双派")


def _district_copy(draft: OrderDraft) -> tuple[str, ...]:
    return (f"{draft.district}人民政府",) if draft.district else ()


def _company(duty: str, text: str, urgency: Urgency) -> str:
    if duty.startswith(COMPANY):
        return duty[2:]
    if urgency != "utility":
        return ""
    return next((company for pattern, company in _COMPANY_WORDS if pattern.search(text)), "")


def _body(draft: OrderDraft, duty: str) -> str:
    return body_of(duty, draft.district)


def body_of(duty: str, district: str) -> str:
    """The name of the body that a duty `区:…`, `市:…` or `企:…` means in a district; empty: the district is unknown."""
    kind, _, name = duty.partition(":")
    if kind != "区":
        return name
    if district:
        return f"{district}{name}"
    return "市" + re.sub(r"分局$", "局", name)


def office(district: str, street: str) -> str:
    """The name of the authority of a street, township or area."""
    if street.endswith(("街道", "地区")):
        return f"{district}{street}办事处"
    if street.endswith(("镇", "乡")):
        return f"{district}{street}人民政府"
    return f"{district}{street}管理委员会"
