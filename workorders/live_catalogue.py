"""The catalogue in use, and the rules of who answers for its leaves: a new file of either, or newly learned examples,
are checked and taken over together while everything runs.

Reading them takes some seconds, in a thread; until they are ready, and if one is refused, those before answer. Copies
of the last good files are kept, so that a restart beside a bad one does not stop the hotline, and so are the models
trained on them, so that a restart need not train them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from base.errors import ConfigurationError, HotlineError
from base.logs import get_logger
from workorders.catalogue import Catalogue
from workorders.catalogue_file import Leaf
from workorders.duties import IN_USE, Duties, duties_of, kept_copy
from workorders.duties import PATH as OUR_RULES
from workorders.learned import NOTHING, LearnedFileError, read_learned
from workorders.model import CategorySuggestion

_log = get_logger(__name__)
_LOOK_SECONDS: Final = 1.0

Pause = Callable[[float], Awaitable[bool]]  # waits so many seconds; True: it is time to end
_Stamp = tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class _Files:
    """`dispatch` None: our own rules, which do not change while a process runs."""

    catalogue: Path
    learned: Path
    dispatch: Path | None

    @property
    def stamp(self) -> _Stamp:
        return tuple(_stamp_of(path) for path in (self.catalogue, self.learned, self.dispatch) if path is not None)

    @property
    def kept_catalogue(self) -> Path:
        return self.learned.parent / IN_USE / self.catalogue.name

    @property
    def kept_dispatch(self) -> Path | None:
        return None if self.dispatch is None else kept_copy(self.dispatch, self.learned.parent / IN_USE)


class LiveCatalogue:
    """Answers like the `Catalogue` that it holds; safe to share between threads, for a swap is one assignment."""

    def __init__(self, files: _Files, stamp: _Stamp, catalogue: Catalogue, duties: Duties) -> None:
        self._files = files
        self._stamp = stamp
        self._current = catalogue
        self._duties = duties

    @classmethod
    def load(cls, path: Path, learned_path: Path, dispatch_path: Path | None = None) -> LiveCatalogue:
        """
        Args:
            learned_path: what `hotline orders learn` installs; the copies of the files in use are kept beside it.
            dispatch_path: the city's own rules of dispatch; None: ours.

        Raises:
            HotlineError: the files cannot be used, and none were in use before.
        """
        files = _Files(path, learned_path, None if dispatch_path == OUR_RULES else dispatch_path)
        stamp = files.stamp
        try:
            catalogue, duties = _take(files)
        except HotlineError as error:
            kept = files.kept_dispatch
            if not files.kept_catalogue.is_file() or (kept is not None and not kept.is_file()):
                raise
            _log.error("the catalogue was refused; the last good one is used", reason=str(error))
            duties = duties_of(kept)
            catalogue = _read(files.kept_catalogue, learned_path, duties)
        return cls(files, stamp, catalogue, duties)

    @property
    def duties(self) -> Duties:
        """Who answers for the leaves: the rules in use."""
        return self._duties

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

    async def watch(self, pause: Pause, use: Callable[[Duties], None] = lambda duties: None) -> None:
        """Look for changes until `pause` says that it is time to end. `use` is told the rules with each catalogue that
        is taken over, in the same moment."""
        seen = self._stamp
        while not await pause(_LOOK_SECONDS):
            stamp = await asyncio.to_thread(lambda: self._files.stamp)
            if stamp == self._stamp or stamp != seen:  # one still being written is taken when it looks the same twice
                seen = stamp
            else:
                await self._take_over(stamp, use)

    async def _take_over(self, stamp: _Stamp, use: Callable[[Duties], None]) -> None:
        self._stamp = stamp  # also a file that is refused is not read again before it changes
        before = self._current
        try:
            catalogue, duties = await asyncio.to_thread(_take, self._files)
        except HotlineError as error:
            _log.error("the new catalogue was refused; the one before stays", version=before.version, reason=str(error))
            return
        if catalogue.version == before.version and _words(catalogue) != _words(before):
            _log.warning("the catalogue changed but kept its version", version=before.version)
        self._current, self._duties = catalogue, duties
        use(duties)
        _log.info(
            "catalogue taken over",
            version=catalogue.version,
            before=before.version,
            leaves=len(catalogue.leaves),
            duties=duties.version,
        )


def _words(catalogue: Catalogue) -> list[Leaf]:
    """The leaves without their duties, which change with the rules of dispatch too."""
    return [replace(leaf, duty="") for leaf in catalogue.leaves]


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


def _take(files: _Files) -> tuple[Catalogue, Duties]:
    """The catalogue and the rules of copies of the files, so that what is kept is what was read, whatever happens to
    them.

    Raises:
        ConfigurationError: one cannot be copied into the data directory, or not be used.
    """
    catalogue = _copied(files.catalogue, files.kept_catalogue)  # a table's version is its name
    rules = _copied(files.dispatch, files.kept_dispatch) if files.dispatch and files.kept_dispatch else None
    duties = duties_of(rules)
    taken = _read(catalogue, files.learned, duties)
    catalogue.replace(files.kept_catalogue)
    if rules is not None and files.kept_dispatch is not None:
        rules.replace(files.kept_dispatch)
    return taken, duties


def _copied(path: Path, kept: Path) -> Path:
    candidate = kept.parent / "candidate" / kept.name
    try:
        candidate.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, candidate)
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be copied to {candidate.parent}: {error}") from error
    return candidate


def _stamp_of(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
