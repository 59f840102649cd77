"""API keys: a channel (`hotline channel add`) may also file by Open311, under a key that is made of its secret.

The key says which channel it is and cannot be turned back into the secret, which never travels. It changes with it.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from gateway.channels.registry import Entry, Registry


def api_key(name: str, secret: str) -> str:
    return f"{name}.{hmac.new(secret.encode(), b'open311 api key', hashlib.sha256).hexdigest()[:40]}"


async def holder(registry: Registry, shown: str, now: datetime) -> Entry | None:
    """The channel whose key this is."""
    name = shown.partition(".")[0][:16]
    entry = await registry.get(name)
    made = [api_key(name, secret) for secret in (entry.secrets_at(now) if entry is not None else ("",))]
    fits = [hmac.compare_digest(one.encode(), shown.encode(errors="replace")) for one in made]
    return entry if any(fits) else None
