"""Words that sound alike: the same syllables, tones left out.

Whisper hears sounds well and spells them badly: 绿化代 for 绿化带. A text is read anew as the most likely row of words
with its sounds, where every character that changes costs something. Only general words take part, those of jieba's
dictionary, never those of a knowledge base; and as the sounds stay, whoever looks for a name or a place by sound finds
it as before. Numbers are left as they are. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from pypinyin.pinyin_dict import pinyin_dict

from asr_models.word_frequencies import (
    LONGEST_WORD,
    REMEMBERED,
    WordFrequencies,
    code_points,
    is_chinese,
    is_kept,
    packed,
    packed_row,
)
from base.pinyin import toneless

CHANGE_COST: Final = 5.0
"""Nats for each changed character; anything from 3.5 to 5 was good on the choosing speaker, lower spoils good text."""
_RAREST_COUNT: Final = 3
_MOST: Final = 4  # of the words that sound alike only the commonest
_NUMERALS: Final = frozenset("零一二三四五六七八九十百千万亿两幺〇")


class Homophones:
    """Words of two to four characters, by their sounds."""

    def __init__(self, counts: Iterable[tuple[str, float]]) -> None:
        self._sounds = _sounds_of_characters()
        words = [(word, count) for word, count in counts if len(word) > 1 and is_kept(word) and count >= _RAREST_COUNT]
        keys = self._keys_of([word for word, _ in words])
        values = np.fromiter((count for _, count in words), np.float64, len(words))
        order = np.lexsort((-values, keys))
        self._keys: npt.NDArray[np.uint64] = keys[order]
        self._words = np.array([word for word, _ in words], dtype=f"<U{LONGEST_WORD}")[order]
        self._remembered = lru_cache(REMEMBERED)(self._look_up)

    def of(self, word: str) -> list[str]:
        """The commonest other words with the sounds of `word`."""
        return list(self._remembered(word))

    def _look_up(self, word: str) -> tuple[str, ...]:
        sounds = [int(self._sounds[ord(character)]) for character in word] if is_kept(word) else []
        if _NUMERALS & set(word) or not sounds or not all(sounds):
            return ()
        key = np.uint64(packed_row(sounds))
        first = int(np.searchsorted(self._keys, key))
        last = int(np.searchsorted(self._keys, key, side="right"))
        found = map(str, self._words[first : min(last, first + _MOST)])
        return tuple(other for other in found if other != word)

    def _keys_of(self, words: Sequence[str]) -> npt.NDArray[np.uint64]:
        """The sounds of each word as one number; 0 where one of its characters has none."""
        codes = code_points(words)
        sounds = self._sounds[codes]
        silent = ((sounds == 0) & (codes != 0)).any(axis=1)
        return np.where(silent, np.uint64(0), packed(sounds))


def read(text: str, frequencies: WordFrequencies, homophones: Homophones) -> tuple[float, str]:
    """The likelihood (nats) of the most likely reading of `text`, changes paid for, and that reading; what is no
    Chinese character stays where it is and counts nothing."""
    places = [place for place, character in enumerate(text) if is_chinese(character)]
    characters = [text[place] for place in places]
    best: list[tuple[float, str]] = [(0.0, "")]
    for end in range(1, len(characters) + 1):
        ways: list[tuple[float, str]] = []
        for start in range(max(0, end - LONGEST_WORD), end):
            likelihood, before = best[start]
            own = "".join(characters[start:end])
            ways.append((likelihood + frequencies.of(own), before + own))
            for word in homophones.of(own) if len(own) > 1 else ():
                changed = sum(one != other for one, other in zip(word, own, strict=True))
                ways.append((likelihood + frequencies.of(word) - CHANGE_COST * changed, before + word))
        best.append(max(ways, key=lambda way: way[0]))
    likelihood, reading = best[-1]
    written = list(text)
    for place, character in zip(places, reading, strict=True):
        written[place] = character
    return likelihood, "".join(written)


def _sounds_of_characters() -> npt.NDArray[np.uint16]:
    """By code point: the number of a character's commonest toneless syllable, from 1; 0 for what has none."""
    syllables: dict[str, int] = {}
    sounds = np.zeros(0xA000, np.uint16)
    readings: dict[int, str] = pinyin_dict
    for point, spelled in readings.items():
        if 0x4E00 <= point < len(sounds):
            sounds[point] = syllables.setdefault(toneless(spelled.split(",")[0]), len(syllables) + 1)
    return sounds
