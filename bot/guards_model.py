"""What the guards find in a turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GuardFindings:
    """Empty strings and False where nothing was found.

    `emergency`: the line (110, 119, 120, 122); `danger` a short name of the kind of danger, for the record.
    `lawful`: one of 诉讼, 仲裁, 纪检监察, 行政复议, 政府信息公开, 信访. `request` is true when an abusive text
    also holds a request.
    """

    emergency: str = ""
    danger: str = ""
    lines: Mapping[str, float] = field(default_factory=dict)  # what speaks for each line, were it a danger
    probability: float = 0.0  # of any danger, 0..1, in the most alarming part of the text, which may be all of it
    whole: float = 0.0  # of the text as a whole
    most_alarming: str = ""  # of a text longer than the readers take in: the stretch of it that all of this is about
    by_rule: bool = False  # a rule fired, and nothing near it speaks of a procedure or of the past
    human: bool = False
    abuse: bool = False
    threat: bool = False  # it threatens whoever answers; an insult, too
    at_us: bool = False  # it names the hotline or whoever answers, rather than whom the matter is about
    request: bool = False
    lawful: str = ""
    attack: bool = False


def likeliest(lines: Mapping[str, float]) -> str:
    """The line for which most speaks; an empty string where nothing does."""
    return max(lines, key=lambda line: lines[line]) if lines else ""
