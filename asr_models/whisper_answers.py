"""A word or two where a yes or no was asked for: a second reading in which nothing but such answers can come out, and
when to trust it.

"行" and "有" are a fifth of a second of sound. Read freely they become "请" or nothing at all. The second reading is
taken when the sound supports it well, and better than what was read freely. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from asr_models.word_frequencies import is_chinese

_ALL: Final = (
    "是 是的 是啊 对 对的 对啊 没错 好 好的 好吧 可以 行 行的 嗯 要 要的 需要 有 有的 能 同意 愿意 满意 很满意 "
    "比较满意 解决了 保密 公开 确认 不是 不是的 不对 不好 不行 不用 不用了 不要 不要了 不需要 没有 没有了 没了 "
    "不能 不同意 不愿意 不满意 没解决 没有解决 不保密 不公开 不确认 算了 就这些 说完了 不知道"
)
ANSWERS: Final = frozenset(_ALL.split())
WRITABLE: Final = ANSWERS | set("".join(ANSWERS))
"""What the second reading may be made of: the answers as the tokenizer cuts them, and their characters."""

LONGEST_SECONDS: Final = 1.6  # of loud sound; whoever speaks longer says more than an answer
_LONGEST_CHARACTERS: Final = 5  # of the free reading
_DOUBTFUL_LOG_PROBABILITY: Final = -0.9  # of an answer that was freely read: as in whisper_guards
_WORST_LOG_PROBABILITY: Final = -0.75
"""Nats a token. Chosen on 110 synthetic answers and 82 other short utterances by telephone: 80 answers were
understood without the second reading, 92 with it; at -1.1 two of the others became answers."""


def is_worth_reading(free: str, free_log_probability: float, loud_seconds: float) -> bool:
    """Whether the words as freely read may be a misheard answer."""
    said = _said(free)
    if loud_seconds > LONGEST_SECONDS or len(said) > _LONGEST_CHARACTERS:
        return False
    return said not in ANSWERS or free_log_probability < _DOUBTFUL_LOG_PROBABILITY


def chosen(read: Iterable[tuple[str, float]], free_log_probability: float) -> int | None:
    """Which of the second readings (text and mean log probability of a token, the likeliest first) was said; None: what
    was freely read stays."""
    for place, (text, log_probability) in enumerate(read):
        if _said(text) in ANSWERS:
            trusted = log_probability > max(_WORST_LOG_PROBABILITY, free_log_probability)
            return place if trusted else None
    return None


def _said(text: str) -> str:
    return "".join(filter(is_chinese, text))
