"""Identifiers: sortable by time, safe in a URL, not guessable."""

from __future__ import annotations

import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str = "") -> str:
    """A ULID-shaped identifier: 10 characters of milliseconds, 16 of randomness (80 bits), optional prefix."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}{_written(milliseconds, 10)}{_written(secrets.randbits(80), 16)}"


def _written(number: int, characters: int) -> str:
    """The last `characters` digits of the number to the base 32."""
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(5 * characters - 5, -5, -5))


def new_trace_id() -> str:
    """16 random bytes in hexadecimal, the shape of a W3C trace context trace id."""
    return secrets.token_hex(16)
