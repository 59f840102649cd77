"""Files that are encrypted at rest: written chunk by chunk, read by ranges, opened only under the name they were given.

A head, then chunks of AES-256-GCM as in STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce counts the chunks
and marks the last one, which is always shorter than the others (perhaps empty). So chunks that were changed, moved or
left out do not open, and a file without its last chunk is known to have been cut off, or never to have been finished;
what stands before that can be read. Each file has a key of its own, which the head holds, sealed by a key of the
`Keyring` and bound to the file's name: a rotation writes the head anew and nothing else (`rewrap`).

    8 magic | 8 id of the sealing key | 4 bytes of a chunk | 4 flags | 12 nonce | 48 sealed key of the file | chunks …

Everything here blocks.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from base.errors import HotlineError
from base.wav import alaw_header
from storage.keyring import Keyring

MAGIC: Final = b"HTLSEAL1"
CHUNK_BYTES: Final = 64 * 1024
ALAW_FRAMES: Final = 1  # flag: frames of stereo A-law, given out as a WAV, whose head tells how many there are
_HEAD: Final = struct.Struct(">8s8sII12s48s")
_TAG_BYTES: Final = 16
_KEY_BYTES: Final = 32
_MOST_CHUNK_BYTES: Final = 1 << 24


class BrokenFile(HotlineError):
    """A sealed file does not open: it was changed, it is another's, or its key is gone."""


class Writer(Protocol):
    """A file that is being written. `close` without `finish` leaves it unfinished."""

    def write(self, data: bytes) -> None: ...

    def finish(self) -> None: ...

    def close(self) -> None: ...


class Readable(Protocol):
    """A file as it was given; `complete` is false where it ends before its end."""

    length: int
    complete: bool
    sealed: bool

    def read(self, offset: int, size: int) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Head:
    key_id: str
    chunk_bytes: int
    flags: int
    nonce: bytes
    sealed_key: bytes

    def bound(self, name: str) -> bytes:
        return MAGIC + struct.pack(">II", self.chunk_bytes, self.flags) + name.encode()

    def packed(self) -> bytes:
        return _HEAD.pack(MAGIC, self.key_id.encode("ascii"), self.chunk_bytes, self.flags, self.nonce, self.sealed_key)


class SealedWriter:
    """A new file, readable by its owner alone; what it holds of an older one of this name is gone."""

    def __init__(
        self,
        path: Path,
        keyring: Keyring,
        *,
        chunk_bytes: int = CHUNK_BYTES,
        flags: int = 0,
        fresh: bool = False,
        durable: bool = True,
    ) -> None:
        """`fresh`: it must not exist. `durable`: once finished it survives a loss of power.

        Raises:
            OSError: it cannot be made.
            KeyFileError: there is no key.
        """
        keys, key = keyring.keys, secrets.token_bytes(_KEY_BYTES)
        self._cipher = AESGCM(key)
        self._chunk_bytes = chunk_bytes
        self._waiting = bytearray()
        self._count = 0
        self._durable = durable
        nonce = secrets.token_bytes(12)
        head = _Head(keys.current, chunk_bytes, flags, nonce, b"")
        sealed_key = AESGCM(keys.sealing[keys.current]).encrypt(nonce, key, head.bound(path.name))
        head = _Head(keys.current, chunk_bytes, flags, nonce, sealed_key)
        how = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if fresh else os.O_TRUNC)
        self._file = os.fdopen(os.open(path, how, 0o600), "wb", buffering=0)
        self._put(head.packed())

    def write(self, data: bytes) -> None:
        """Whole chunks go to the disk at once, the rest with what follows.

        Raises:
            OSError: the disk refuses; the file is of no further use.
        """
        self._waiting += data
        whole = len(self._waiting) - len(self._waiting) % self._chunk_bytes
        if whole:
            size = self._chunk_bytes
            self._put(b"".join(self._sealed(self._waiting[at : at + size]) for at in range(0, whole, size)))
            del self._waiting[:whole]

    def finish(self) -> None:
        """The last chunk. Raises OSError."""
        self._put(self._cipher.encrypt(_nonce(self._count, last=True), bytes(self._waiting), None))
        self._waiting.clear()
        if self._durable:
            os.fsync(self._file.fileno())
        self.close()

    def close(self) -> None:
        self._file.close()

    def _sealed(self, chunk: bytearray) -> bytes:
        self._count += 1
        return self._cipher.encrypt(_nonce(self._count - 1, last=False), bytes(chunk), None)

    def _put(self, data: bytes) -> None:
        """All of it or an error: what follows half a chunk could not be read."""
        if (done := self._file.write(data)) != len(data):
            raise OSError(f"only {done} of {len(data)} bytes could be written")


class PlainWriter:
    """The same for a file that is not sealed."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        how = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if fresh else os.O_TRUNC)
        self._file = os.fdopen(os.open(path, how, 0o600), "wb")

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def finish(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def close(self) -> None:
        self._file.close()


class SealedFile:
    """A sealed file as it stands when it is opened; what is added later is seen by the next one."""

    sealed = True

    def __init__(self, path: Path, keyring: Keyring) -> None:
        """
        Raises:
            OSError: it cannot be read.
            BrokenFile: it does not open.
        """
        self._path = path
        self._file = path.open("rb", buffering=0)
        try:
            self._head, key = _unwrapped(self._file.fileno(), path, keyring)
            self._cipher = AESGCM(key)
            self._measure()
        except BaseException:
            self._file.close()
            raise

    def _measure(self) -> None:
        chunk, stored = self._head.chunk_bytes, os.fstat(self._file.fileno()).st_size - _HEAD.size
        self._whole, rest = divmod(stored, chunk + _TAG_BYTES)
        self._last = self._tail(rest)
        self.complete = self._last is not None
        frames = self._whole * chunk + len(self._last or b"")
        self._lead = alaw_header(frames) if self._head.flags & ALAW_FRAMES else b""
        self.length = len(self._lead) + frames

    def _tail(self, rest: int) -> bytes | None:
        """The last chunk; None where it is missing or torn."""
        if rest < _TAG_BYTES:
            return None
        try:
            stored = self._stored(self._whole, rest)
            return self._cipher.decrypt(_nonce(self._whole, last=True), stored, None)
        except InvalidTag:
            return None

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer at the end.

        Raises:
            OSError: the disk refuses.
            BrokenFile: a chunk was changed.
        """
        end = min(self.length, offset + size)
        found = self._lead[offset:end]
        begin = max(0, offset - len(self._lead))
        end -= len(self._lead)
        chunk = self._head.chunk_bytes
        for number in range(begin // chunk, -(-end // chunk) if end > begin else 0):
            at = number * chunk
            found += self._chunk(number)[max(0, begin - at) : end - at]
        return found

    def _chunk(self, number: int) -> bytes:
        if number == self._whole:
            return self._last or b""
        try:
            stored = self._stored(number, self._head.chunk_bytes + _TAG_BYTES)
            return self._cipher.decrypt(_nonce(number, last=False), stored, None)
        except InvalidTag as error:
            raise BrokenFile(f"chunk {number} of {self._path.name} was changed") from error

    def _stored(self, number: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, _HEAD.size + number * (self._head.chunk_bytes + _TAG_BYTES))

    def close(self) -> None:
        self._file.close()


class PlainFile:
    """A file that was stored before there was sealing, or while it was off."""

    sealed = False
    complete = True

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self.length = os.fstat(self._file.fileno()).st_size

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, offset)

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class FileSafe:
    """How this process stores files: sealed, or plain where that is switched off. Both are read."""

    keyring: Keyring
    sealing: bool = True

    def create(self, path: Path, *, fresh: bool = True) -> Writer:
        """A new file; its folder is made. Raises OSError, KeyFileError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        return SealedWriter(path, self.keyring, fresh=fresh) if self.sealing else PlainWriter(path, fresh=fresh)

    def open(self, path: Path) -> Readable:
        """Raises OSError, BrokenFile."""
        return SealedFile(path, self.keyring) if key_of(path) is not None else PlainFile(path)

    def read(self, path: Path, size: int | None = None) -> bytes:
        """The whole file, or its first `size` bytes. Raises as `open`, and BrokenFile where it is cut off."""
        with closing(self.open(path)) as file:
            if not file.complete:
                raise BrokenFile(f"{path.name} is cut off")
            return file.read(0, file.length if size is None else size)

    def chunks(self, path: Path) -> Generator[bytes]:
        """The whole file, piece by piece. Raises as `read`."""
        with closing(self.open(path)) as file:
            if not file.complete:
                raise BrokenFile(f"{path.name} is cut off")
            at = 0
            while piece := file.read(at, CHUNK_BYTES):
                at += len(piece)
                yield piece


def key_of(path: Path) -> str | None:
    """The id of the key that the file is sealed with; None: it is plain. Raises OSError."""
    with path.open("rb", buffering=0) as file:
        head = file.read(len(MAGIC) + 8)
    return head[len(MAGIC) :].decode("ascii", "replace") if head.startswith(MAGIC) else None


def rewrap(path: Path, keyring: Keyring) -> bool:
    """Have the current key seal the file's own key; whether there was anything to do. It may be read and written on
    meanwhile: 84 bytes at its beginning are replaced by one write.

    Raises:
        OSError: it cannot be read or written.
        BrokenFile: it does not open.
    """
    keys = keyring.keys
    if key_of(path) in (None, keys.current):
        return False
    descriptor = os.open(path, os.O_RDWR)
    try:
        head, key = _unwrapped(descriptor, path, keyring)
        nonce = secrets.token_bytes(12)
        sealed_key = AESGCM(keys.sealing[keys.current]).encrypt(nonce, key, head.bound(path.name))
        seen = os.fstat(descriptor)
        os.pwrite(descriptor, _Head(keys.current, head.chunk_bytes, head.flags, nonce, sealed_key).packed(), 0)
        os.fsync(descriptor)
        os.utime(descriptor, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # retention goes by it
    finally:
        os.close(descriptor)
    return True


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _unwrapped(descriptor: int, path: Path, keyring: Keyring) -> tuple[_Head, bytes]:
    """The head, and the file's key. A head that is being replaced at this moment is read again."""
    problem = "its head is damaged"
    for _ in range(3):
        stored = os.pread(descriptor, _HEAD.size, 0)
        if len(stored) != _HEAD.size:
            continue
        _, key_id, chunk_bytes, flags, nonce, sealed_key = _HEAD.unpack(stored)
        head = _Head(key_id.decode("ascii", "replace"), chunk_bytes, flags, nonce, sealed_key)
        sealing = keyring.keys.sealing.get(head.key_id) or keyring.looked_again().sealing.get(head.key_id)
        if sealing is None:
            problem = f"it was sealed with the key {head.key_id!r}, which the key file lacks"
            continue
        try:
            key = AESGCM(sealing).decrypt(nonce, sealed_key, head.bound(path.name))
        except InvalidTag:
            problem = "its head was changed, or it is another's"
            continue
        if 0 < chunk_bytes <= _MOST_CHUNK_BYTES:
            return head, key
    raise BrokenFile(f"the sealed file {path.name} does not open: {problem}")
