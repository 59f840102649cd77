"""What Whisper says where nobody spoke, and how it is told from speech. Pure.

Whisper was trained on subtitles: on noise, music or silence it writes a likely sentence, often a subtitle credit. No
list of phrases can hold them all. What they have in common is that the sound does not support them: the decoder finds
them about as likely after pure silence. So the measure is the *support*: how much likelier (mean log probability a
token, in nats) the audio makes the text than silence does. Speech has 4 and more; noise, tones and music 0 to 1.7.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

_REPEATS: Final = re.compile(r"(.{1,12}?)\1{3,}")
_NUMERALS: Final = frozenset("零一二三四五六七八九幺两0123456789")
_SUSPECT_NO_SPEECH: Final = 0.5
_SUSPECT_LOG_PROBABILITY: Final = -0.9
_MINIMUM_SUPPORT: Final = 2.0
_HOPELESS_LOG_PROBABILITY: Final = -2.6
_MAXIMUM_SYLLABLES_A_SECOND: Final = 12.0
_HURRIED_SYLLABLES_A_SECOND: Final = 6.0  # people who say a thing twice do not say it twice as fast
_SHORTEST_REPETITION: Final = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one decoded piece. `log_probability`: mean over tokens; `loud_seconds`: audio above the background."""

    text: str
    log_probability: float
    no_speech_probability: float
    loud_seconds: float


def is_suspect(evidence: Evidence) -> bool:
    """Worth the price of measuring the support (a tenth of a decode)."""
    return (
        evidence.no_speech_probability > _SUSPECT_NO_SPEECH
        or evidence.log_probability < _SUSPECT_LOG_PROBABILITY
        or too_fast(evidence)
        or repeats(evidence.text)
    )


def is_hallucination(evidence: Evidence, support: float) -> bool:
    """`support` in nats a token, see above."""
    return support < _MINIMUM_SUPPORT or evidence.log_probability < _HOPELESS_LOG_PROBABILITY or too_fast(evidence)


def too_fast(evidence: Evidence) -> bool:
    """More syllables than anyone can say in the loud part of the audio."""
    syllables = sum(1 for character in evidence.text if "一" <= character <= "鿿" or character.isdigit())
    return syllables > 3 and syllables > _MAXIMUM_SYLLABLES_A_SECOND * max(evidence.loud_seconds, 0.1)


def repeats(text: str) -> bool:
    """A unit said four times or more in a row; numerals may repeat, people have such telephone numbers."""
    return any(not _is_number(match) for match in _REPEATS.finditer(text))


def collapse(text: str, loud_seconds: float) -> str:
    """A decoder's loop cut down to one round, also one that was broken off in its second."""
    text = _REPEATS.sub(lambda match: match.group() if _is_number(match) else match.group(1), text)
    if len(text) <= _HURRIED_SYLLABLES_A_SECOND * max(loud_seconds, 0.1):
        return text
    for period in range((len(text) + 1) // 2, len(text) - _SHORTEST_REPETITION + 1):
        if text.startswith(text[period:]) and not set(text) <= _NUMERALS:
            return text[:period]
    return text


def _is_number(match: re.Match[str]) -> bool:
    return set(match.group(1)) <= _NUMERALS


def confidence(log_probability: float, support: float | None) -> float:
    """0..1: the mean probability of a token, lowered where the audio supports the text weakly."""
    certain = math.exp(min(0.0, log_probability))
    return certain if support is None else certain * min(1.0, max(0.0, support / 4.0))
