"""Signed messages of responsible units' systems: HMAC-SHA256 over time, path and body, with a key for each unit.

`var/unit_keys.yml` maps a unit's name to its key: `海淀区供热办: "<64 hexadecimal characters>"`. The sender sets

    X-Hotline-Unit: <name, percent-encoded UTF-8>
    X-Hotline-Timestamp: <seconds since 1970>
    X-Hotline-Event-Id: <unique, at most 64 characters>
    X-Hotline-Signature: hex(HMAC-SHA256(key, timestamp "\\n" event id "\\n" method "\\n" path "\\n" body))
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import yaml
from aiohttp import web

from base.errors import ConfigurationError
from base.logs import get_logger
from gateway.errors import unauthorised

log = get_logger("gateway.units")

UNIT_HEADER: Final = "X-Hotline-Unit"
TIMESTAMP_HEADER: Final = "X-Hotline-Timestamp"
EVENT_HEADER: Final = "X-Hotline-Event-Id"
SIGNATURE_HEADER: Final = "X-Hotline-Signature"
_EVENT_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_MINIMUM_KEY_CHARACTERS: Final = 32
_NOBODY: Final = "0" * 64


def signature(key: str, *, timestamp: str, event_id: str, method: str, path: str, body: bytes) -> str:
    """The signature of one message, 64 hexadecimal characters; `path` without the query."""
    head = f"{timestamp}\n{event_id}\n{method}\n{path}\n".encode()
    return hmac.new(key.encode(), head + body, hashlib.sha256).hexdigest()


def read_keys(path: Path) -> dict[str, str]:
    """Unit -> key; empty where there is no file.

    Raises:
        ConfigurationError: the file is not a mapping of names to keys of at least 32 characters.
    """
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: a mapping of units to keys is expected")
    for unit, key in values.items():
        if not isinstance(unit, str) or not isinstance(key, str) or len(key) < _MINIMUM_KEY_CHARACTERS:
            raise ConfigurationError(
                f"{path}: the key of {unit!r} must be text of at least {_MINIMUM_KEY_CHARACTERS} characters"
            )
    return values


class UnitKeys:
    """The keys, read again when the file has changed, so that a unit can be added without a restart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: dict[str, str] = {}

    def key(self, unit: str) -> str | None:
        return self._now().get(unit)

    def units(self) -> frozenset[str]:
        """Who has a key. Blocks while the file is read."""
        return frozenset(self._now())

    def _now(self) -> dict[str, str]:
        try:
            status = self._path.stat()
            stamp: tuple[int, int] | None = (status.st_mtime_ns, status.st_size)
        except FileNotFoundError:
            stamp = None
        if stamp != self._stamp:
            try:
                self._keys = read_keys(self._path)
            except ConfigurationError as error:
                log.error("unit keys not taken; the earlier ones stay", reason=str(error))
            self._stamp = stamp
        return self._keys


async def verified_unit(
    request: web.Request, keys: UnitKeys, *, now_seconds: float, window_seconds: float
) -> tuple[str, str]:
    """Unit and event id of a signed request.

    Raises:
        ApiError: 401, without telling which part was wrong.
    """
    headers = request.headers
    unit = unquote(headers.get(UNIT_HEADER, ""))
    timestamp, event_id = headers.get(TIMESTAMP_HEADER, ""), headers.get(EVENT_HEADER, "")
    shown = headers.get(SIGNATURE_HEADER, "")
    key = keys.key(unit)
    expected = signature(
        key or _NOBODY,
        timestamp=timestamp,
        event_id=event_id,
        method=request.method,
        path=request.path,
        body=await request.read(),
    )
    matches = hmac.compare_digest(expected.encode(), shown.encode(errors="replace"))
    fresh = timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12
    fresh = fresh and abs(int(timestamp) - now_seconds) <= window_seconds
    if key is None or not matches or not fresh or _EVENT_ID.fullmatch(event_id) is None:
        raise unauthorised("签名无效或已过期。")
    return unit, event_id
