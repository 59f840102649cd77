"""What the system's processes have used: CPU by process and thread, memory, open files. Read from the kernel."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
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
    """CPU seconds so far: by process, and by `process/thread name`."""

    processes: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    threads: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def since(self, before: Account) -> Account:
        """What was used after `before`."""
        processes = {name: used - before.processes.get(name, 0.0) for name, used in self.processes.items()}
        threads = {name: used - before.threads.get(name, 0.0) for name, used in self.threads.items()}
        return Account(processes, threads)

    @property
    def total(self) -> float:
        return sum(self.processes.values())


def account(processes: list[psutil.Process]) -> Account:
    """A process that ends meanwhile is left out."""
    found = Account()
    for process in processes:
        try:
            name = module_of(process)
            times = process.cpu_times()
        except psutil.Error:
            continue
        found.processes[name] += times.user + times.system
        for thread, used in _threads(process.pid):
            found.threads[f"{name}/{thread}"] += used
    return found


def _threads(process_id: int) -> list[tuple[str, float]]:
    """Name and CPU seconds of each thread (`proc(5)`: fields 14 and 15 of `stat`, after the name in brackets)."""
    found = []
    for folder in Path(f"/proc/{process_id}/task").glob("*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:  # the thread has ended
            continue
        name, _, rest = text.partition("(")[2].rpartition(")")
        values = rest.split()
        found.append((name, (int(values[11]) + int(values[12])) / _TICKS_A_SECOND))
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
