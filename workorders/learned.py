"""What an operator's own orders teach: which leaf their words belonged to, and who answered for them in the end.

The file under the data directory holds words of citizens (numbers masked, names of contacts taken out): it is as
private as the database.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from base.errors import HotlineError
from base.settings import Settings

_FORMAT: Final = "hotline-learned/1"
_EXAMPLES_A_LEAF: Final = 20  # more cost training time and teach little
_EXAMPLES_A_DUTY: Final = 200

# corrected: a person chose the leaf. upheld: the unit objected, and the order went to another. confirmed: the unit
# answered for it, and nobody objected.
Source = Literal["corrected", "upheld", "confirmed"]
_WEIGHT: Final[dict[str, int]] = {"corrected": 0, "upheld": 1, "confirmed": 2}


class LearnedFileError(HotlineError):
    """The file of learned examples cannot be read."""


@dataclass(frozen=True, slots=True)
class Example:
    """One order. `code` or `duty` is empty where nothing is known of it; `group` is shared by repeats of a matter."""

    order_no: str
    group: str
    text: str
    code: str
    duty: str
    source: Source


@dataclass(frozen=True, slots=True)
class Learned:
    """`categories`: texts by code. `duties`: (text, duty)."""

    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    duties: tuple[tuple[str, str], ...] = ()


NOTHING: Final = Learned()


def learned_path(settings: Settings) -> Path:
    return settings.var / "orders" / "learned.json"


def learned(examples: Iterable[Example]) -> Learned:
    """The examples that a model is trained on: of each leaf and each duty the best sources first, newest first."""
    by_code: dict[str, list[str]] = defaultdict(list)
    duties: list[tuple[str, str]] = []
    count: Counter[str] = Counter()
    newest_first = sorted(examples, key=lambda one: one.order_no, reverse=True)
    for example in sorted(newest_first, key=lambda one: _WEIGHT[one.source]):
        if example.code and len(by_code[example.code]) < _EXAMPLES_A_LEAF:
            by_code[example.code].append(example.text)
        if example.duty and count[example.duty] < _EXAMPLES_A_DUTY:
            count[example.duty] += 1
            duties.append((example.text, example.duty))
    return Learned({code: tuple(texts) for code, texts in by_code.items()}, tuple(duties))


def read_examples(path: Path) -> list[Example]:
    """
    Raises:
        LearnedFileError: it is missing or none.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        if document["format"] != _FORMAT:
            raise ValueError(f"its format is {document['format']!r}")
        return [Example(**row) for row in document["examples"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LearnedFileError(f"learned examples {path.name} cannot be read: {error}") from error


def read_learned(path: Path) -> Learned:
    """Raises LearnedFileError."""
    return learned(read_examples(path))


def write_examples(path: Path, examples: Sequence[Example], *, now: datetime) -> None:
    """At once or not at all: a running core may be looking at it."""
    document = {"format": _FORMAT, "made_at": now.isoformat(), "examples": [asdict(example) for example in examples]}
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        json.dump(document, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
