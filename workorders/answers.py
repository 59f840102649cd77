"""The answers to what a category asks, kept in an order's `extra` beside the story that tells them, too.

Each has `question` (as it was asked, or would have been), `words` (the citizen's own), `value` (a number, one of the
question's choices, or None: the words alone tell), `to` (the end of a range, else None), `about` (roughly so) and
`unit` (元, 元/月, 个月, ℃, 户 or nothing). They are what a citizen said: who may not read the story may not read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

ANSWERS: Final = "answers"
Words = Callable[[str | None], str | None]
_BETWEEN: Final = re.compile(r"[^\w.]+")  # 3.5万 is one word
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3})")


def kept(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of `extra` that holds them; nothing where there are none."""
    return {ANSWERS: {name: dict(answer) for name, answer in answers.items()}} if answers else {}


def outdated(extra: Mapping[str, Any], before: str, after: str) -> dict[str, Any]:
    """Those that a corrected story does not tell any more: of their words a clause stood in it `before` and does not
    stand in it `after`, or none stood in it, so that nobody can say whether they still agree."""
    stood, stands = _clauses(before), _clauses(after)
    found: Mapping[str, Mapping[str, Any]] = extra.get(ANSWERS) or {}
    words = {name: _clauses(str(answer["words"] or "")) & stood for name, answer in found.items()}
    return {name: dict(found[name]) for name, clauses in words.items() if not clauses or clauses - stands}


def _clauses(text: str) -> set[str]:
    return {clause for part in _BETWEEN.split(_THOUSANDS.sub("", text)) if (clause := part.strip("."))}


def told(extra: Mapping[str, Any], words: Words | None = None) -> dict[str, dict[str, Any]]:
    """As other systems get them, by name. `words` is asked what of the citizen's words may be told."""
    answers: Mapping[str, Mapping[str, Any]] = extra.get(ANSWERS) or {}
    return {
        name: {**answer, "words": words(str(answer["words"])) if words is not None else answer["words"]}
        for name, answer in answers.items()
    }


def shown(extra: Mapping[str, Any], words: Words | None = None) -> list[dict[str, str]]:
    """For a person to read, in the order in which they are asked: `question`, `words`, `text` (empty: no value)."""
    return [
        {"question": str(answer["question"]), "words": str(answer["words"] or ""), "text": spelled(answer)}
        for answer in told(extra, words).values()
    ]


def spelled(answer: Mapping[str, Any]) -> str:
    """`约10000元`, `7000至8000元`, `6500元/月`, `16.5℃`; empty where the words alone tell."""
    value, to, unit = answer.get("value"), answer.get("to"), answer.get("unit") or ""
    if value is None:
        return ""
    about = "约" if answer.get("about") and to is None else ""
    return f"{about}{value}{f'至{to}' if to is not None else ''}{unit}"
