"""Which body answers for which matter, and the lanes that some matters take: data (`data/dispatch.yml`), read once.

A duty is written as in the file: `街`, `区:<body>`, `市:<body>` or `企:<company>`. Our file speaks of the codes of our
own catalogue; a city with another names a file of its own in `orders.dispatch_file`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from base.errors import ConfigurationError

PATH: Final = Path(__file__).parent / "data" / "dispatch.yml"
IN_USE: Final = "catalogue-in-use"  # the folder of copies of the catalogue and of these rules (live_catalogue.py)
STREET: Final = "街"
COMPANY: Final = "企:"  # how the duty of a company for water, power, gas or heat begins
_DUTY: Final = re.compile(r"街|[区市企]:\S+")
Lane = Literal["neighbour", "consumer", "minors", "enterprise"]
LANES: Final[tuple[Lane, ...]] = get_args(Lane)  # the first that fits is taken
LANE_TEXT: Final[dict[str, str]] = {
    "neighbour": "京津冀联动",
    "consumer": "消费争议绿色通道",
    "minors": "未成年人保护",
    "enterprise": "企业服务",
}


@dataclass(frozen=True, slots=True)
class LaneRule:
    """When a matter belongs to a lane. `unit` empty: the lane's matters go to whoever has the function."""

    name: Lane
    all: tuple[re.Pattern[str], ...]
    any: tuple[re.Pattern[str], ...]
    never: tuple[re.Pattern[str], ...]
    codes: tuple[str, ...]
    unit: str
    copy: str
    units: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]

    def fits(self, text: str, code: str) -> bool:
        if any(pattern.search(text) for pattern in self.never):
            return False
        if self.codes and code and not code.startswith(self.codes):
            return False
        if not all(pattern.search(text) for pattern in self.all):
            return False
        if self.any and not any(pattern.search(text) for pattern in self.any):
            return False
        # a lane that is told by its units alone (a neighbouring city) fits where one of them does
        return bool(self.all or self.any) or bool(self.unit_for(text))

    def unit_for(self, text: str) -> str:
        for unit, patterns in self.units:
            if any(pattern.search(text) for pattern in patterns):
                return unit
        return self.unit


@dataclass(frozen=True, slots=True)
class Duties:
    version: str
    table: dict[str, dict[str, str]]
    lanes: tuple[LaneRule, ...] = field(default=())
    of_sample: bool = False  # ours: the same digits mean something else in another catalogue

    @classmethod
    def load(cls, path: Path = PATH) -> Duties:
        """
        Raises:
            ConfigurationError: the file is missing or malformed; the message names the entry.
        """
        try:
            document = yaml.safe_load(path.read_text("utf-8"))
            table = {str(code): _entry(str(code), value) for code, value in document["duties"].items()}
            rules = tuple(_lane(name, document["lanes"][name]) for name in LANES if name in document["lanes"])
            return cls(str(document["version"]), table, rules, of_sample=path == PATH)
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, re.error) as error:
            raise ConfigurationError(f"rules of dispatch {path.name} cannot be read: {error}") from error

    def hold_for(self, *, of_sample: bool) -> bool:
        """Whether the code of a leaf means here what its catalogue means by it; `of_sample`: the leaf is our own."""
        return of_sample or not self.of_sample

    def of(self, code: str, request_type: str = "") -> str:
        """The duty for a catalogue code, by its longest known prefix; empty where there is none."""
        for length in range(len(code), 1, -1):
            entry = self.table.get(code[:length])
            if entry is not None:
                return entry.get(request_type) or entry["duty"]
        return ""

    @property
    def companies(self) -> frozenset[str]:
        """Those that answer for water, power, gas and heat."""
        named = {duty for entry in self.table.values() for duty in entry.values()}
        return frozenset(duty.removeprefix(COMPANY) for duty in named if duty.startswith(COMPANY))

    def lane(self, text: str, code: str) -> LaneRule | None:
        return next((rule for rule in self.lanes if rule.fits(text, code)), None)


@lru_cache(maxsize=1)
def default_duties() -> Duties:
    return Duties.load()


def duties_of(path: Path | None) -> Duties:
    """The city's own (`orders.dispatch_file`), or ours.

    Raises:
        ConfigurationError: the file is missing or malformed.
    """
    return default_duties() if path is None else Duties.load(path)


def kept_copy(path: Path, folder: Path) -> Path:
    """Where the last good copy of the rules at `path` lies: beside that of the catalogue, which may have its name."""
    return folder / f"dispatch-{path.name}"


def last_good(path: Path | None, folder: Path) -> Duties:
    """The rules at `path`; where they cannot be used, the copy in `folder` of those that were in use before.

    Raises:
        ConfigurationError: they cannot be used, and none were in use before.
    """
    try:
        return duties_of(path)
    except ConfigurationError:
        kept = None if path is None else kept_copy(path, folder)
        if kept is None or not kept.is_file():
            raise
        return Duties.load(kept)  # the catalogue, which is loaded with them, tells of it


def is_duty(text: str) -> bool:
    return _DUTY.fullmatch(text) is not None


def _entry(code: str, value: object) -> dict[str, str]:
    entry = {"duty": value} if isinstance(value, str) else dict(value) if isinstance(value, dict) else {}
    if not code.isdigit() or "duty" not in entry:
        raise ValueError(f"the duty of {code} is missing")
    for duty in entry.values():
        if not isinstance(duty, str) or not is_duty(duty):
            raise ValueError(f"{code}: {duty!r} is no duty (街, 区:…, 市:… or 企:…)")
    return entry


def _lane(name: Lane, values: dict[str, Any]) -> LaneRule:
    def patterns(key: str) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(entry) for entry in values.get(key) or ())

    units = {
        unit: tuple(re.compile(entry) for entry in entries) for unit, entries in (values.get("units") or {}).items()
    }
    for duty in (*units, *filter(None, (values.get("unit"), values.get("copy")))):
        if not is_duty(duty):
            raise ValueError(f"lane {name}: {duty!r} is no duty")
    return LaneRule(
        name,
        patterns("all"),
        patterns("any"),
        patterns("never"),
        tuple(str(code) for code in values.get("codes") or ()),
        str(values.get("unit") or ""),
        str(values.get("copy") or ""),
        tuple(units.items()),
    )
