"""Programs of the operating system that the tests drive: taken from Debian when that is possible, else named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotline.setup import environments, tools
from hotline.setup.failures import SetupError


@dataclass(frozen=True, slots=True)
class SystemPackage:
    """`present` looks for what the package brings, wherever it came from."""

    debian: str
    purpose: str
    present: Callable[[], bool]


def _has_program(*names: str) -> bool:
    return any(shutil.which(name) is not None for name in names)


def _has_postgres() -> bool:
    return _has_program("postgres") or any(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


def _has_chinese_font() -> bool:
    return any(any(Path(root).glob("**/*CJK*")) for root in ("/usr/share/fonts", "/usr/local/share/fonts"))


FOR_TESTS: Final = (
    SystemPackage("sip-tester", "SIPp, the second SIP implementation that calls us", lambda: _has_program("sipp")),
    SystemPackage("chromium", "the browser that drives both pages", lambda: _has_program("chromium", "google-chrome")),
    SystemPackage("fonts-noto-cjk", "Chinese letters in screenshots", _has_chinese_font),
    SystemPackage("postgresql", "the second database", _has_postgres),
)


def ensure_for_tests() -> str:
    """Install what is missing; where that cannot be done, one line says what the tests will leave out."""
    missing = [package for package in FOR_TESTS if not package.present()]
    if not missing:
        return ""
    names = [package.debian for package in missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"missing: {', '.join(names)} (their tests are left out; Debian: apt-get install {' '.join(names)})"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = environments.LOGS / "system-packages.log"
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    try:
        tools.run(["apt-get", "update"], "reading Debian's package lists", log=log, environment=environment)
        tools.run(install, f"installing {', '.join(names)}", log=log, environment=environment)
    except SetupError as error:
        return f"could not install {', '.join(names)}, their tests are left out: {error}"
    return f"installed {', '.join(names)}"
