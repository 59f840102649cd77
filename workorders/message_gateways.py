"""Ways out for short messages: a file (`message_file.py`), or an HTTP service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp

from base.clock import Clock
from base.errors import ConfigurationError
from base.sections.orders import TextMessageSettings
from workorders.message_file import FileGateway, RotationRules
from workorders.text_messages import Message, MessageGateway, TextMessageError


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
        rules = RotationRules(settings.file_limit_bytes, timedelta(days=settings.file_limit_days))
        return FileGateway(data / "messages" / "sent.jsonl", rules=rules, clock=clock)
    if not settings.url.startswith(("http://", "https://")):
        raise ConfigurationError("text_messages.url must be the http or https address of the service")
    token = environment.get(settings.token_env, "") if settings.token_env else ""
    if settings.token_env and not token:
        raise ConfigurationError(f"text_messages.token_env: there is no environment variable {settings.token_env}")
    return HttpGateway(settings.url, token=token, timeout_seconds=settings.timeout_seconds)
