"""Asking the core whether it is ready, and what it still waits for."""

from __future__ import annotations

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from base.clock import Clock
from base.settings import Settings

_ANSWER_SECONDS = 2.0
_POLL_SECONDS = 0.4
_ANSWER_LIMIT_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Readiness:
    """`waiting_for` is what a person is told while `ready` is false."""

    ready: bool
    waiting_for: str


def base_url(settings: Settings) -> str:
    """Where this machine reaches the core."""
    scheme = "https" if settings.web.tls_certificate is not None else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(settings.web.host, settings.web.host)
    return f"{scheme}://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{settings.web.port}"


def parse(status: int, body: str) -> Readiness:
    """Read an answer of `/readyz`: 200 is ready; any other tells in its JSON which needed parts are not."""
    if status == 200:
        return Readiness(True, "")
    try:
        content = json.loads(body)
    except ValueError:
        return Readiness(False, f"the core (status {status})")
    checks = content.get("parts") if isinstance(content, dict) else None
    parts = checks if isinstance(checks, dict) else {}
    missing = [str(name) for name, part in parts.items() if isinstance(part, dict) and _holds_up(part)]
    return Readiness(False, ", ".join(missing) or f"the core (status {status})")


def _holds_up(part: dict[str, object]) -> bool:
    return part.get("needed", True) is True and part.get("ok") is not True


def ask(url: str) -> Readiness:
    """One question; blocks for two seconds at most."""
    # The certificate names the public host; here we only ask our own core over this machine.
    context = ssl._create_unverified_context() if url.startswith("https:") else None
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=_ANSWER_SECONDS, context=context) as answer:
            return parse(answer.status, answer.read(_ANSWER_LIMIT_BYTES).decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return parse(error.code, error.read(_ANSWER_LIMIT_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError):
        return Readiness(False, "the core")


async def wait(url: str, clock: Clock, tell: Callable[[str], None]) -> None:
    """Until the core is ready; every 15 seconds `tell` hears what is still missing."""
    told = clock.monotonic()
    while True:
        answer = await asyncio.to_thread(ask, url)
        if answer.ready:
            return
        if clock.monotonic() - told >= 15.0:
            told = clock.monotonic()
            tell(f"not ready yet, waiting for: {answer.waiting_for}")
        await asyncio.sleep(_POLL_SECONDS)
