"""One supervisor a data directory, and the secret that its processes know each other by."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import Final

from base.errors import HotlineError

TOKEN_NAME: Final = "internal.token"
LOCK_NAME: Final = "supervisor.lock"
_LEFTOVERS_SECONDS: Final = 25.0


class AlreadyRunning(HotlineError):
    """Another supervisor serves this data directory."""


def write_token(run_directory: Path) -> Path:
    """A new internal token, readable by this user alone; it replaces that of an earlier start."""
    path = run_directory / TOKEN_NAME
    new = run_directory / f"{TOKEN_NAME}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32))
    new.replace(path)
    return path


def take_lock(run_directory: Path, *, leftovers_seconds: float = _LEFTOVERS_SECONDS) -> int:
    """Take the lock of the data directory; the descriptor holds it as long as it is open here or in the guardian.

    When the supervisor that held it is dead but its guardian still ends what it left, this waits for it.

    Raises:
        AlreadyRunning: its supervisor lives, or its leftovers did not go away.
    """
    path = run_directory / LOCK_NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + leftovers_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            holder = _holder(path)
            if holder is None or _alive(holder) or time.monotonic() > deadline:
                os.close(descriptor)
                known = f" (process {holder})" if holder is not None else ""
                raise AlreadyRunning(
                    f"a hotline{known} already runs on {run_directory.parent}: stop it first, or give this one its own"
                    " HOTLINE_DATA__DIRECTORY"
                ) from None
            time.sleep(0.2)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return descriptor


def running(run_directory: Path) -> int | None:
    """The process id of the living supervisor of this data directory."""
    holder = _holder(run_directory / LOCK_NAME)
    return holder if holder is not None and _alive(holder) and _locked(run_directory / LOCK_NAME) else None


def _locked(path: Path) -> bool:
    """A number left by a supervisor that is gone may be another program's now."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _holder(path: Path) -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return None


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):  # a zombie holds nothing
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text("utf-8", "replace")
    return True
