"""How likely a row of Chinese characters is as words: the most likely way of cutting it up, by jieba's frequencies.

A recogniser that hears a homophone writes words that hardly anyone says; among its own alternatives the one made of
common words is more often right. Nothing is ever proposed that the recogniser did not hear itself.

Words of up to four characters (BMP) are kept as 64-bit numbers in a sorted array: 4 MB instead of jieba's 100. Pure.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from asr_models.recogniser import RecogniserError

LONGEST_WORD: Final = 4
REMEMBERED: Final = 1_024
"""Look-ups whose answer is kept: a decoder's alternatives for one utterance are nearly the same text."""
_UNKNOWN_COUNT: Final = 0.5  # of a single character that is no word of the dictionary


class WordFrequencies:
    """Counts of words; a word's likelihood is its share of all."""

    def __init__(self, counts: Iterable[tuple[str, float]]) -> None:
        """Words that are longer than four characters, or have others than those of the BMP, are left out."""
        known = {word: count for word, count in counts if is_kept(word) and count > 0}
        total = sum(known.values()) or 1.0
        keys = packed(code_points(list(known)))
        order = np.argsort(keys)
        self._keys: npt.NDArray[np.uint64] = keys[order]
        values = np.fromiter(known.values(), np.float64, len(known))[order]
        self._log_shares: npt.NDArray[np.float32] = np.log(values / total).astype(np.float32)
        self._unknown = float(np.log(_UNKNOWN_COUNT / total))
        self._remembered = lru_cache(REMEMBERED)(self._look_up)

    def __len__(self) -> int:
        return len(self._keys)

    def log_probability(self, text: str) -> float:
        """Of the most likely cut of its Chinese characters into words, in nats; all other characters count nothing."""
        characters = [character for character in text if is_chinese(character)]
        best = [0.0]
        for end in range(1, len(characters) + 1):
            starts = range(max(0, end - LONGEST_WORD), end)
            best.append(max(best[start] + self.of("".join(characters[start:end])) for start in starts))
        return best[-1]

    def of(self, word: str) -> float:
        """Log share of one word; of a row of characters that is no word minus infinity."""
        return self._remembered(word)

    def _look_up(self, word: str) -> float:
        key = np.uint64(packed_row(map(ord, word)))
        at = int(np.searchsorted(self._keys, key))
        if at < len(self._keys) and self._keys[at] == key:
            return float(self._log_shares[at])
        return self._unknown if len(word) == 1 else -np.inf


def jieba_counts() -> list[tuple[str, float]]:
    """The dictionary that comes with jieba (MIT): words and how often they were counted.

    Raises:
        RecogniserError: it cannot be read.
    """
    try:
        lines = importlib.resources.files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, ModuleNotFoundError) as error:
        raise RecogniserError(f"jieba's dictionary cannot be read: {error}") from error
    return [(parts[0], float(parts[1])) for line in lines if len(parts := line.split(" ")) >= 2]


def is_chinese(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def is_kept(word: str) -> bool:
    """Whether a word takes part at all."""
    return 1 <= len(word) <= LONGEST_WORD and min(word) >= "\u4e00" and max(word) <= "\u9fff"


def code_points(words: Sequence[str]) -> npt.NDArray[np.uint16]:
    """(words, 4): the characters of each, zeros in front of the shorter ones."""
    filled = "".join(word.rjust(LONGEST_WORD, "\0") for word in words)
    return np.frombuffer(filled.encode("utf-16-le"), "<u2").reshape(-1, LONGEST_WORD)


def packed(codes: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint64]:
    """Four numbers a row as one."""
    rows = np.zeros(len(codes), np.uint64)
    for column in range(codes.shape[1]):
        rows = np.bitwise_or(np.left_shift(rows, np.uint64(16)), codes[:, column].astype(np.uint64))
    return rows


def packed_row(codes: Iterable[int]) -> int:
    """`packed` for a single row, which is quicker without arrays."""
    row = 0
    for code in codes:
        row = row << 16 | code
    return row
