"""Rendered speech on disk, named by its content; shared by every process that can reach the folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from telephony.voice.normaliser import NORMALISER_VERSION
from telephony.voice.shaping import SHAPING_VERSION

_SUFFIX: Final = ".audio"
_MAGIC: Final = b"HSP1"
_HEADER_BYTES: Final = 8
_TOUCH_AFTER_SECONDS: Final = 3_600
_LEFTOVER_SECONDS: Final = 3_600
_SWEEP_EVERY: Final = 32
"""A sweep for room after this share of the limit was written: the folder outgrows its limit by 1/32 at most."""
_KEEP_SHARE: Final = 0.9


def text_key(text: str, voice: str) -> str:
    """What the names of one text in one voice have in common, whatever the speed."""
    parts = json.dumps([text, voice, NORMALISER_VERSION, SHAPING_VERSION], ensure_ascii=False)
    return hashlib.sha256(parts.encode()).hexdigest()


def key(text: str, voice: str, speed: float) -> str:
    """The name of one piece of speech: same text, voice, normaliser and speed, same audio."""
    return f"{text_key(text, voice)}-{round(speed * 1000)}"


class AudioCache:
    """PCM16 little-endian mono at 8 kHz, each file with a checksum. Blocking: call it in a thread.

    A file is either whole or absent (written aside, then renamed), also when a process is killed in between; one that
    the disk has spoilt is found out by its checksum and removed. Least recently used files go first; use is noted in
    the file's time, once an hour at most, so every process sees it.
    """

    def __init__(self, directory: Path, limit_bytes: int) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes
        self._written_bytes = 0

    def read(self, name: str) -> bytes | None:
        """The audio, or None where it is not here."""
        path = self._path(name)
        try:
            stored = path.read_bytes()
            if time.time() - path.stat().st_mtime > _TOUCH_AFTER_SECONDS:
                os.utime(path)
        except OSError:
            return None
        audio = stored[_HEADER_BYTES:]
        if stored[:_HEADER_BYTES] != _header(audio):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        return audio

    def write(self, name: str, audio: bytes) -> None:
        """Keep this audio. A disk that is full is no error: the speech was rendered all the same."""
        path = self._path(name)
        aside = path.with_name(f".{name}.{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(_header(audio) + audio)
            aside.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            return
        self._written_bytes += len(audio)
        if self._written_bytes * _SWEEP_EVERY > self._limit_bytes:
            self._written_bytes = 0
            self.sweep()

    def forget(self, text_keys: Iterable[str]) -> int:
        """Remove these texts at every speed, for all processes; returns the number of files that were there."""
        removed = 0
        for found in text_keys:
            for path in (self._directory / found[:2]).glob(f"{found}-*{_SUFFIX}"):
                with contextlib.suppress(OSError):
                    path.unlink()
                    removed += 1
        return removed

    def sweep(self) -> int:
        """Remove the least recently used files over the limit, and leftovers; returns the bytes now kept."""
        found: list[tuple[float, int, Path]] = []
        now = time.time()
        for folder, _, names in os.walk(self._directory):
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    status = path.stat()
                    if name.endswith(_SUFFIX):
                        found.append((status.st_mtime, status.st_size, path))
                    elif now - status.st_mtime > _LEFTOVER_SECONDS:
                        path.unlink()
        kept = sum(size for _, size, _ in found)
        if kept <= self._limit_bytes:
            return kept
        for _, size, path in sorted(found):
            if kept <= self._limit_bytes * _KEEP_SHARE:
                break
            with contextlib.suppress(OSError):
                path.unlink()
                kept -= size
        return kept

    def _path(self, name: str) -> Path:
        return self._directory / name[:2] / f"{name}{_SUFFIX}"


def _header(audio: bytes) -> bytes:
    return _MAGIC + zlib.crc32(audio).to_bytes(4, "little")
