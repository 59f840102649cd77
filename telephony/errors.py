"""The error family of the phone."""

from __future__ import annotations

from base.errors import HotlineError


class TelephonyError(HotlineError):
    """Something about a call or the phone process that is known to go wrong."""


class LegClosed(TelephonyError):
    """The call's other end is gone; nothing can be played or asked any more."""


class TransferError(TelephonyError):
    """The other end refused the transfer or nobody answered there; the call itself is still up."""


class NotReached(TransferError):
    """A call that we placed came to nothing.

    Attributes:
        result: busy, no_answer, refused, unreachable or not_allowed.
        sip_status: what the other end answered; None where it answered nothing.
        sip_call_id: of the attempt; empty where no INVITE was sent.
    """

    def __init__(self, message: str, result: str, *, sip_status: int | None = None, sip_call_id: str = "") -> None:
        super().__init__(message)
        self.result = result
        self.sip_status = sip_status
        self.sip_call_id = sip_call_id


class VoiceError(TelephonyError):
    """A voice is missing, broken, or gave no audio."""
