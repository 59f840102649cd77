"""What went wrong, in one sentence that says what to do."""

from __future__ import annotations

import errno
import hashlib
import sys
from pathlib import Path

import pytest

from hotline.setup import failures, tools, wheels
from hotline.setup.failures import SetupError


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("error: Failed to write to `x`\n  Caused by: No space left on device (os error 28)", "the disk is full"),
        ("npm error code ENOSPC\nnpm error syscall write", "the disk is full"),
        ("  × Failed to fetch: `https://index.example/simple/x/`\n  ╰─▶ dns error", "a download failed"),
        ("ERROR: Could not find a version\nERROR: No matching distribution found for x==1", "a download failed"),
        ("npm error code ECONNREFUSED\nnpm error errno ECONNREFUSED", "a download failed"),
        ("error: Hash mismatch for `x==1`", "not the one that was locked"),
        ("npm error code EINTEGRITY", "not the one that was locked"),
        ("error: Failed to fetch: `https://a.example/x/`\n  Caused by: tcp connect error", "https://a.example/x/"),
        ("Traceback ...\nValueError: bad value", "failed: ValueError: bad value"),
        ("", "failed: no message"),
    ],
)
def test_the_output_of_a_tool_becomes_one_sentence(output: str, expected: str) -> None:
    sentence = str(failures.from_output(output, "installing"))
    assert expected in sentence
    assert "\n" not in sentence
    assert "\x1b" not in sentence


def test_a_full_disk_and_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    assert str(failures.from_os_error(full, "training")).startswith("the disk is full: training stopped")
    forbidden = PermissionError(errno.EACCES, "Permission denied", "/srv/var")
    assert "may not write to /srv/var" in str(failures.from_os_error(forbidden, "training"))


def test_space_is_asked_for_before_a_large_step(tmp_path: Path) -> None:
    failures.require_space(tmp_path / "not" / "there" / "yet", 1, "a model")
    with pytest.raises(SetupError, match=r"a model needs \d+ MB free"):
        failures.require_space(tmp_path, 1 << 60, "a model")


def test_a_tool_that_fails_is_logged_whole_and_told_short(tmp_path: Path) -> None:
    program = "import sys; print('x' * 50000); sys.exit('disk quota exceeded')"
    log = tmp_path / "logs" / "tool.log"
    with pytest.raises(SetupError, match="the disk is full: packing stopped"):
        tools.run([sys.executable, "-c", program], "packing", log=log)
    assert log.stat().st_size > 50_000


def test_a_tool_that_is_not_there_or_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match="packing failed"):
        tools.run(["/nonexistent/tool"], "packing", log=tmp_path / "log")
    monkeypatch.setattr(tools, "_SIGN_OF_LIFE_SECONDS", 0.1)
    with pytest.raises(SetupError, match="took longer than 0 s"):
        tools.run(
            [sys.executable, "-c", "import time; time.sleep(60)"], "packing", log=tmp_path / "log", limit_seconds=0.2
        )


def test_a_damaged_download_is_fetched_again_and_refused_when_it_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = wheels.PinnedWheel("some-data", "1.0", "0" * 64)
    file = tmp_path / "some_data-1.0-py3-none-any.whl"
    file.write_bytes(b"half of it")
    fetched: list[list[str]] = []

    def download(command: list[str], *_: object, **__: object) -> str:
        fetched.append(command)
        assert not file.exists()
        file.write_bytes(b"whole")
        return ""

    monkeypatch.setattr(tools, "run", download)
    with pytest.raises(SetupError, match="not the file that was pinned"):
        wheels.fetch(pinned, tmp_path)
    assert not file.exists()
    good = wheels.PinnedWheel("some-data", "1.0", hashlib.sha256(b"whole").hexdigest())
    assert wheels.fetch(good, tmp_path) == file
    assert wheels.fetch(good, tmp_path) == file  # the second time it is there
    assert len(fetched) == 2
