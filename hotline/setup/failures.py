"""Known failures of setting up, each told in one sentence. Standard library only."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

from base.errors import HotlineError

MEGABYTE = 1024 * 1024


class SetupError(HotlineError):
    """Setting up cannot go on; the message says what happened and what to do. Nothing finished is lost."""


_DISK = re.compile(r"no space left on device|os error 28|errno 28|disk quota exceeded|ENOSPC", re.IGNORECASE)
_DOWNLOAD = re.compile(
    r"failed to (fetch|download)|could not connect|connection (refused|reset|error|broken)|timed? ?out|dns error"
    r"|temporary failure in name resolution|name or service not known|ECONNRE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN"
    r"|certificate|http status|incomplete|error sending request|network|no matching distribution"
    r"|was not found in the package registry|no solution found|unsatisfiable|\bE40[0-9]\b",
    re.IGNORECASE,
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_MISMATCH = re.compile(r"hash mismatch|EINTEGRITY|do not match the hashes|checksum", re.IGNORECASE)


def require_space(folder: Path, needed_bytes: int, what: str) -> None:
    """Refuse a large step before it half-fills the disk.

    Raises:
        SetupError: the file system of `folder` has less than `needed_bytes` free.
    """
    existing = folder
    while not existing.exists():
        existing = existing.parent
    free_bytes = shutil.disk_usage(str(existing)).free
    if free_bytes < needed_bytes:
        raise SetupError(
            f"{what} needs {needed_bytes // MEGABYTE} MB free under {existing}, there are {free_bytes // MEGABYTE} MB:"
            " free some space and start again"
        )


def from_os_error(error: OSError, what: str) -> SetupError:
    """One sentence for an operating system error met while doing `what`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return SetupError(f"the disk is full: {what} stopped; free some space and start again, it goes on from there")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return SetupError(f"{what} may not write to {error.filename}: give this user the right to write there")
    return SetupError(f"{what} failed: {error}")


def from_output(output: str, what: str) -> SetupError:
    """One sentence for a tool that failed while doing `what`, from what it printed."""
    if _DISK.search(output):
        return SetupError(f"the disk is full: {what} stopped; free some space and start again, it goes on from there")
    if _MISMATCH.search(output):
        return SetupError(
            f"{what} stopped: a downloaded file is not the one that was locked ({telling_line(output)});"
            " start again to download it anew, and check the configured package index if it happens twice"
        )
    if _DOWNLOAD.search(output):
        return SetupError(
            f"{what} stopped: a download failed ({telling_line(output)});"
            " check the network or the configured package index and start again, it goes on from there"
        )
    return SetupError(f"{what} failed: {telling_line(output) or 'no message'}")


def telling_line(output: str) -> str:
    """The line of a tool's output that says most about its failure, at most 200 characters."""
    lines = [_COLOURS.sub("", line).strip(" ×╰─▶├│-") for line in output.splitlines()]
    lines = [line for line in lines if line]
    for pattern in (_DISK, _MISMATCH, _DOWNLOAD, re.compile(r"error", re.IGNORECASE)):
        matching = [line for line in reversed(lines) if pattern.search(line)]
        if matching:  # a line with the address says more than one with its reason
            return next((line for line in matching if "://" in line), matching[0])[:200]
    return lines[-1][:200] if lines else ""
