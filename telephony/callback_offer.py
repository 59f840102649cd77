"""Choosing a call-back: `1` or 回电 wants it, the number is confirmed or keyed in, `#` or 对 makes it so. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from telephony.callback_words import understood
from telephony.dtmf import DigitCollector, DigitEvent, PersonWanted

WANTED_KEY: Final = "1"
CONFIRM_KEY: Final = "#"
CHOICE_SECONDS: Final = (
    20.0  # reading the number back takes half of it; without a key or a word the caller goes on waiting
)
_ASKED_AGAIN: Final = 2  # times: whatever else sounds near this caller shall not be asked for ever
_NUMBER: Final = re.compile(r"1[3-9]\d{9}|0\d{9,11}|[2-9]\d{6,7}")  # mobile; fixed with area code; fixed, local

Step = Literal["offered", "confirming", "entering", "accepted"]


def is_number(digits: str) -> bool:
    """A telephone number that can be called back: mobile, or fixed with or without its area code."""
    return _NUMBER.fullmatch(digits) is not None


@dataclass(frozen=True, slots=True)
class AskConfirmation:
    """Is this the number to call?"""

    number: str


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """What was said to the number that was read back is no answer."""


@dataclass(frozen=True, slots=True)
class AskNumber:
    """`again`: what was keyed in is no telephone number."""

    again: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """This number is to be called back."""

    number: str


@dataclass(frozen=True, slots=True)
class ChoiceLapsed:
    """Nothing more was pressed or said, or it is not wanted any more: the caller goes on waiting."""


OfferEvent = AskConfirmation | NotUnderstood | AskNumber | Accepted | ChoiceLapsed | PersonWanted


class CallBackOffer:
    """One caller. Keys come debounced. A `0` that belongs to no number means a person, here too."""

    def __init__(self, caller_number: str) -> None:
        """`caller_number` empty or odd: the caller must key one in."""
        self._number = caller_number if is_number(caller_number) else ""
        self._digits = DigitCollector()
        self._last_sign = 0.0  # key or word
        self._not_understood = 0
        self.step: Step = "offered"

    @property
    def choosing(self) -> bool:
        return self.step in ("confirming", "entering")

    def press(self, key: str, now: float) -> OfferEvent | None:
        self._last_sign = now
        if self.step == "accepted":
            return None
        if self.step == "offered":
            return PersonWanted() if key == "0" else self._begin() if key == WANTED_KEY else None
        if self.step == "confirming" and key == CONFIRM_KEY and not self._digits.collecting:
            return self._accept()
        return self._entered(self._digits.press(key, now, number_asked=True))

    def hear(self, text: str, now: float) -> OfferEvent | None:
        """What was recognised after the offer, or after the number was read back. Numbers are keyed in only."""
        answer = understood(text)
        if self.step in ("entering", "accepted") or (answer is None and self.step == "offered"):
            return None
        self._last_sign = now
        if answer is None:
            self._not_understood += 1
            return NotUnderstood() if self._not_understood <= _ASKED_AGAIN else None
        if answer == "person":
            return PersonWanted()
        if self.step == "offered":
            return self._begin() if answer == "call_back" else None
        if answer == "no":
            self.step = "entering"
            return AskNumber()
        return self._accept()

    def tick(self, now: float) -> OfferEvent | None:
        if not self.choosing:
            return None
        if (event := self._entered(self._digits.tick(now))) is not None:
            self._last_sign = now
            return event
        if now - self._last_sign >= CHOICE_SECONDS:
            self.step = "offered"
            return ChoiceLapsed()
        return None

    def _begin(self) -> OfferEvent:
        self._not_understood = 0
        if self._number:
            self.step = "confirming"
            return AskConfirmation(self._number)
        self.step = "entering"
        return AskNumber()

    def _accept(self) -> OfferEvent:
        self.step = "accepted"
        return Accepted(self._number)

    def _entered(self, event: DigitEvent | None) -> OfferEvent | None:
        if event is None or isinstance(event, PersonWanted):
            return event
        if self.step == "confirming" and event.digits == WANTED_KEY:
            return self._accept()  # the same key once more is meant as a yes
        if is_number(event.digits):
            self._number, self.step = event.digits, "confirming"
            return AskConfirmation(event.digits)
        self.step = "entering"
        return AskNumber(again=True)
