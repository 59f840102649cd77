"""Which keys the stored files need, and having the current key seal what older ones sealed. Everything here blocks.

A rotation writes the heads anew (`storage.sealed_files.rewrap`). Files that are plain are sealed on demand only:
sealing them by itself would also give a seal to what somebody put in the place of a sealed file.
"""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from storage.keyring import Keyring
from storage.sealed_files import BrokenFile, FileSafe, SealedWriter, key_of, rewrap

FOLDERS: Final = ("recordings", "attachments", "chat_pictures", "messenger_media")
_STILL_WRITTEN_SECONDS: Final = 3600.0  # a plain file touched since then may be of a call that goes on
_ASIDE: Final = ".sealing"


@dataclass(frozen=True, slots=True)
class Resealed:
    """`left`: files that may still be written, or that the disk kept from us; `broken`: names that do not open."""

    rewrapped: int = 0
    sealed: int = 0
    left: int = 0
    broken: tuple[str, ...] = ()


def stored_files(data: Path) -> Iterator[Path]:
    """Every stored file under the data directory."""
    for name in FOLDERS:
        for folder, inner, files in os.walk(data / name):
            inner[:] = [one for one in inner if not one.endswith(_ASIDE)]
            yield from (Path(folder) / file for file in sorted(files))


def _forget_broken_off(data: Path) -> None:
    """What a sealing that was killed left beside its file: erasing the file would not find it."""
    for name in FOLDERS:
        for folder in list((data / name).rglob(f"*{_ASIDE}")):
            with suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > _STILL_WRITTEN_SECONDS:
                    shutil.rmtree(folder)


def files_standing(data: Path) -> dict[str, dict[str, int]]:
    """Folder -> how many files each key sealed; `plain`: none did. Folders without files are left out."""
    found: dict[str, Counter[str]] = {}
    for path in stored_files(data):
        with suppress(FileNotFoundError):  # deleted for its age meanwhile
            found.setdefault(path.relative_to(data).parts[0], Counter())[key_of(path) or "plain"] += 1
    return {name: dict(counts) for name, counts in found.items()}


def reseal_files(
    data: Path, keyring: Keyring, *, plain_too: bool = False, stop: Callable[[], bool] = lambda: False
) -> Resealed:
    """One walk through the stored files. `plain_too`: also seal what is plain. `stop` is asked before each file.

    Raises:
        KeyFileError: the key file cannot be read.
    """
    _forget_broken_off(data)
    rewrapped = sealed = left = 0
    broken: list[str] = []
    for path in stored_files(data):
        if stop():
            break
        try:
            if key_of(path) is not None:
                rewrapped += rewrap(path, keyring)
            elif plain_too:
                done = seal_plain(path, keyring)
                sealed, left = sealed + done, left + (not done)
        except FileNotFoundError:
            continue
        except BrokenFile:
            broken.append(str(path.relative_to(data)))
        except OSError:
            left += 1
    return Resealed(rewrapped, sealed, left, tuple(broken))


def seal_plain(path: Path, keyring: Keyring) -> bool:
    """Put a sealed file in the place of a plain one, whole or not at all; false: it may still be written.

    Raises:
        OSError: the disk refuses.
    """
    before = path.stat()
    if time.time() - before.st_mtime < _STILL_WRITTEN_SECONDS:
        return False
    # sealed under the name that it will have, beside its place
    aside = path.with_name(f"{path.name}{_ASIDE}")
    aside.mkdir(mode=0o700, exist_ok=True)
    made = aside / path.name
    try:
        writer = SealedWriter(made, keyring)
        try:
            for piece in FileSafe(keyring, sealing=False).chunks(path):
                writer.write(piece)
            writer.finish()
        finally:
            writer.close()
        os.utime(made, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = path.stat()
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            return False
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
        aside.rmdir()
    return True
