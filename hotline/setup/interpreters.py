"""Finding a Python of one exact minor version, wherever the machine hides it. Standard library only.

A name on the PATH proves nothing: pyenv puts a `python3.10` there that only prints an error while another version is
selected. So every candidate is executed and asked for its version.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_PROBE_SECONDS = 20


def candidates(version: tuple[int, int], environment: Mapping[str, str], home: Path) -> Iterable[Path]:
    """Paths that may be an interpreter of `version`, best first; not probed, possibly repeated."""
    name = "python{}.{}".format(*version)
    given = environment.get("HOTLINE_PYTHON{}{}".format(*version))
    if given:
        yield Path(given)
    if sys.version_info[:2] == version:
        yield Path(getattr(sys, "_base_executable", None) or sys.executable)
    folders = [Path(entry) for entry in environment.get("PATH", "").split(os.pathsep) if entry]
    for folder in folders:
        yield folder / name
    pyenv = Path(environment.get("PYENV_ROOT") or home / ".pyenv")
    yield from _newest_first(pyenv / "versions", "{}.{}.*".format(*version), name)
    for store in _uv_stores(environment, home):
        yield from _newest_first(store, "cpython-{}.{}.*".format(*version), name)
    for place in ("/usr/bin", "/usr/local/bin", "/opt/python/bin", "/opt/homebrew/bin"):
        yield Path(place) / name
    for folder in folders:
        yield folder / "python3"


def _uv_stores(environment: Mapping[str, str], home: Path) -> Iterable[Path]:
    if environment.get("UV_PYTHON_INSTALL_DIR"):
        yield Path(environment["UV_PYTHON_INSTALL_DIR"])
    yield Path(environment.get("XDG_DATA_HOME") or home / ".local" / "share") / "uv" / "python"


def _newest_first(store: Path, pattern: str, name: str) -> Iterable[Path]:
    def patch(folder: Path) -> tuple[int, ...]:
        digits = "".join(letter if letter.isdigit() else " " for letter in folder.name).split()
        return tuple(int(part) for part in digits[:3])

    found = sorted(store.glob(pattern), key=patch, reverse=True) if store.is_dir() else []
    return [folder / "bin" / name for folder in found]


def version_of(interpreter: Path) -> tuple[int, int] | None:
    """The minor version that this program reports when it is run, or None when it is no working CPython."""
    code = "import sys, sysconfig; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [str(interpreter), "-I", "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = answer.stdout.decode("ascii", "replace").split()
    if answer.returncode != 0 or len(words) != 3 or words[0] != "cpython":
        return None
    return int(words[1]), int(words[2])


def find(
    version: tuple[int, int], environment: Mapping[str, str] | None = None, home: Path | None = None
) -> Path | None:
    """The first interpreter of exactly `version` that runs, or None."""
    asked = set()
    for candidate in candidates(version, os.environ if environment is None else environment, home or Path.home()):
        if candidate in asked or not os.access(str(candidate), os.X_OK):
            continue
        asked.add(candidate)
        if version_of(candidate) == version:
            return candidate
    return None
