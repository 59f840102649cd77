"""Text into terms: pure functions shared by documents and queries, so that both are cut the same way.

A term is a 64-bit code: the two lowest bits of its top byte tell its kind (character, pair of characters, word or
Latin-and-digit run), which lets one sparse matrix hold all kinds and weigh them differently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Owners = npt.NDArray[np.int32]

KIND_SHIFT: Final = 60
CHARACTER, PAIR, WORD = 0, 1, 2
_MASK: Final = (1 << KIND_SHIFT) - 1
_RUN = re.compile(r"[a-z0-9]+")
HAN_START: Final = 0x3400
HAN_END: Final = 0x9FFF


def normalise(text: str) -> str:
    """Full-width to half-width, lower case, control characters to blanks."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("\n", " ")
    if folded.isprintable():  # nearly always, and many times faster than looking at each character
        return folded
    return "".join(" " if unicodedata.category(character).startswith("C") else character for character in folded)


def word_code(word: str, kind: int = WORD) -> int:
    """A stable code of a word: the same in every process and every start."""
    digest = int.from_bytes(blake2b(word.encode("utf-8"), digest_size=8).digest(), "little")
    return (kind << KIND_SHIFT) | (digest & _MASK)


def kinds_of(codes: Codes) -> npt.NDArray[np.int64]:
    return codes >> KIND_SHIFT


def character_terms(texts: Sequence[str]) -> tuple[Codes, Owners]:
    """Characters and pairs of neighbouring Chinese characters, plus Latin-and-digit runs as one word each.

    Returns the codes and, beside each, the position of the text that it comes from.
    """
    joined = "\n".join(texts)
    points = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
    lengths = np.array([len(text) + 1 for text in texts], dtype=np.int64)
    lengths[-1:] -= 1
    owners = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    han = (points >= HAN_START) & (points <= HAN_END)
    pair = han[:-1] & han[1:] if len(points) else np.zeros(0, dtype=bool)
    pairs = (PAIR << KIND_SHIFT) | (points[:-1][pair] << 20) | points[1:][pair]
    codes: list[Codes] = [points[han], pairs]
    owned: list[Owners] = [owners[han], owners[:-1][pair]]
    runs = [(word_code(match.group()), match.start()) for match in _RUN.finditer(joined)]
    if runs:
        codes.append(np.array([code for code, _ in runs], dtype=np.int64))
        owned.append(owners[np.array([start for _, start in runs])])
    return np.concatenate(codes), np.concatenate(owned).astype(np.int32)
