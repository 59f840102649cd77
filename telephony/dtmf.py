"""Keys pressed on a telephone: repeats swallowed, junk ignored, digits collected into numbers. Pure.

RFC 4733 sends each key as a train of packets whose end is repeated three times; some senders (SIPp among them) repeat
whole trains. A person cannot press the same key twice within `SAME_KEY_SECONDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

SAME_KEY_SECONDS: Final = 0.12
SAME_PRESS_SECONDS: Final = 0.6  # a press told as an event and heard as a tone: the two are never further apart
KeySource = Literal["event", "tone"]
KEYS: Final = frozenset("0123456789*#")


class Debouncer:
    """Turns reports about keys into key presses."""

    def __init__(self, same_key_seconds: float = SAME_KEY_SECONDS) -> None:
        self._same_key_seconds = same_key_seconds
        self._last_key = ""
        self._last_at = float("-inf")
        self._last_source: KeySource = "event"

    def press(self, key: str, at_seconds: float, source: KeySource = "event") -> str | None:
        """The key, or None where the report is a repetition or no key of a telephone (A to D, flash, garbage).

        `source`: an `event` of RFC 4733 or SIP INFO, or a `tone` in the audio; some lines send both for one press.
        """
        if key not in KEYS:
            return None
        window = self._same_key_seconds if source == self._last_source else SAME_PRESS_SECONDS
        repeated = key == self._last_key and at_seconds - self._last_at < window
        self._last_key, self._last_at, self._last_source = key, at_seconds, source
        return None if repeated else key


@dataclass(frozen=True, slots=True)
class PersonWanted:
    """`0` was pressed: always a person."""


@dataclass(frozen=True, slots=True)
class NumberEntered:
    """Digits ended by `#` or by a pause."""

    digits: str


DigitEvent = PersonWanted | NumberEntered


class DigitCollector:
    """Collects keys into numbers.

    `0` means a person at once. Only while a number is being asked may a 0 also belong to the number: within it, or as
    its first digit when other digits follow within `lone_zero_seconds`; a lone 0 still means a person.
    """

    def __init__(
        self,
        *,
        number_pause_seconds: float = 3.0,
        pause_seconds: float = 1.0,
        lone_zero_seconds: float = 1.2,
        maximum_digits: int = 32,
    ) -> None:
        """`number_pause_seconds` ends a number that was asked for, `pause_seconds` any other."""
        self._number_pause_seconds = number_pause_seconds
        self._pause_seconds = pause_seconds
        self._lone_zero_seconds = lone_zero_seconds
        self._maximum_digits = maximum_digits
        self._digits = ""
        self._last_at = 0.0
        self._number_asked = False

    @property
    def collecting(self) -> bool:
        return bool(self._digits)

    def press(self, key: str, at_seconds: float, *, number_asked: bool) -> DigitEvent | None:
        """Take one debounced key. `*` begins again, `#` ends the number; more than the maximum is cut off."""
        if key == "0" and not number_asked:
            self._digits = ""
            return PersonWanted()
        if key == "*":
            self._digits = ""
            return None
        if key == "#":
            return self._finish()
        self._last_at, self._number_asked = at_seconds, number_asked
        if len(self._digits) < self._maximum_digits:
            self._digits += key
        return None

    def tick(self, at_seconds: float) -> DigitEvent | None:
        """Call now and then: a pause ends a number."""
        if not self._digits:
            return None
        pause = self._number_pause_seconds if self._number_asked else self._pause_seconds
        limit = self._lone_zero_seconds if self._digits == "0" else pause
        return self._finish() if at_seconds - self._last_at >= limit else None

    def _finish(self) -> DigitEvent | None:
        digits, self._digits = self._digits, ""
        if digits == "0":
            return PersonWanted()
        return NumberEntered(digits) if digits else None
