"""What was expected and what was given instead, counted and printed. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

Counts = dict[str, dict[str, int]]


def count(pairs: Iterable[tuple[str, str]]) -> Counts:
    """Expected -> given -> how often, of (expected, given); only what occurs, sorted."""
    counts: Counts = {}
    for expected, given in sorted(pairs):
        row = counts.setdefault(expected, {})
        row[given] = row.get(given, 0) + 1
    return counts


def lines(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """A table: rows expected, columns given. The columns are numbered as the rows are, since wide names do not fit."""
    names = sorted(set(counts) | {given for row in counts.values() for given in row})
    if not names:
        return []
    number_width = len(str(len(names)))
    labels = [f"{number:>{number_width}} {name}" for number, name in enumerate(names, 1)]
    corner = "expected \\ given"
    label_width = max(_width(text) for text in (corner, *labels))
    most = max(number for row in counts.values() for number in row.values())
    width = max(number_width, len(str(most))) + 2
    table = [_padded(corner, label_width) + "".join(f"{number:>{width}}" for number in range(1, len(names) + 1))]
    for name, label in zip(names, labels, strict=True):
        row = counts.get(name, {})
        table.append(_padded(label, label_width) + "".join(f"{row.get(given) or '.':>{width}}" for given in names))
    return table


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
