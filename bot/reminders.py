"""What a caller who stays silent is told: what can be said now, in other words than before and with an example. Pure.

Two for each question: the first puts it in other words, the second says how to go on without an answer.
"""

from __future__ import annotations

from typing import Final

from bot.state import State

_PERSON: Final = "需要人工请按零。"
_OF_SLOT: Final[dict[str, tuple[str, str]]] = {
    "detail": (
        "您可以说说是什么事，比如，楼道的灯坏了，没人修。",
        f"不知道怎么说也没关系，说一句大概的就行。{_PERSON}",
    ),
    "place": (
        "请说一下在哪里，比如，海淀区中关村街道，某某小区三号楼。",
        f"说不准也没关系，说个大概的地方，或者说不清楚。{_PERSON}",
    ),
    "event_time": (
        "请说一下是什么时候的事，比如，昨天晚上，或者上个星期开始。",
        f"记不清可以说记不清，我们接着往下。{_PERSON}",
    ),
    "subject": (
        "请说一下是哪家单位，或者哪个人，比如，楼下的饭馆。",
        f"不知道可以说不知道，我们接着往下。{_PERSON}",
    ),
    "appeal": (
        "请说一下您希望怎么办，比如，尽快派人来修。",
        f"没有特别的要求，可以说没有。{_PERSON}",
    ),
    "contact_phone": (
        "请一个数字一个数字地说电话号码，也可以在电话上按出来，按完按井号键。",
        f"不想留号码，可以说不留。{_PERSON}",
    ),
    "contact_name": (
        "请说一下怎么称呼您，比如，姓王。",
        f"不想说，可以说不留。{_PERSON}",
    ),
    "confidential": (
        "需要保密，请说需要。不需要，请说不用。",
        f"您只要说需要，或者不用。{_PERSON}",
    ),
    "confirm_order": (
        "刚才核对的内容，对的话请说对，不对请说哪里不对。",
        f"想再听一遍，请说再说一遍。没有问题，请说对。{_PERSON}",
    ),
    "confirm_question": (
        "是这个问题，请说是的。不是，请说不是，或者换个说法再问一遍。",
        f"您也可以直接说想问什么。{_PERSON}",
    ),
    "go_on": (
        "接着办上次的事，请说接着办。办别的事，请直接说是什么事。",
        f"您也可以说不用，我们重新开始。{_PERSON}",
    ),
    "order_no": (
        "请一个数字一个数字地说工单编号，也可以在电话上按出来，按完按井号键。",
        f"没有编号，请说没有。{_PERSON}",
    ),
}
_CHOOSE: Final = ("请说第一个、第二个，或者说都不是。", f"您也可以换个说法，直接说想问什么。{_PERSON}")
_EARLIER: Final = (
    "是刚才说的那件事，请说是的。是另外一件事，请说另一件。",
    f"只想了解办到哪里了，可以说知道了。{_PERSON}",
)
_EARLIER_OVER: Final = (
    "问题还在的话，请说还没解决。只想了解结果，请说知道了。",
    f"要登记另外一件事，请说另一件。{_PERSON}",
)
_PERSON_OFFERED: Final = ("要转人工，请说好的，或者按零。不用，请说不用。", "需要人工请按零，不需要请说不用。")
_KINDS: Final = (
    "请说您要办哪一样：咨询政策，反映问题，还是查进度。",
    f"也可以直接说一句，比如，我家暖气不热。{_PERSON}",
)
_FIRST: Final = (
    "请说出您的问题，比如，居住证怎么办，或者，我要反映楼下噪声。",
    f"我没有听到您的声音。您可以直接说事情。{_PERSON}",
)
_MORE: Final = (
    "还有别的事，请直接说。没有了，请说没有了。",
    f"没有别的事，您可以直接挂机。{_PERSON}",
)


def of(state: State) -> tuple[str, ...]:
    """Up to two reminders for the question that stands; none where a silent caller is not to be asked again."""
    if state.outcome is not None or state.asking == "satisfaction" or (state.silences and not state.has_content):
        return ()
    if state.choosing:
        return _KINDS
    if state.asking is None:
        return _MORE if state.matters else _FIRST
    if state.asking == "confirm_question":
        return _of_consultation(state)
    about = state.matter(state.asking_about)
    if state.asking == "confirm_order" and about is not None and about.duplicate_of:
        return _EARLIER_OVER if about.duplicate_status in ("answered", "visited", "closed") else _EARLIER
    return _OF_SLOT.get(state.asking, _FIRST)


def _of_consultation(state: State) -> tuple[str, ...]:
    matter = state.matter(state.asking_about)
    if matter is not None and matter.search == "person":
        return _PERSON_OFFERED
    offered = [candidate for candidate in matter.candidates if not candidate.get("down")] if matter else []
    return _CHOOSE if len(offered) > 1 else _OF_SLOT["confirm_question"]
