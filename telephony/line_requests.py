"""What a caller asks about the talk, read by the phone itself: only while the core is away. Pure.

The core reads many more wordings; here it is enough that nobody who cannot follow is left with a system that is
"being restored".
"""

from __future__ import annotations

import re
from typing import Final, Literal

Request = Literal["repeat", "slower", "louder", "wait"]

_LONGEST_CHARACTERS: Final = 16
_PUNCTUATION: Final = re.compile(r"[\s，。！？、,.!?…~～]+")
_WAIT: Final = re.compile(
    r"^[你您先请]*(?:稍)?等(?:一下|一会儿?|会儿?|等|我)|^稍等|先别挂|^我[找看想](?:一下|[找看想])"
)
_LOUDER: Final = re.compile(
    r"大(?:一)?点儿?声|大声|声音?(?:太|有点儿?)?[小低]|声音?(?:再)?大(?:一)?[点些]|听不[见到着]"
)
_SLOWER: Final = re.compile(r"慢(?:一)?[点些]|太快|慢慢说|放慢")
_REPEAT: Final = re.compile(
    r"再[说讲念来](?:一)?[遍次下]|重复|没听[清见到懂]|听不[清懂]|[你您]说(?:什么|啥)|说的(?:什么|啥)"
)
_PATTERNS: Final[tuple[tuple[Request, re.Pattern[str]], ...]] = (
    ("wait", _WAIT),
    ("louder", _LOUDER),
    ("slower", _SLOWER),
    ("repeat", _REPEAT),
)


def asked(text: str) -> Request | None:
    """The request of a short turn, or None."""
    words = _PUNCTUATION.sub("", text)
    if len(words) > _LONGEST_CHARACTERS:
        return None
    return next((request for request, pattern in _PATTERNS if pattern.search(words)), None)
