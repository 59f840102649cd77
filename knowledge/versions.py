"""What changed between two versions of an entry, field by field and word by word, for a person to read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from knowledge.entry_problems import LABELS

FIELDS: Final = (
    "question",
    "ask",
    "answer",
    "spoken",
    "sources",
    "topic",
    "owner",
    "scope",
    "audience",
    "effective_from",
    "effective_to",
    "sensitivity",
    "sample",
    "related",
    "attachments",
)
_VALUES: Final[Mapping[tuple[str, Any], str]] = {
    ("audience", "person"): "个人",
    ("audience", "enterprise"): "企业",
    ("audience", "both"): "个人和企业",
    ("sensitivity", "public"): "公开",
    ("sensitivity", "internal"): "仅坐席可见",
    ("sample", True): "是",
    ("sample", False): "否",
}
_PIECE: Final = re.compile(r"[A-Za-z0-9.%]+|.", re.DOTALL)  # a number changes as a whole
_LONGEST_CHARACTERS: Final = 20_000  # the comparison is quadratic


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    kind: Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; `before` and `after` as they are read, `parts` in reading order."""

    field: str
    before: str
    after: str
    parts: tuple[Part, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "label": LABELS[self.field],
            "before": self.before,
            "after": self.after,
            "parts": [{"text": part.text, "kind": part.kind} for part in self.parts],
        }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The fields of two bodies that differ, in the order in which an editor sees them."""
    changes: list[Change] = []
    for field in FIELDS:
        old, new = _read(field, before.get(field)), _read(field, after.get(field))
        if old != new:
            changes.append(Change(field, old, new, parts_of(old, new)))
    return changes


def parts_of(old: str, new: str) -> tuple[Part, ...]:
    """What stayed, went and came; long runs of the same text stay whole."""
    if max(len(old), len(new)) > _LONGEST_CHARACTERS:
        return tuple(part for part in (Part(old, "removed"), Part(new, "added")) if part.text)
    left, right = _PIECE.findall(old), _PIECE.findall(new)
    parts: list[Part] = []
    for operation, start, end, begin, stop in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if operation == "equal":
            parts.append(Part("".join(left[start:end]), "same"))
            continue
        if start < end:
            parts.append(Part("".join(left[start:end]), "removed"))
        if begin < stop:
            parts.append(Part("".join(right[begin:stop]), "added"))
    return tuple(parts)


def _read(field: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return "，".join(f"{LABELS.get(name, name)}：{part}" for name, part in value.items() if part)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(_read(field, part) for part in value)
    return _VALUES.get((field, value), str(value))
