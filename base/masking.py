"""Personal data never reaches a log, a metric or an error text unmasked.

`Masked` wraps a value that only the store and the seat's screen may open; `mask_text` cleans free text on its way
into a log line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = re.compile(r"(?<!\d)(\d[\d\s-]{5,}\d)(?!\d)")
_CHINESE_DIGITS = re.compile(r"[零〇一二三四五六七八九幺两]{7,}")
_ID_TAIL = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


def mask_number(value: str) -> str:
    """`13900001234` -> `139****1234`; anything shorter than seven characters is hidden whole."""
    digits = re.sub(r"\D", "", value)
    if len(digits) < 7:
        return "*" * len(value)
    return f"{digits[:3]}{'*' * (len(digits) - 7)}{digits[-4:]}"


def mask_text(text: str) -> str:
    """Free text with long digit groups (also spelt out), identity numbers and mail addresses masked."""
    text = _EMAIL.sub("***@***", text)
    text = _ID_TAIL.sub(lambda match: match.group()[:3] + "*" * 15, text)
    text = _DIGITS.sub(lambda match: mask_number(match.group()), text)
    return _CHINESE_DIGITS.sub(lambda match: "*" * len(match.group()), text)


@dataclass(frozen=True, slots=True)
class Masked:
    """A piece of personal data. `str()`, `repr()` and formatting show it masked; `reveal()` opens it."""

    _value: str

    def reveal(self) -> str:
        return self._value

    def __str__(self) -> str:
        return mask_number(self._value) if re.search(r"\d{6}", self._value) else self._value[:1] + "**"

    def __repr__(self) -> str:
        return f"Masked({self!s})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._value)
