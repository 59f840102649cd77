"""Reading a catalogue: our own nested YAML, or the flat table (CSV) that a city exports from its order system.

A flat table has a header and the columns `code`, `parent`, `name` and, for leaves, `examples` (；between) and perhaps
`duty`. Items of the first level have no parent; a leaf stands on the third level. In YAML a leaf is its examples
(；between), or `{examples: …, duty: …}`. Everything wrong with a file is told with the code or the line that it
concerns.

Another city's digits mean other matters: our rules of dispatch speak for a leaf only where code and names are those of
our own catalogue. Any other leaf has the duty that its own entry or the city's own rules (`orders.dispatch_file`) tell.

Our YAML may also hold `told`: by leaf, and by how pressing it is, what citizens said first. A list of phrases knows a
matter by its name; these know it from a story.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml

from base.errors import ConfigurationError
from workorders.duties import Duties, is_duty
from workorders.model import CategorySuggestion

# supply: water, power, gas or heating fails now; hazard: something may hurt somebody any moment, and nobody is called.
Pressing = Literal["calm", "supply", "hazard"]
SAMPLE: Final = Path(__file__).parent / "data" / "catalogue.yml"  # our own
_PRESSING: Final[tuple[Pressing, ...]] = get_args(Pressing)
LEVELS: Final = 3
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # several thousand sentences
_NAMED: Final = re.compile(r"(\d+)\s+(\S+)")
_LIMIT_BYTES: Final = 20_000_000
_COLUMNS: Final = frozenset({"code", "parent", "name", "examples"})


@dataclass(frozen=True, slots=True)
class Leaf:
    code: str
    level1: str
    level2: str
    level3: str
    examples: tuple[str, ...]
    duty: str = ""
    of_sample: bool = True  # code and names are those of our own catalogue

    @property
    def path(self) -> str:
        return f"{self.level1}/{self.level2}/{self.level3}"

    def chosen(self, version: str) -> CategorySuggestion:
        """The leaf as a person's own choice, from the catalogue of this version."""
        names = (self.code, self.level1, self.level2, self.level3)
        return CategorySuggestion(*names, 1.0, self.duty, version=version, of_sample=self.of_sample)


@dataclass(frozen=True, slots=True)
class Told:
    """What a citizen said first, and the leaf to which it belongs by its substance."""

    text: str
    code: str
    pressing: Pressing


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    version: str
    leaves: tuple[Leaf, ...]
    told: tuple[Told, ...] = ()

    @property
    def without_duty(self) -> tuple[Leaf, ...]:
        """They are dispatched by their place alone."""
        return tuple(leaf for leaf in self.leaves if not leaf.duty)


@dataclass(frozen=True, slots=True)
class _Item:
    line: int
    code: str
    parent: str
    name: str
    examples: tuple[str, ...]
    duty: str


def read(path: Path, duties: Duties) -> CatalogueFile:
    """
    Raises:
        ConfigurationError: the file is missing or malformed, a code stands twice, a parent is missing, items go round
            in a circle, a leaf has no example, or something is told of a leaf that there is not.
    """
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise ConfigurationError(f"catalogue {path.name} is larger than {_LIMIT_BYTES // 1_000_000} MB")
        version, leaves, told = _flat(path) if path.suffix.lower() == ".csv" else _nested(path)
        sample = _sample_paths()
    except (OSError, yaml.YAMLError, csv.Error, KeyError, TypeError, AttributeError, ValueError) as error:
        reason = " ".join(str(error).split())  # YAML's reasons have several lines
        raise ConfigurationError(f"catalogue {path.name} cannot be read: {reason}") from error
    _check(path.name, leaves, told)
    return CatalogueFile(version, tuple(_placed(leaf, duties, sample) for leaf in leaves), tuple(told))


def _placed(leaf: Leaf, duties: Duties, sample: Mapping[str, str]) -> Leaf:
    """The leaf with its duty, and with whether it is our own."""
    ours = sample.get(leaf.code) == leaf.path
    duty = leaf.duty or (duties.of(leaf.code) if duties.hold_for(of_sample=ours) else "")
    return replace(leaf, duty=duty, of_sample=ours)


@lru_cache(maxsize=1)
def _sample_paths() -> dict[str, str]:
    """The names of our own leaves, by code."""
    return {leaf.code: leaf.path for leaf in _nested(SAMPLE)[1]}


def _check(name: str, leaves: list[Leaf], told: list[Told]) -> None:
    seen: set[str] = set()
    twice: set[str] = set()
    for leaf in leaves:
        (twice if leaf.code in seen else seen).add(leaf.code)
    if twice:
        raise ConfigurationError(f"catalogue {name}: codes used twice: {', '.join(sorted(twice))}")
    if empty := [leaf.level3 for leaf in leaves if not leaf.examples]:
        raise ConfigurationError(f"catalogue {name}: leaves without an example: {', '.join(empty[:20])}")
    if unknown := sorted({one.code for one in told} - seen):
        raise ConfigurationError(f"catalogue {name}: told of leaves that it has not: {', '.join(unknown[:20])}")
    if len(leaves) < 2:
        raise ConfigurationError(f"catalogue {name}: at least two leaves are needed")


def _nested(path: Path) -> tuple[str, list[Leaf], list[Told]]:
    document = yaml.load(path.read_text("utf-8"), Loader=_Loader)
    version = str(document["version"])
    levels: dict[str, dict[str, dict[str, Any]]] = document["levels"]
    leaves: list[Leaf] = []
    for first, second_levels in levels.items():
        for second, items in second_levels.items():
            for third, examples in items.items():
                code, name = _split(third)
                said, duty = _entry(code, examples)
                leaves.append(Leaf(code, _split(first)[1], _split(second)[1], name, _phrases(said), duty))
    return version, leaves, list(_told(document.get("told") or {}))


def _entry(code: str, value: object) -> tuple[object, str]:
    """Examples and duty of a leaf: its examples alone, or both by their names."""
    if not isinstance(value, dict):
        return value, ""
    if unknown := sorted(str(key) for key in value if key not in ("examples", "duty")):
        raise ValueError(f"{code}: {unknown[0]!r} is none of examples, duty")
    duty = str(value.get("duty") or "").strip()
    if duty and not is_duty(duty):
        raise ValueError(f"{code}: {duty!r} is no duty (街, 区:…, 市:… or 企:…)")
    return value.get("examples"), duty


def _told(by_code: dict[object, dict[str, list[str]]]) -> Iterator[Told]:
    for code, groups in by_code.items():
        for pressing, texts in groups.items():
            if pressing not in _PRESSING:
                raise ValueError(f"told of {code}: {pressing!r} is none of {', '.join(_PRESSING)}")
            if not isinstance(texts, list):
                raise ValueError(f"told of {code}: {pressing} holds no list")
            yield from (Told(str(text), str(code), pressing) for text in texts)


def _split(key: object) -> tuple[str, str]:
    match = _NAMED.fullmatch(str(key))
    if not match:
        raise ValueError(f"{key!r} is not of the form `code name`")
    return match[1], match[2]


def _phrases(text: object) -> tuple[str, ...]:
    return tuple(part.strip() for part in re.split(r"[；;]", str(text or "")) if part.strip())


def _flat(path: Path) -> tuple[str, list[Leaf], list[Told]]:
    items = _items(path)
    parents = {item.parent for item in items.values()}
    leaves: list[Leaf] = []
    descents = {code: _line_of_descent(item, items) for code, item in items.items()}
    for item in items.values():
        line = descents[item.code]
        if item.code in parents:
            continue
        if len(line) != LEVELS:
            raise ValueError(f"{item.code} {item.name} (line {item.line}) is a leaf on level {len(line)}, not {LEVELS}")
        level1, level2, level3 = (ancestor.name for ancestor in line)
        leaves.append(Leaf(item.code, level1, level2, level3, item.examples or (item.name,), item.duty))
    return f"{path.stem}", leaves, []


def _items(path: Path) -> dict[str, _Item]:
    items: dict[str, _Item] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        if missing := _COLUMNS - set(rows.fieldnames or ()):
            raise ValueError(f"the column {sorted(missing)[0]!r} is missing")
        for number, row in enumerate(rows, 2):
            code, name = (row["code"] or "").strip(), (row["name"] or "").strip()
            if not code or not name or len(code) > 16 or len(name) > 64:
                raise ValueError(f"line {number}: a code (at most 16 characters) and a name (at most 64) are needed")
            if code in items:
                raise ValueError(f"line {number}: code {code} used twice (first on line {items[code].line})")
            duty = (row.get("duty") or "").strip()
            if duty and not is_duty(duty):
                raise ValueError(f"line {number}: {duty!r} is no duty (街, 区:…, 市:… or 企:…)")
            items[code] = _Item(number, code, (row["parent"] or "").strip(), name, _phrases(row["examples"]), duty)
    return items


def _line_of_descent(item: _Item, items: dict[str, _Item]) -> list[_Item]:
    """From the first level down to `item`."""
    line = [item]
    while line[0].parent:
        parent = items.get(line[0].parent)
        if parent is None:
            raise ValueError(
                f"{line[0].code} {line[0].name} (line {line[0].line}): its parent {line[0].parent} is missing"
            )
        if parent in line:
            raise ValueError(f"{item.code} {item.name} (line {item.line}): its parents go round in a circle")
        line.insert(0, parent)
        if len(line) > LEVELS:
            raise ValueError(f"{item.code} {item.name} (line {item.line}): deeper than {LEVELS} levels")
    return line
