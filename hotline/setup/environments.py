"""Virtual environments made exactly as their lock file says, by a pinned uv. Standard library only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hotline.setup import interpreters, package_sources, stamps, tools
from hotline.setup.failures import MEGABYTE, SetupError, require_space

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / "var" / "cache"
UV_HOME = ROOT / "var" / "bootstrap"
LOGS = ROOT / "var" / "setup" / "logs"
STAMP_NAME = "hotline-lock.json"
_HASH_MISMATCH = re.compile(r"Hash mismatch for `([^`]+)`")
_FILES_ELSEWHERE = 5
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"


def caches(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for package tools: their caches under var/, unless the user has placed them."""
    here = {
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "npm_config_cache": str(CACHE / "npm"),
    }
    return {**here, **environment}


class Uv:
    """The pinned package installer and where it looks for packages."""

    def __init__(
        self,
        program: Path,
        sources: package_sources.PackageSources,
        environment: Mapping[str, str],
        *,
        pip_owner: Path = Path(sys.executable),
    ) -> None:
        """`pip_owner`: a Python that has a pip."""
        self.program = program
        self.sources = sources
        self.pip_owner = pip_owner
        quiet = {"UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
        self.environment = {**caches(environment), **quiet, **sources.for_uv(environment)}

    def run(self, what: str, *arguments: str) -> str:
        return tools.run(
            [str(self.program), *arguments], what, log=LOGS / "packages.log", cwd=ROOT, environment=self.environment
        )


def pinned_uv_version() -> str:
    """The version of uv that `locks/bootstrap.lock` names."""
    for line in (ROOT / "locks" / "bootstrap.lock").read_text("utf-8").splitlines():
        if line.startswith("uv=="):
            return line[4:].split()[0]
    raise SetupError("locks/bootstrap.lock names no uv: restore the file")


def ensure_uv(python: Path, environment: Mapping[str, str] | None = None) -> Uv:
    """The pinned uv, installed by pip into var/bootstrap when it is not there yet.

    Raises:
        SetupError: no pip to install it with, or the download failed.
    """
    environment = caches(os.environ if environment is None else environment)
    wanted = pinned_uv_version()
    inside, beside = UV_HOME / "bin" / "python", UV_HOME / "target" / "bin" / "uv"
    for program in (UV_HOME / "bin" / "uv", beside):
        if _version(program) == wanted:
            pip_owner = inside if inside.exists() else python
            return _uv(program, pip_owner, environment)
    tools.say(f"setup: the package installer (uv {wanted})")
    shutil.rmtree(str(UV_HOME), ignore_errors=True)
    lock = ["--require-hashes", "--no-deps", "-r", str(ROOT / "locks" / "bootstrap.lock")]
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *lock]
    made = subprocess.run(
        [str(python), "-m", "venv", str(UV_HOME)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    what = "installing uv with pip"
    if made.returncode == 0:
        tools.run([str(inside), *install], what, log=LOGS / "packages.log", environment=environment)
        return _uv(UV_HOME / "bin" / "uv", inside, environment)
    # Debian's python3 without python3-venv cannot make an environment with pip, but may have a pip of its own.
    shutil.rmtree(str(UV_HOME), ignore_errors=True)
    has_pip = subprocess.run(
        [str(python), "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    if has_pip.returncode != 0:
        raise SetupError(f"{python} has neither venv nor pip: install one (Debian: apt-get install python3.11-venv)")
    target = ["--target", str(UV_HOME / "target")]
    tools.run([str(python), *install, *target], what, log=LOGS / "packages.log", environment=environment)
    return _uv(beside, python, environment)


def _uv(program: Path, pip_owner: Path, environment: Mapping[str, str]) -> Uv:
    return Uv(program, package_sources.read(pip_owner, environment), environment, pip_owner=pip_owner)


def _version(program: Path) -> str:
    try:
        answer = subprocess.run([str(program), "--version"], stdout=subprocess.PIPE, check=False)
    except OSError:
        return ""
    words = answer.stdout.decode("utf-8", "replace").split()
    return words[1] if answer.returncode == 0 and len(words) > 1 else ""


def fingerprint(folder: Path, lock: Path) -> str:
    """What an environment is made from: its lock and its place (its scripts carry absolute paths)."""
    return stamps.of_files([lock], str(folder))


def is_current(folder: Path, *locks: Path) -> bool:
    """Whether the environment was completed from one of these locks and its interpreter still runs."""
    recorded = stamps.read(folder / STAMP_NAME).get("fingerprint")
    if recorded is None or recorded not in {fingerprint(folder, lock) for lock in locks}:
        return False
    return interpreters.version_of(folder / "bin" / "python") is not None


def made_from(folder: Path) -> str:
    """The name of the lock that the environment was last made from, finished or not; empty when never."""
    return stamps.read(folder / STAMP_NAME).get("lock", "")


def install(uv: Uv, folder: Path, python: Path, lock: Path, *, needed_megabytes: int, project: bool = False) -> None:
    """Make or repair an environment so that it holds exactly what the lock says (and the project, editable).

    Raises:
        SetupError: no space, or a download failed; what was downloaded stays in the cache.
    """
    name = folder.name
    what = f"installing the packages of {name}"
    require_space(folder, needed_megabytes * MEGABYTE, what)
    stamp = folder / STAMP_NAME
    wanted = interpreters.version_of(python)
    if interpreters.version_of(folder / "bin" / "python") != wanted:
        uv.run(f"making {name}", "venv", "--clear", "--python", str(python), str(folder))
    stamps.write(stamp, fingerprint="unfinished", lock=lock.name)
    inside = ["--python", str(folder / "bin" / "python")]
    # Some packages exist as pure Python sources only: they are packed by the locked setuptools, nothing is compiled.
    builder = next(line.split()[0] for line in lock.read_text("utf-8").splitlines() if line.startswith("setuptools=="))
    flags = [*inside, *_torch_source(uv, lock), "--no-build-isolation"]
    try:
        uv.run(what, "pip", "install", *inside, "--no-deps", builder)
        _sync(uv, folder, lock, what, flags)
    except SetupError as error:
        if "torch" in str(error) and "disk" not in str(error):
            raise SetupError(
                f"the CPU build of torch ({_torch_version(lock)}) could not be had from {TORCH_INDEX}: reach that"
                " address, or put the wheel into a folder and name the folder in PIP_FIND_LINKS"
            ) from error
        raise
    if project:
        uv.run("installing the project itself", "pip", "install", *inside, "--no-deps", "--no-build-isolation",
               "--no-index", "--editable", str(ROOT))  # fmt: skip
    stamps.write(stamp, fingerprint=fingerprint(folder, lock), lock=lock.name)


def _sync(uv: Uv, folder: Path, lock: Path, what: str, flags: list[str]) -> None:
    """Bring the environment to what the lock says.

    Where two indexes hold different files of one version, uv takes the first index's file and stops if that is not a
    locked one; pip looks at all of them. So pip installs such a package, and uv goes on with it in place.
    """
    for _ in range(_FILES_ELSEWHERE):
        try:
            uv.run(what, "pip", "sync", *flags, str(lock))
            return
        except SetupError as error:
            found = _HASH_MISMATCH.search(str(error))
            requirement = requirement_lines(lock.read_text("utf-8"), found.group(1)) if found else ""
            if not requirement:
                raise
        with tempfile.TemporaryDirectory() as temporary:
            single = Path(temporary) / "one.lock"
            single.write_text(requirement, "utf-8")
            into = ["--python", str(folder / "bin" / "python")]
            install = [*into, "install", "--quiet", "--no-deps", "--require-hashes", "-r", str(single)]
            tools.run(
                [str(uv.pip_owner), "-m", "pip", *install],
                what, log=LOGS / "packages.log", cwd=ROOT, environment=uv.environment,
            )  # fmt: skip
    uv.run(what, "pip", "sync", *flags, str(lock))


def requirement_lines(lock: str, pinned: str) -> str:
    """The lines of a lock that pin this `name==version`, hashes included; empty when it is not in there."""
    found = re.search(rf"^{re.escape(pinned)} \\\n(?:    --hash=\S+(?: \\)?\n)+", lock, re.MULTILINE)
    return found.group() if found else ""


def _torch_version(lock: Path) -> str:
    for line in lock.read_text("utf-8").splitlines():
        if line.startswith("torch=="):
            return line[len("torch==") :].split()[0]
    return ""


def _torch_source(uv: Uv, lock: Path) -> list[str]:
    """Torch alone comes from its official CPU index, unless pip is configured with a folder that holds it."""
    version = _torch_version(lock)
    if not version or uv.sources.has_local_wheel("torch", version, "cp311"):
        return []
    remote = [address for address in uv.sources.find_links if "://" in address and not address.startswith("file:")]
    return [] if remote else ["--torch-backend", "cpu"]
