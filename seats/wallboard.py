"""The figures of the shift leader's wall: pure functions of what the database and the desk say now.

Service level, abandonment and containment have one definition each, here, for the wall and for the reports:

* service level = answered in time / (answered + left - left soon + waiting late). A wait is a citizen's asking for a
  person; it is answered in time where a person came within `SERVICE_SECONDS`. Who left without a person counts against
  it, but not who left before a person could have been expected (left soon); who still waits counts as soon as the time
  is over. Waits after a conversation was given back are not the citizen's asking, and count in none of these.
* abandonment = abandoned / (answered + left): the share of finished waits in which the citizen went away.
* containment = contained / told: the share of finished contacts that ended as answered, as a filed order or with the
  lawful channel without anybody having been asked for or having come. Contacts that ended without anything having been
  told (`closed`) are in neither.

All are shares from 0 to 1, or None where there was nothing to share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from seats import queue

SERVICE_SECONDS: Final = 15.0
CONTAINED: Final = ("answered", "order_filed", "lawful_channel")  # outcomes that the bot reaches by itself
NOTHING_TOLD: Final = "closed"


@dataclass(frozen=True, slots=True)
class Waits:
    """Numbers of citizens' waits. `left`: ended without a person, `abandoned` and `left_soon` among them; `waiting`:
    not over yet, `waiting_late` among them."""

    answered: int = 0
    in_time: int = 0
    left: int = 0
    left_soon: int = 0
    abandoned: int = 0
    waiting: int = 0
    waiting_late: int = 0

    @property
    def asked(self) -> int:
        return self.answered + self.left + self.waiting

    def __add__(self, other: Waits) -> Waits:
        return Waits(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def service_level(self) -> float | None:
        return share(self.in_time, self.answered + self.left - self.left_soon + self.waiting_late)

    @property
    def abandonment(self) -> float | None:
        return share(self.abandoned, self.answered + self.left)

    def as_dict(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "answered": self.answered,
            "answered_in_time": self.in_time,
            "abandoned": self.abandoned,
            "service_level": self.service_level,
            "abandonment": self.abandonment,
        }


@dataclass(frozen=True, slots=True)
class Contained:
    """Numbers of finished contacts: those in which something was told, and those of them that the bot served alone."""

    told: int = 0
    contained: int = 0

    def __add__(self, other: Contained) -> Contained:
        return Contained(self.told + other.told, self.contained + other.contained)

    @property
    def containment(self) -> float | None:
        return share(self.contained, self.told)

    def as_dict(self) -> dict[str, Any]:
        return {"told": self.told, "contained": self.contained, "containment": self.containment}


def share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


# -- now ---------------------------------------------------------------------------------------------------------------

_WHO: Final[Mapping[str, str]] = {"open": "bot", "waiting": "waiting", "with_seat": "with_seats"}


def counts(open_contacts: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Contacts under way, by whom they are with; of (channel, status, number). `calls` are those on the telephone."""
    found = {kind: {"all": 0, "bot": 0, "waiting": 0, "with_seats": 0} for kind in ("calls", "chats")}
    for channel, status, number in open_contacts:
        if status not in _WHO:
            continue
        kind = "calls" if channel == "phone" else "chats"
        found[kind]["all"] += number
        found[kind][_WHO[status]] += number
    return found


def queues(cards: Sequence[Mapping[str, Any]], now: datetime, *, everybody: str = "不限") -> list[dict[str, Any]]:
    """The waiting by the skills that they need, in words (`needs` of a card), the longest wait first."""
    waiting: dict[str, list[float]] = {}
    for card in cards:
        if card.get("status") == "waiting":
            waited = queue.waited_seconds(dict(card), now)
            waiting.setdefault(str(card.get("needs") or everybody), []).append(waited)
    rows = [{"skill": skill, "waiting": len(all_), "longest_seconds": max(all_)} for skill, all_ in waiting.items()]
    return sorted(rows, key=lambda row: (-float(row["longest_seconds"]), str(row["skill"])))


@dataclass(frozen=True, slots=True)
class AtWork:
    """A seat as the wall shows it. `since`: of the state."""

    seat_id: str
    name: str
    state: str
    reason: str
    since: datetime
    present: bool
    skills: str = ""


def seats(known: Iterable[AtWork], held: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Who is at work, with what they hold; whoever is offline and holds nothing is left out."""
    rows = []
    for seat in known:
        own = [card for card in held if card.get("seat_id") == seat.seat_id]
        if (seat.state == "offline" or not seat.present) and not own:
            continue
        calls = sum(card.get("channel") == "phone" for card in own)
        rows.append(
            {
                "seat_id": seat.seat_id,
                "name": seat.name,
                "state": seat.state if seat.present else "offline",
                "reason": seat.reason,
                "since": seat.since.isoformat(),
                "skills": seat.skills,
                "calls": calls,
                "chats": len(own) - calls,
            }
        )
    order = {"available": 0, "wrap_up": 1, "break": 2, "offline": 3}
    return sorted(rows, key=lambda row: (order.get(str(row["state"]), 9), str(row["name"])))


@dataclass(frozen=True, slots=True)
class Machine:
    """How the machine is. `lag_seconds` None: no phone tells; `hears` False: nothing can be recognised."""

    lag_seconds: float | None
    lag_limit_seconds: float
    hears: bool | None
    phones: int


def alarms(
    cards: Sequence[Mapping[str, Any]], now: datetime, *, alarm_seconds: float, machine: Machine, breaches: int
) -> list[dict[str, Any]]:
    """What a leader must see now, the gravest first: `{kind, text, conversation_id?}`.

    Args:
        cards: of the queue and of the seats.
        alarm_seconds: a longer wait is an alarm.
        breaches: orders whose deadline was missed and which still wait for their answer.
    """
    found: list[dict[str, Any]] = []
    for card in cards:
        if card.get("alarm"):
            text = "市民的话里可能有人身或财产危险"
            found.append({"kind": "danger", "text": text, "conversation_id": card["conversation_id"]})
    waiting = [card for card in cards if card.get("status") == "waiting"]
    longest = max(waiting, key=lambda card: queue.waited_seconds(dict(card), now), default=None)
    if longest is not None and (waited := queue.waited_seconds(dict(longest), now)) >= alarm_seconds:
        text = f"最久的已等{int(waited // 60)}分{int(waited % 60)}秒"
        found.append({"kind": "waiting", "text": text, "conversation_id": longest["conversation_id"]})
    if machine.hears is False:
        found.append({"kind": "recogniser", "text": "语音识别没有在工作，来电只能按键或转人工"})
    elif machine.lag_seconds is not None and machine.lag_seconds >= machine.lag_limit_seconds:
        found.append({"kind": "recogniser", "text": f"语音识别变慢：95% 的话要等{machine.lag_seconds:.1f}秒以内"})
    if machine.phones == 0:
        found.append({"kind": "phone", "text": "电话进程没有连接，现在不能接听来电"})
    if breaches:
        found.append({"kind": "breaches", "text": f"有{breaches}件工单超过期限仍未答复"})
    return found
