"""The answers to what a category asks, kept in an order's `extra` beside the story that tells them, too.

Each has `question` (as it was asked, or would have been), `words` (the citizen's own), `value` (a number, one of the
question's choices, or None: the words alone tell), `to` (the end of a range, else None), `about` (roughly so) and
`unit` (元, 元/月, 个月, ℃, 户 or nothing). They are what a citizen said: who may not read the story may not read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Final

ANSWERS: Final = "answers"
Words = Callable[[str | None], str | None]
_BETWEEN: Final = re.compile(r"[^\w.]+")  # 3.5万 is one word
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3})")
_NUMERALS: Final = "0-9一二三四五六七八九十百千万亿两几半"
_OF_NUMBERS: Final = frozenset("0123456789.")
_BEFORE_IT: Final = re.compile(rf"(?:[{_NUMERALS}没未不无]|\d\.)$")
_AFTER_IT: Final = re.compile(rf"[{_NUMERALS}]|\.\d")
_NUMBER: Final = rf"[{_NUMERALS}.]*[{_NUMERALS}]"
_NUMBERS: Final = {
    "元": rf"{_NUMBER}(?=[多来几]?[元块])|[{_NUMERALS}.]*[百千万亿][{_NUMERALS}]*"
    r"|(?<!\d)\d{3,6}(?![\d.号室户栋楼层弄年月日])",
    "个月": rf"{_NUMBER}(?=多?个?(?:多?月|半月)|多?年)",
    "℃": rf"{_NUMBER}(?=多?[度℃])",
    "户": rf"{_NUMBER}(?=[多来几]?[户家])",
}
_ASKING: Final = re.compile(r"请问|您|有没有|是不是|是否|多少|什么|怎么|一共|大概|[哪几吗呢的了]|[^\w]+")


def kept(answers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The part of `extra` that holds them; nothing where there are none."""
    return {ANSWERS: {name: dict(answer) for name, answer in answers.items()}} if answers else {}


def outdated(
    extra: Mapping[str, Any], before: str, after: str, detail: tuple[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """Those that a corrected story does not tell any more: words of theirs that stood in it `before` do not stand in it
    `after`; or none stood in it, and the `detail` (as it was, as it is) speaks otherwise of what they are about."""
    if _plain(before) == _plain(after):
        return {}
    found: Mapping[str, Mapping[str, Any]] = extra.get(ANSWERS) or {}
    was, now = detail or (before, after)
    lost: dict[str, dict[str, Any]] = {}
    for name, answer in found.items():
        clauses = _clauses(str(answer["words"] or ""))
        stood = {clause: beside for clause in clauses if (beside := _beside(clause, before))}
        gone = any(not beside <= _beside(clause, after) for clause, beside in stood.items())
        if gone or (not stood and _speaks_otherwise(answer, was, now)):
            lost[name] = dict(answer)
    return lost


def _clauses(text: str) -> set[str]:
    found = {clause for part in _BETWEEN.split(_without_thousands(text)) if (clause := part.strip("."))}
    return {clause for clause in found if len(clause) > 1 or clause.isdigit()}  # 有, 是: stands in any story


def _beside(clause: str, text: str) -> set[tuple[str, str]]:
    """What stands right beside a clause and gives it another sense, wherever it occurs, however it is punctuated."""
    text = _without_thousands(text)
    joined = (("" if {one, two} <= _OF_NUMBERS else r"[^\w.]*") + re.escape(two) for one, two in pairwise(clause))
    pattern = re.escape(clause[0]) + "".join(joined)
    return {
        (_hit(_BEFORE_IT.search(text[: found.start()])), _hit(_AFTER_IT.match(text[found.end() :])))
        for found in re.finditer(pattern, text)
    }


def _hit(found: re.Match[str] | None) -> str:
    return found[0] if found else ""


def _speaks_otherwise(answer: Mapping[str, Any], before: str, after: str) -> bool:
    """Of a number: other ones of its kind are told. Else: a clause about the question is gone, or is new."""
    if isinstance(answer.get("value"), int | float):
        kind = _NUMBERS.get(str(answer.get("unit") or "").partition("/")[0], _NUMBER)
        return _told_by(kind, before) != _told_by(kind, after)
    subject = {
        part[at : at + 2] for part in _ASKING.split(str(answer.get("question") or "")) for at in range(len(part) - 1)
    }
    other = (*_missing(before, after), *_missing(after, before))
    return any(pair in clause for clause in other for pair in subject)


def _told_by(kind: str, text: str) -> set[str]:
    return set(re.findall(kind, _without_thousands(text)))


def _missing(text: str, other: str) -> list[str]:
    """The clauses of a text that do not stand in the other one."""
    there = _plain(other)
    return [clause for part in _BETWEEN.split(text) if (clause := _plain(part)) and clause not in there]


def _plain(text: str) -> str:
    return "".join(_BETWEEN.split(_without_thousands(text)))


def _without_thousands(text: str) -> str:
    return _THOUSANDS.sub("", text)


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
