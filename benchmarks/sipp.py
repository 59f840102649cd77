"""SIPp as the caller of many short calls: one process, one scenario, calls at an even rate; what became of each call.

The phone's audio comes to a port that SIPp does not read, so its CPU is that of the signalling alone; how the audio
arrives is looked at on a sample of other calls (`listening_callers`).
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.phone_line import HOST
from telephony.caller import free_port

SCENARIO: Final = Path(__file__).parent / "scenarios" / "short_calls.xml"
_LONGEST_ANSWER_SECONDS: Final = 40.0
_AFTERWARDS_SECONDS: Final = 60.0  # for the last calls to end


@dataclass(frozen=True, slots=True)
class Load:
    """`calls` calls at `rate` a second, each listening for `seconds`; `name` begins their Call-IDs, `first_number` is
    who calls first (the others follow in order)."""

    name: str
    calls: int
    rate: float
    seconds: float
    first_number: int = 13_900_000_000

    @property
    def longest_seconds(self) -> float:
        """After that it is ended, whatever has happened."""
        return self.calls / self.rate + self.seconds + _AFTERWARDS_SECONDS


@dataclass(frozen=True, slots=True)
class Told:
    """What SIPp saw. `answered` and `over` hold SIP Call-IDs; `seconds` and `cpu_seconds` are of the whole load,
    `mean_answer_seconds` from INVITE to 200."""

    placed: int
    answered: frozenset[str]
    over: frozenset[str]
    seconds: float
    cpu_seconds: float
    mean_answer_seconds: float

    @property
    def not_answered(self) -> int:
        return self.placed - len(self.answered)


class Sipp:
    """Started at once; `wait` for the end, `stop` in any case."""

    def __init__(self, load: Load, port: int, folder: Path, *, address: str = HOST) -> None:
        """
        Args:
            port: of the phone or the proxy on this machine.
            folder: for SIPp's files; made.
            address: of the callers.
        """
        self._load = load
        self._folder = folder
        folder.mkdir(parents=True)
        shutil.copyfile(SCENARIO, folder / "short_calls.xml")
        numbers = "".join(f"{load.first_number + place}\n" for place in range(load.calls))
        (folder / "callers.csv").write_text(f"SEQUENTIAL\n{numbers}", encoding="ascii")
        rate, period_ms = load.rate, 1000
        while rate < 10 and rate != int(rate):  # SIPp wants whole calls in a period
            rate, period_ms = rate * 10, period_ms * 10
        self._began = time.monotonic()
        self._process = psutil.Popen(
            [
                "sipp", "-sf", "short_calls.xml", "-inf", "callers.csv", "-m", str(load.calls), "-l", str(load.calls),
                "-r", str(round(rate)), "-rp", str(period_ms), "-d", str(round(load.seconds * 1000)), "-nostdin",
                "-cid_str", f"{load.name}-%u", "-i", address, "-mi", address, "-p", str(free_port(address)),
                "-mp", str(free_port(address)), "-s", "12345", "-trace_logs", "-log_file", "calls.log",
                "-trace_stat", "-stf", "stat.csv", "-fd", "5", "-trace_err", "-error_file", "errors.log",
                "-recv_timeout", str(round(_LONGEST_ANSWER_SECONDS * 1000)), "-timeout", f"{load.longest_seconds:.0f}s",
                f"{HOST}:{port}",
            ],
            cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._cpu_seconds = 0.0

    def running(self) -> bool:
        if self._process.poll() is None:
            times = self._process.cpu_times()
            self._cpu_seconds = float(times.user + times.system)
            return True
        return False

    def wait(self) -> Told:
        """To the end of the last call."""
        until = self._began + self._load.longest_seconds + 10.0
        while self.running() and time.monotonic() < until:
            time.sleep(0.2)
        seconds = time.monotonic() - self._began
        self.stop()
        lines = [line.rsplit(" ", 1) for line in self._log("calls.log").splitlines() if " " in line]
        rows = list(csv.DictReader(self._log("stat.csv").splitlines(), delimiter=";"))
        last = rows[-1] if rows else {}
        return Told(
            placed=int(last.get("TotalCallCreated") or 0),
            answered=frozenset(call_id for call_id, what in lines if what == "answered"),
            over=frozenset(call_id for call_id, what in lines if what == "over"),
            seconds=seconds,
            cpu_seconds=self._cpu_seconds,
            mean_answer_seconds=_seconds(last.get("ResponseTime1(C)", "")),
        )

    def _log(self, name: str) -> str:
        path = self._folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""

    @property
    def problems(self) -> str:
        """The end of what SIPp complained of."""
        return self._log("errors.log")[-2_000:]

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


def _seconds(clock: str) -> float:
    """Of SIPp's `hours:minutes:seconds:microseconds` or with a point; 0 where it has none."""
    parts = clock.replace(".", ":").split(":")
    if len(parts) < 4:
        return 0.0
    hours, minutes, seconds, fraction = parts[:4]
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
