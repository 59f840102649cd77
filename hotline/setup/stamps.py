"""Stamps: a small file beside a result that says from what it was made. Standard library only."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path


def of_files(paths: Iterable[Path], *also: str) -> str:
    """One hash of the names and contents of files (folders are walked) and of further strings."""
    digest = hashlib.sha256()
    for text in also:
        digest.update(text.encode() + b"\0")
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(str(file.relative_to(path.parent)).encode() + b"\0")
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sha256_of(path: Path) -> str:
    """The SHA-256 of one file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def read(stamp: Path) -> dict[str, str]:
    """What a stamp says; empty when there is none or it was cut short."""
    try:
        content = json.loads(stamp.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}


def write(stamp: Path, **content: str) -> None:
    """Write a stamp whole or not at all."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    unfinished = stamp.with_name(stamp.name + ".new")
    unfinished.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    os.replace(str(unfinished), str(stamp))
