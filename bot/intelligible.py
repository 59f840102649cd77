"""Was that Mandarin that we understand? Signs of a dialect or another language in what was recognised. Pure.

The recogniser writes something in Chinese characters whatever it hears. What tells foreign speech from Mandarin is how
unsure it was, how few syllables it made of long voiced speech, syllables that go round in circles, and letters of other
scripts. Measured on 120 telephone clips of read Mandarin (no alarm) and on the same played backwards; most of those
give no words at all, which the phone tells as `unrecognised`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_CHARACTER: Final = re.compile(r"[\u4e00-\u9fff]|\d")
_SYLLABLE: Final = re.compile(r"[\u4e00-\u9fff]")
_OTHER_SCRIPT: Final = re.compile(
    r"[\u0370-\u03ff\u0400-\u04ff\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\uac00-\ud7af]"
)
_LATIN_WORD: Final = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
_LONG_SECONDS: Final = 1.2  # of voice: shorter sounds tell nothing about the language
_UNSURE: Final = 0.35  # the recogniser's mean token probability; telephone Mandarin has 0.41 and more
_DOUBTFUL: Final = 0.60
_FEW_CHARACTERS_A_SECOND: Final = 2.0  # Mandarin has 3 to 6 syllables a voiced second
_LOOP: Final = 0.5  # distinct characters of all: below it the recogniser goes round in circles
_LOOP_CHARACTERS: Final = 7


@dataclass(frozen=True, slots=True)
class Heard:
    """What the phone tells of a turn: the recogniser's confidence 0..1 and the seconds of voice in it.

    `unrecognised`: so many turns running held voice in which no words were found, this one included.
    """

    confidence: float | None = None
    voiced_seconds: float = 0.0
    unrecognised: int = 0


def unintelligible(text: str, heard: Heard) -> bool:
    """Whether the turn is most likely no Mandarin that the recogniser knows."""
    if _OTHER_SCRIPT.search(text):
        return True
    if heard.confidence is None or heard.voiced_seconds < _LONG_SECONDS:
        return False
    characters = len(_CHARACTER.findall(text))
    latin = sum(len(word) for word in _LATIN_WORD.findall(text))
    if latin > 2 * characters and heard.confidence < 0.6:
        return True
    sparse = characters / heard.voiced_seconds < _FEW_CHARACTERS_A_SECOND
    return heard.confidence < _UNSURE or ((sparse or _goes_round(text)) and heard.confidence < _DOUBTFUL)


def _goes_round(text: str) -> bool:
    """The same few syllables over and over; digits may repeat."""
    syllables = _SYLLABLE.findall(text)
    return len(syllables) >= _LOOP_CHARACTERS and len(set(syllables)) <= _LOOP * len(syllables)
