"""Turns in which no word was recognised: when the phone asks again by itself, and when the dialogue is told. Pure.

Long speech without a word, twice running, is the dialogue's matter: it tries another way, then finds a person. A short
answer to a yes or no ("不用") is asked for again twice before that. Any other short sound may as well be a cough.
"""

from __future__ import annotations

from typing import Final

from telephony.turn_taking import Patience

UNHEARD_SECONDS: Final = 1.2  # of voice: shorter is a cough, a door, a word to somebody else
UNHEARD_IN_A_ROW: Final = 2
ASKED_AGAIN: Final = 2  # times running; then the dialogue has to do something about it
NOT_HEARD_SECONDS: Final = 0.5  # a sound this long in which nothing was recognised is asked about


class UnheardTurns:
    """One call. What is returned is the `unrecognised` that the dialogue is told (`docs/internals.md`); 0: not yet."""

    def __init__(self) -> None:
        self._long = 0  # turns running with long speech in which no words were found
        self._asked_again = 0  # times running that a short answer was asked for again

    def words(self) -> None:
        """Words were recognised: whatever was not understood before counts no more."""
        self._long = self._asked_again = 0

    def speech(self, voiced_seconds: float) -> int:
        """Voice without a word, said to the bot and not into what it said."""
        if voiced_seconds < UNHEARD_SECONDS:
            return 0
        self._long += 1
        return self._long if self._long >= UNHEARD_IN_A_ROW else 0

    def answer(self, patience: Patience) -> int:
        """Where the caller would now be asked to say it again, after a question of this patience."""
        if patience != "yes_no":
            return 0
        self._asked_again += 1
        return ASKED_AGAIN if self._asked_again > ASKED_AGAIN else 0
