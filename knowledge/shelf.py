"""Where the parts of an index are kept: in memory, or in a folder from which every later start maps them.

A folder is written once and never changed: parts first, at the end `manifest.json` with a key (what the parts were made
by), the size and the SHA-256 of every file. Without that file it is half written; with it it is read only after every
file was compared. Folders are derived data: deleting them costs the time to build them again.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Final
from uuid import uuid4

from knowledge.errors import KnowledgeError
from knowledge.lexical import TermMatrix
from knowledge.vectors import VectorTable

MANIFEST: Final = "manifest.json"
_ABANDONED_AFTER_SECONDS: Final = 24 * 3600.0  # a half-written folder; another process may be writing a younger one


class Shelf:
    """Keeps nothing: each part is built and held in memory."""

    def terms(self, name: str, build: Callable[[], TermMatrix]) -> TermMatrix:
        return build()

    def vectors(self, name: str, build: Callable[[], VectorTable]) -> VectorTable:
        return build()


MEMORY: Final = Shelf()


class UnusableShelf(KnowledgeError):
    """A kept index that is damaged, or that this program would not have written."""


@dataclass(frozen=True, slots=True)
class FolderShelf(Shelf):
    """A folder: being written (`complete` False: parts are built, written and mapped at once, so that no two of them
    are in memory together), or complete and only read."""

    folder: Path
    complete: bool

    def terms(self, name: str, build: Callable[[], TermMatrix]) -> TermMatrix:
        """Raises UnusableShelf: a complete folder lacks it. OSError: it cannot be written."""
        if not self.complete:
            build().save(self.folder, name)
        with reading(self.folder):
            return TermMatrix.load(self.folder, name)

    def vectors(self, name: str, build: Callable[[], VectorTable]) -> VectorTable:
        """As `terms`."""
        if not self.complete:
            build().save(self.folder, name)
        with reading(self.folder):
            return VectorTable.load(self.folder, name)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Whatever a file that does not fit raises becomes UnusableShelf."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError, IndexError) as error:
        raise UnusableShelf(f"the kept index {folder.name} cannot be read: {error}") from error


def newest(root: Path, key: str) -> FolderShelf | None:
    """The folder that was completed last, every file of it compared with its manifest; None: there is none.

    Raises:
        UnusableShelf: it is damaged, or was made by something else than `key` tells. The next one replaces it.
    """
    complete = sorted(root.glob(f"*/{MANIFEST}"), key=lambda path: path.stat().st_mtime)
    if not complete:
        return None
    folder = complete[-1].parent
    with reading(folder):
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        made_by, files = str(manifest["key"]), dict(manifest["files"])
    if made_by != key:
        raise UnusableShelf(f"the kept index {folder.name} was made by another model or program")
    for name, told in files.items():
        with reading(folder):
            found = _told(folder / name)
        if found != told:
            raise UnusableShelf(f"the kept index {folder.name} is damaged: {name} is not what was written")
    return FolderShelf(folder, complete=True)


@contextmanager
def writing(root: Path, key: str) -> Iterator[FolderShelf]:
    """A new folder, complete when the block ends; then the former ones go. Whoever has mapped one of them keeps it.

    A block that fails leaves nothing; a process that dies leaves a half-written folder, which a later one removes.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    folder = root / uuid4().hex
    folder.mkdir(parents=True)
    try:
        yield FolderShelf(folder, complete=False)
        files = {path.name: _told(path) for path in sorted(folder.iterdir())}
        unfinished = folder / f"{MANIFEST}.part"
        unfinished.write_text(json.dumps({"key": key, "files": files}, indent=1), encoding="utf-8")
        os.replace(unfinished, folder / MANIFEST)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for other in root.iterdir():
        if other != folder and ((other / MANIFEST).is_file() or _age_seconds(other) > _ABANDONED_AFTER_SECONDS):
            shutil.rmtree(other, ignore_errors=True)


def _told(path: Path) -> list[int | str]:
    """Size in bytes and SHA-256, as they stand in a manifest."""
    with path.open("rb") as file:
        return [path.stat().st_size, file_digest(file, "sha256").hexdigest()]


def _age_seconds(path: Path) -> float:
    return time.time() - path.stat().st_mtime
