"""How long somebody will wait, when to tell them, and in which words: pure.

The wait follows from what was measured: the mean time from claim to end of the last conversations, the seats at work,
and how many stand before. It is said in whole minutes, rounded up, for nobody minds being served sooner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

USUAL_SECONDS: Final = 300.0  # of one conversation, while too few were measured; an order takes 4 to 5 minutes by hand
ENOUGH: Final = 5
_MUCH_SECONDS: Final = 120.0  # a change of the wait by less is not told again...
_MUCH_TIMES: Final = 0.5  # ...nor one by less than this part of what was told
_PAUSE_SECONDS: Final = 60.0  # between two notices; a caller hears them between pieces of music


def handling_seconds(measured: Sequence[float]) -> float:
    """The mean of what was measured lately, joined with the usual time while that is little."""
    known = [seconds for seconds in measured if seconds >= 0]
    missing = max(0, ENOUGH - len(known))
    return (sum(known) + missing * USUAL_SECONDS) / (len(known) + missing)


def expected_seconds(*, ahead: int, free: int, slots: int, handling: float) -> float | None:
    """How long until a seat is free for whoever has `ahead` before them. None: nobody is at work.

    Args:
        free: conversations that seats could take at once. slots: conversations that they serve at the same time.
    """
    if slots <= 0:
        return None
    return max(0, ahead + 1 - free) * handling / slots


@dataclass(frozen=True, slots=True)
class Told:
    """What a citizen knows of the queue. `wait_seconds` None: that nobody is at work."""

    ahead: int
    wait_seconds: float | None
    at: datetime


def worth_telling(before: Told | None, now: Told) -> bool:
    """On the hand-over, and when it has changed much; whoever is about to be served needs no figures."""
    if before is None:
        return now.wait_seconds is None or now.wait_seconds > 0 or now.ahead > 0
    if (now.at - before.at).total_seconds() < _PAUSE_SECONDS:
        return False
    if before.wait_seconds is None or now.wait_seconds is None:
        return before.wait_seconds != now.wait_seconds
    if now.ahead == 0 and before.ahead > 0:
        return True
    change = abs(now.wait_seconds - before.wait_seconds)
    return change >= _MUCH_SECONDS and change >= _MUCH_TIMES * before.wait_seconds


def words(told: Told) -> str:
    ahead = f"您前面还有{told.ahead}位" if told.ahead else "您排在第一位"
    if told.wait_seconds is None:
        return f"{ahead}。现在没有坐席在线，什么时候能接起还不能确定。"
    if told.wait_seconds < 60:
        return f"{ahead}，预计一分钟内有坐席接待您，请稍候。"
    return f"{ahead}，预计等候约{math.ceil(told.wait_seconds / 60)}分钟，请稍候。"


OFFER_CALL_BACK: Final = "您也可以说“回电”，我们登记后尽快联系您。"


def closed_words(first_hour: int, last_hour: int) -> str:
    """The bot goes on: it answers, takes an order down, or notes a call-back."""
    return (
        f"人工坐席的服务时间是{first_hour}点到{last_hour}点，现在没有坐席。"
        "您可以说“回电”，我们登记后尽快联系您；也可以直接把事情告诉我，我来为您登记工单。"
    )


def is_open(first_hour: int, last_hour: int, hour: int) -> bool:
    """Whether the desk has people now; 0 to 24 is round the clock, 22 to 6 goes over midnight."""
    if first_hour <= last_hour:
        return first_hour <= hour < last_hour
    return hour >= first_hour or hour < last_hour
