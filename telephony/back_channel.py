"""Sounds by which a listener says "go on": no turns while the other is in the middle of an answer. Pure."""

from __future__ import annotations

import re
from typing import Final

_PUNCTUATION: Final = re.compile(r"[\s，。！？、,.!?…~～]+")
_BACK_CHANNEL: Final = re.compile(
    r"(?:[嗯恩哦噢喔啊呃额唔哎诶欸哼]|好[的吧]?|对[的吧]?|是的?|行|知道了?|明白了?|谢谢你?)+"
)
LONGEST_CHARACTERS: Final = 6


def is_back_channel(text: str) -> bool:
    """`嗯嗯`, `好的好的`, `哦`: yes. `好的我知道了再见`, `不对`: no (too long, or it says something)."""
    words = _PUNCTUATION.sub("", text)
    return bool(words) and len(words) <= LONGEST_CHARACTERS and _BACK_CHANNEL.fullmatch(words) is not None
