"""How a text sounds, syllable by syllable, each with its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from base.pinyin import syllables

HANZI: Final = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class SoundedText:
    """Syllables of the Chinese characters of a text, with each one's offset; a break between runs is an offset gap."""

    sounds: tuple[str, ...]
    offsets: tuple[int, ...]


@lru_cache(maxsize=1024)
def sounded(text: str) -> SoundedText:
    sounds: list[str] = []
    offsets: list[int] = []
    for run in HANZI.finditer(text):
        row = syllables(run.group())
        sounds.extend(row)
        offsets.extend(min(run.start() + index, run.end() - 1) for index in range(len(row)))
    return SoundedText(tuple(sounds), tuple(offsets))
