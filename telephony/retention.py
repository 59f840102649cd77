"""How long recordings are kept: so many days, so many bytes, the oldest go first. What to delete is decided purely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from base.clock import local
from base.sections.telephony import RecordingSettings

FOLDER_FORMAT: Final = "%Y-%m-%d"
_STILL_WRITTEN: Final = timedelta(hours=1)  # a file touched since then may be of a call that goes on


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """
    Attributes:
        days: a recording is deleted when its day is so long ago; 0: never for its age.
        limit_bytes: of all recordings together; 0: no limit.
        keep_free_bytes: calls are not recorded while less is free on the disk.
    """

    days: int = 0
    limit_bytes: int = 0
    keep_free_bytes: int = 0


def retention_rules(settings: RecordingSettings) -> RetentionRules:
    return RetentionRules(settings.retention_days, settings.limit_bytes, settings.keep_free_bytes)


@dataclass(frozen=True, slots=True)
class RecordedFile:
    path: Path
    day: date
    bytes: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Deleted:
    files: int = 0
    bytes: int = 0


def due(files: Iterable[RecordedFile], rules: RetentionRules, now: datetime) -> list[RecordedFile]:
    """What must go, oldest first; never a file of a call that may still be going on."""
    ordered = sorted(files, key=lambda file: (file.day, file.modified))
    first_kept = local(now).date() - timedelta(days=rules.days) if rules.days else date.min
    surplus = sum(file.bytes for file in ordered) - rules.limit_bytes if rules.limit_bytes else 0
    going = []
    for file in ordered:
        if file.day < first_kept or (surplus > 0 and now - file.modified > _STILL_WRITTEN):
            going.append(file)
            surplus -= file.bytes
    return going


def recorded_files(directory: Path) -> list[RecordedFile]:
    """Every recording under the folder; what is not in a day's folder is not ours. Blocking."""
    found = []
    for folder in sorted(directory.iterdir()) if directory.is_dir() else []:
        try:
            day = datetime.strptime(folder.name, FOLDER_FORMAT).replace(tzinfo=UTC).date()
        except ValueError:
            continue
        for path in folder.glob("*.wav"):
            status = path.stat()
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            found.append(RecordedFile(path, day, status.st_size, modified))
    return found


def sweep(directory: Path, rules: RetentionRules, now: datetime) -> Deleted:
    """Delete what is due and the folders that become empty. Blocking.

    Raises:
        OSError: the disk refuses.
    """
    going = due(recorded_files(directory), rules, now)
    for file in going:
        file.path.unlink(missing_ok=True)
    for folder in {file.path.parent for file in going}:
        if not any(folder.iterdir()):
            folder.rmdir()
    return Deleted(len(going), sum(file.bytes for file in going))
