"""Why a contact ended or is to be called back, in words for the desk. The codes are those of the phone, of the sweeper
and of the dialogue."""

from __future__ import annotations

from typing import Final

EMERGENCY: Final = "emergency"  # how the reason of a danger begins: called back at any hour, by a person
EXTENSION: Final = "extension"  # why a deadline was extended: a person tells it
BY_SEAT: Final = "seat"  # what a seat has promised: a person calls
PERSONS: Final = (BY_SEAT, EXTENSION)

WORDS: Final = {
    "caller_hung_up": "来电人挂断",
    "bot_hung_up": "通话结束",
    "transferred": "已转接",
    "rtp_timeout": "线路没有声音，通话断开",
    "error": "系统出错，通话中断",
    "abandoned": "来电人在排队时挂断",
    "informed": "来电人听完热点信息后挂断",
    "busy": "对方占线",
    "no_answer": "对方没有接听",
    "refused": "对方拒接",
    "unreachable": "号码打不通",
    "not_allowed": "号码不允许外呼",
    "no_line": "没有空闲的外呼线路",
    "cancelled": "外呼已取消",
    "lost": "系统中断，通话丢失",
    "idle": "很久没有新消息",
    "missed": "系统没能接听",
    "overload": "线路全忙，没能接进来",
    "journal": "系统故障时记下的来电",
    BY_SEAT: "坐席约定回电",
    EXTENSION: "工单延期，需电话告知原因",
    "no seat in time": "等待人工太久",
    "silence": "没有听到声音",
    "abuse": "言语不当，已结束",
    "asked by key": "来电人按键要求回电",
}
_LINE_TOLD: Final = f"{EMERGENCY} "  # the number that they were told to call follows


def in_words(reason: str) -> str:
    """`reason` itself where it is already said in words."""
    if reason.startswith(_LINE_TOLD):
        return f"紧急，已告知拨打{reason.removeprefix(_LINE_TOLD)}"
    return WORDS.get(reason, reason)


def for_people(reason: str) -> bool:
    """Whether a task with this reason is kept from the bot."""
    return reason.startswith(EMERGENCY) or reason in PERSONS
