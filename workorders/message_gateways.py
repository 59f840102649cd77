"""Ways out for short messages: a file (to try it out, or for a program that reads it), or an HTTP service."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp

from base.clock import Clock, SystemClock
from base.errors import ConfigurationError
from base.settings import TextMessageSettings
from workorders.text_messages import Message, MessageGateway, TextMessageError

_OWNER_ONLY: Final = 0o600


class FileGateway:
    """Appends one JSON object a line; only the service's user can read the file."""

    def __init__(self, path: Path, *, clock: Clock | None = None) -> None:
        self._path = path
        self._clock = clock or SystemClock()

    async def send(self, message: Message) -> None:
        line = {"id": message.id, "at": self._clock.now().isoformat(), "number": message.number, "text": message.text}
        try:
            await asyncio.to_thread(self._append, json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            raise TextMessageError(f"the file cannot be written: {error.strerror}") from error

    def _append(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _OWNER_ONLY)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(line)

    async def close(self) -> None:
        return


class HttpGateway:
    """POSTs `{"id", "number", "text"}`; any 2xx is taken, everything else is tried again."""

    def __init__(self, url: str, *, token: str = "", timeout_seconds: float = 10.0) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: Message) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)
        body = {"id": message.id, "number": message.number, "text": message.text}
        try:
            async with self._session.post(self._url, json=body, allow_redirects=False) as response:
                if not 200 <= response.status < 300:
                    raise TextMessageError(f"the service answered {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TextMessageError(f"the service cannot be reached: {type(error).__name__}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def gateway_of(
    settings: TextMessageSettings,
    data: Path,
    *,
    clock: Clock | None = None,
    environment: Mapping[str, str] = os.environ,
) -> MessageGateway | None:
    """The one that is set; None: messages are off.

    Raises:
        ConfigurationError: an HTTP service without an address, or its token is not in the environment.
    """
    if settings.gateway == "none":
        return None
    if settings.gateway == "file":
        return FileGateway(data / "messages" / "sent.jsonl", clock=clock)
    if not settings.url.startswith(("http://", "https://")):
        raise ConfigurationError("text_messages.url must be the http or https address of the service")
    token = environment.get(settings.token_env, "") if settings.token_env else ""
    if settings.token_env and not token:
        raise ConfigurationError(f"text_messages.token_env: there is no environment variable {settings.token_env}")
    return HttpGateway(settings.url, token=token, timeout_seconds=settings.timeout_seconds)
