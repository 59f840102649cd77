"""A backup that is consistent while everything runs, and its way back.

The file is a plain tar: `manifest.json` (format, schema, time, SHA-256 and size of each member), `database.sqlite`
(made with SQLite's online backup, so that it is one moment of the database), the journal, the recordings, the orders'
attachments, the unit keys and the key file of contact data (where that lies in the data folder). A database on
PostgreSQL is backed up by its own tools: `pg_dump` for the database, this command for the files.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sqlalchemy.engine import make_url

from base.errors import HotlineError
from base.settings import Settings
from storage.keyring import FILE_NAME
from storage.migrate import newest_revision

FORMAT: Final = 1
DATABASE_MEMBER: Final = "database.sqlite"
MANIFEST_MEMBER: Final = "manifest.json"
FOLDERS: Final = ("recordings", "journal", "attachments")
FILES: Final = ("unit_keys.yml", FILE_NAME)
_CHUNK_BYTES: Final = 1 << 20
_PAGES_A_STEP: Final = 2_000
_ROOM_BYTES: Final = 64 << 20


class BackupError(HotlineError):
    """The backup or the restore cannot be done; nothing was left half done."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds."""

    path: Path
    members: int
    bytes: int
    with_database: bool


def database_file(settings: Settings) -> Path | None:
    """The SQLite file; None where the database is a server."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


def backup(settings: Settings, target: Path, *, now: datetime) -> Summary:
    """Write a backup to `target`, which appears whole or not at all.

    Raises:
        BackupError: the target exists, there is nothing to back up, or the disk is full.
    """
    if target.exists():
        raise BackupError(f"{target} exists already: choose another name, a backup is never overwritten")
    database = database_file(settings)
    if database is not None and not database.is_file():
        raise BackupError(f"there is no database at {database}: nothing to back up")
    descriptor, partial_name = _partial(target)
    partial = Path(partial_name)
    try:
        with os.fdopen(descriptor, "wb") as stream, tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            manifest = _write(stream, settings, database, Path(scratch), now)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(partial, target)  # fails where somebody made the target meanwhile
    except FileExistsError as error:
        raise BackupError(f"{target} exists already: choose another name, a backup is never overwritten") from error
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"the backup could not be written: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    members = manifest["members"]
    return Summary(target, len(members), sum(member["bytes"] for member in members.values()), database is not None)


def _partial(target: Path) -> tuple[int, str]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)  # mode 0600
    except OSError as error:
        raise BackupError(f"cannot write beside {target}: {error}") from error


def _write(stream: Any, settings: Settings, database: Path | None, scratch: Path, now: datetime) -> dict[str, Any]:
    members: dict[str, dict[str, Any]] = {}
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        if database is not None:
            copy = scratch / DATABASE_MEMBER
            _copy_database(database, copy)
            members[DATABASE_MEMBER] = _add(archive, copy, DATABASE_MEMBER, scratch)
        for path, name in _files(settings.var):
            added = _add(archive, path, name, scratch)
            if added:
                members[name] = added
        manifest = {"format": FORMAT, "schema": newest_revision(), "made_at": now.isoformat(), "members": members}
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        head = tarfile.TarInfo(MANIFEST_MEMBER)
        head.size, head.mode = len(text), 0o600
        archive.addfile(head, io.BytesIO(text))
    return manifest


def _copy_database(source: Path, copy: Path) -> None:
    """SQLite's online backup: one consistent moment, while others read and write."""
    reader = sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30.0)
    writer = sqlite3.connect(copy)
    try:
        reader.execute("BEGIN")  # pin one moment, so that steps are not begun anew by each write
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reader.backup(writer, pages=_PAGES_A_STEP)
        writer.execute("PRAGMA journal_mode=DELETE")
        found = writer.execute("PRAGMA quick_check").fetchone()
        if found[0] != "ok":
            raise BackupError(f"the database {source} is damaged: {found[0]}")
    finally:
        reader.close()
        writer.close()


def _files(var: Path) -> Iterator[tuple[Path, str]]:
    for folder in FOLDERS:
        for path in sorted((var / folder).rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path, path.relative_to(var).as_posix()
    for name in FILES:
        if (var / name).is_file():
            yield var / name, name


def _add(archive: tarfile.TarFile, path: Path, name: str, scratch: Path) -> dict[str, Any]:
    """Add one file. A recording may grow meanwhile: exactly the size seen first is taken."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:  # an old recording was removed meanwhile
        return {}
    with stream:
        size = os.fstat(stream.fileno()).st_size
        head = tarfile.TarInfo(name)
        head.size, head.mode = size, 0o600
        head.mtime = int(os.fstat(stream.fileno()).st_mtime)
        reader = _Hashing(stream, size)
        archive.addfile(head, reader)
    return {"sha256": reader.digest.hexdigest(), "bytes": size}


class _Hashing:
    """Reads exactly `size` bytes and hashes them on the way."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream = stream
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        wanted = self._left if count < 0 else min(count, self._left)
        data: bytes = self._stream.read(wanted)
        self._left -= len(data)
        self.digest.update(data)
        return data


def read_manifest(source: Path) -> dict[str, Any]:
    """The manifest of a backup.

    Raises:
        BackupError: it is no backup of ours, or of a newer version.
    """
    try:
        with tarfile.open(source, "r:") as archive:
            member = archive.extractfile(MANIFEST_MEMBER)
            manifest = json.loads(member.read()) if member is not None else None
    except FileNotFoundError as error:
        raise BackupError(f"{source} does not exist") from error
    except (KeyError, OSError, tarfile.TarError, ValueError) as error:
        raise BackupError(f"{source} is no backup of this program, or is cut off") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT or not isinstance(manifest["members"], dict):
        raise BackupError(f"{source} was made by another version of this program")
    return manifest


def restore(settings: Settings, source: Path) -> Summary:
    """Bring a backup back into an empty data folder. Every checksum is verified before anything is put in its place.

    Models and caches may stand in the folder already; a database, recordings or a journal may not.

    Raises:
        BackupError: the folder is not empty, or the backup is damaged.
    """
    manifest, var = read_manifest(source), settings.var
    database = database_file(settings)
    if DATABASE_MEMBER in manifest["members"] and database is None:
        raise BackupError("the backup holds an SQLite database, but database.url names a server")
    _refuse_occupied(var, database)
    members: dict[str, dict[str, Any]] = manifest["members"]
    total = sum(member["bytes"] for member in members.values())
    try:
        var.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(var).free < total + _ROOM_BYTES:
            raise BackupError(f"not enough room in {var}: {total / 1e9:.1f} GB are needed")
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=var) as scratch:
            _extract(source, members, Path(scratch))
            _put_in_place(Path(scratch), members, var, database)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"the backup could not be restored: {error}") from error
    return Summary(source, len(members), total, DATABASE_MEMBER in members)


def _refuse_occupied(var: Path, database: Path | None) -> None:
    taken = [var / name for name in FILES if (var / name).exists()]
    taken += [var / folder for folder in FOLDERS if (var / folder).is_dir() and any((var / folder).iterdir())]
    if database is not None:
        taken += [path for path in (database, Path(f"{database}-wal")) if path.exists()]
    if taken:
        raise BackupError(f"{taken[0]} exists: a backup is restored into an empty data folder only")


def _extract(source: Path, members: dict[str, dict[str, Any]], scratch: Path) -> None:
    found: set[str] = set()
    with tarfile.open(source, "r:") as archive:
        for head in archive:
            if head.name == MANIFEST_MEMBER:
                continue
            known = members.get(head.name)
            stream = archive.extractfile(head) if head.isreg() else None
            if known is None or stream is None or not _harmless(head.name) or head.name in found:
                raise BackupError(f"the backup holds something that its manifest does not name: {head.name!r}")
            found.add(head.name)
            path = scratch / head.name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            digest = hashlib.sha256()
            with path.open("xb") as target:
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            path.chmod(0o600)
            if digest.hexdigest() != known["sha256"]:
                raise BackupError(f"{head.name} in the backup is damaged (its checksum differs): nothing was restored")
    if missing := set(members) - found:
        raise BackupError(f"the backup is incomplete: {sorted(missing)[0]} is missing; nothing was restored")


def _harmless(name: str) -> bool:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        return False
    return name in (DATABASE_MEMBER, *FILES) or (len(path.parts) > 1 and path.parts[0] in FOLDERS)


def _put_in_place(scratch: Path, members: dict[str, dict[str, Any]], var: Path, database: Path | None) -> None:
    """The database comes last: it is what makes the folder count as restored."""
    for name in sorted(members, key=lambda member: member == DATABASE_MEMBER):
        target = database if name == DATABASE_MEMBER else var / name
        assert target is not None
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(scratch / name, target)
