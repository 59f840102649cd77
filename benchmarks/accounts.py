"""What the system's processes have used: CPU by process and thread, memory, open files. Read from the kernel."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import psutil

_TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


def module_of(process: psutil.Process) -> str:
    """What a process runs, by its module or script: `telephony.phone`, `asr_models.server`, `serve.py`."""
    words = process.cmdline()
    for flag, word in pairwise(words):
        if flag == "-m":
            return word
    return next((Path(word).name for word in words if word.endswith(".py")), words[0] if words else "?")


@dataclass(frozen=True, slots=True)
class Account:
    """CPU seconds used: by process, and by `process/thread name`."""

    processes: dict[str, float]
    threads: dict[str, float]

    @property
    def total(self) -> float:
        return sum(self.processes.values())


class Meter:
    """CPU that some processes use between its creation and `read`.

    Threads that end meanwhile (a call has several in the SIP stack) are only counted up to the last `look`.
    """

    def __init__(self, processes: list[psutil.Process]) -> None:
        self._processes = {process: module_of(process) for process in processes}
        self._before = {process: _seconds(process) for process in processes}
        self._threads_before = self._threads_now()
        self._threads = dict(self._threads_before)

    def look(self) -> None:
        self._threads.update(self._threads_now())

    def read(self) -> Account:
        """A process that has ended counts for nothing."""
        self.look()
        used: dict[str, float] = defaultdict(float)
        threads: dict[str, float] = defaultdict(float)
        for process, name in self._processes.items():
            used[name] += max(0.0, _seconds(process) - self._before[process])
        for (name, thread, number), seconds in self._threads.items():
            threads[f"{name}/{thread}"] += seconds - self._threads_before.get((name, thread, number), 0.0)
        return Account(dict(used), dict(threads))

    def _threads_now(self) -> dict[tuple[str, str, int], float]:
        """Seconds of each thread, by process, thread name (`main` for the first) and number."""
        found = {}
        for process, name in self._processes.items():
            for number, thread, seconds in _threads(process.pid):
                found[name, "main" if number == process.pid else thread, number] = seconds
        return found


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _threads(process_id: int) -> list[tuple[int, str, float]]:
    """Number, name and CPU seconds of each thread (`proc(5)`: fields 14 and 15 of `stat`, after the name)."""
    found = []
    for folder in Path(f"/proc/{process_id}/task").glob("*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # the thread has ended
            continue
        name, _, rest = text.partition("(")[2].rpartition(")")
        values = rest.split()
        found.append((int(folder.name), name, (int(values[11]) + int(values[12])) / _TICKS_A_SECOND))
    return found


def memory_mib(processes: list[psutil.Process]) -> dict[str, int]:
    """Proportional set size of each process: shared pages are divided among those who share them."""
    found: Counter[str] = Counter()
    for process in processes:
        try:
            full = process.memory_full_info()
            found[module_of(process)] += round(getattr(full, "pss", full.rss) / 2**20)
        except psutil.Error:
            continue
    return dict(found)


def open_files(processes: list[psutil.Process]) -> dict[str, int]:
    """File descriptors of each process."""
    found: Counter[str] = Counter()
    for process in processes:
        try:
            found[module_of(process)] += process.num_fds()
        except psutil.Error:
            continue
    return dict(found)
