"""HTTP downloads that go on where they broke off."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from asr_models.recogniser import RecogniserError

Report = Callable[[str], None]

_CHUNK_BYTES: Final = 256 * 1024
_READ_SECONDS: Final = 30.0
_TRIES_WITHOUT_PROGRESS: Final = 3
_REPORT_SECONDS: Final = 3.0


class Unreachable(RecogniserError):
    """This host does not answer at all: no use to ask it for anything else in this run."""


class Downloader:
    """Fetches files in one run; a host that could not be reached once is not asked again.

    The broken-off part lies beside the target as `<name>.part`, with what the server said of it (its entity tag) in
    `<name>.part.json`, so that a later run goes on only with the same file.
    """

    def __init__(self, *, connect_seconds: float, report: Report) -> None:
        self._connect_seconds = connect_seconds
        self._report = report
        self._unreachable: dict[str, str] = {}

    def fetch(self, url: str, target: Path) -> None:
        """Blocking. On return `target` is whole, as far as the server told its length.

        Raises:
            Unreachable: the host does not answer.
            RecogniserError: refused, broken off too often, or the disk is full.
        """
        host = urlsplit(url).netloc
        if host in self._unreachable:
            raise Unreachable(f"{host} could not be reached before ({self._unreachable[host]})")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            asyncio.run(self._fetch(url, target))
        except Unreachable as error:
            self._unreachable[host] = str(error)
            raise

    async def _fetch(self, url: str, target: Path) -> None:
        part = target.with_name(target.name + ".part")
        timeout = aiohttp.ClientTimeout(total=None, connect=self._connect_seconds, sock_read=_READ_SECONDS)
        failures = 0
        async with aiohttp.ClientSession(timeout=timeout, trust_env=True, auto_decompress=False) as session:
            while True:
                before = _size(part)
                try:
                    await self._attempt(session, url, part)
                    part.replace(target)
                    _forget(part)
                    return
                except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                    host = urlsplit(url).netloc
                    raise Unreachable(f"{host} does not answer: {_reason(error)}") from error
                except (aiohttp.ClientError, TimeoutError) as error:
                    failures = 1 if _size(part) > before else failures + 1
                    if failures >= _TRIES_WITHOUT_PROGRESS:
                        raise RecogniserError(f"{url} broke off {failures} times: {_reason(error)}") from error
                    self._report(f"{target.name}: broken off at {_size(part) / 1e6:.1f} MB, going on")
                    await asyncio.sleep(0.2 * failures)
                except OSError as error:
                    raise RecogniserError(f"{target} cannot be written: {error.strerror or error}") from error

    async def _attempt(self, session: aiohttp.ClientSession, url: str, part: Path) -> None:
        have, tag = _size(part), _tag(part)
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if tag:
                headers["If-Range"] = tag
        async with session.get(url, headers=headers) as response:
            if response.status == 416:
                # What we hold is longer than the file: another file, or a finished one that was not renamed.
                total = response.headers.get("Content-Range", "").rpartition("/")[2]
                if have and total == str(have):
                    return
                _forget(part)
                raise aiohttp.ClientPayloadError("the server's file is another one now; starting anew")
            if response.status not in (200, 206):
                raise RecogniserError(f"{url} answers {response.status} {response.reason or ''}".rstrip())
            start = have if response.status == 206 else 0
            if response.status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                _forget(part)
                raise aiohttp.ClientPayloadError("the server sent another range than asked for; starting anew")
            _remember(part, response.headers.get("ETag", ""))
            length = response.content_length
            await self._store(response, part, start, None if length is None else start + length)

    async def _store(self, response: aiohttp.ClientResponse, part: Path, start: int, total: int | None) -> None:
        done, told = start, time.monotonic()
        with part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if time.monotonic() - told > _REPORT_SECONDS:
                    told = time.monotonic()
                    share = f" of {total / 1e6:.0f} MB ({done / total:.0%})" if total else ""
                    self._report(f"{part.name.removesuffix('.part')}: {done / 1e6:.0f} MB{share}")
        if total is not None and done < total:
            raise aiohttp.ClientPayloadError(f"the connection ended after {done} of {total} bytes")


def _about(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _remember(part: Path, tag: str) -> None:
    _about(part).write_text(json.dumps({"etag": tag}), encoding="utf-8")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _about(part).unlink(missing_ok=True)


def _tag(part: Path) -> str:
    """The server's strong entity tag of the broken-off file, or nothing."""
    try:
        tag = json.loads(_about(part).read_text(encoding="utf-8")).get("etag", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return tag if isinstance(tag, str) and not tag.startswith("W/") else ""


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
