"""The keys that open contact data: made once, kept in a file outside the database, rotated without losing a value.

The file (mode 0600, JSON) holds the *sealing* keys by id, of which one is current, and two keys that stay: `lookup`
(equality of sealed values) and `audit` (the chain of the audit log). Whoever has the database alone reads no number
and cannot forge a line of the log; whoever loses the file loses what it opens, so it belongs into the backup.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.engine import make_url

from base.errors import HotlineError
from base.settings import Settings

PREFIX: Final = "s1."  # sealed, format 1: s1.<key id>.<base64url of nonce and ciphertext>
FILE_NAME: Final = "contact_keys.json"
_FORMAT: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_LOOKUP_CHARACTERS: Final = 32  # 128 bits of HMAC-SHA256
LOOK_AGAIN_SECONDS: Final = 5.0  # how late a running process notices a rotation


class KeyFileError(HotlineError):
    """The key file cannot be read or made, or a value was sealed with a key that it does not hold."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What the file holds. `repr` tells no key."""

    current: str
    sealing: dict[str, bytes]
    lookup: bytes
    audit: bytes
    made_at: dict[str, str]

    def __repr__(self) -> str:
        return f"Keys(current={self.current!r}, ids={sorted(self.sealing)})"

    def seal(self, value: str, context: str) -> str:
        """`context` (table and column) is bound to the value: it opens nowhere else."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = AESGCM(self.sealing[self.current]).encrypt(nonce, value.encode(), context.encode())
        return f"{PREFIX}{self.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """
        Raises:
            KeyFileError: the key is not there, or the value was tampered with or moved from another column.
        """
        key_id, _, text = sealed.removeprefix(PREFIX).partition(".")
        key = self.sealing.get(key_id)
        if key is None:
            raise UnknownKey(f"a value of {context} was sealed with the key {key_id!r}, which the key file lacks")
        try:
            raw = base64.urlsafe_b64decode(text)
            return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise KeyFileError(f"a sealed value of {context} does not open: it was changed, or is another's") from error

    def looked_up(self, value: str) -> str:
        """What equal values have in common, and what tells nothing of them without the key."""
        return hmac.new(self.lookup, value.encode(), hashlib.sha256).hexdigest()[:_LOOKUP_CHARACTERS]

    def fingerprint(self) -> str:
        """Tells whether a database was filled with this file's look-up key, and nothing of the key."""
        return self.looked_up("\0fingerprint")


class UnknownKey(KeyFileError):
    """Sealed with a key that this process does not know (yet)."""


class Keyring:
    """The key file of one database, read when it is first needed and again when it has changed. Thread-safe.

    `locate` is asked then where the file is; None: keys in memory only, for a database in memory. `make`: one that
    is not there is made; without it that is an error.
    """

    def __init__(self, locate: Callable[[], Path | None], *, make: bool = True) -> None:
        self._locate = locate
        self._make = make
        self.path: Path | None = None
        self._keys: Keys | None = None
        self._read_of: tuple[int, int] = (0, 0)  # of the file when it was read: time of change, size
        self._looked_at = 0.0
        self._lock = threading.Lock()

    @property
    def keys(self) -> Keys:
        """The keys of now; the file is made where there is none.

        Raises:
            KeyFileError: the file cannot be made or read.
        """
        now = time.monotonic()
        if self._keys is not None and now - self._looked_at < LOOK_AGAIN_SECONDS:
            return self._keys
        with self._lock:
            return self._refreshed(now)

    def seal(self, value: str, context: str) -> str:
        return self.keys.seal(value, context)

    def open(self, sealed: str, context: str) -> str:
        """As `Keys.open`; a key that was added a moment ago, by another process, is found."""
        try:
            return self.keys.open(sealed, context)
        except UnknownKey:
            return self.looked_again().open(sealed, context)

    def looked_again(self) -> Keys:
        """The keys as the file has them at this moment."""
        with self._lock:
            self._looked_at = 0.0
            return self._refreshed(time.monotonic())

    def rotate(self) -> str:
        """Make a new current key; the old ones stay for reading. Returns the new key's id."""
        keys = self.keys
        key_id = _new_id(keys.sealing)
        made = {**keys.made_at, key_id: datetime.now(UTC).isoformat(timespec="seconds")}
        fresh = {**keys.sealing, key_id: secrets.token_bytes(_KEY_BYTES)}
        self._write(Keys(key_id, fresh, keys.lookup, keys.audit, made), replacing=True)
        return key_id

    def retire(self, key_ids: set[str]) -> None:
        """Forget keys for good; the caller has made sure that nothing is sealed with them any more.

        Raises:
            KeyFileError: the current key is among them.
        """
        keys = self.keys
        if keys.current in key_ids:
            raise KeyFileError("the current key cannot be retired: rotate first")
        kept = {key_id: key for key_id, key in keys.sealing.items() if key_id not in key_ids}
        made = {key_id: at for key_id, at in keys.made_at.items() if key_id in kept}
        self._write(Keys(keys.current, kept, keys.lookup, keys.audit, made), replacing=True)

    def _refreshed(self, now: float) -> Keys:
        self._looked_at = now
        if self._keys is None:
            self.path = self._locate()
        if self.path is None:
            self._keys = self._keys or _fresh()
            return self._keys
        if not self.path.is_file():
            if self._keys is not None or not self._make:
                raise KeyFileError(f"the key file {self.path} is gone: put it back from the backup")
            self._write(_fresh(), replacing=False)
        status = self.path.stat()
        seen = (status.st_mtime_ns, status.st_size)
        if self._keys is None or seen != self._read_of:
            if status.st_mode & 0o077:
                raise KeyFileError(f"the key file {self.path} can be read by others: chmod 600 {self.path}")
            self._keys, self._read_of = _read(self.path), seen
        return self._keys

    def _write(self, keys: Keys, *, replacing: bool) -> None:
        """Whole or not at all; whoever else makes the file at the same moment wins, and its keys are read."""
        if self.path is None:
            self._keys = keys
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)  # mode 0600
            partial = Path(name)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    json.dump(_as_json(keys), stream, indent=1)
                    stream.flush()
                    os.fsync(stream.fileno())
                if replacing:
                    partial.replace(self.path)
                    self._keys, self._looked_at = keys, 0.0
                    return
                try:
                    os.link(partial, self.path)
                except FileExistsError:
                    return
            finally:
                partial.unlink(missing_ok=True)
        except OSError as error:
            raise KeyFileError(f"the key file {self.path} cannot be written: {error}") from error


def of_database(url: str) -> Keyring:
    """The keys of a database by its address: `security.key_file`, else beside the SQLite file or in the data folder."""

    def locate() -> Path | None:
        parts = make_url(url)
        if parts.get_backend_name() == "sqlite" and parts.database in (None, "", ":memory:"):
            return None
        chosen = Settings()
        if chosen.security.key_file is None and parts.get_backend_name() == "sqlite" and parts.database:
            return Path(parts.database).resolve().parent / FILE_NAME
        return chosen.key_file

    return Keyring(locate)


def _fresh() -> Keys:
    key_id = _new_id({})
    made = {key_id: datetime.now(UTC).isoformat(timespec="seconds")}
    sealing = {key_id: secrets.token_bytes(_KEY_BYTES)}
    return Keys(key_id, sealing, secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_KEY_BYTES), made)


def _new_id(known: dict[str, bytes]) -> str:
    """Eight hexadecimal digits: nothing that a LIKE would take for a pattern."""
    while (key_id := secrets.token_hex(4)) in known:
        pass
    return key_id


def _as_json(keys: Keys) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "current": keys.current,
        "sealing": {
            key_id: {"key": base64.b64encode(key).decode(), "made_at": keys.made_at.get(key_id, "")}
            for key_id, key in keys.sealing.items()
        },
        "lookup": base64.b64encode(keys.lookup).decode(),
        "audit": base64.b64encode(keys.audit).decode(),
    }


def _read(path: Path) -> Keys:
    try:
        found = json.loads(path.read_text("utf-8"))
        sealing = {key_id: base64.b64decode(entry["key"]) for key_id, entry in found["sealing"].items()}
        made_at = {key_id: str(entry["made_at"]) for key_id, entry in found["sealing"].items()}
        lookup, audit = base64.b64decode(found["lookup"]), base64.b64decode(found["audit"])
        keys = Keys(found["current"], sealing, lookup, audit, made_at)
    except OSError as error:
        raise KeyFileError(f"the key file {path} cannot be read: {error}") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise KeyFileError(f"the key file {path} is damaged: put it back from the backup") from error
    lengths = {len(key) for key in (*sealing.values(), lookup, audit)}
    if found.get("format") != _FORMAT or keys.current not in sealing or lengths != {_KEY_BYTES}:
        raise KeyFileError(f"the key file {path} is not one of this version: put it back from the backup")
    return keys
