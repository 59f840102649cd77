"""Programs of the operating system that the tests drive: taken from Debian when that is possible, else named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


def _has_kamailio_tls() -> bool:
    return any(Path("/usr/lib").glob("*/kamailio/modules/tls.so"))


def _has_chinese_font() -> bool:
    return any(any(Path(root).glob("**/*CJK*")) for root in ("/usr/share/fonts", "/usr/local/share/fonts"))


FOR_TESTS: Final = (
    SystemPackage("sip-tester", "SIPp, the second SIP implementation that calls us", lambda: _has_program("sipp")),
    SystemPackage("chromium", "the browser that drives both pages", lambda: _has_program("chromium", "google-chrome")),
    SystemPackage("fonts-noto-cjk", "Chinese letters in screenshots", _has_chinese_font),
    SystemPackage("postgresql", "the second database", _has_postgres),
    SystemPackage("redis-server", "what nodes tell each other by", lambda: _has_program("redis-server")),
    SystemPackage("kamailio", "the SIP proxy before several nodes", lambda: _has_program("kamailio")),
    SystemPackage("kamailio-tls-modules", "the same with TLS", _has_kamailio_tls),
    SystemPackage("nginx-light", "the web proxy before several nodes", lambda: _has_program("nginx")),
)


@contextmanager
def _no_service_starts(policy: Path = Path("/usr/sbin/policy-rc.d")) -> Iterator[None]:
    """Tests start servers of their own on free ports: what a package brings must not run beside them. A policy that the
    machine has already is left as it is."""
    try:
        with policy.open("x", encoding="ascii") as file:
            file.write("#!/bin/sh\nexit 101\n")
    except FileExistsError:
        yield
        return
    try:
        policy.chmod(0o755)
        yield
    finally:
        policy.unlink()


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
        with _no_service_starts():
            tools.run(install, f"installing {', '.join(names)}", log=log, environment=environment)
    except SetupError as error:
        return f"could not install {', '.join(names)}, their tests are left out: {error}"
    return f"installed {', '.join(names)}"
