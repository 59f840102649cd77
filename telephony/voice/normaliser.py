"""Written Chinese to what is said aloud: numbers, dates, money, telephone numbers, letters, signs. Pure.

The result holds Chinese characters, capital Latin letters (each to be spelled), the marks ，。、？！； and
`LIGHT_BREAK`, nothing else. Rules run in order, each turns what it knows into characters that no later rule touches:
what names a thing (an address, a document, a telephone number) goes before what counts something.
"""

from __future__ import annotations

import html
from typing import Final

from telephony.voice import dates, identifiers, layout, quantities, signs
from telephony.voice.rule import LIGHT_BREAK, Rule

__all__ = ["LIGHT_BREAK", "NORMALISER_VERSION", "normalise"]

NORMALISER_VERSION: Final = "3"
"""Counted up with every change of what is said: audio of an older version is then not used any more."""

_RULES: Final[tuple[Rule, ...]] = (
    *identifiers.MASKED,
    *layout.BEFORE,
    *identifiers.ADDRESSES,
    *identifiers.DOCUMENTS,
    *dates.RULES,
    *identifiers.NUMBERS,
    *quantities.WITH_SIGNS,
    *identifiers.CODES,
    *quantities.PLAIN,
    *layout.AFTER,
)


def normalise(text: str) -> str:
    """What is said for this text; empty where nothing in it can be said."""
    text = signs.unify(html.unescape(text) if "&" in text else text)
    for pattern, say in _RULES:
        text = pattern.sub(say, text)
    return text
