"""Calls of WeChat's HTTP APIs: JSON in and out, an access token in the query, an error code in the answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp
import orjson

from gateway.wechat.access_token import AccessToken, Fetched
from gateway.wechat.errcodes import ApiRefused, ApiUnreachable

_ANSWER_LIMIT_BYTES: Final = 4 * 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024
Json = dict[str, Any]


class ApiClient:
    """Without a token: for fetching it. One for each account."""

    def __init__(self, base_url: str, *, timeout_seconds: float) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def call(self, path: str, *, query: dict[str, str] | None = None, body: Json | None = None) -> Json:
        """POST with a body, else GET; the answer.

        Raises:
            ApiRefused: an error code; ApiUnreachable: no answer, or none that can be read.
        """
        async with self.request(path, query=query, body=body) as response:
            return read_answer(await _read_limited(response))

    @asynccontextmanager
    async def request(
        self, path: str, *, query: dict[str, str] | None = None, body: Json | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """
        Raises:
            ApiUnreachable: no connection, no answer in time, or not status 200.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        # Text goes out as UTF-8: WeChat shows \\u escapes as they are.
        data, headers = (None, {}) if body is None else (orjson.dumps(body), {"Content-Type": "application/json"})
        try:
            async with self._session.request(
                "GET" if body is None else "POST",
                self._base_url + path,
                params=query,
                data=data,
                headers=headers,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise ApiUnreachable(f"WeChat's API answered with status {response.status}")
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ApiUnreachable(f"WeChat's API cannot be reached: {type(error).__name__}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


class TokenClient:
    """With a token, which is renewed once where WeChat refuses it."""

    def __init__(self, client: ApiClient, token: AccessToken) -> None:
        self._client = client
        self._token = token

    async def call(self, path: str, *, query: dict[str, str] | None = None, body: Json | None = None) -> Json:
        """Raises ApiRefused, ApiUnreachable."""
        token = await self._token.get()
        try:
            return await self._client.call(path, query={**(query or {}), "access_token": token}, body=body)
        except ApiRefused as error:
            if error.meaning != "token":
                raise
        token = await self._token.renew(token)
        return await self._client.call(path, query={**(query or {}), "access_token": token}, body=body)

    async def download(self, path: str, *, query: dict[str, str]) -> AsyncGenerator[bytes, None]:
        """The chunks of a file.

        Raises:
            ApiRefused, ApiUnreachable: the answer is JSON with an error code; the connection was lost.
        """
        token = await self._token.get()
        for last in (False, True):
            async with self._client.request(path, query={**query, "access_token": token}) as response:
                if "json" not in response.content_type and "text/plain" not in response.content_type:
                    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                        yield chunk
                    return
                try:
                    read_answer(await _read_limited(response))
                except ApiRefused as error:
                    if error.meaning != "token" or last:
                        raise
                else:
                    raise ApiUnreachable("WeChat's API answered without the file")
            token = await self._token.renew(token)

    async def close(self) -> None:
        await self._client.close()


def read_answer(raw: bytes) -> Json:
    """
    Raises:
        ApiRefused: an error code; ApiUnreachable: not a JSON object.
    """
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiUnreachable("WeChat's API answered with something that is no JSON") from error
    if not isinstance(answer, dict):
        raise ApiUnreachable("WeChat's API answered with something that is no object")
    code = answer.get("errcode", 0)
    if isinstance(code, int) and code != 0:
        raise ApiRefused(code)
    return answer


def read_token(answer: Json) -> Fetched:
    """
    Raises:
        ApiUnreachable: there is no token in the answer.
    """
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not token or not isinstance(seconds, int) or seconds <= 0:
        raise ApiUnreachable("WeChat's API answered without an access token")
    return Fetched(token, timedelta(seconds=seconds))


async def _read_limited(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        raw += chunk
        if len(raw) > _ANSWER_LIMIT_BYTES:
            raise ApiUnreachable("WeChat's API answered with too much")
    return bytes(raw)
