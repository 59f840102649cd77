"""One message over HTTP: signed, bounded in time and size, and believed only when the receiver names the message."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Final

import aiohttp

from workorders.outbox.schedule import Attempt, Verdict
from workorders.outbox.signature import signature
from workorders.outbox.targets import Target

ID_HEADER: Final = "X-Hotline-Message-Id"
TIMESTAMP_HEADER: Final = "X-Hotline-Timestamp"
SIGNATURE_HEADER: Final = "X-Hotline-Signature"
ATTEMPT_HEADER: Final = "X-Hotline-Attempt"
_ANSWER_LIMIT_BYTES: Final = 16_384
_CHUNK_BYTES: Final = 4_096
# The receiver understood the message and finds it wrong, or is gone for good: the same message again cannot help.
_REFUSALS: Final = frozenset({400, 410, 413, 415, 422})


def new_session() -> aiohttp.ClientSession:
    """A client that keeps no cookies, follows no proxy of the environment and never unpacks an answer."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"User-Agent": "hotline-outbox", "Accept-Encoding": "identity"},
        timeout=aiohttp.ClientTimeout(total=None),  # each attempt has its own, around everything
    )


async def deliver(
    client: aiohttp.ClientSession,
    target: Target,
    *,
    message_id: str,
    body: str,
    attempt: int,
    now: datetime,
    timeout_seconds: float,
) -> Attempt:
    """Try once. The outcome's `error` holds no word of the message or of the answer."""
    data, timestamp = body.encode(), str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: timestamp,
        ATTEMPT_HEADER: str(attempt),
        SIGNATURE_HEADER: signature(target.secret, timestamp=timestamp, message_id=message_id, body=data),
    }
    try:
        async with (
            asyncio.timeout(timeout_seconds),
            client.post(target.url, data=data, headers=headers, allow_redirects=False) as response,
        ):
            if not 200 <= response.status < 300:
                verdict: Verdict = "refused" if response.status in _REFUSALS else "failed"
                return Attempt(verdict, f"HTTP {response.status}", _asked_to_wait(response))
            return _believed(await _read(response), message_id)
    except TimeoutError:
        return Attempt("failed", f"no answer in {timeout_seconds:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: an answer that is no HTTP
        return Attempt("failed", type(error).__name__)


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The answer's body; None where it is longer than any answer need be (the connection is then given up)."""
    found = b""
    while chunk := await response.content.read(_CHUNK_BYTES):
        found += chunk
        if len(found) > _ANSWER_LIMIT_BYTES:
            response.close()
            return None
    return found


def _believed(answer: bytes | None, message_id: str) -> Attempt:
    if answer is None:
        return Attempt("failed", f"answer longer than {_ANSWER_LIMIT_BYTES} bytes")
    try:
        echo = json.loads(answer)
    except (ValueError, RecursionError):
        return Attempt("failed", "answer is no JSON")
    if not isinstance(echo, dict) or echo.get("id") != message_id:
        return Attempt("failed", "answer does not name the message")
    return Attempt("delivered")


def _asked_to_wait(response: aiohttp.ClientResponse) -> float:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) <= 6 else 0.0
