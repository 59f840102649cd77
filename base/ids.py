"""Identifiers: sortable by time, safe in a URL, not guessable."""

from __future__ import annotations

import secrets
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(prefix: str = "") -> str:
    """A ULID-shaped identifier: 10 characters of milliseconds, 16 of randomness (80 bits), optional prefix."""
    milliseconds = time.time_ns() // 1_000_000
    head = "".join(_CROCKFORD[(milliseconds >> shift) & 31] for shift in range(45, -5, -5))
    tail = "".join(secrets.choice(_CROCKFORD) for _ in range(16))
    return f"{prefix}{head}{tail}"


def new_trace_id() -> str:
    """16 random bytes in hexadecimal, the shape of a W3C trace context trace id."""
    return secrets.token_hex(16)
