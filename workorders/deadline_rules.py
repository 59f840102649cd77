"""How long an order may take, when its unit is reminded and how far its deadline may be extended: rule data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, get_args

import yaml

from base.clock import CHINA, local
from base.errors import ConfigurationError
from workorders.model import Urgency
from workorders.working_days import WorkCalendar, default_calendar

PATH: Final = Path(__file__).parent / "data" / "deadlines.yml"
_HOURS_A_DAY: Final = 24
_LONGEST_HOURS: Final = 90 * _HOURS_A_DAY


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time: `working_days` where they are counted (then `hours` is what they come to at least), else
    `hours` round the clock."""

    hours: int
    working_days: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """`known` is false when a year was counted by its weeks alone, for lack of data."""

    at: datetime
    known: bool = True


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """`remind_before` is sorted, the earliest reminder first. `extension` None: the deadline may not be extended."""

    term: Term
    remind_before: tuple[timedelta, ...]
    extensions: int = 0
    extension: Term | None = None


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    version: str
    rules: Mapping[Urgency, DeadlineRule]

    @classmethod
    def load(cls, path: Path = PATH) -> DeadlineRules:
        """
        Raises:
            ConfigurationError: the file is missing or malformed; the message names the entry.
        """
        try:
            document = yaml.safe_load(path.read_text("utf-8"))
            rules = {urgency: _rule(urgency, document["rules"][urgency]) for urgency in get_args(Urgency)}
            return cls(str(document["version"]), rules)
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ConfigurationError(f"rules of deadlines {path.name} cannot be read: {error}") from error

    def of(self, urgency: str) -> DeadlineRule:
        """The rule of an urgency; an unknown one has the ordinary rule."""
        return next((rule for name, rule in self.rules.items() if name == urgency), self.rules["ordinary"])


@lru_cache(maxsize=1)
def default_rules() -> DeadlineRules:
    return DeadlineRules.load()


def due(start: datetime, term: Term, calendar: WorkCalendar | None = None) -> Due:
    """The moment at which `term` from `start` ends.

    Raises:
        ValueError: `start` is naive.
    """
    if start.tzinfo is None:
        raise ValueError("a deadline runs from an aware moment")
    if not term.working_days:
        return Due(start + timedelta(hours=term.hours))
    calendar = calendar or default_calendar()
    first = local(start).date()
    last = calendar.working_day_after(first, term.working_days)
    ends = datetime.combine(last + timedelta(days=1), time(), CHINA)
    return Due(ends.astimezone(start.tzinfo), calendar.knows(first) and calendar.knows(last))


def extension_refused(
    rule: DeadlineRule, *, hours: int, earlier: int, deadline_at: datetime | None, now: datetime
) -> str:
    """Why a deadline may not be extended by `hours` now, for a person to read; empty when it may.

    Args:
        hours: what is asked for; a rule that counts working days takes 24 hours for one.
        earlier: how often this deadline has been extended before.
    """
    if rule.extension is None or rule.extensions < 1:
        return "这类工单的办理期限不能延长。"
    if earlier >= rule.extensions:
        return f"办理期限最多延长{rule.extensions}次，这个工单已经延长过了。"
    if hours > rule.extension.hours:
        return f"这类工单一次最多延长{_spoken(rule.extension)}。"
    if deadline_at is not None and now > deadline_at:
        return "办理期限已过，不能再延长，请尽快答复。"
    return ""


def extended(deadline_at: datetime, hours: int, working_days: int, calendar: WorkCalendar | None = None) -> Due:
    """A deadline moved by `hours`; for one that is counted in working days (`working_days` > 0) by as many of them."""
    if not working_days:
        return due(deadline_at, Term(hours))
    # What is due "when the 3rd ends" stands as midnight before the 4th: a term from there runs from the 3rd.
    return due(deadline_at - timedelta(microseconds=1), Term(hours, -(-hours // _HOURS_A_DAY)), calendar)


def _spoken(term: Term) -> str:
    if term.working_days:
        return f"{term.working_days}个工作日"
    return f"{term.hours}小时" if term.hours % _HOURS_A_DAY else f"{term.hours // _HOURS_A_DAY}天"


def _rule(name: str, values: dict[str, Any]) -> DeadlineRule:
    term = _term(name, values)
    hours = sorted((float(entry) for entry in values.get("remind_hours") or ()), reverse=True)
    if any(not 0 < entry < term.hours for entry in hours):
        raise ValueError(f"{name}: a reminder comes between the filing and the deadline")
    extension = values.get("extension") or {"times": 0}
    times = int(extension["times"])
    longest = _term(name, extension) if times else None
    if longest is not None and bool(longest.working_days) != bool(term.working_days):
        raise ValueError(f"{name}: an extension counts days as the deadline does")
    return DeadlineRule(term, tuple(timedelta(hours=entry) for entry in hours), times, longest)


def _term(name: str, values: dict[str, Any]) -> Term:
    given = [key for key in ("hours", "days", "working_days") if key in values]
    if len(given) != 1:
        raise ValueError(f"{name}: one of hours, days and working_days is expected")
    count = values[given[0]]
    hours = count if given[0] == "hours" else count * _HOURS_A_DAY
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= hours <= _LONGEST_HOURS:
        raise ValueError(f"{name}: {given[0]} must be a whole number of at most 90 days")
    return Term(hours, count if given[0] == "working_days" else 0)
