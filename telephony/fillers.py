"""What is said while an answer is late: never the same words twice running. Pure."""

from __future__ import annotations

from typing import Final

from telephony.prompts import Prompt

_FIRST: Final = (Prompt.FILLER, Prompt.FILLER_MOMENT, Prompt.FILLER_LOOKING)
_LATER: Final = (Prompt.FILLER_AGAIN, Prompt.FILLER_STILL)


class Fillers:
    """One call. `number` counts within one wait, from 1."""

    def __init__(self) -> None:
        self._first = -1
        self._later = -1

    def next(self, number: int) -> Prompt:
        if number <= 1:
            self._first = (self._first + 1) % len(_FIRST)
            return _FIRST[self._first]
        self._later = (self._later + 1) % len(_LATER)
        return _LATER[self._later]
