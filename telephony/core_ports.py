"""What the phone and its calls need from the core, and what the core's messages are handed to. `core_link` has both
sides; tests stand in for either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from base.masking import Masked
from telephony.core_messages import (
    ErrorMessage,
    LegControl,
    LegOrder,
    Opened,
    PlaceCall,
    ReplyMessage,
    SayMessage,
)


class CallHandler(Protocol):
    """The call's side of the link; all methods return at once."""

    def on_opened(self, message: Opened) -> None: ...
    def on_reply(self, message: ReplyMessage) -> None: ...
    def on_say(self, message: SayMessage) -> None: ...
    def on_turn_failed(self, message: ErrorMessage) -> None: ...
    def on_leg_order(self, message: LegOrder) -> None: ...
    def on_leg_control(self, message: LegControl) -> None: ...


class BridgeReports(Protocol):
    """What a bridged call tells the core."""

    def leg(self, call_id: str, leg_id: str, state: str, **fields: Any) -> None:
        """A leg is `expected`, `ringing`, `joined`, `changed`, `left` or has `failed`."""
        ...

    def heard(self, call_id: str, side: str, text: str, **fields: Any) -> None:
        """`side` (citizen, seat or third) has said this."""
        ...


class SpeechOrders(Protocol):
    """Who prepares speech for the core; all methods return at once."""

    def want(self, revision: int, texts: Sequence[str]) -> None: ...
    def drop(self, texts: Sequence[str]) -> None: ...
    def notice(self, texts: Sequence[str]) -> None: ...


class Caller(Protocol):
    """Who places calls for the core; both methods return at once."""

    def place(self, order: PlaceCall) -> None: ...
    def cancel(self, call_id: str) -> None: ...


class Core(BridgeReports, Protocol):
    """What a call needs from the core."""

    @property
    def connected(self) -> bool: ...

    def call_started(
        self, handler: CallHandler, call_id: str, caller: Masked, leg: str, trace_id: str, *, placed: str = ""
    ) -> None:
        """`placed`: the SIP Call-ID of a call that we placed ourselves; `caller` is then whom we called."""
        ...

    def turn(
        self,
        call_id: str,
        turn_id: str,
        kind: str,
        text: str,
        *,
        confidence: float | None,
        unplayed: str,
        meta: dict[str, Any],
        traceparent: str = "",
    ) -> None:
        """`traceparent`: of the trace to which the turn belongs; empty where none is recorded."""
        ...

    def call_ended(self, call_id: str, reason: str, recording: str | None, *, callback_number: str = "") -> None: ...
