"""The error family of the phone."""

from __future__ import annotations

from base.errors import HotlineError


class TelephonyError(HotlineError):
    """Something about a call or the phone process that is known to go wrong."""


class LegClosed(TelephonyError):
    """The call's other end is gone; nothing can be played or asked any more."""


class TransferError(TelephonyError):
    """The other end refused the transfer or nobody answered there; the call itself is still up."""


class VoiceError(TelephonyError):
    """A voice is missing, broken, or gave no audio."""
