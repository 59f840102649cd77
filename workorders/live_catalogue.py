"""The catalogue in use: a new file, or newly learned examples, are checked and taken over while everything runs.

Reading one takes some seconds, in a thread; until it is ready, and if it is refused, the one before answers. A copy of
the last good file is kept, so that a restart beside a bad one does not stop the hotline, and so are the models trained
on it, so that a restart need not train them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from base.errors import ConfigurationError, HotlineError
from base.logs import get_logger
from workorders.catalogue import Catalogue
from workorders.catalogue_file import Leaf
from workorders.duties import Duties, default_duties
from workorders.learned import NOTHING, LearnedFileError, read_learned
from workorders.model import CategorySuggestion

_log = get_logger(__name__)
_LOOK_SECONDS: Final = 1.0

Pause = Callable[[float], Awaitable[bool]]  # waits so many seconds; True: it is time to end
_Stamp = tuple[tuple[int, int] | None, ...]


class LiveCatalogue:
    """Answers like the `Catalogue` that it holds; safe to share between threads, for a swap is one assignment."""

    def __init__(
        self, path: Path, learned_path: Path, kept: Path, catalogue: Catalogue, stamp: _Stamp, duties: Duties
    ) -> None:
        self._path = path
        self._learned_path = learned_path
        self._duties = duties
        self._kept = kept
        self._current = catalogue
        self._stamp = stamp

    @classmethod
    def load(cls, path: Path, learned_path: Path, duties: Duties | None = None) -> LiveCatalogue:
        """
        Args:
            learned_path: what `hotline orders learn` installs; the copy of the catalogue in use is kept beside it.
            duties: the city's own rules of dispatch; None: ours.

        Raises:
            HotlineError: the catalogue cannot be used, and none was in use before.
        """
        duties = duties or default_duties()
        stamp, kept = _stamp(path, learned_path), learned_path.parent / "catalogue-in-use" / path.name
        try:
            catalogue = _take(path, learned_path, kept, duties)
        except HotlineError as error:
            if not kept.is_file():
                raise
            _log.error("the catalogue was refused; the last good one is used", reason=str(error))
            catalogue = _read(kept, learned_path, duties)
        return cls(path, learned_path, kept, catalogue, stamp, duties)

    @property
    def current(self) -> Catalogue:
        return self._current

    @property
    def version(self) -> str:
        return self._current.version

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return self._current.leaves

    def find(self, code: str) -> Leaf | None:
        return self._current.find(code)

    def suggest(self, text: str, limit: int = 3) -> list[CategorySuggestion]:
        return self._current.suggest(text, limit)

    def explain(self, text: str, suggestion: CategorySuggestion) -> str:
        return self._current.explain(text, suggestion)

    async def watch(self, pause: Pause) -> None:
        """Look for changes until `pause` says that it is time to end."""
        seen = self._stamp
        while not await pause(_LOOK_SECONDS):
            stamp = await asyncio.to_thread(_stamp, self._path, self._learned_path)
            if stamp == self._stamp or stamp != seen:  # one still being written is taken when it looks the same twice
                seen = stamp
            else:
                await self._take_over(stamp)

    async def _take_over(self, stamp: _Stamp) -> None:
        self._stamp = stamp  # also a file that is refused is not read again before it changes
        before = self._current
        try:
            catalogue = await asyncio.to_thread(_take, self._path, self._learned_path, self._kept, self._duties)
        except HotlineError as error:
            _log.error("the new catalogue was refused; the one before stays", version=before.version, reason=str(error))
            return
        if catalogue.version == before.version and catalogue.leaves != before.leaves:
            _log.warning("the catalogue changed but kept its version", version=before.version)
        self._current = catalogue
        _log.info(
            "catalogue taken over", version=catalogue.version, before=before.version, leaves=len(catalogue.leaves)
        )


def _read(path: Path, learned_path: Path, duties: Duties) -> Catalogue:
    learned = NOTHING
    try:
        if learned_path.is_file():
            learned = read_learned(learned_path)
    except LearnedFileError as error:
        _log.error("what was learned cannot be used; the catalogue goes without", reason=str(error))
    cache = learned_path.parent / "catalogue-models"
    catalogue = Catalogue.load(path, learned.categories, learned.duties, duties=duties, model_cache=cache)
    if without := sum(not leaf.duty for leaf in catalogue.leaves):
        _log.warning("leaves without a duty are dispatched by place alone", version=catalogue.version, leaves=without)
    return catalogue


def _take(path: Path, learned_path: Path, kept: Path, duties: Duties) -> Catalogue:
    """The catalogue of a copy of the file, so that what is kept is what was read, whatever happens to the file.

    Raises:
        ConfigurationError: it cannot be copied into the data directory, or not be used.
    """
    candidate = kept.parent / "candidate" / path.name  # a table's version is its name
    try:
        candidate.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, candidate)
    except OSError as error:
        raise ConfigurationError(f"catalogue {path.name} cannot be copied to {candidate.parent}: {error}") from error
    catalogue = _read(candidate, learned_path, duties)
    candidate.replace(kept)
    return catalogue


def _stamp(*paths: Path) -> _Stamp:
    return tuple(_stamp_of(path) for path in paths)


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
