"""Compiled code (`__pycache__`) of what our processes import, kept once instead of made at every start.

Python keeps it by itself, unless PYTHONDONTWRITEBYTECODE is set (as in many container images) or the files belong to
somebody else (root's, in the image and under systemd). Then each start of each process compiles some thousand modules
again, which takes most of its time. So set-up imports once what they import, in a process that keeps it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from base.settings import ROOT
from hotline.setup import environments, stamps, tools
from hotline.setup.steps import Step

PROCESSES: Final = (
    "hotline.cli", "hotline.supervisor", "gateway.main", "telephony.phone", "telephony.renderer", "asr_models.server",
)  # fmt: skip
IMPORTED_LATE: Final = ("base.onnx_runtime", "tokenizers", "faster_whisper", "bs4", "docx", "pypdf", "av")
TESTS: Final = (
    "pytest", "pytest_asyncio.plugin", "pytest_aiohttp.plugin", "anyio.pytest_plugin", "hypothesis",
    "schemathesis.pytest.plugin", "aiohttp.test_utils", "playwright.async_api",
)  # fmt: skip
RASA: Final = ("jieba", "structlog", "rasa.core.run", "rasa.engine.recipes.default_components", "sanic.response")

_WHERE_AND_WHETHER: Final = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")
_IMPORT_ALL: Final = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass  # whoever needs it says so; here it is only left out
"""


def of_processes() -> Step:
    return _step("bytecode", "compiled code", (*PROCESSES, *IMPORTED_LATE), "sqlalchemy")


def of_tests() -> Step:
    return _step("bytecode-tests", "compiled code of the tests' tools", TESTS, "hypothesis")


def _step(name: str, title: str, modules: Sequence[str], sign: str) -> Step:
    """`sign`: a package that is compiled if the rest is."""
    return Step(
        name,
        title,
        lambda: keep(Path(sys.executable), modules),
        fingerprint=lambda: stamps.of_files(sorted((ROOT / "locks").glob("*.lock")), repr(modules)),
        present=lambda: is_kept(Path(sys.prefix), sign),
        needed_megabytes=200,
        stamp_folder=ROOT / "var" / "setup",
    )


def is_kept(environment: Path, package: str) -> bool:
    return any(environment.glob(f"lib/python*/site-packages/{package}/__pycache__/__init__.*.pyc"))


def keep(python: Path, modules: Sequence[str]) -> str:
    """Import them in a process of this interpreter that writes what it compiles.

    Raises:
        SetupError: the interpreter does not run, or a module is broken (one that is missing is passed over).
    """
    own = {name: value for name, value in os.environ.items() if name not in _WHERE_AND_WHETHER}
    tools.run(
        [str(python), "-W", "ignore", "-c", _IMPORT_ALL, *modules],
        "compiling what is imported",
        log=environments.LOGS / "bytecode.log",
        cwd=ROOT,
        environment={**own, "HF_HUB_OFFLINE": "1", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"},
    )
    return "kept"
