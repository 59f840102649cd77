"""Normalised text to syllables with tones and breaks: polyphones by phrase, tone sandhi, letters, prosody. Pure.

Pinyin comes from pypinyin's phrase dictionary with our own corrections; words from jieba.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pypinyin import Style, lazy_pinyin, load_phrases_dict

from telephony.voice import polyphones
from telephony.voice.phrases import LETTERS, NO_ERHUA, PHRASES

Cutter = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Syllable:
    """`pinyin` without tone, ü as v; `tone` 1 to 5; `rhotic`: with a final r (花儿).

    `break_after`: 0 inside a word, 1 between words, 2 between phrases, 3 a pause.
    """

    pinyin: str
    tone: int
    break_after: int = 0
    rhotic: bool = False


_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_PIECES: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[A-Z]|[，。、？！；·]")
_DIGIT_CHARACTERS: Final = frozenset("零一二三四五六七八九幺点")
_NUMBER_CHARACTERS: Final = _DIGIT_CHARACTERS | frozenset("十百千万亿两")
_ORDINAL_AFTER_ONE: Final = frozenset("月日号楼层期等级中小段区流线审")
_ODD: Final = {"n": "en", "ng": "en", "m": "mu", "hm": "hen", "hng": "heng", "ê": "ei", "fiao": "fu", "cei": "cui"}
_LONGEST_PHRASE_SYLLABLES: Final = 7


@lru_cache(maxsize=1)
def _load_corrections() -> None:
    load_phrases_dict({phrase: [[reading] for reading in readings.split()] for phrase, readings in PHRASES.items()})


def syllables(normalised: str, cut: Cutter) -> list[Syllable]:
    """The syllables of a normalised text in order; `cut` splits a run of Chinese characters into words."""
    _load_corrections()
    result: list[Syllable] = []
    since_break = 0
    for match in _PIECES.finditer(normalised):
        piece = match.group()
        if piece in "，。、？！；·":
            if result:
                level = {"·": 2, "、": 2}.get(piece, 3)
                result[-1] = _with_break(result[-1], max(level, result[-1].break_after))
            since_break = 0
        elif _HAN.fullmatch(piece):
            spoken = _han(piece, cut, since_break)
            result.extend(spoken)
            since_break = len(spoken)
        else:
            said = LETTERS[piece].split()
            for index, reading in enumerate(said):
                result.append(Syllable(reading[:-1], int(reading[-1]), 1 if index == len(said) - 1 else 0))
            since_break += len(said)
    return result


def _with_break(syllable: Syllable, level: int) -> Syllable:
    return Syllable(syllable.pinyin, syllable.tone, level, syllable.rhotic)


def _han(text: str, cut: Cutter, since_break: int) -> list[Syllable]:
    readings = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
    words = _join_numbers(cut(text))
    tones = [int(reading[-1]) if reading[-1].isdigit() else 5 for reading in readings]
    bases = [reading.rstrip("12345") for reading in readings]
    polyphones.correct(text, words, bases, tones)
    _one_and_not(text, tones)
    _third_tones(words, tones)
    result: list[Syllable] = []
    position = 0
    for word in words:
        last = position + len(word) - 1
        since_break += len(word)
        for index in range(position, last + 1):
            if text[index] == "儿" and index == last and index > position and word not in NO_ERHUA and result:
                result[-1] = Syllable(result[-1].pinyin, result[-1].tone, 0, True)
                continue
            base = _ODD.get(bases[index], bases[index])
            if not base.isascii():
                continue  # a rare character that no dictionary reads
            result.append(Syllable(base, tones[index]))
        position = last + 1
        level = 1
        if since_break >= _LONGEST_PHRASE_SYLLABLES and position < len(text):
            level = 2
            since_break = 0
        if result:
            result[-1] = _with_break(result[-1], level)
    return result


def _join_numbers(words: list[str]) -> list[str]:
    """A number is one word, however the dictionary cuts it."""
    joined: list[str] = []
    for word in words:
        if joined and set(word) <= _NUMBER_CHARACTERS and set(joined[-1]) <= _NUMBER_CHARACTERS:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _one_and_not(text: str, tones: list[int]) -> None:
    """一 and 不 before a fourth tone take the second; 一 before the others the fourth; numbers keep the first."""
    for index, character in enumerate(text):
        if character not in "一不" or tones[index] == 5:
            continue
        before = text[index - 1] if index else ""
        behind = text[index + 1] if index + 1 < len(text) else ""
        after = tones[index + 1] if behind else 0
        if character == "不":
            tones[index] = 2 if after == 4 else 4
            continue
        tones[index] = 1
        if not behind or behind in _ORDINAL_AFTER_ONE or behind in _DIGIT_CHARACTERS - {"点"} or behind == "十":
            continue
        if before in _DIGIT_CHARACTERS or (before and before in "第十周期"):
            continue
        if before == behind:  # 看一看
            tones[index] = 5
        else:
            tones[index] = 2 if after == 4 else 4


def _third_tones(words: list[str], tones: list[int]) -> None:
    """Of two third tones that belong together the first takes the second tone."""
    position = 0
    starts = []
    for word in words:
        starts.append(position)
        if not set(word) <= _DIGIT_CHARACTERS:
            for index in range(position, position + len(word) - 1):
                if tones[index] == 3 and tones[index + 1] == 3:
                    tones[index] = 2
        position += len(word)
    for left, right in zip(range(len(words)), range(1, len(words)), strict=False):
        end, start = starts[right] - 1, starts[right]
        together = len(words[left]) == 1 or len(words[right]) == 1
        if together and tones[end] == 3 and tones[start] == 3:
            tones[end] = 2
