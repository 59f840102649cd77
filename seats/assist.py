"""What a seat is reminded of while it types, before it sends: a promised result, or personal data. Pure.

It is a hint and never stops anybody: whether a promise was meant, or a number is the citizen's own that is to be read
back, is the seat's to know. The rules of promises are data (`data/assist.yml`); numbers are told by their check digits
(GB 11643-1999 for identity cards, ISO/IEC 7812-1 for bank cards), so that an order number is not taken for a card.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from base.errors import ConfigurationError

DEFAULT_PATH: Final = Path(__file__).with_name("data") / "assist.yml"
Kind = Literal["promise", "id_number", "bank_card", "phone"]
_LISTS: Final = ("harmless", "certainty", "result", "moment", "coming", "pledge", "open", "theirs")

TEXTS: Final[Mapping[Kind, str]] = {
    "promise": "这句话像是在承诺办理结果。结果由承办单位决定，可以改说“我会登记并转承办单位，按规定的时限答复您”。",
    "id_number": "里面有身份证号码，请确认需要写出来。",
    "bank_card": "里面有银行卡号，请确认需要写出来。",
    "phone": "里面有手机号码，请确认是市民本人的，或需要写出来。",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """`begins`, `ends`: where in the text, in characters."""

    kind: Kind
    begins: int
    ends: int

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "begins": self.begins, "ends": self.ends, "text": TEXTS[self.kind]}


@dataclass(frozen=True, slots=True)
class Promises:
    """The compiled rules."""

    rules: Mapping[str, re.Pattern[str]]

    @classmethod
    def load(cls, path: Path = DEFAULT_PATH) -> Promises:
        """
        Raises:
            ConfigurationError: the file cannot be read, or a rule is no regular expression.
        """
        try:
            data: Mapping[str, Sequence[str]] = yaml.safe_load(path.read_text("utf-8"))["promise"]
            return cls({name: re.compile("|".join(f"(?:{one})" for one in data[name])) for name in _LISTS})
        except (OSError, yaml.YAMLError, re.error, TypeError, KeyError) as error:
            raise ConfigurationError(f"the rules {path.name} cannot be used: {error}") from error

    def promised(self, clause: str, *, asked: bool = False, assured: bool = False) -> bool:
        """Whether a clause promises a result. `asked`: a question mark follows it; `assured`: the clause before it in
        the same sentence is an assurance."""
        words = self.rules["harmless"].sub("", clause)
        if asked or self._left_open(words):
            return False
        if self._has("pledge", words):
            return True
        if not self._has("result", words):
            return False
        coming = self._has("coming", words) and (assured or self._has("moment", words))
        return coming or self._has("certainty", words)

    def assures(self, clause: str) -> bool:
        words = self.rules["harmless"].sub("", clause)
        return self._has("certainty", words) and not self._left_open(words)

    def _left_open(self, words: str) -> bool:
        return self._has("open", words) or self._has("theirs", words)

    def _has(self, rule: str, words: str) -> bool:
        return self.rules[rule].search(words) is not None


@cache
def default() -> Promises:
    return Promises.load()


_CLAUSE: Final = re.compile(r"[^，,。.！!？?；;\n]+")
_NUMBER: Final = re.compile(r"(?<![\dA-Za-z])\d(?:[ -]?\d){9,18}[Xx]?(?![\dA-Za-z])")
_MOBILE: Final = re.compile(r"(?:86)?1[3-9]\d{9}")


def hints(text: str, rules: Promises | None = None) -> list[Hint]:
    """In the order of the text; each clause and each number once."""
    return sorted([*_promises(text, rules or default()), *_numbers(text)], key=lambda hint: hint.begins)


def _promises(text: str, rules: Promises) -> Iterator[Hint]:
    assured = False
    for clause in _CLAUSE.finditer(text):
        follows, words = text[clause.end() : clause.end() + 1], clause.group().strip()
        asked = follows in ("？", "?")
        if rules.promised(words, asked=asked, assured=assured):
            yield Hint("promise", clause.start(), clause.end())
        assured = follows in ("，", ",") and rules.assures(words)


def _numbers(text: str) -> Iterator[Hint]:
    for found in _NUMBER.finditer(text):
        digits = re.sub(r"[ -]", "", found.group()).upper()
        kind = _kind(digits)
        if kind is not None:
            yield Hint(kind, found.start(), found.end())


def _kind(digits: str) -> Kind | None:
    if is_id_number(digits):
        return "id_number"
    if _MOBILE.fullmatch(digits):
        return "phone"
    return "bank_card" if is_bank_card(digits) else None


def is_id_number(digits: str) -> bool:
    """An identity card's number: its day of birth is a day, and its check character agrees (GB 11643, mod 11-2)."""
    if re.fullmatch(r"[1-9]\d{16}[\dX]", digits) is None:
        return False
    try:
        date(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
    except ValueError:
        return False
    weighted = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(digits[:17]))
    return "10X98765432"[weighted % 11] == digits[17]


def is_bank_card(digits: str) -> bool:
    """16 to 19 digits of a payment card (the first digit is 3 to 6) whose last one is the check digit (Luhn)."""
    if re.fullmatch(r"[3-6]\d{15,18}", digits) is None:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
