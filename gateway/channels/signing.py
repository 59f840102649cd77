"""Requests of a channel: signed like those of the units' systems (`gateway/unit_keys.py`), and taken once.

    X-Hotline-Channel: <name>
    X-Hotline-Timestamp: <seconds since 1970>
    X-Hotline-Nonce: <unique for each request, 8 to 64 of A-Z a-z 0-9 _ . : ->
    X-Hotline-Signature: hex(HMAC-SHA256(secret, timestamp "\\n" nonce "\\n" method "\\n" path "\\n" body))

`path` is without the query. Where the body is a file, its SHA-256 in small hexadecimal letters stands for it, which is
sent as X-Hotline-Content-SHA256: so a stranger's file is refused before it is read.
"""

from __future__ import annotations

import hmac
import re
from datetime import timedelta
from typing import Final

from aiohttp import web
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite

from base.clock import Clock
from base.logs import get_logger
from gateway.address import client_address
from gateway.channels.registry import Entry, Registry
from gateway.core import core_of
from gateway.errors import ApiError, too_many, unauthorised
from gateway.unit_keys import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from storage.channel_tables import ChannelNonce
from storage.engine import Database

_log = get_logger("gateway.channels")
CHANNEL_HEADER: Final = "X-Hotline-Channel"
NONCE_HEADER: Final = "X-Hotline-Nonce"
DIGEST_HEADER: Final = "X-Hotline-Content-SHA256"
_NONCE: Final = re.compile(r"[A-Za-z0-9_.:-]{8,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_NOBODY: Final = "0" * 64


class Nonces:
    """Requests that were taken, for all nodes."""

    def __init__(self, database: Database, *, skew_seconds: float, clock: Clock) -> None:
        self._database = database
        self._lasts = timedelta(seconds=2 * skew_seconds)  # from the earliest to the latest moment of its time stamp
        self._clock = clock

    async def take(self, channel: str, nonce: str) -> bool:
        """False: it was taken before."""
        now = self._clock.now()
        values = {"channel": channel, "nonce": nonce, "until": now + self._lasts}
        async with self._database.write() as session:
            insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
            made = await session.execute(insert(ChannelNonce).values(**values).on_conflict_do_nothing())
            return bool(made.rowcount)  # type: ignore[attr-defined]

    async def clean_up(self) -> None:
        async with self._database.write() as session:
            await session.execute(delete(ChannelNonce).where(ChannelNonce.until < self._clock.now()))


async def verified_channel(
    request: web.Request, registry: Registry, nonces: Nonces, *, clock: Clock, skew_seconds: float, file: bool = False
) -> Entry:
    """The channel that signed a request; `file`: the body is one, and is left unread.

    Raises:
        ApiError: 401 without telling which part was wrong, 429 to whoever goes on; 409 it was taken before.
    """
    headers = request.headers
    name, timestamp, nonce = (headers.get(key, "") for key in (CHANNEL_HEADER, TIMESTAMP_HEADER, NONCE_HEADER))
    shown = headers.get(SIGNATURE_HEADER, "").encode(errors="replace")
    digest = headers.get(DIGEST_HEADER, "")
    entry, now = await registry.get(name[:16]), clock.now()
    body = digest.encode(errors="replace") if file else await request.read()

    def fits(secret: str) -> bool:
        made = signature(
            secret, timestamp=timestamp, event_id=nonce, method=request.method, path=request.path, body=body
        )
        return hmac.compare_digest(made.encode(), shown)

    matches = [fits(secret) for secret in (entry.secrets_at(now) if entry is not None else (_NOBODY,))]
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    fresh = fresh and abs(int(timestamp) - now.timestamp()) <= skew_seconds
    well_formed = _NONCE.fullmatch(nonce) is not None and (not file or _DIGEST.fullmatch(digest) is not None)
    if entry is None or not any(matches) or not well_formed or not fresh:
        raise _refused(request, "stale" if entry is not None and any(matches) and well_formed else "bad_signature")
    if not await nonces.take(entry.name, nonce):
        core_of(request).metrics.messenger_calls.labels(entry.name, "replayed").inc()
        raise ApiError(409, "replayed", "这个请求已经收到过。重发时请使用新的 nonce 和时间重新签名。")
    return entry


def _refused(request: web.Request, reason: str) -> ApiError:
    core = core_of(request)
    core.metrics.messenger_calls.labels("channel", reason).inc()
    _log.warning("a request of a channel was refused", reason=reason)
    address = client_address(request, core.settings.web)
    if (wait := core.limits.requests.take(address, core.clock.monotonic())) > 0:
        return too_many(wait)
    return unauthorised("签名无效或已过期。")
