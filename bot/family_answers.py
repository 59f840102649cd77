"""The answers to what `intake.yml` asks special to a kind of matter, each by itself: what was asked, the citizen's
words and what is read from them. What the story told unasked is an answer, too. Nothing is worked out from the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from bot import intake as intakes
from bot import reading, retelling
from bot.entities import money, quantity
from bot.intake import Extra
from bot.state import Matter

_WORDS_CHARACTERS: Final = 120
_SENTENCE: Final = re.compile(r"[。！？!?\n]+")
_CLAUSE: Final = re.compile(r"[,，;；]+")
_TAKEN_BACK: Final = re.compile(r"不对|[说记打]错|更正|应该是|其实是|改[成为]|(?<!是)不是(?=[,，。])")
_NOT_IT: Final = re.compile(r"(?<!是)不是[^,，。;；]{0,4}$")  # "three, not two"
_IN_ALL: Final = re.compile(r"(?:一共|总共|总计|合计|共计|[共欠])[是有了着我们]*$")
_DENIED: Final = re.compile(r"不(?:是|光|止|单)[^,，。]{0,4}$")
_CORRECTED: Final = "更正："
_ONCE: Final = 8  # characters between "a month" and the sum that is paid for it
_UNITS: Final = {"months": "个月", "temperature": "℃", "households": "户"}


class _Source(NamedTuple):
    """Words that may tell; `asked`: a bare sum in them is money."""

    words: str
    asked: bool


class _Found(NamedTuple):
    start: int
    low: Decimal
    high: Decimal
    about: bool
    unit: str


def keep(matter: Matter, key: str, words: str, question: str) -> None:
    """Note the words of an answer to the question with this key, which may be two in one breath: then each that the
    words are about has them."""
    said = _plain(words)
    if not key or not said:
        return
    keys = key.split(intakes.KEYS)
    family = intakes.default().family(matter)
    meant = [one for one in keys if family is not None and any(_is_about(extra, said) for extra in family.asks(one))]
    for one in meant or keys:
        before = matter.answers.get(one, {}).get("words")
        matter.answers[one] = {"question": question, "words": f"{before}。{said}" if before else said}


def of(matter: Matter) -> dict[str, dict[str, Any]]:
    """Every answer, by its name: `question`, `words`, `value` to `to` (None: nothing, or no range), `about` (roughly)
    and `unit`. `value` is a number, or one of a question's choices; None where the words alone tell."""
    family = None if matter.unread else intakes.default().family(matter)
    found: dict[str, dict[str, Any]] = {}
    if family is not None:
        sentences = _sentences(matter)
        for key in dict.fromkeys(extra.key for extra in family.extra):
            asked = family.asks(key)
            if not asked[0].types or matter.request_type in asked[0].types:
                found |= _entries(key, matter.answers.get(key), sentences, asked)
    for key, kept in matter.answers.items():  # asked before the matter was known to be of another kind
        if family is None or not family.asks(key):
            found[key] = _entry(kept["question"], kept["words"])
    return found


def labels(matter: Matter) -> dict[str, str]:
    """How each answer with a value is called when the order is read back."""
    family = intakes.default().family(matter)
    return {read.name: read.label for extra in (family.extra if family else ()) for read in extra.reads}


def _entries(
    key: str, kept: dict[str, str] | None, story: Sequence[str], asked: Sequence[Extra]
) -> dict[str, dict[str, Any]]:
    """What is known of a question: what was read under its names, else the words by themselves.

    Args:
        kept: the answer that was given to it.
        story: the sentences of what was told.
    """
    first = asked[0]
    sentences = [part for part in _told(story, asked) if kept is None or part not in kept["words"]]
    sources = [_Source(part.removeprefix(_CORRECTED), True) for part in _corrections(story)]
    if kept is not None:
        sources.append(_Source(kept["words"], True))
    sources += [_Source(part, money.spoken_of(part)) for part in ("。".join(sentences),) if part]
    if kept is None and not sentences:
        return {}
    clauses = _clauses(sentences, asked)

    def entry(words: str, value: _Found | None = None, choice: str = "") -> dict[str, Any]:
        if kept is not None and words == kept["words"]:
            return _entry(kept["question"], words, value, choice=choice)
        unasked = bool(sentences) and words == sources[-1].words
        return _entry(first.text, clauses if unasked else words, value, choice=choice)

    found: dict[str, dict[str, Any]] = {}
    for read in first.reads:
        values = ((source.words, _value(read.kind, source.words, asked=source.asked)) for source in sources)
        if told := next(((words, value) for words, value in values if value is not None), None):
            found[read.name] = entry(*told)
    answer = kept["words"] if kept is not None else clauses
    choice = _chosen(first, answer)
    by_itself = not (first.reads or first.choices or first.asked_in)  # else only words that made the question needless
    if choice or (not found and (kept is not None or by_itself)):
        found = {key: entry(answer, choice=choice), **found}
    return found


def _corrections(story: Sequence[str]) -> list[str]:
    """What was said to be otherwise when the order was read back, the last first."""
    return [part for part in reversed(story) if part.startswith(_CORRECTED)]


def _entry(question: str, words: str, value: _Found | None = None, *, choice: str = "") -> dict[str, Any]:
    number = None if value is None else _number(value.low)
    return {
        "question": question,
        "words": words[:_WORDS_CHARACTERS],
        "value": choice or number,
        "to": None if value is None or value.high == value.low else _number(value.high),
        "about": value is not None and value.about,
        "unit": "" if value is None else value.unit,
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else round(float(value), 2)


def _is_about(extra: Extra, words: str) -> bool:
    """Whether an answer to several questions answers this one."""
    read = any(_value(read.kind, words, asked=True) is not None for read in extra.reads)
    return read or bool(_chosen(extra, words)) or (extra.known is not None and bool(extra.known.search(words)))


def _sentences(matter: Matter) -> list[str]:
    said = (_plain(matter.opening), _plain(matter.detail), matter.event_time)
    return [part for text in said for part in _SENTENCE.split(text) if part]


def _plain(text: str) -> str:
    return retelling.cleaned(reading.without_contact(reading.tidy(text))) if text else ""


def _told(story: Sequence[str], asked: Sequence[Extra]) -> list[str]:
    """The sentences that answer one of the questions."""
    known = [extra.known for extra in asked if extra.known is not None]
    found = [part for part in story if any(pattern.search(part) for pattern in known)]
    return list(dict.fromkeys(found))


def _clauses(sentences: Iterable[str], asked: Sequence[Extra]) -> str:
    known = [extra.known for extra in asked if extra.known is not None]
    clauses = [part.strip() for sentence in sentences for part in _CLAUSE.split(sentence)]
    return "，".join(dict.fromkeys(part for part in clauses if any(pattern.search(part) for pattern in known)))


def _chosen(extra: Extra, words: str) -> str:
    """The one choice that the words come to; none where they say two."""
    hits = [
        value
        for value, pattern in extra.choices
        if any(not _DENIED.search(words[: hit.start()]) for hit in pattern.finditer(words))
    ]
    return hits[0] if len(hits) == 1 else ""


def _value(kind: str, words: str, *, asked: bool) -> _Found | None:
    """The one value of this kind that the words tell; None where they tell none, or several."""
    return _one(words, _found(kind, words, asked))


def _found(kind: str, words: str, asked: bool) -> list[_Found]:
    if kind in ("money", "rate"):
        sums = [one for one in money.find(words, asked=asked) if bool(one.per) == (kind == "rate")]
        return [_Found(one.start, one.low, one.high, one.about, f"元/{one.per}" if one.per else "元") for one in sums]
    counted = {"months": _months, "temperature": quantity.temperatures, "households": quantity.households}[kind](words)
    return [_Found(one.start, one.low, one.high, one.about, _UNITS[kind]) for one in counted]


def _months(words: str) -> list[quantity.Quantity]:
    """Without the "a month" of what is paid for one."""
    rates = [one for one in money.find(words, asked=True) if one.per]
    return [
        one
        for one in quantity.months(words)
        if not any(
            rate.start <= one.start < rate.end or (one.low == 1 and 0 <= rate.start - one.end <= _ONCE)
            for rate in rates
        )
    ]


def _one(words: str, found: list[_Found]) -> _Found | None:
    found = [one for one in found if not _NOT_IT.search(words[: one.start])]
    taken_back = [match.end() for match in _TAKEN_BACK.finditer(words)]
    if taken_back and (later := [one for one in found if one.start >= taken_back[-1]]):
        found = later
    if len({(one.low, one.high, one.unit) for one in found}) > 1:
        found = [one for one in found if _IN_ALL.search(words[: one.start])]
    return found[0] if len({(one.low, one.high, one.unit) for one in found}) == 1 else None
