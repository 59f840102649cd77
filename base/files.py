"""Files that are made anew from time to time under a name of their own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def keep_newest(folder: Path, pattern: str, *, newest: int = 2) -> None:
    """Remove all but the newest files of a kind: the one before stays, for whoever still runs with it.

    Those that cannot be removed, or are gone already, are left alone.
    """
    with suppress(OSError):
        kept = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in kept[newest:]:
            with suppress(OSError):
                path.unlink()
