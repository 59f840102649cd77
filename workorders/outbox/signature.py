"""What proves to a receiver that a message is ours, unchanged and fresh."""

from __future__ import annotations

import hashlib
import hmac


def signature(secret: bytes, *, timestamp: str, message_id: str, body: bytes) -> str:
    """hex(HMAC-SHA256(secret, timestamp "\\n" id "\\n" body)), 64 characters. `timestamp`: seconds since 1970."""
    head = f"{timestamp}\n{message_id}\n".encode()
    return hmac.new(secret, head + body, hashlib.sha256).hexdigest()
