"""What a person corrects in a filed order: place, story, contact, secrecy, urgency. Pure.

The event keeps what stood there before and what stands there now; it is sealed like the order itself, and what of it
is shown where is said in `workorders/view.py` and `workorders/outbox/message.py`. Who has the order, and its deadline,
stay as they are: that they should change is proposed to a person, who decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from storage.tables import Order
from workorders import answers, event_moments
from workorders.model import RequestType, Urgency
from workorders.order import RUNNING, OrderStateError

LABELS: Final[dict[str, str]] = {
    "request_type": "诉求类型",
    "title": "标题",
    "detail": "反映内容",
    "district": "区",
    "street": "街道（乡镇）",
    "address": "详细地址",
    "event_time": "发生时间",
    "subject": "被反映对象",
    "appeal": "希望怎样解决",
    "contact_name": "联系人",
    "contact_phone": "联系电话",
    "confidential": "要求保密",
    "urgency": "紧急程度",
}
CONTACT: Final = ("contact_name", "contact_phone")
HELD_BACK: Final = ("old", "new")  # of the event's data: nobody outside the house is told them with the event
_NEEDED: Final = ("request_type", "title", "detail", "urgency")
_ONE_OF: Final[dict[str, tuple[str, ...]]] = {"request_type": get_args(RequestType), "urgency": get_args(Urgency)}
_LIMITS: Final = {
    "title": 200,
    "district": 32,
    "street": 64,
    "event_time": 200,
    "contact_name": 64,
    "contact_phone": 32,
}
_STORY: Final = ("detail", "event_time")  # what answers are read from
_FORMER: Final = "former_names"
_EXTENSION: Final = "contact_extension"
_NOBODYS_NAME: Final = re.compile(  # whoever bears a surname before such a word (王师傅, 李姐) is a person
    r"(?:我们|这个|那个|小区|社区|街道|学校|医院|公司|工地|村里)?(?:的)?"
    r"(?:物业|居委会?|村委会?|业委会|社区|街道|派出所|城管|公司|单位|学校|医院|工地|小区|开发商|施工队|包工头|中介|商家|店家|店主|"
    r"师傅|司机|保安|保洁|老板|老板娘|经理|主任|店长|房东|租客|租户|住户|业主|车主|居民|村民|邻居|楼上|楼下|对门|群众|市民|"
    r"家长|学生|老师|医生|护士|工人|员工|先生|女士|小姐|阿姨|大爷|大妈|电梯|路灯|暖气|自来水|燃气|垃圾|噪音|工资|匿名)"
    r"(?:公司|单位|中心|人员|员|管家|们|工作人员)?"
)


def noted(order: Order, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the event: `fields` (names), `old` and `new` of what changes, and that the deadline is to run anew.

    Args:
        asked: `fields` by name; `moments` (start, end) of a new wording of the time; `renew_deadline`.

    Raises:
        OrderStateError: nothing would change, or a value cannot stand there.
    """
    told = asked.get("fields")
    wanted = {name: _value(name, value) for name, value in (told if isinstance(told, Mapping) else {}).items()}
    new = {name: value for name, value in wanted.items() if value != (getattr(order, name) or _nothing(name))}
    renew = asked.get("renew_deadline") is True
    if not new and not renew:
        raise OrderStateError("没有需要更正的内容。")
    if renew and order.status not in RUNNING:
        raise OrderStateError("工单已不在办理中，期限不能重新计算。")
    old = {name: getattr(order, name) or _nothing(name) for name in new}
    if "contact_phone" in new and order.extra.get(_EXTENSION):
        old[_EXTENSION] = order.extra[_EXTENSION]
    if lost := _answers_lost(order, new):
        old[answers.ANSWERS] = lost
    if "event_time" in new:
        old |= {key: value for key, value in event_moments.told(order.extra).items() if value}
        new |= event_moments.kept(*_moments(asked.get("moments")))
    data: dict[str, Any] = {"fields": [name for name in LABELS if name in new], "old": old, "new": new}
    return data | ({"renew_deadline": True} if renew else {})


def apply(order: Order, data: Mapping[str, Any]) -> None:
    """Put what `noted` has found into a locked row."""
    new, old = data["new"], data["old"]
    for name in data["fields"]:
        setattr(order, name, new[name] if name in (*_NEEDED, "confidential") else new[name] or None)
    gone = (
        *((_EXTENSION,) if "contact_phone" in new else ()),
        *((event_moments.START, event_moments.END) if "event_time" in new else ()),
    )
    extra = {key: value for key, value in order.extra.items() if key not in gone}
    if name := old.get("contact_name"):
        extra[_FORMER] = list(dict.fromkeys((*former_names(extra), name)))
    if lost := old.get(answers.ANSWERS):
        told = {name: one for name, one in extra.pop(answers.ANSWERS, {}).items() if name not in lost}
        extra |= answers.kept(told)
    extra |= event_moments.kept(new.get(event_moments.START, ""), new.get(event_moments.END, ""))
    if extra != order.extra:
        order.extra = extra


def former_names(extra: Mapping[str, Any]) -> tuple[str, ...]:
    """The contact's names before they were corrected: the order's words may still hold them. Without those that were
    misheard and are the word for a party or a trade: they name nobody, and the story needs them."""
    return tuple(name for name in extra.get(_FORMER) or () if not _NOBODYS_NAME.fullmatch(name))


def without_former_names(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in extra.items() if key != _FORMER}


def in_words(fields: Iterable[str]) -> str:
    return "、".join(LABELS[name] for name in fields if name in LABELS)


def _value(name: str, value: Any) -> str | bool:
    if name not in LABELS:
        raise OrderStateError("这一项不能更正。")
    if name == "confidential":
        if not isinstance(value, bool):
            raise OrderStateError("“要求保密”应为是或否。")
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not isinstance(value, str) or (name in _NEEDED and not text):
        raise OrderStateError(f"“{LABELS[name]}”不能为空。")
    if name in _ONE_OF and text not in _ONE_OF[name]:
        raise OrderStateError(f"“{LABELS[name]}”不正确。")
    if len(text) > _LIMITS.get(name, 4_000):
        raise OrderStateError(f"“{LABELS[name]}”太长了。")
    return text


def _nothing(name: str) -> str | bool:
    return False if name == "confidential" else ""


def _moments(told: Any) -> tuple[str, str]:
    start, end = told if isinstance(told, list | tuple) and len(told) == 2 else ("", "")
    return str(start), str(end)


def _answers_lost(order: Order, new: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that the story, as it reads now, does not tell."""
    if not any(name in new for name in _STORY):
        return {}
    before = {name: str(getattr(order, name) or "") for name in _STORY}
    after = {name: str(new.get(name, words)) for name, words in before.items()}
    was, now = ("\n".join(words.values()) for words in (before, after))
    return answers.outdated(order.extra, was, now, (before["detail"], after["detail"]))
