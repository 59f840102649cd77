"""Who gets an order (北京市接诉即办工作条例 articles 11 and 12): pure rules on category, place and urgency.

Clear responsibility goes straight to the unit (直派), with a copy to the district where the unit is a street; where
only the district is known the district coordinates (区级协调); sudden danger goes to the police and the local authority
at once (双派). Water, power, gas and heat go straight to the company.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from workorders import deadlines
from workorders.model import Assignment, OrderDraft, Urgency

CENTRE: Final = "市民热线服务中心分派岗"
_COMPANIES: Final[dict[str, str]] = {
    "010101": "市自来水集团",
    "010102": "市电力公司",
    "010103": "市燃气集团",
    "010104": "市热力集团",
}
_COMPANY_WORDS: Final = (
    (re.compile(r"暖气|供暖|供热|采暖|地暖|锅炉"), "010104"),
    (re.compile(r"燃气|煤气|天然气|打不着火|没气"), "010103"),
    (re.compile(r"停电|没(?:有)?电(?!话|梯|视|脑)|断电|跳闸|电压|电表|变压器|供电"), "010102"),
    (re.compile(r"停水|没(?:有)?水(?!表|平|果)|断水|自来水|水压|水表|爆管|水管|跑水"), "010101"),
)
# Matters of a function: codes (longest prefix wins) -> the district's body. What is not here belongs to the street.
_BUREAUS: Final[dict[str, str]] = {
    "010206": "交通委员会",
    "010207": "交通委员会",
    "0105": "规划和自然资源分局",
    "010501": "城市管理综合行政执法局",
    "010606": "规划和自然资源分局",
    "010607": "住房和城乡建设委员会",
    "010608": "住房和城乡建设委员会",
    "010609": "住房和城乡建设委员会",
    "010610": "住房公积金管理部",
    "010611": "住房和城乡建设委员会",
    "0107": "住房和城乡建设委员会",
    "0203": "生态环境局",
    "0204": "生态环境局",
    "020103": "生态环境局",
    "020205": "生态环境局",
    "03": "人力资源和社会保障局",
    "030202": "医疗保障局",
    "030205": "医疗保障局",
    "0401": "教育委员会",
    "0402": "教育委员会",
    "0403": "文化和旅游局",
    "040304": "体育局",
    "05": "市场监督管理局",
    "0504": "文化和旅游局",
    "050501": "商务局",
    "06": "卫生健康委员会",
    "0603": "市场监督管理局",
    "07": "交通委员会",
    "070201": "邮政管理局",
    "070202": "邮政管理局",
    "08": "公安分局",
    "080304": "消防救援支队",
    "0804": "司法局",
    "0901": "民政局",
    "0902": "民政局",
    "090103": "残疾人联合会",
    "0903": "民政局",
    "090303": "",  # the street itself
    "090306": "退役军人事务局",
    "1001": "金融服务办公室",
    "100101": "税务局",
    "1002": "发展和改革委员会",
    "100203": "应急管理局",
    "11": "经济和信息化局",
    "110103": "通信管理局",
    "12": "规划和自然资源分局",
    "13": "农业农村局",
    "130202": "园林绿化局",
    "130203": "水务局",
    "15": "纪委监委",
}
# Functions that the city, not a district, holds: used whatever the place is.
_CITY_UNITS: Final[dict[str, str]] = {
    "010206": "市公交集团",
    "010207": "市地铁运营公司",
    "010610": "市住房公积金管理中心",
    "070101": "市交通委员会",
    "070102": "市交通委员会",
    "070105": "首都机场集团",
    "070201": "市邮政管理局",
    "070202": "市邮政公司",
    "070302": "市交通委员会",
    "110101": "市通信管理局",
    "110102": "市通信管理局",
    "110103": "市通信管理局",
    "140102": "市民热线服务中心",
}
# Fields that a street looks after itself unless an offence is reported: the bureau is asked only for a 举报.
_STREET_FIRST: Final = ("01", "02", "09", "13", "14", "080304", "080305")
_SURE: Final = 0.35  # a category less likely than this decides nothing

Mode = Literal["直派", "区级协调", "双派"]


def assign(draft: OrderDraft) -> Assignment:
    """The unit, the way of dispatch, the copies and the deadline of an order. Pure; never raises for a draft."""
    text = " ".join(part for part in (draft.title, draft.detail, draft.subject, draft.appeal, draft.event_time) if part)
    deadline = deadlines.assess(text, draft.request_type, draft.category)
    unit, mode, copies, reason = _choose(draft, text, deadline.urgency)
    return Assignment(unit, mode, copies, deadline.urgency, deadline.hours, f"{reason}；{deadline.reason}")


def _choose(draft: OrderDraft, text: str, urgency: Urgency) -> tuple[str, Mode, tuple[str, ...], str]:
    code = draft.category.code if draft.category and draft.category.confidence >= _SURE else ""
    if urgency == "sudden":
        return _both(draft)
    if company := _company(code, text, urgency):
        copies = (f"{draft.district}人民政府",) if draft.district else ()
        return company, "直派", copies, "公共服务企业直接承办"
    if unit := _longest_prefix(_CITY_UNITS, code):
        return unit, "直派", (), "市级单位职责明确"
    if bureau := _bureau(draft, code):
        return bureau, "直派", (), "职能部门职责明确"
    if draft.street and draft.district:
        return (
            office(draft.district, draft.street),
            "直派",
            (f"{draft.district}人民政府",),
            "属地管理，街道乡镇直接承办",
        )
    if draft.district:
        return f"{draft.district}人民政府", "区级协调", (), "只知道所在区，由区政府协调"
    return CENTRE, "直派", (), "地点不明，由分派岗核实后转派"


def _both(draft: OrderDraft) -> tuple[str, Mode, tuple[str, ...], str]:
    """The local authority leads; the police get the order in the same moment."""
    if not draft.district:
        return "市公安局", "双派", (CENTRE,), "突发情况，公安与属地双派，地点由分派岗核实"
    government, police = f"{draft.district}人民政府", f"{draft.district}公安分局"
    if draft.street:
        return office(draft.district, draft.street), "双派", (police, government), "突发情况，公安与属地双派"
    return government, "双派", (police,), "突发情况，公安与属地双派"


def _company(code: str, text: str, urgency: Urgency) -> str:
    if code in _COMPANIES:
        return _COMPANIES[code]
    if urgency != "utility":
        return ""
    return next((_COMPANIES[kind] for pattern, kind in _COMPANY_WORDS if pattern.search(text)), "")


def _bureau(draft: OrderDraft, code: str) -> str:
    name = _longest_prefix(_BUREAUS, code)
    if not name or draft.request_type in ("表扬", "建议"):
        return ""
    if code.startswith(_STREET_FIRST) and draft.request_type != "举报":
        return ""
    if draft.district:
        return f"{draft.district}{name}"
    return "市" + re.sub(r"分局$", "局", name)


def _longest_prefix(table: dict[str, str], code: str) -> str:
    """The entry of the longest prefix of `code`; empty where there is none."""
    return next((table[code[:length]] for length in range(len(code), 1, -1) if code[:length] in table), "")


def office(district: str, street: str) -> str:
    """The name of the authority of a street, township or area."""
    if street.endswith(("街道", "地区")):
        return f"{district}{street}办事处"
    if street.endswith(("镇", "乡")):
        return f"{district}{street}人民政府"
    return f"{district}{street}管理委员会"
