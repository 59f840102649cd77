"""Words of danger that were written with other characters of the same sound: 有人要条楼 -> 有人要跳楼.

A recogniser writes them so, and so does a hasty typist with a pinyin keyboard. Only words of three syllables and more
are put back: shorter ones say something else too often (条楼道, 找活, 猫眼, 留学, 运到, 就明天), and a few longer ones
as well (没气味, 楼没气).
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Final

from base.pinyin import syllables
from bot.entities.sounded_text import sounded

WORDS: Final = (
    *("要跳楼", "不想活", "安眠药", "喝农药", "百草枯"),
    *("救命啊", "被困在"),
    *("着火了", "着起来", "冒黑烟", "冒浓烟", "爆炸了"),
    *("煤气泄漏", "煤气中毒", "燃气泄漏"),
    *("没呼吸", "喘不上气", "口吐白沫", "大出血", "脑出血"),
)


@lru_cache(maxsize=1)
def _by_first_syllable() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    found = defaultdict(list)
    for word in sorted(WORDS, key=len, reverse=True):
        sounds = tuple(syllables(word))
        found[sounds[0]].append((sounds, word))
    return dict(found)


def as_meant(text: str) -> str:
    """`text` with those words in their own characters; of the same length."""
    words = _by_first_syllable()
    heard = sounded(text)
    written = list(text)
    for index, first in enumerate(heard.sounds):
        for sounds, word in words.get(first, ()):
            end = index + len(sounds)
            if heard.sounds[index:end] != sounds:
                continue
            start = heard.offsets[index]
            if heard.offsets[end - 1] - start == len(word) - 1:  # no punctuation within
                written[start : start + len(word)] = word
                break
    return "".join(written)
