"""A real PostgreSQL server on a temporary folder and unix socket, where Debian's postgresql is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from needs import require


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _unprivileged() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: the user to become, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    return None


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql_server() as url:
        yield url


@contextmanager
def postgresql_server(*, address: str = "", network: str = "") -> Iterator[str]:
    """Its URL; everything is gone afterwards. `address`: also reached there, on the usual port, from `network`."""
    programs = _programs()
    if programs is None:
        require(False, "PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
        raise AssertionError  # `require` does not return
    account = _unprivileged()
    user = {} if account is None else {"user": account[0], "group": account[1], "extra_groups": []}
    folder = Path(tempfile.mkdtemp(prefix="hotline-pg-"))
    if account is not None:
        os.chown(folder, *account)
    data = folder / "data"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(folder)}

    def call(*command: str) -> None:
        finished = subprocess.run(  # type: ignore[call-overload]
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, **user
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr

    call(str(programs / "initdb"), "-D", str(data), "-U", "hotline", "-A", "trust", "-E", "UTF8", "--no-sync")
    if network:
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all hotline {network} trust\n")
    options = f"-k {folder} -c listen_addresses='{address}' -c fsync=off"
    call(str(programs / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+asyncpg://hotline@/postgres?host={folder}"
    finally:
        call(str(programs / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
