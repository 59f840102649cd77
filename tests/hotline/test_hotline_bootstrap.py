"""The bootstrap: standard library only, and an environment is made again exactly when it must be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.setup import bootstrap, environments, interpreters, stamps
from hotline.setup.failures import SetupError
from hotline.setup.package_sources import PackageSources

ROOT = Path(__file__).resolve().parents[2]


def test_it_imports_nothing_but_the_standard_library() -> None:
    program = "import sys, hotline.setup.bootstrap; print('\\n'.join(sorted({n.split('.')[0] for n in sys.modules})))"
    answer = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    foreign = {name for name in answer.stdout.split() if name not in sys.stdlib_module_names and name != "__main__"}
    assert foreign <= {"base", "hotline", "__mp_main__"}


@pytest.mark.parametrize("minor", [7, 8, 9, 10, 12, 13])
def test_it_runs_under_older_and_newer_pythons(minor: int) -> None:
    python = interpreters.find((3, minor))
    if python is None:
        pytest.skip(f"no Python 3.{minor} on this machine")
    answer = subprocess.run(
        [str(python), "-B", "-m", "hotline.setup.bootstrap", "unknown"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 2
    assert answer.stderr.strip() == "setup: unknown environment 'unknown': main or dev"


def test_a_missing_python_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(environments, "is_current", lambda *_: False)
    monkeypatch.setattr(interpreters, "find", lambda *_: None)
    assert bootstrap.main(["main"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "Python 3.11 was not found" in told
    assert "HOTLINE_PYTHON311" in told


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def lock(tmp_path: Path, name: str, content: str = "a==1\n") -> Path:
    path = tmp_path / f"{name}.lock"
    path.write_text(content)
    return path


def stamp(folder: Path, made_from: Path) -> None:
    stamps.write(folder / environments.STAMP_NAME, fingerprint=environments.fingerprint(folder, made_from))


def test_an_environment_is_current_only_for_its_lock_its_place_and_a_living_python(
    tmp_path: Path, environment: Path
) -> None:
    main, dev = lock(tmp_path, "main"), lock(tmp_path, "dev", "a==1\nb==2\n")
    assert not environments.is_current(environment, main)
    stamp(environment, dev)
    assert environments.is_current(environment, main, dev)  # a development environment also serves to run
    assert not environments.is_current(environment, main)
    dev.write_text("a==1\nb==3\n")
    assert not environments.is_current(environment, main, dev)
    stamp(environment, dev)
    moved = environment.rename(tmp_path / "moved")
    assert not environments.is_current(moved, main, dev)  # its scripts name the old place
    stamp(moved, dev)
    (moved / "bin" / "python").unlink()
    assert not environments.is_current(moved, main, dev)


def test_a_stamp_that_was_cut_short_counts_as_none(tmp_path: Path, environment: Path) -> None:
    main = lock(tmp_path, "main")
    stamp(environment, main)
    file = environment / environments.STAMP_NAME
    file.write_text(file.read_text()[:20])
    assert not environments.is_current(environment, main)


def test_a_start_does_not_take_the_development_tools_away(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, dev = lock(tmp_path, "main", LOCK), lock(tmp_path, "dev", LOCK + "pytest==9\n")
    monkeypatch.setattr(bootstrap, "ENVIRONMENT", environment)
    monkeypatch.setattr(bootstrap, "LOCKS", {"main": main, "dev": dev})
    uv = RecordingUv(PackageSources())
    monkeypatch.setattr(environments, "ensure_uv", lambda _: uv)
    bootstrap.ensure("dev")
    dev.write_text(dev.read_text() + "ruff==1\n")  # a newer lock
    bootstrap.ensure("main")
    synced = [call[-1] for call in uv.calls if "sync" in call]
    assert synced == [str(dev), str(dev)]


class RecordingUv(environments.Uv):
    """Notes what would be run; fails like uv where told to."""

    def __init__(self, sources: PackageSources, failure: str = "") -> None:
        super().__init__(Path("/nonexistent/uv"), sources, {})
        self.calls: list[tuple[str, ...]] = []
        self.failure = failure

    def run(self, what: str, *arguments: str) -> str:
        self.calls.append(arguments)
        if self.failure and "sync" in arguments:
            raise SetupError(self.failure)
        return ""


def test_a_locked_file_that_only_another_index_has_is_fetched_by_pip(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lock(tmp_path, "main", LOCK + "soundfile==0.14.0 \\\n    --hash=sha256:11\n")
    installed: list[str] = []

    class OneIndexOnly(RecordingUv):
        def run(self, what: str, *arguments: str) -> str:
            self.failure = "" if installed else "the wrong file (cause: Hash mismatch for `soundfile==0.14.0`)"
            return super().run(what, *arguments)

    def pip(command: list[str], *_: object, **__: object) -> str:
        installed.append(Path(command[-1]).read_text("utf-8"))
        return ""

    monkeypatch.setattr("hotline.setup.tools.run", pip)
    environments.install(OneIndexOnly(PackageSources()), environment, Path(sys.executable), file, needed_megabytes=1)
    assert installed == ["soundfile==0.14.0 \\\n    --hash=sha256:11\n"]
    assert environments.is_current(environment, file)


LOCK = "setuptools==84.2.1 \\\n    --hash=sha256:00\ntorch==2.13.0+cpu\n"


def test_torch_comes_from_the_configured_folder_else_from_its_cpu_index(tmp_path: Path, environment: Path) -> None:
    file = lock(tmp_path, "main", LOCK)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    for links, expected in (((str(wheels),), False), ((), True)):
        uv = RecordingUv(PackageSources(find_links=links))
        environments.install(uv, environment, Path(sys.executable), file, needed_megabytes=1)
        sync = next(call for call in uv.calls if "sync" in call)
        assert ("--torch-backend" in sync) is expected
        assert environments.is_current(environment, file)


def test_torch_that_cannot_be_had_is_one_sentence_and_leaves_no_stamp(tmp_path: Path, environment: Path) -> None:
    file = lock(tmp_path, "main", LOCK)
    stamp(environment, file)
    uv = RecordingUv(PackageSources(), failure="a download failed (https://download.pytorch.org/whl/cpu/torch/)")
    with pytest.raises(
        SetupError, match=r"the CPU build of torch \(2\.13\.0\+cpu\) could not be had .* PIP_FIND_LINKS"
    ):
        environments.install(uv, environment, Path(sys.executable), file, needed_megabytes=1)
    assert not environments.is_current(environment, file)


def test_no_lock_asks_for_cuda() -> None:
    for path in (ROOT / "locks").glob("*.lock"):
        packages = [line.split("==")[0] for line in path.read_text().splitlines() if "==" in line and line[0] != " "]
        assert packages, path.name
        assert not [name for name in packages if name.startswith(("nvidia", "triton", "cuda"))]


def test_every_locked_package_but_torch_has_a_hash() -> None:
    for path in (ROOT / "locks").glob("*.lock"):
        lines = path.read_text().splitlines()
        bare = [line for line in lines if line and not line.startswith(" ") and not line.endswith("\\")]
        assert all(line.startswith("torch==") for line in bare), path.name


def test_development_tests_the_very_versions_that_run() -> None:
    def versions(name: str) -> set[str]:
        return {
            line.split()[0]
            for line in (ROOT / "locks" / name).read_text().splitlines()
            if "==" in line[:60] and line[0] != " "
        }

    assert versions("main.lock") <= versions("dev.lock")


def test_caches_stay_under_var_unless_the_user_has_placed_them() -> None:
    assert environments.caches({})["UV_CACHE_DIR"] == str(ROOT / "var" / "cache" / "uv")
    assert environments.caches({"UV_CACHE_DIR": "/elsewhere"})["UV_CACHE_DIR"] == "/elsewhere"
    assert os.environ.get("UV_CACHE_DIR") is None or environments.caches(os.environ)["UV_CACHE_DIR"]
