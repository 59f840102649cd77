"""What the caller presses becomes turns for the core: zero, or a whole number. (What they say: `caller_turn`.)"""

from __future__ import annotations

from typing import Any, Protocol

from telephony.dtmf import DigitCollector, DigitEvent, NumberEntered


class _Talk(Protocol):
    """What is needed of `telephony.talk.Talk`."""

    @property
    def keys_only(self) -> bool: ...

    def give(
        self, kind: str, text: str, *, confidence: float | None = None, meta: dict[str, Any] | None = None
    ) -> None: ...


class CallerKeys:
    """Times are of the call's clock, in seconds."""

    def __init__(self, talk: _Talk) -> None:
        self._talk = talk
        self._digits = DigitCollector()

    def press(self, key: str, now: float, *, number_asked: bool) -> None:
        """A debounced key; `number_asked`: digits are part of a number, and zero one of them."""
        self._keyed(self._digits.press(key, now, number_asked=number_asked or self._talk.keys_only))

    def tick(self, now: float) -> None:
        self._keyed(self._digits.tick(now))

    def _keyed(self, event: DigitEvent | None) -> None:
        if isinstance(event, NumberEntered):
            self._talk.give("dtmf", event.digits, meta={"purpose": "callback_number"} if self._talk.keys_only else {})
        elif event is not None:
            self._talk.give("dtmf", "0")
