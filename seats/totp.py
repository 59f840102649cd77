"""Codes of the telephone (RFC 6238: HMAC-SHA-1, 30 s, six digits), as every authenticator app makes them. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
_SECRET_BYTES: Final = 20  # RFC 4226, section 4: 160 bits recommended
_STEPS_AROUND: Final = 1  # a clock may be half a minute off


def new_secret() -> str:
    """Base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def code(secret: bytes, step: int, *, digits: int = DIGITS) -> str:
    """The code of one time step (RFC 4226, section 5.3)."""
    digest = hmac.new(secret, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // STEP_SECONDS


def accepted_step(secret: str, given: str, now: datetime, *, last: int | None) -> int | None:
    """The step whose code this is; None for a wrong code, and for one of a step up to `last` (used already).

    Every candidate is compared, each in constant time.
    """
    key, found = base64.b32decode(secret), None
    here = step_of(now)
    for step in range(here - _STEPS_AROUND, here + _STEPS_AROUND + 1):
        if hmac.compare_digest(code(key, step).encode(), given.encode()) and (last is None or step > last):
            found = step
    return found


def uri(secret: str, login: str, issuer: str) -> str:
    """What the QR code says (the "Key URI Format" of authenticator apps)."""
    label = quote(f"{issuer}:{login}", safe=":")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer, 'digits': DIGITS, 'period': 30})}"
