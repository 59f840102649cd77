"""Finding a Python that really runs, also where the PATH has only a shim that refuses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hotline.setup import interpreters


def fake(path: Path, answer: str, status: int = 0) -> Path:
    """A program that answers the version probe like an interpreter would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{answer}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def search(version: tuple[int, int], tmp_path: Path, **environment: str) -> Path | None:
    return interpreters.find(version, {"PATH": str(tmp_path / "bin"), **environment}, tmp_path / "home")


def test_a_shim_on_the_path_that_refuses_is_passed_over(tmp_path: Path) -> None:
    fake(tmp_path / "bin" / "python3.9", "pyenv: python3.9: command not found", status=127)
    real = fake(tmp_path / "home/.pyenv/versions/3.9.13/bin/python3.9", "cpython 3 9")
    assert search((3, 9), tmp_path) == real


def test_the_newest_patch_wins_by_number_not_by_letter(tmp_path: Path) -> None:
    for patch in (2, 9, 13):
        fake(tmp_path / f"pyenv/versions/3.9.{patch}/bin/python3.9", "cpython 3 9")
    found = search((3, 9), tmp_path, PYENV_ROOT=str(tmp_path / "pyenv"))
    assert found == tmp_path / "pyenv/versions/3.9.13/bin/python3.9"


def test_an_interpreter_that_only_uv_knows_is_found(tmp_path: Path) -> None:
    store = tmp_path / "home/.local/share/uv/python"
    real = fake(store / "cpython-3.9.21-linux-x86_64-gnu/bin/python3.9", "cpython 3 9")
    assert search((3, 9), tmp_path) == real
    moved = fake(tmp_path / "store/cpython-3.9.25-linux-x86_64-gnu/bin/python3.9", "cpython 3 9")
    assert search((3, 9), tmp_path, UV_PYTHON_INSTALL_DIR=str(tmp_path / "store")) == moved


def test_a_plain_python3_of_the_right_version_will_do(tmp_path: Path) -> None:
    real = fake(tmp_path / "bin/python3", "cpython 3 9")
    assert search((3, 9), tmp_path) == real


@pytest.mark.parametrize("answer", ["cpython 3 8", "pypy 3 9", "", "Python 3.9"])
def test_another_version_or_implementation_is_not_taken(tmp_path: Path, answer: str) -> None:
    fake(tmp_path / "bin/python3.9", answer)
    assert search((3, 9), tmp_path) is None


def test_a_given_path_comes_first(tmp_path: Path) -> None:
    fake(tmp_path / "bin/python3.9", "cpython 3 9")
    given = fake(tmp_path / "elsewhere/python", "cpython 3 9")
    assert search((3, 9), tmp_path, HOTLINE_PYTHON39=str(given)) == given


def test_the_running_interpreter_knows_its_own_version() -> None:
    assert interpreters.version_of(Path(sys.executable)) == sys.version_info[:2]
