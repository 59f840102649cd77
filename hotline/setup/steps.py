"""One step of setting up: skipped when its stamp says that nothing has changed, told with its seconds otherwise."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from base.errors import HotlineError
from hotline.setup import stamps, tools
from hotline.setup.failures import MEGABYTE, SetupError, from_os_error, require_space

_SIGN_OF_LIFE_SECONDS = 15.0


class NotPossibleHere(HotlineError):
    """A part that this machine cannot have; the rest goes on without it. The message says what serves instead."""


@dataclass(frozen=True, slots=True)
class Step:
    """`fingerprint` says what the result is made from (None: quick and idempotent, run every time); `present` whether
    the result is there. `work` returns a few words about what it did. `needed_megabytes` must be free before it.
    `tells`: the work itself says now and then that it lives. `beside`: it takes long in a process of its own, and no
    step that is not `beside` too needs its result: the others go on meanwhile.
    """

    name: str
    title: str
    work: Callable[[], str]
    fingerprint: Callable[[], str] | None = None
    present: Callable[[], bool] = lambda: True
    needed_megabytes: int = 50
    stamp_folder: Path | None = None
    tells: bool = False
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, and one sentence for each part that is missing."""

    done: tuple[str, ...]
    missing: tuple[str, ...]


def run_all(steps: Iterable[Step], default_stamp_folder: Path, *, force: frozenset[str] = frozenset()) -> Report:
    """Run what is not up to date, in order; those that are `beside` in their own order, beside the rest.

    Raises:
        HotlineError: a step failed in a known way; what was finished before stays finished, and the tool of a step
            beside it is stopped.
    """
    chosen = list(steps)
    run = _Run(default_stamp_folder, force)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="setup-beside") as lane:
        waiting: list[Future[None]] = []
        try:
            for number, step in enumerate(chosen, 1):
                label = f"[{number:>2}/{len(chosen)}] {step.title}"
                if step.beside:
                    waiting.append(lane.submit(run.one, step, label))
                else:
                    run.one(step, label)
            for one in waiting:
                one.result()
        except BaseException:
            lane.shutdown(wait=False, cancel_futures=True)
            tools.stop_all()
            raise
    return Report(tuple(run.done), tuple(run.missing))


@dataclass(slots=True)
class _Run:
    """Safe to be used by two threads, each with steps of its own."""

    stamp_folder: Path
    force: frozenset[str]
    done: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def one(self, step: Step, label: str) -> None:
        folder = step.stamp_folder or self.stamp_folder
        stamp = folder / f"{step.name}.json"
        wanted = step.fingerprint() if step.fingerprint is not None else None
        made_from = stamps.read(stamp).get("fingerprint")
        if step.name not in self.force and wanted is not None and made_from == wanted and step.present():
            return
        began = time.monotonic()
        try:
            detail = _with_signs_of_life(step, folder, label)
        except NotPossibleHere as error:
            tools.say(f"{label}: {error}")
            self.missing.append(str(error))
            return
        seconds = time.monotonic() - began
        if wanted is None and not detail:
            return
        tools.say(f"{label}: {detail or 'done'}, {seconds:.0f} s")
        self.done.append(step.name)
        if wanted is not None:
            stamps.write(stamp, fingerprint=wanted, seconds=f"{seconds:.1f}")


def _with_signs_of_life(step: Step, folder: Path, label: str) -> str:
    finished = threading.Event()

    def tell() -> None:
        began = time.monotonic()
        while not finished.wait(_SIGN_OF_LIFE_SECONDS):
            tools.say(f"{label} … {time.monotonic() - began:.0f} s")

    if step.fingerprint is not None:
        tools.say(f"{label} …")
    teller = threading.Thread(target=tell, daemon=True)
    if not step.tells:
        teller.start()
    try:
        require_space(folder, step.needed_megabytes * MEGABYTE, step.title)
        return step.work()
    except OSError as error:
        raise from_os_error(error, step.title) from error
    except HotlineError:
        raise
    except Exception as error:
        if "disk is full" in str(error) or "No space left" in str(error):
            raise SetupError(f"the disk is full: {step.title} stopped; free some space and start again") from error
        raise
    finally:
        finished.set()
