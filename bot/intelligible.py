"""Was that Mandarin that we understand? Signs of a dialect or another language in what was recognised. Pure.

The recogniser writes something in Chinese characters whatever it hears. What tells foreign speech from Mandarin is how
unsure it was, how few syllables it made of long voiced speech, and letters of other scripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_CHARACTER: Final = re.compile(r"[\u4e00-\u9fff]|\d")
_OTHER_SCRIPT: Final = re.compile(
    r"[\u0370-\u03ff\u0400-\u04ff\u0590-\u06ff\u0900-\u0dff\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\uac00-\ud7af]"
)
_LATIN_WORD: Final = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
_LONG_SECONDS: Final = 1.2  # of voice: shorter sounds tell nothing about the language
_UNSURE: Final = 0.30  # the recogniser's mean token probability, measured on our own speech played backwards
_DOUBTFUL: Final = 0.42
_FEW_CHARACTERS_A_SECOND: Final = 1.6  # Mandarin has 3 to 6 syllables a voiced second


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
    return heard.confidence < _UNSURE or (sparse and heard.confidence < _DOUBTFUL)
