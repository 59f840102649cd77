"""Does a rewording say what its source says? Pure: nothing is corrected, a doubtful rewording is refused.

A machine that words a clause more plainly may not change what it means. Each sentence of the rewording belongs to the
sentence of the source that it shares most with; the two are compared in what a citizen acts on:

* **figures**: every amount, term, date, number and clause, whatever its numerals (三十日 = 30天): none more, none less;
* **marks**: what obliges, forbids, allows, excepts, limits (不得, 应当, 可以, 除外, 不超过 …): none more, none less.
  Neither may stand in a part of a sentence whose source has none such, so that no two change places;
* **names**: titles in 《》, Latin words;
* **words**: no word of matter that the source lacks, in its own form or in a citizen's word for it, and no part of a
  source sentence unmentioned: conditions stand in parts of their own (未经批准的，).

Refused wrongly costs a plainer wording; accepted wrongly misleads a citizen. What it cannot see: who does what to whom
where both stand in one part of a sentence, and a lie that is put together from the source's own words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import jieba
import yaml

from knowledge.errors import KnowledgeError
from knowledge.text import normalise
from knowledge.vocabulary import Vocabulary

PATH: Final = Path(__file__).with_name("rewording.yml")
LONGEST: Final = 1.6  # characters of a rewording for each of the source
_KEPT: Final = 0.5  # share of the characters of a part, or of a word, of the source that must come again
_HAN = re.compile(r"[\u3400-\u9fff]")
_SENTENCE_END = re.compile(r"[。；;！!？?\n]|……|\.{3,}")
_PART_END = re.compile(r"[，,：:、（）()]")
_NAME = re.compile(r"《[^》]*》|[a-z][a-z0-9./:@_-]*")
_DIGITS: Final = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS: Final = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = r"\d[\d,]*(?:\.\d+)?[万亿]?|[零〇一二两三四五六七八九十百千万亿]+"
_GRAMMAR: Final = frozenset(
    "的了在是就把被给到去来从对向和与跟及您你我他她它们这那有都也还再先等么呢吧啊请用让使为以于由如若则其之所者已会将便并而且"
    "该个些着过得地时候谁哪怎什做事很太自"
)  # characters that carry no matter: they neither count as kept nor as added
# What bears on one part of a sentence, and must not move to another. Not 应当: it is lawfully said again (还要).
_PLACED: Final = frozenset({"forbidden", "may", "need_not", "at_most", "at_least", "only"})
_ONCE_OR_OFTEN: Final = frozenset({"must", "may", "or", "each"})  # how often they are said does not matter


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two marks of punctuation: its figures and marks, and the rest, which is matter."""

    figures: tuple[str, ...]
    marks: tuple[str, ...]
    matter: str

    @property
    def bound(self) -> frozenset[str]:
        """What must not be said of anything else."""
        return frozenset(self.figures) | (_PLACED & frozenset(self.marks))


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    parts: tuple[Part, ...]

    @property
    def figures(self) -> Counter[str]:
        return Counter(figure for part in self.parts for figure in part.figures)

    @property
    def marks(self) -> Counter[str]:
        found = Counter(mark for part in self.parts for mark in part.marks)
        return Counter({mark: 1 if mark in _ONCE_OR_OFTEN else number for mark, number in found.items()})

    @property
    def matter(self) -> str:
        return "".join(part.matter for part in self.parts)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A sentence of the source and all that the rewording says of it."""

    source: str
    reworded: str


@dataclass(frozen=True, slots=True)
class Language:
    """`rewording.yml`, compiled."""

    whole: re.Pattern[str]
    marks: re.Pattern[str]
    mark_of: dict[str, str]
    units: dict[str, str]
    figure: re.Pattern[str]
    plain: frozenset[str]
    synonyms: dict[str, tuple[str, ...]]

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Language:
        """Raises KnowledgeError: the file lacks a part."""
        data: dict[str, Any] = yaml.safe_load(PATH.read_text(encoding="utf-8"))
        try:
            mark_of = {word: mark for mark, words in data["marks"].items() for word in words}
            units: dict[str, str] = data["units"]
            return cls(
                whole=_any_of(data["whole"]),
                marks=_any_of(mark_of),
                mark_of=mark_of,
                units=units,
                figure=re.compile(rf"百分之({_NUMERAL})|({_NUMERAL})(%|余?{_any_of(units).pattern})?"),
                plain=frozenset(data["plain"]),
                synonyms={word: tuple(others) for word, others in data["synonyms"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise KnowledgeError(f"{PATH.name} cannot be used: {error}") from error


def problem(source: str, reworded: str) -> str | None:
    """Why `reworded` may not be said for `source`; None: nothing speaks against it."""
    if not _HAN.search(reworded):
        return "empty"
    if len(reworded) > LONGEST * len(source) + 20:
        return "too long"
    language = Language.load()
    if Counter(_NAME.findall(normalise(source))).keys() != Counter(_NAME.findall(normalise(reworded))).keys():
        return "names differ"
    sources = _sentences(source, language)
    groups = _groups(sources, _sentences(reworded, language), language)
    for of_source, told in zip(sources, groups, strict=True):
        if not told:
            return "a sentence is missing"
        if (found := _compared(of_source, _joined(told), language)) is not None:
            return found
    return None


def pairings(source: str, reworded: str) -> list[Pairing]:
    """What is to be compared in meaning, for whoever has a model for that."""
    language = Language.load()
    sources = _sentences(source, language)
    groups = _groups(sources, _sentences(reworded, language), language)
    return [
        Pairing(of_source.text, "，".join(sentence.text for sentence in told))
        for of_source, told in zip(sources, groups, strict=True)
    ]


def _compared(source: Sentence, told: Sentence, language: Language) -> str | None:
    if source.figures != told.figures:
        return "figures differ"
    if source.marks != told.marks:
        return "obligations or limits differ"
    for part in told.parts:
        if part.bound and not any(_holds(origin, part, source) for origin in _origins(part, source, language)):
            return "figures or obligations changed places"
    if _added(told, source, language):
        return "a word of matter was added"
    words = _with_rules_words(told.matter, source.text, language)
    if any(_lost(part, words, language) for part in source.parts):
        return "something is missing"
    return None


def _holds(origin: Part, part: Part, source: Sentence) -> bool:
    """Whether all that `part` binds is bound there, and to the same words: 工作日 of another part would be a swap."""
    if not part.bound <= origin.bound:
        return False
    words = {word for word in jieba.lcut(part.matter) if len(word) > 1 and word in source.matter}
    return all(word in origin.matter for word in words)


def _origins(part: Part, source: Sentence, language: Language) -> list[Part]:
    """The parts of the source that share most with `part`, and all those together that it may have joined."""
    words = _with_rules_words(part.matter, source.text, language)
    shares = [len(_matter(origin.matter) & words) for origin in source.parts]
    alike = [origin for origin, share in zip(source.parts, shares, strict=True) if share == max(shares)]
    best = _matter(alike[0].matter)
    # a part that was joined with the best one is known by what the best one lacks (单位 beside 个人)
    beside = []
    for origin in source.parts:
        own = _matter(origin.matter) - best
        if 2 * len(own & words) > len(own):
            beside.append(origin)
    together = [alike[0], *beside]
    joined = Part(
        tuple(figure for origin in together for figure in origin.figures),
        tuple(mark for origin in together for mark in origin.marks),
        " ".join(origin.matter for origin in together),
    )
    return [*alike, joined]


def _groups(sources: Sequence[Sentence], told: Sequence[Sentence], language: Language) -> list[list[Sentence]]:
    """For each sentence of the source what the rewording says of it."""
    groups: list[list[Sentence]] = [[] for _ in sources]
    whole = "".join(source.text for source in sources)
    for sentence in told:
        words = _with_rules_words(sentence.matter, whole, language)
        shared = [_share(source.matter, words) + _share(sentence.matter, _matter(source.matter)) for source in sources]
        groups[max(range(len(sources)), key=shared.__getitem__)].append(sentence)
    return groups


def _joined(told: Sequence[Sentence]) -> Sentence:
    return Sentence("".join(s.text for s in told), tuple(part for sentence in told for part in sentence.parts))


def _lost(part: Part, words: frozenset[str], language: Language) -> bool:
    """Whether most of a part of the source, or a word of it (单位 of 单位和个人), is not among `words`."""
    told = (word for word in jieba.lcut(part.matter) if len(_matter(word)) > 0 and len(word) > 1)
    return _share(part.matter, words) < _KEPT or any(
        _share(word, words) < _KEPT for word in told if word not in language.plain
    )


def _added(told: Sentence, source: Sentence, language: Language) -> bool:
    """Whether a word of matter has neither its characters nor what a rule calls it in the source."""
    known = set(source.text)
    for words in (language.synonyms, Vocabulary.load().words):
        for word, others in words.items():
            if word in told.text and any(other in source.text for other in others):
                known.update(word)
    for part in told.parts:
        for word in jieba.lcut(part.matter):
            matter = _matter(word)
            if word not in language.plain and 2 * len(matter & known) < len(matter):
                return True
    return False


def _with_rules_words(matter: str, source: str, language: Language) -> frozenset[str]:
    """The characters of some words, and of what the source calls the same."""
    rules = (language.synonyms, Vocabulary.load().words)
    more = [other for words in rules for word, others in words.items() if word in matter for other in others]
    return _matter("".join((matter, *(other for other in more if other in source))))


def _share(matter: str, words: frozenset[str]) -> float:
    wanted = _matter(matter)
    return len(wanted & words) / len(wanted) if wanted else 1.0


def _matter(text: str) -> frozenset[str]:
    return frozenset(_HAN.findall(text)) - _GRAMMAR


def _sentences(text: str, language: Language) -> list[Sentence]:
    found = [piece.strip() for piece in _SENTENCE_END.split(normalise_lines(text))]
    return [
        Sentence(piece, tuple(_part(part, language) for part in _PART_END.split(piece) if _HAN.search(part)))
        for piece in found
        if _HAN.search(piece)
    ]


def normalise_lines(text: str) -> str:
    """`normalise`, but a line stays a sentence of its own."""
    return "\n".join(normalise(line) for line in text.split("\n"))


def _part(text: str, language: Language) -> Part:
    """Figures first, then marks; a word that only looks like a mark stays matter."""
    figures = tuple(_figures(text, language))
    rest = language.figure.sub(lambda found: "\0" if _is_figure(found) else found.group(), text)
    marks: list[str] = []
    matter: list[str] = []
    for piece in re.split(f"({language.whole.pattern})", rest):
        if language.whole.fullmatch(piece):
            matter.append(piece)
            continue
        marks += [language.mark_of[found.group()] for found in language.marks.finditer(piece)]
        matter.append(language.marks.sub("\0", piece))
    return Part(figures, tuple(marks), "".join(matter).replace("\0", " "))


def _figures(text: str, language: Language) -> Iterator[str]:
    for found in language.figure.finditer(text):
        if not _is_figure(found):
            continue
        percent, numeral, unit = found.groups()
        if percent is not None:
            yield f"{_value(percent):.12g}%"
        elif numeral.isdigit() and (len(numeral) > 6 or numeral.startswith("0")):
            yield numeral  # a telephone or document number: digits, not an amount
        else:
            written = (unit or "").removeprefix("余")
            yield f"{_value(numeral):.12g}{language.units.get(written, written)}"


def _is_figure(found: re.Match[str]) -> bool:
    """Not the 一 of 统一 or of 一个 as an article: a single numeral without a unit, or 一个 without a unit of time."""
    percent, numeral, unit = found.groups()
    if percent is not None or numeral[0].isdigit():
        return True
    if unit is None:
        return len(numeral) > 1 and any(character in _POWERS for character in numeral)
    return not (numeral == "一" and unit in ("个", "种"))


def _value(numeral: str) -> float:
    """Of Arabic or Chinese numerals, also mixed (5万)."""
    total = 0.0
    for power, factor in (("亿", 1e8), ("万", 1e4)):
        head, found, tail = numeral.rpartition(power)
        if found:
            total, numeral = total + (_value(head) if head else 1.0) * factor, tail
    if not numeral:
        return total
    if numeral[0].isdigit():
        return total + float(numeral.replace(",", ""))
    section, digit = 0, 0
    for character in numeral:
        if character in _POWERS:
            section, digit = section + (digit or 1) * _POWERS[character], 0
        else:
            digit = digit * 10 + _DIGITS[character] if character in _DIGITS else digit
    return total + section + digit


def _any_of(words: Any) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)))
